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

/* Make the devices, and plug them in. */
void board_init(const struct options *options);

/* Requesters [bdf_first, bdf_last] that are behind the IOMMU, with ids from endpoint_first on. */
struct board_range {
	uint16_t bdf_first, bdf_last;
	uint32_t endpoint_first;
};

#define BOARD_RANGES 2

extern struct board_range board_ranges[BOARD_RANGES];	/* they do not change after board_init() */

/*
 * Return the address of the IOMMU's registers on MMIO, 0 if it is a PCI function; and the BDF of that
 * function, UINT16_MAX if there is none. It is on the first root bus, so that it does not change.
 */
uint64_t board_iommu_registers(void);
uint16_t board_iommu_bdf(void);

/* Describe endpoint number @index of those on MMIO. Returns false past the end. */
struct board_mmio {
	uint64_t registers;
	bool behind;		/* the IOMMU */
	uint32_t id;		/* there */
};

bool board_mmio_endpoint(unsigned int index, struct board_mmio *endpoint);

/* Find the id under which accesses through @port arrive at the IOMMU. Returns false if they do not. */
bool board_endpoint_id(const struct board_port *port, uint32_t *id);

/*
 * Put the device of slot number @slot into it, or press its button. Returns NULL, or why that was not done.
 * The number of a slot is that of its endpoint in the options, from 1 on.
 */
const char *board_plug(unsigned int slot);
const char *board_pull(unsigned int slot);

/* Write what is on the disks to a file, or read it back. Returns false if not all of it came through. */
bool board_save_disks(int file);
bool board_load_disks(int file);

#endif
