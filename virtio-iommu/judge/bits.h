/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dimension of a product (product.h) that is the bits of a number: two numbers that differ in one of them
 * are two.
 */
#ifndef JUDGE_BITS_H
#define JUDGE_BITS_H

/* As many values as a dimension can have: "bit 0" and so on. */
#define BITS 32

extern const char *const bit_names[BITS];

#endif
