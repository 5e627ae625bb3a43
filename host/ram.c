// SPDX-License-Identifier: BSD-3-Clause
#include <sys/mman.h>

#include "ram.h"

static uint64_t bytes;

bool ram_init(uint64_t size)
{
	void *base = (void *)RAM_BASE;

	if (mmap(base, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != base)
		return false;
	bytes = size;
	return true;
}

uint64_t ram_size(void)
{
	return bytes;
}

void *ram_at(uint64_t phys, uint64_t size)
{
	if (phys < RAM_BASE || phys - RAM_BASE > bytes || size > bytes - (phys - RAM_BASE))
		return NULL;
	return (void *)phys;
}
