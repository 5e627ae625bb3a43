/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef UART_H
#define UART_H

/* Send the console to standard output. */
void uart_init(void);

#endif
