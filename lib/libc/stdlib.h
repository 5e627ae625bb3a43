/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the C library's <stdlib.h> that the image and libfdt use. */
#ifndef LIB_LIBC_STDLIB_H
#define LIB_LIBC_STDLIB_H

unsigned long strtoul(const char *text, char **end, int base);

#endif
