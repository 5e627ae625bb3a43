// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/pci/function.h"
#include "util.h"

enum {
	FIRST_CAPABILITY = 0x40,
	BAR_64BIT_PREFETCH = 0xc,
	BAR_FLAGS = 0xf,
	REVISION = 1,		/* of a modern virtio device (4.1.2.1) */
};

void function_set(struct function *f, unsigned int offset, unsigned int width, uint32_t value)
{
	for (unsigned int i = 0; i < width; i++)
		f->config[offset + i] = value >> 8 * i;
}

uint32_t function_get(const struct function *f, unsigned int offset, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)f->config[offset + i] << 8 * i;
	return value;
}

void function_allow(struct function *f, unsigned int offset, unsigned int width, uint32_t mask)
{
	for (unsigned int i = 0; i < width; i++)
		f->writable[offset + i] = mask >> 8 * i;
}

void function_clear(struct function *f)
{
	for (unsigned int i = 0; i < FUNCTION_CONFIG; i++)
		f->config[i] &= ~f->writable[i];
}

void function_init(struct function *f, const struct function_ops *ops, uint16_t vendor,
		   uint16_t device, uint16_t class_code)
{
	memset(f, 0, sizeof(*f));
	f->ops = ops;
	f->capability_end = FIRST_CAPABILITY;
	f->capability_link = PCI_CAPABILITIES;
	function_set(f, PCI_VENDOR_ID, 2, vendor);
	function_set(f, PCI_DEVICE_ID, 2, device);
	function_set(f, PCI_CLASS_REVISION, 4, (uint32_t)class_code << 16 | REVISION);
	function_set(f, PCI_SUBSYSTEM_ID - 2, 2, vendor);
	function_set(f, PCI_SUBSYSTEM_ID, 2, device);
	function_allow(f, PCI_COMMAND, 2,
		       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	function_allow(f, PCI_CACHE_LINE, 1, 0xff);
}

void function_add_bar(struct function *f, unsigned int index, uint64_t size)
{
	unsigned int offset = PCI_BAR0 + 4 * index;
	uint64_t mask = -size;

	f->bar_size[index] = size;
	function_set(f, offset, 4, BAR_64BIT_PREFETCH);
	function_allow(f, offset, 4, mask & ~(uint64_t)BAR_FLAGS);
	function_allow(f, offset + 4, 4, mask >> 32);
}

unsigned int function_add_capability(struct function *f, uint8_t id, unsigned int length)
{
	unsigned int at = f->capability_end;

	function_set(f, f->capability_link, 1, at);
	function_set(f, at, 1, id);
	f->capability_link = at + 1;
	f->capability_end = at + align_up(length, 4u);
	f->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	return at;
}

uint32_t function_config_read(struct function *f, unsigned int offset, unsigned int width)
{
	if (offset >= FUNCTION_CONFIG)
		return 0;
	if (f->ops->config_access)
		f->ops->config_access(f, offset, width, false);
	return function_get(f, offset, width);
}

void function_config_write(struct function *f, unsigned int offset, unsigned int width,
			   uint32_t value)
{
	if (offset >= FUNCTION_CONFIG)
		return;
	for (unsigned int i = 0; i < width; i++) {
		uint8_t mask = f->writable[offset + i], byte = value >> 8 * i;

		f->config[offset + i] = (f->config[offset + i] & ~mask) | (byte & mask);
	}
	if (f->ops->config_access)
		f->ops->config_access(f, offset, width, true);
}

static uint64_t bar_base(const struct function *f, unsigned int index)
{
	unsigned int offset = PCI_BAR0 + 4 * index;

	return (function_get(f, offset, 4) & ~(uint32_t)BAR_FLAGS) |
	       (uint64_t)function_get(f, offset + 4, 4) << 32;
}

bool function_claims(const struct function *f, uint64_t address, unsigned int *bar,
		     uint64_t *offset)
{
	if (!(function_get(f, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return false;
	for (*bar = 0; *bar < PCI_BARS; ++*bar) {
		*offset = address - bar_base(f, *bar);
		if (f->bar_size[*bar] && *offset < f->bar_size[*bar])
			return true;
	}
	return false;
}
