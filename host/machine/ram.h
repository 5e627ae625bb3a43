/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory: mappings of the process at the addresses that the guest sees, so that a pointer is
 * a guest-physical address.
 */
#ifndef RAM_H
#define RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below 4 GiB, and where neither the dynamic loader nor a sanitizer puts anything. */
#define RAM_BASE 0x10000000ull

/*
 * More above 4 GiB, at RAM_HIGH_BASE, which scripts/host.mk chooses, where the sanitizer has no shadow
 * memory: over a multiple of 4 GiB, and on to where the lower half of an address is that of RAM at RAM_BASE.
 */
#define RAM_HIGH_SIZE 0x11200000ull

/* The sanitizers' shadow memory begins somewhat below 2 GiB. */
#define RAM_MAX_MIB 1700

/* Map @size bytes at RAM_BASE, and RAM_HIGH_SIZE high ones. Returns false with errno if that is not free. */
bool ram_init(uint64_t size);

/* Size in bytes of the RAM at RAM_BASE. */
uint64_t ram_size(void);

/* Return the bytes at [phys, phys + size), NULL if that is not all RAM. */
void *ram_at(uint64_t phys, uint64_t size);

#endif
