/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text on one serial port, polled: output, and lines of input.
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time.h"

/* A UART. Its registers are reached through @in and @out. */
struct uart {
	void (*open)(const struct uart *uart);	/* called once, before the first character; or NULL */
	void (*put)(const struct uart *uart, char c);
	void (*flush)(const struct uart *uart);	/* waits until all have left; or NULL */
	int (*get)(const struct uart *uart);	/* the next character, -1 if none has come; or NULL */
	uintptr_t base;				/* port number or mapped address */
	unsigned int stride;			/* bytes from one register to the next */
	uint32_t (*in)(uintptr_t address);
	void (*out)(uintptr_t address, uint32_t value);
};

/* Set the functions of @uart for a device of this kind. The caller sets @in, @out, @base and @stride. */
void uart_16550(struct uart *uart);
void uart_pl011(struct uart *uart);

/* Print to @uart, of which a copy is kept, from now on. Before the first call, output is dropped. */
void console_use(const struct uart *uart);

/* Wait until everything printed has left a UART that works: the end of a VMM must lose nothing. */
void console_flush(void);

/* Print @text as it is. */
void console_puts(const char *text);

/* Print at most 1023 characters, with the conversions of snprintf(). Return the length before the cut. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Read a line of input, without its end, into @line of @size bytes; what is longer is cut. Return false if
 * none has come by the deadline, or if the console takes no input.
 */
bool console_read_line(char *line, size_t size, const struct deadline *deadline);

/*
 * Print "Bail out! ..." (TAP: nothing more will be judged) and switch off. For when the suite cannot go
 * on; the message says what is wrong, where, and which rule was broken.
 */
void bail_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
