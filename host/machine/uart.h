/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef UART_H
#define UART_H

/* The console goes to standard output. */
void uart_init(void);

#endif
