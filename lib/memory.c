// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "memory.h"

static struct {
	uintptr_t base;
	size_t size, used;
} arena;

static uint64_t range_end(const struct memory_range *range)
{
	return range->base + range->size;
}

/* The first reserved range that reaches into [from, end), or NULL. */
static const struct memory_range *first_reserved(const struct boot_info *boot, uint64_t from,
						 uint64_t end)
{
	const struct memory_range *first = NULL;

	for (unsigned int i = 0; i < boot->reserved_count; i++) {
		const struct memory_range *r = &boot->reserved[i];

		if (r->base < end && range_end(r) > from && (!first || r->base < first->base))
			first = r;
	}
	return first;
}

static void take_if_larger(uint64_t from, uint64_t end)
{
	if (end > from && end - from > arena.size) {
		arena.base = from;
		arena.size = end - from;
	}
}

/* Offer the stretches of RAM [from, end) between the reserved ranges. */
static void consider(const struct boot_info *boot, uint64_t from, uint64_t end)
{
	const struct memory_range *hole;

	while (from < end && (hole = first_reserved(boot, from, end))) {
		take_if_larger(from, hole->base);
		from = range_end(hole);
	}
	take_if_larger(from, end);
}

void memory_init(const struct boot_info *boot, uint64_t limit)
{
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		uint64_t end = range_end(&boot->ram[i]);

		consider(boot, boot->ram[i].base, end < limit ? end : limit);
	}
}

void *arena_take(size_t size, size_t align)
{
	uintptr_t start = (arena.base + arena.used + align - 1) & ~(align - 1);
	size_t skipped = start - arena.base;

	if (skipped > arena.size || size > arena.size - skipped)
		bail_out("out of memory: %zu bytes wanted, %zu of %zu in use; "
			 "give the guest more memory",
			 size, arena.used, arena.size);
	arena.used = skipped + size;
	return (void *)start;
}

void *arena_alloc(size_t size, size_t align)
{
	return memset(arena_take(size, align), 0, size);
}

void *arena_spare(uint64_t address, size_t size)
{
	uint64_t first = arena.base + arena.used, end = arena.base + arena.size;

	return address >= first && address < end && size <= end - address ? (void *)address : NULL;
}

size_t arena_mark(void)
{
	return arena.used;
}

void arena_release(size_t mark)
{
	arena.used = mark;
}
