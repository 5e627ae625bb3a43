/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI buses: what is plugged in where, how accesses of the CPU find a function, and under which id
 * a function's own accesses arrive at the root.
 */
#ifndef BUS_H
#define BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/pci/function.h"

#define BUS_SLOTS 32

struct bus {
	uint8_t root_number;		/* of a root bus */
	struct function *bridge;	/* above; NULL: a root bus */
	struct function *functions[BUS_SLOTS];	/* the first one of each device */
};

/* Configuration space of all 256 buses (PCIe 6.0, 7.2.2). */
#define ECAM_BASE 0xb0000000ull
#define ECAM_SIZE 0x10000000ull

/* Where BARs can be placed: up to the I/O APIC of a PC. */
#define PCI_WINDOW_BASE (ECAM_BASE + ECAM_SIZE)
#define PCI_WINDOW_SIZE (0xfec00000ull - PCI_WINDOW_BASE)

/* Make @bus a root bus. */
void bus_add_root(struct bus *bus, uint8_t number);

/* Plug @f in at the first free slot of @bus. The run ends if there is none. */
void bus_plug(struct bus *bus, struct function *f);

/* Make @f the next function of the device of @first, which is plugged in, and its function 0. */
void bus_plug_beside(struct function *first, struct function *f);

/* Return bus number, device and function of @f. */
uint16_t function_bdf(const struct function *f);

/* Return the function at @bdf, NULL if there is none that can be reached. */
struct function *bus_find(uint16_t bdf);

/* Return the function that decodes @address, with which BAR and the offset there; NULL if none does. */
struct function *bus_claim(uint64_t address, unsigned int *bar, uint64_t *offset);

/* Return the id with which accesses of @f arrive at the root: its own, or that of a bridge on the way. */
uint16_t bus_requester(const struct function *f);

/* Return true if bus mastering is enabled at @f and at all bridges above. */
bool bus_is_master(const struct function *f);

#endif
