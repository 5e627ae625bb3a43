/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory: one arena of RAM, handed out upwards.
 *
 * Memory is identity mapped, so the address of a buffer is its guest-physical address. Nothing is
 * freed singly: what a test allocated goes back at once with arena_release().
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct boot_info;

/*
 * Choose the largest free stretch of @boot's RAM below @limit for the arena. RAM below @reach can be
 * accessed.
 */
void memory_init(const struct boot_info *boot, uint64_t limit, uint64_t reach);

/* Where the highest free stretch of RAM ends. */
uint64_t memory_end(void);

/*
 * Zeroed memory, @align a power of two. Never NULL: out of memory ends the run as an error that
 * names the sizes.
 */
void *arena_alloc(size_t size, size_t align);

/* The same with whatever is in it, for much memory of which little is looked at. */
void *arena_alloc_uninit(size_t size, size_t align);

/* Return how many bytes are left. */
size_t arena_room(void);

/* Everything allocated after arena_mark() is given back by arena_release(mark). */
size_t arena_mark(void);
void arena_release(size_t mark);

/*
 * The unused memory at this address, of the arena or the highest; NULL if not all of it is that. It is
 * not kept from anybody.
 */
void *memory_if_free(uint64_t address, size_t size);

/* The guest-physical address of a buffer. */
static inline uint64_t phys(const void *pointer)
{
	return (uintptr_t)pointer;
}

#endif
