/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PCI function: its configuration space and BARs (PCI 3.0, chapter 6).
 */
#ifndef FUNCTION_H
#define FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

#define FUNCTION_CONFIG 256	/* no function here has extended capabilities */

struct bus;
struct function;

struct function_ops {
	/* Registers behind a memory BAR. @width is 1, 2 or 4 and @offset a multiple of it. */
	uint32_t (*read)(struct function *f, unsigned int bar, uint64_t offset, unsigned int width);
	void (*write)(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
		      uint32_t value);

	/* Called before configuration space is read and after it was written, or NULL. */
	void (*config_access)(struct function *f, unsigned int offset, unsigned int width,
			      bool write);

	/* Registers take accesses of 64 bits, too: two of 32, the lower half first. */
	bool takes_64_bits;
};

struct function {
	const struct function_ops *ops;
	struct bus *bus;			/* on which it sits; NULL: not plugged in */
	uint8_t device, number;			/* which of its functions */
	struct function *next;			/* of the same device, by number */
	struct bus *below;			/* of a bridge */
	uint8_t config[FUNCTION_CONFIG];
	uint8_t writable[FUNCTION_CONFIG];	/* bits that the driver can change */
	uint64_t bar_size[PCI_BARS];
	unsigned int capability_end;		/* where the next one goes */
	unsigned int capability_link;		/* the register that will point to it */
};

/* Make a function without BARs and capabilities. @class_code is that of base class and subclass. */
void function_init(struct function *f, const struct function_ops *ops, uint16_t vendor,
		   uint16_t device, uint16_t class_code);

/* Write or read a field of configuration space, whether the driver can change it or not. */
void function_set(struct function *f, unsigned int offset, unsigned int width, uint32_t value);
uint32_t function_get(const struct function *f, unsigned int offset, unsigned int width);

/* Let the driver change the bits of @mask in the field at @offset. */
void function_allow(struct function *f, unsigned int offset, unsigned int width, uint32_t mask);

/* Take back all that the driver has written to configuration space. */
void function_clear(struct function *f);

/* Add a 64-bit prefetchable memory BAR of @size bytes, a power of two, in registers @index and the next. */
void function_add_bar(struct function *f, unsigned int index, uint64_t size);

/* Append a capability of @length bytes to the list. Returns its offset in configuration space. */
unsigned int function_add_capability(struct function *f, uint8_t id, unsigned int length);

/* Read or write configuration space as the driver does: only bits that it can change change. */
uint32_t function_config_read(struct function *f, unsigned int offset, unsigned int width);
void function_config_write(struct function *f, unsigned int offset, unsigned int width,
			   uint32_t value);

/* Return true if a BAR of @f decodes @address, with which one and the offset there. */
bool function_claims(const struct function *f, uint64_t address, unsigned int *bar,
		     uint64_t *offset);

/* Return the half of a 64-bit register that is at @offset, or change it. The lower half comes first. */
static inline uint32_t register_half(uint64_t value, uint64_t offset)
{
	return offset & 4 ? value >> 32 : value;
}

static inline void register_set_half(uint64_t *value, uint64_t offset, uint32_t half)
{
	unsigned int shift = offset & 4 ? 32 : 0;

	*value = (*value & ~(0xffffffffull << shift)) | (uint64_t)half << shift;
}

#endif
