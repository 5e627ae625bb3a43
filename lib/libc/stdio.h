/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the C library's <stdio.h> that the image uses. */
#ifndef LIB_LIBC_STDIO_H
#define LIB_LIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Format into @to, cut to @size - 1 characters and terminated, if @size > 0. Return the length before the
 * cut. Conversions: %d %i %u %x %X %p %c %s %%, flags '0', '-' and '#', width, precision (for %s and as the
 * least number of digits), '*', lengths hh h l ll z.
 */
int vsnprintf(char *to, size_t size, const char *format, va_list args);
int snprintf(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Print on the console: see console.h. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
