/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the C library's <stdlib.h> that the image and libfdt use. */
#ifndef LIB_LIBC_STDLIB_H
#define LIB_LIBC_STDLIB_H

/* Like the C library's, but without white space or a sign in front, and without a check for overflow. */
unsigned long strtoul(const char *text, char **end, int base);

#endif
