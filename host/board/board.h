/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine: which functions there are, where they are plugged in, and what the firmware would
 * have to say about it.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/model.h"
#include "host/board/port.h"
#include "host/machine/options.h"

void board_init(const struct options *options);

/* Requesters [bdf_first, bdf_last] that are behind the IOMMU, with ids from endpoint_first on. */
struct board_range {
	uint16_t bdf_first, bdf_last;
	uint32_t endpoint_first;
};

extern const struct board_range board_ranges[];
extern const unsigned int board_range_count;

/*
 * Where the IOMMU is: registers on MMIO; if they are 0, a function on the first root bus, so that it
 * does not change. The BDF of what is no function is UINT16_MAX.
 */
uint64_t board_iommu_registers(void);
uint16_t board_iommu_bdf(void);

/* Endpoint number @index on MMIO. False past the end. */
struct board_mmio {
	uint64_t registers;
	bool behind;		/* the IOMMU */
	uint32_t id;		/* there */
};

bool board_mmio_endpoint(unsigned int index, struct board_mmio *endpoint);

/* Find the id under which accesses through @port arrive at the IOMMU. Returns false if they do not. */
bool board_endpoint_id(const struct board_port *port, uint32_t *id);

/* What is on the disks, to a file and from it. False if not all of it came through. */
bool board_save_disks(int file);
bool board_load_disks(int file);

/* Fill in all endpoints there are, nobody attached; each id once. Returns their number. */
unsigned int board_endpoints(struct model_endpoint *endpoints, unsigned int max);

/* Fill in the reserved regions of those endpoints. Returns their number. */
unsigned int board_regions(const struct model_endpoint *endpoints, unsigned int count,
			   struct model_region *regions);

#endif
