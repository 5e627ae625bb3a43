/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PCI hierarchy that behaves in configuration space: bridges forward by the numbers that they
 * hold, BARs know their size.
 */
#ifndef FAKE_PCI_H
#define FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

#define FAKE_ROOT -1

struct fake_function {
	int above;		/* index of the bridge above, or FAKE_ROOT */
	unsigned int host;	/* index of the host bridge */
	uint8_t root_bus;	/* if above is FAKE_ROOT */
	uint8_t devfn;
	uint8_t config[256];
	uint8_t writable[256];
};

struct fake_pci {
	struct fake_function functions[PCI_MAX_DEVICES + 16];
	unsigned int count;
	unsigned int reads, writes;
	unsigned int violations;	/* a BAR of a decoding function was written */
};

extern struct fake_pci fake;

/* Empty hierarchy, and @hosts with the fake's ECAM: 256 MiB each from FAKE_ECAM on. */
#define FAKE_ECAM 0xb0000000ull
void fake_reset(struct pci *pci, unsigned int hosts);

/* Returns the index. @class_code: class << 16 | subclass << 8 | interface. */
int fake_add(int above, uint8_t root_bus, uint8_t devfn, uint32_t id, uint32_t class_code);
int fake_bridge(int above, uint8_t root_bus, uint8_t devfn, int port_type);

/* @size is a power of two; @flags are the low bits of the BAR. */
void fake_bar(int function, unsigned int bar, uint64_t size, uint32_t flags);
void fake_capability(int function, uint8_t at, uint8_t id, uint8_t next);
uint32_t fake_get32(int function, unsigned int offset);
void fake_put32(int function, unsigned int offset, uint32_t value);

/* Configuration ports answer, or not. */
extern bool fake_has_ports;

#endif
