/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Idioms under their usual names. Arguments may be evaluated twice.
 */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

/* Round @value to a multiple of @size: a power of two, of @value's type or narrower. */
#define align_down(value, size) ((value) & -(__typeof__(value))(size))
#define align_up(value, size) align_down((value) + ((size) - 1), size)

#endif
