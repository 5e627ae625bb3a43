/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reserved regions of all endpoints (PROBE, RESV_MEM): the tests keep out of them, except those
 * that mean to go there.
 */
#ifndef DRIVER_RESERVED_H
#define DRIVER_RESERVED_H

#include <stdbool.h>
#include <stdint.h>

struct reserved_region {
	uint32_t endpoint;
	uint8_t subtype;	/* RESV_RESERVED, RESV_MSI; others count as RESERVED */
	uint64_t start;
	uint64_t end;		/* inclusive */
};

/* Probe all endpoints, if the device offers it. Prints one line for each region. */
void reserved_init(void);

/* Number @index, NULL past the end. */
const struct reserved_region *reserved_region(unsigned int index);

/* Whether any region shares a byte with [start, end]. */
bool reserved_overlaps(uint64_t start, uint64_t end);

/*
 * The first address at or above @start, aligned like it to a page, with @size free bytes behind. If
 * regions go on to the end of the address space, one that is not free.
 */
uint64_t reserved_avoid(uint64_t start, uint64_t size);

#endif
