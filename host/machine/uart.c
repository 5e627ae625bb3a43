// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "host/machine/uart.h"

static char buffer[4096];
static size_t used;

static char input[512];
static const char *unread = input;

static void nobody(const char *line)
{
	(void)line;
}

static void (*listener)(const char *line) = nobody;

static void flush(const struct uart *uart)
{
	size_t done = 0;
	ssize_t written;

	(void)uart;
	while (done < used && (written = write(STDOUT_FILENO, buffer + done, used - done)) > 0)
		done += written;
	used = 0;
}

/* Whole lines: who reads along sees which test is running. */
static void put(const struct uart *uart, char c)
{
	size_t end = used;

	buffer[used++] = c;
	if (c != '\n' && used < sizeof(buffer))
		return;
	flush(uart);
	if (c != '\n')
		return;
	buffer[end] = '\0';
	listener(buffer);
}

static int get(const struct uart *uart)
{
	(void)uart;
	return *unread ? (uint8_t)*unread++ : -1;
}

void uart_init(void)
{
	console_use(&(struct uart){.put = put, .flush = flush, .get = get});
}

void uart_listen(void (*hear)(const char *line))
{
	listener = hear;
}

void uart_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(input, sizeof(input) - 1, format, args);
	va_end(args);
	snprintf(input + strlen(input), 2, "\n");
	unread = input;
}
