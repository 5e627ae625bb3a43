/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which I/O virtual addresses a test may map: those of the input range that are neither reserved for any
 * endpoint nor taken, by the private pages of endpoints or by the test itself.
 */
#ifndef DRIVER_IOVA_H
#define DRIVER_IOVA_H

#include <stdbool.h>
#include <stdint.h>

/* Return true if all of the @size bytes from @start on are free. */
bool iova_is_free(uint64_t start, uint64_t size);

/*
 * Set *@start to the lowest multiple of a page, from @from on, at which @size bytes are free. Return false if
 * there is none.
 */
bool iova_find(uint64_t from, uint64_t size, uint64_t *start);

/* Like iova_find(), but the highest one whose bytes end below @limit, 0 for no limit. */
bool iova_find_below(uint64_t limit, uint64_t size, uint64_t *start);

/* Take addresses: they are not free any more. The end of a test gives back all that it took. */
void iova_take(uint64_t start, uint64_t size);
void iova_give_back(void);

/* Return the lowest free page, or if there is none, the first page of the input range. */
uint64_t iova_page(void);

#endif
