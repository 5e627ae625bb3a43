/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access registers of devices: memory-mapped ones, and those of PCI configuration space (pci/pci.h). One
 * observer may look on. Consoles, interrupt controllers and the like use <asm/io.h> alone.
 */
#ifndef LIB_REGISTER_H
#define LIB_REGISTER_H

#include <stddef.h>
#include <stdint.h>

struct pci_dev;

enum register_access_kind { REGISTER_WRITE, REGISTER_READ, REGISTER_VALUE };

struct register_access {
	enum register_access_kind kind;
	unsigned int width;	/* bytes */
	const volatile uint8_t *address;	/* NULL: in configuration space */
	const struct pci_dev *pci;	/* whose configuration space */
	unsigned int offset;	/* there */
	uint64_t value;		/* of REGISTER_WRITE and REGISTER_VALUE */
};

/*
 * Call @observer before each write, before each read, and, as REGISTER_VALUE, after each read with what it
 * gave. NULL: call nothing.
 */
void register_observe(void (*observer)(const struct register_access *access));

uint8_t register_read8(const volatile void *address);
uint16_t register_read16(const volatile void *address);
uint32_t register_read32(const volatile void *address);
uint64_t register_read64(const volatile void *address);

void register_write8(volatile void *address, uint8_t value);
void register_write16(volatile void *address, uint16_t value);
void register_write32(volatile void *address, uint32_t value);
void register_write64(volatile void *address, uint64_t value);

/* The same with a width of 1, 2 or 4 bytes. */
uint32_t register_read(const volatile void *address, unsigned int width);
void register_write(volatile void *address, unsigned int width, uint32_t value);

/* Tell the observer, if there is one, of an access to the configuration space of @pci. */
void register_note_config(enum register_access_kind kind, const struct pci_dev *pci, unsigned int offset,
			  unsigned int width, uint32_t value);

#endif
