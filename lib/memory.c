// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "memory.h"
#include "util.h"

static struct {
	uintptr_t base;
	size_t size, used;
} arena;

/* The highest free range, in the arena or not. */
static struct {
	uint64_t base, end;
} highest;

static uint64_t range_end(const struct memory_range *range)
{
	return range->base + range->size;
}

/* Return the first reserved range that reaches into [from, end), or NULL. */
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

static void take_if_higher(uint64_t from, uint64_t end)
{
	if (end > from && end > highest.end) {
		highest.base = from;
		highest.end = end;
	}
}

/* Call @take for each range of [from, end) between reserved ones. */
static void consider(const struct boot_info *boot, uint64_t from, uint64_t end,
		     void (*take)(uint64_t from, uint64_t end))
{
	const struct memory_range *hole;

	while (from < end && (hole = first_reserved(boot, from, end))) {
		take(from, hole->base);
		from = range_end(hole);
	}
	take(from, end);
}

void memory_init(const struct boot_info *boot, uint64_t limit, uint64_t reach)
{
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		uint64_t end = range_end(&boot->ram[i]);

		consider(boot, boot->ram[i].base, min(end, limit), take_if_larger);
		consider(boot, boot->ram[i].base, min(end, reach), take_if_higher);
	}
}

void *arena_alloc_uninit(size_t size, size_t align)
{
	uintptr_t start = align_up(arena.base + arena.used, align);
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
	return memset(arena_alloc_uninit(size, align), 0, size);
}

static bool is_within(uint64_t address, size_t size, uint64_t from, uint64_t end)
{
	return address >= from && address < end && size <= end - address;
}

uint64_t memory_end(void)
{
	return highest.end;
}

void *memory_if_free(uint64_t address, size_t size)
{
	uint64_t end = arena.base + arena.size;

	if (is_within(address, size, arena.base + arena.used, end))
		return (void *)address;
	if (highest.base >= end && is_within(address, size, highest.base, highest.end))
		return (void *)address;
	return NULL;
}

void *memory_above(uint64_t address, size_t size, size_t align)
{
	const uint64_t starts[] = {arena.base + arena.used, highest.base};
	void *memory = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(starts) && !memory; i++)
		memory = memory_if_free(align_up(max(address, starts[i]), align), size);
	return memory;
}

size_t arena_room(void)
{
	return arena.size - arena.used;
}

size_t arena_mark(void)
{
	return arena.used;
}

void arena_release(size_t mark)
{
	arena.used = mark;
}
