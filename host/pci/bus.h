/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI buses: what is plugged in where, how accesses of the CPU find a function, and under which id
 * its own accesses arrive at the root.
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
	struct function *functions[BUS_SLOTS];
};

/* Configuration space of all 256 buses (PCIe 6.0, 7.2.2). */
#define ECAM_BASE 0xb0000000ull
#define ECAM_SIZE 0x10000000ull

/* Where BARs can be placed: up to the I/O APIC of a PC. */
#define PCI_WINDOW_BASE (ECAM_BASE + ECAM_SIZE)
#define PCI_WINDOW_SIZE (0xfec00000ull - PCI_WINDOW_BASE)

/* Make @bus a root bus. */
void bus_add_root(struct bus *bus, uint8_t number);

/* Plug in at the first free slot; the slot 0 of a bus below a port is the only one. */
void bus_plug(struct bus *bus, struct function *f);

/* As @bridge's registers have it; 0 below a bridge that is not numbered yet. */
uint8_t bus_number(const struct bus *bus);

uint16_t function_bdf(const struct function *f);

/* The function at @bdf, NULL if there is none that can be reached. */
struct function *bus_find(uint16_t bdf);

/* The function that answers at @address, which BAR of it and where in that. NULL: nobody. */
struct function *bus_claim(uint64_t address, unsigned int *bar, uint64_t *offset);

/* As lib/pci/pci.h: pci_requester_id(), but from the side of the devices. */
uint16_t bus_requester(const struct function *f);

/* Bus mastering is enabled at the function and at all bridges above. */
bool bus_is_master(const struct function *f);

#endif
