// SPDX-License-Identifier: BSD-3-Clause
#include <sys/mman.h>

#include "host/machine/ram.h"

static uint64_t bytes;

static bool place(uint64_t base, uint64_t size)
{
	return mmap((void *)base, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)base;
}

bool ram_init(uint64_t size)
{
	bytes = size;
	return place(RAM_BASE, size) && place(RAM_HIGH_BASE, RAM_HIGH_SIZE);
}

uint64_t ram_size(void)
{
	return bytes;
}

static bool is_within(uint64_t phys, uint64_t size, uint64_t base, uint64_t limit)
{
	return phys >= base && phys - base <= limit && size <= limit - (phys - base);
}

void *ram_at(uint64_t phys, uint64_t size)
{
	if (!is_within(phys, size, RAM_BASE, bytes) &&
	    !is_within(phys, size, RAM_HIGH_BASE, RAM_HIGH_SIZE))
		return NULL;
	return (void *)phys;
}
