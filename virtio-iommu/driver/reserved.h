/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reserved regions of all endpoints (PROBE, RESV_MEM). Tests keep out of them, except those that are about
 * them.
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

/* Probe all endpoints, if PROBE is accepted, and print one line for each region. */
void reserved_init(void);

/* Return region number @index, NULL past the end. */
const struct reserved_region *reserved_region(unsigned int index);

/* Return true if a region of any endpoint shares a byte with [start, end]. */
bool reserved_overlaps(uint64_t start, uint64_t end);

#endif
