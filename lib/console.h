/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text output on one serial port, polled.
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <stdarg.h>
#include <stdint.h>

/* A UART that has been found. Registers are reached through @in and @out. */
struct uart {
	void (*open)(const struct uart *uart);	/* or NULL: once, before the first character */
	void (*put)(const struct uart *uart, char c);
	void (*flush)(const struct uart *uart);	/* returns when the last character left, or late */
	uintptr_t base;				/* port number or mapped address */
	unsigned int stride;			/* bytes from one register to the next */
	uint32_t (*in)(uintptr_t address);
	void (*out)(uintptr_t address, uint32_t value);
};

/* Fill @uart for a device of this kind; @in, @out, @base and @stride are the caller's to set. */
void uart_16550(struct uart *uart);
void uart_pl011(struct uart *uart);

/* From now on print there. @uart is copied. Before the first call, output is dropped. */
void console_use(const struct uart *uart);

/* Wait (bounded) until everything printed has left the UART, so that a VMM's exit loses nothing. */
void console_flush(void);

void console_puts(const char *text);
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Print "Bail out! ..." (TAP: nothing more will be judged) and switch off.
 * For when the suite cannot go on: what, where, which rule was broken.
 */
void bail_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
