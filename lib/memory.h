/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory: one arena of RAM, handed out upwards.
 *
 * Memory is identity mapped, so the address of a buffer is its guest-physical address. Nothing is
 * freed singly: arena_release() frees all that a test has allocated. Sizes are in bytes.
 */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct boot_info;

/*
 * Make the arena of the largest free range of @boot's RAM below @limit. RAM from @reach on cannot be
 * accessed and is left out of all.
 */
void memory_init(const struct boot_info *boot, uint64_t limit, uint64_t reach);

/* Return the guest-physical address at which the highest free range of RAM ends. */
uint64_t memory_end(void);

/*
 * Allocate zeroed memory at a multiple of @align, a power of two. Never NULL: if there is no memory left
 * the run ends, with a message that names the sizes.
 */
void *arena_alloc(size_t size, size_t align);

/* Like arena_alloc(), but not zeroed: for large buffers that are mostly not read. */
void *arena_alloc_uninit(size_t size, size_t align);

/* Return how many bytes are left. */
size_t arena_room(void);

/* Return a mark for arena_release(). */
size_t arena_mark(void);

/* Free everything that was allocated since arena_mark() returned @mark. */
void arena_release(size_t mark);

/*
 * Return the memory at guest-physical @address if all of it is free, in the arena or in the highest free
 * range; else NULL. It is not allocated: the next arena_alloc() may return it.
 */
void *memory_if_free(uint64_t address, size_t size);

/* Like memory_if_free(), for the first such memory at or above @address; @align is a power of two. */
void *memory_above(uint64_t address, size_t size, size_t align);

/* Return the guest-physical address of a buffer. */
static inline uint64_t phys(const void *pointer)
{
	return (uintptr_t)pointer;
}

#endif
