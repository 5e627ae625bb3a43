// SPDX-License-Identifier: BSD-3-Clause
/*
 * The arena: which stretch of RAM it takes, and what it says when nothing is left. RAM is a block
 * of this process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "memory.h"
#include "unit.h"

#define KIB 1024ul
#define RAM (256 * KIB)

static uint8_t *ram;
static jmp_buf given_up;
static char message[200];

void bail_out(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	longjmp(given_up, 1);
}

static struct boot_info boot;

static uint64_t at(size_t offset)
{
	return (uintptr_t)ram + offset;
}

/*
 * Each choice is larger than all before: the arena only ever grows, so what was chosen first is
 * replaced. Offsets of the arena's start.
 */
static size_t choose(uint64_t limit)
{
	memory_init(&boot, limit, limit);
	return (uintptr_t)arena_alloc(0, 1) - (uintptr_t)ram;
}

static void describe(unsigned int ram_count, unsigned int reserved_count,
		     const struct memory_range *ranges)
{
	memset(&boot, 0, sizeof(boot));
	for (unsigned int i = 0; i < ram_count; i++)
		boot_add_ram(&boot, at(ranges[i].base), ranges[i].size);
	for (unsigned int i = ram_count; i < ram_count + reserved_count; i++)
		boot_add_reserved(&boot, at(ranges[i].base), ranges[i].size);
}

static void choices(void)
{
	static const struct memory_range between[] = {
		{0, 64 * KIB}, {40 * KIB, 24 * KIB}, {0, 8 * KIB}, {4 * KIB, 12 * KIB}};
	static const struct memory_range behind[] = {
		{0, 64 * KIB}, {16 * KIB, 4 * KIB}, {0, 16 * KIB}, {200 * KIB, 8 * KIB}};
	static const struct memory_range second[] = {{0, 64 * KIB}, {128 * KIB, 128 * KIB}};
	static const struct memory_range whole[] = {{0, RAM}, {0, 4 * KIB}, {RAM, 4 * KIB}};

	describe(1, 3, between);	/* [16, 40) KiB, found in any order */
	CHECK_EQ(choose(UINT64_MAX), 16 * KIB);
	CHECK_EQ(memory_end(), at(40 * KIB));
	describe(1, 3, behind);		/* [20, 64) KiB */
	CHECK_EQ(choose(UINT64_MAX), 20 * KIB);
	describe(2, 0, second);		/* cut at 180 KiB: 52 KiB of it are left, the first has 64 */
	CHECK_EQ(choose(at(180 * KIB)), 0);
	CHECK_EQ(memory_end(), at(180 * KIB));
	CHECK(memory_if_free(at(60 * KIB), 4 * KIB) == ram + 60 * KIB);
	CHECK(!memory_if_free(at(62 * KIB), 4 * KIB));
	CHECK(memory_if_free(at(128 * KIB), 52 * KIB) == ram + 128 * KIB);
	CHECK(!memory_if_free(at(178 * KIB), 4 * KIB));
	CHECK(!memory_if_free(at(100 * KIB), 4 * KIB));
	CHECK(memory_above(0, 4 * KIB, 1) == ram);
	CHECK(memory_above(at(61 * KIB), 3 * KIB, KIB) == ram + 61 * KIB);
	CHECK(memory_above(at(61 * KIB), 4 * KIB, KIB) == ram + 128 * KIB);
	CHECK(memory_above(at(61 * KIB), KIB, 64 * KIB) == ram + 128 * KIB);
	CHECK(memory_above(at(177 * KIB), 2 * KIB, 2 * KIB) == ram + 178 * KIB);
	CHECK(!memory_above(at(177 * KIB), 4 * KIB, 2 * KIB));
	CHECK_EQ(choose(UINT64_MAX), 128 * KIB);
	describe(1, 2, whole);
	CHECK_EQ(choose(UINT64_MAX), 4 * KIB);
	CHECK_EQ(memory_end(), at(RAM));
}

/* As large as the last choice: [4 KiB, 256 KiB). */
static void allocations(void)
{
	size_t start = arena_mark();
	uint8_t *first = arena_alloc(10, 1), *second;
	size_t mark = arena_mark();

	memset(first, 0xee, 10);
	second = arena_alloc(100, 64);
	CHECK_EQ((uintptr_t)second % 64, 0);
	CHECK(second >= first + 10);
	memset(second, 0xee, 100);
	arena_release(mark);
	CHECK(arena_alloc(100, 64) == second);
	for (unsigned int i = 0; i < 100; i++)
		CHECK_EQ(second[i], 0);
	arena_release(start);
	CHECK(arena_alloc(RAM - 4 * KIB, 1) == ram + 4 * KIB);
	arena_release(start);
}

static bool runs_out(size_t size, size_t align)
{
	message[0] = '\0';
	if (setjmp(given_up))
		return true;
	arena_alloc(size, align);
	return false;
}

static void out_of_memory(void)
{
	size_t start = arena_mark();

	CHECK(runs_out(RAM - 4 * KIB + 1, 1));
	CHECK(strstr(message, "out of memory: 258049 bytes wanted, 0 of 258048 in use"));
	CHECK(runs_out(SIZE_MAX, 1));
	CHECK(!runs_out(RAM - 8 * KIB, 1));
	CHECK_EQ(arena_room(), 4 * KIB);
	CHECK(runs_out(1, RAM));
	CHECK(runs_out(4 * KIB + 1, 1));
	CHECK(!runs_out(4 * KIB, 1));
	CHECK(runs_out(1, 1));
	arena_release(start);
	CHECK(!runs_out(1, 1));
}

/* What is adjacent is one range, on whichever side it comes. */
static void joined(void)
{
	struct boot_info boot_info = {0};

	boot_add_ram(&boot_info, 0x2000, 0x1000);
	boot_add_ram(&boot_info, 0x3000, 0x1000);
	boot_add_ram(&boot_info, 0x1000, 0x1000);
	boot_add_ram(&boot_info, 0x5000, 0x1000);
	CHECK_EQ(boot_info.ram_count, 2);
	CHECK_EQ(boot_info.ram[0].base, 0x1000);
	CHECK_EQ(boot_info.ram[0].size, 0x3000);
	boot_add_reserved(&boot_info, -0x1000ull, 0x1000);
	boot_add_reserved(&boot_info, 0, 0x1000);
	CHECK_EQ(boot_info.reserved_count, 2);
}

/* What is empty is dropped; what does not fit the table is remembered as lost. */
static void ranges(void)
{
	struct boot_info full = {0};

	boot_add_ram(&full, 0x1000, 0);
	CHECK_EQ(full.ram_count, 0);
	for (unsigned int i = 0; i < BOOT_MAX_RANGES; i++)
		boot_add_ram(&full, i << 13, 0x1000);
	CHECK(!full.ranges_lost);
	boot_add_ram(&full, 1 << 30, 0x1000);
	CHECK(full.ranges_lost);
	CHECK_EQ(full.ram_count, BOOT_MAX_RANGES);
	CHECK_EQ(full.ram[BOOT_MAX_RANGES - 1].base, (BOOT_MAX_RANGES - 1) << 13);
	CHECK_EQ(full.reserved_count, 0);
}

int main(void)
{
	ram = aligned_alloc(RAM, RAM);
	choices();
	allocations();
	out_of_memory();
	joined();
	ranges();
	free(ram);
	return unit_end("memory");
}
