// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "time.h"

/* The first character leaves within this time, or the UART is not there. */
#define UART_TIMEOUT_US 1000000

static struct uart uart;
static enum { UART_UNKNOWN, UART_WORKS, UART_IS_DEAD } uart_state;

/*
 * Wait for (register & mask) == value: for ever, if that has come true once. On a busy host whoever reads the
 * console may be late by more than any limit, and what is written without room is lost. It also ends a
 * machine that hangs.
 */
static void uart_wait(const struct uart *u, unsigned int reg, uint32_t mask, uint32_t value)
{
	struct deadline deadline = {0};

	if (uart_state == UART_IS_DEAD)
		return;
	while ((u->in(u->base + reg * u->stride) & mask) != value) {
		if (!deadline.end)
			deadline = deadline_in(UART_TIMEOUT_US);
		if (deadline_over(&deadline) && uart_state != UART_WORKS) {
			uart_state = UART_IS_DEAD;
			return;
		}
	}
	uart_state = UART_WORKS;
}

enum {
	UART_THR = 0, UART_RBR = 0, UART_IIR = 2, UART_FCR = 2, UART_LSR = 5,
	FCR_ENABLE = 1 << 0,
	IIR_FIFO = 3 << 6,
	LSR_DR = 1 << 0, LSR_THRE = 1 << 5, LSR_TEMT = 1 << 6,
};

#define FIFO_DEPTH 16

static unsigned int put_depth;	/* characters that fit when THRE is seen */
static unsigned int put_room;	/* of these, how many still fit */

static void open_16550(const struct uart *u)
{
	u->out(u->base + UART_FCR * u->stride, FCR_ENABLE);
	put_depth = (u->in(u->base + UART_IIR * u->stride) & IIR_FIFO) == IIR_FIFO ? FIFO_DEPTH : 1;
	put_room = 0;
}

/* An access may leave the virtual machine, and then costs more than anything else here. */
static void put_16550(const struct uart *u, char c)
{
	if (!put_room) {
		uart_wait(u, UART_LSR, LSR_THRE, LSR_THRE);
		put_room = put_depth;
	}
	put_room--;
	u->out(u->base + UART_THR * u->stride, (uint8_t)c);
}

static void flush_16550(const struct uart *u)
{
	uart_wait(u, UART_LSR, LSR_TEMT, LSR_TEMT);
}

static int get_16550(const struct uart *u)
{
	if (!(u->in(u->base + UART_LSR * u->stride) & LSR_DR))
		return -1;
	return (uint8_t)u->in(u->base + UART_RBR * u->stride);
}

void uart_16550(struct uart *u)
{
	u->open = open_16550;
	u->put = put_16550;
	u->flush = flush_16550;
	u->get = get_16550;
}

/* Register numbers in units of four bytes. */
enum { PL011_DR = 0x00 / 4, PL011_FR = 0x18 / 4, FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5 };

static void put_pl011(const struct uart *u, char c)
{
	uart_wait(u, PL011_FR, FR_TXFF, 0);
	u->out(u->base + PL011_DR * u->stride, (uint8_t)c);
}

static void flush_pl011(const struct uart *u)
{
	uart_wait(u, PL011_FR, FR_BUSY, 0);
}

static int get_pl011(const struct uart *u)
{
	if (u->in(u->base + PL011_FR * u->stride) & FR_RXFE)
		return -1;
	return (uint8_t)u->in(u->base + PL011_DR * u->stride);
}

void uart_pl011(struct uart *u)
{
	u->open = NULL;
	u->put = put_pl011;
	u->flush = flush_pl011;
	u->get = get_pl011;
}

void console_use(const struct uart *found)
{
	uart = *found;
	uart_state = UART_UNKNOWN;
	if (uart.open)
		uart.open(&uart);
}

void console_flush(void)
{
	if (uart.flush)
		uart.flush(&uart);
}

void console_puts(const char *text)
{
	for (; uart.put && *text; text++)
		uart.put(&uart, *text);
}

static int console_vprintf(const char *format, va_list args)
{
	static char line[1024];
	int length = vsnprintf(line, sizeof(line), format, args);

	console_puts(line);
	return length;
}

int printf(const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = console_vprintf(format, args);
	va_end(args);
	return length;
}

/* Return the next character of input, -1 if none comes by the deadline. */
static int read_character(const struct deadline *deadline)
{
	int c;

	while ((c = uart.get(&uart)) < 0) {
		if (deadline_over(deadline))
			return -1;
		machine_yield();
	}
	return c;
}

bool console_read_line(char *line, size_t size, const struct deadline *deadline)
{
	size_t length = 0;
	int c;

	if (!uart.get)
		return false;
	while ((c = read_character(deadline)) != '\n') {
		if (c < 0)
			return false;
		if (c != '\r' && length < size - 1)
			line[length++] = c;
	}
	line[length] = '\0';
	return true;
}

void bail_out(const char *format, ...)
{
	va_list args;

	console_puts("\nBail out! ");
	va_start(args, format);
	console_vprintf(format, args);
	va_end(args);
	console_puts("\n");
	boot_end();
}
