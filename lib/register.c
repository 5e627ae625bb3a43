// SPDX-License-Identifier: BSD-3-Clause
#include <asm/io.h>

#include "register.h"

static void (*observer)(const struct register_access *access);

void register_observe(void (*function)(const struct register_access *access))
{
	observer = function;
}

static void note(enum register_access_kind kind, const volatile void *address, unsigned int width,
		 uint64_t value)
{
	if (observer)
		observer(&(struct register_access){.kind = kind, .width = width, .address = address,
						   .value = value});
}

uint32_t register_read(const volatile void *address, unsigned int width)
{
	switch (width) {
	case 1:
		return register_read8(address);
	case 2:
		return register_read16(address);
	default:
		return register_read32(address);
	}
}

void register_write(volatile void *address, unsigned int width, uint32_t value)
{
	switch (width) {
	case 1:
		return register_write8(address, value);
	case 2:
		return register_write16(address, value);
	default:
		return register_write32(address, value);
	}
}

void register_note_config(enum register_access_kind kind, const struct pci_dev *pci, unsigned int offset,
			  unsigned int width, uint32_t value)
{
	if (observer)
		observer(&(struct register_access){.kind = kind, .width = width, .pci = pci,
						   .offset = offset, .value = value});
}

#define ACCESS(bits)                                                                              \
	uint##bits##_t register_read##bits(const volatile void *address)                          \
	{                                                                                         \
		uint##bits##_t value;                                                             \
                                                                                                  \
		note(REGISTER_READ, address, bits / 8, 0);                                        \
		value = io_read##bits(address);                                                   \
		note(REGISTER_VALUE, address, bits / 8, value);                                   \
		return value;                                                                     \
	}                                                                                         \
                                                                                                  \
	void register_write##bits(volatile void *address, uint##bits##_t value)                   \
	{                                                                                         \
		note(REGISTER_WRITE, address, bits / 8, value);                                   \
		io_write##bits(address, value);                                                   \
	}

ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)
