/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: standard output, and input from whoever listens to it.
 */
#ifndef UART_H
#define UART_H

/* Send the console to standard output. */
void uart_init(void);

/* Have @hear called with each whole line that was printed, without its end. */
void uart_listen(void (*hear)(const char *line));

/* Put a line into the console's input; what was there and was not read is lost. In printf form. */
void uart_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
