// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fill struct boot_info with what a loader passed.
 *
 * PVH: struct hvm_start_info (Xen, public/arch-x86/hvm/start_info.h), version 1 has the memory map.
 * 64-bit Linux entry: the zero page (Documentation/arch/x86/zero-page.rst, boot.rst).
 */
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "memory.h"

#include "arch.h"

/* The arena stays where 32-bit ring and BAR addresses can name it. */
#define ARENA_LIMIT (1ull << 32)

/* Real-mode memory, EBDA and the firmware's own tables live there. */
#define LOW_MEMORY_END 0x100000

/* Entries of this type are usable RAM, in both memory maps. */
#define E820_RAM 1

const char machine_name[] = "x86_64";

void x86_start_pvh(const void *start_info);
void x86_start_linux64(const uint8_t *zero_page);

static struct boot_info boot;

void x86_start(struct boot_info *info)
{
	boot_add_reserved(info, (uintptr_t)image_start, image_end - image_start);
	boot_add_reserved(info, (uintptr_t)info->cmdline, strlen(info->cmdline) + 1);
	cpus_init(info);
	boot_add_reserved(info, 0, LOW_MEMORY_END);
	clock_init(info);
	memory_init(info, ARENA_LIMIT, mmu_limit());
	boot_start(info);
}

static void start(const char *protocol) __attribute__((noreturn));

static void start(const char *protocol)
{
	boot.protocol = protocol;
	mmu_map_ram(&boot);
	x86_start(&boot);
}

static void add_memory(uint64_t base, uint64_t size, uint32_t type)
{
	if (type == E820_RAM)
		boot_add_ram(&boot, base, size);
	else
		boot_add_reserved(&boot, base, size);
}

struct hvm_start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp, memory_map;
	uint32_t memory_map_entries, reserved;
};

struct hvm_memory_map_entry {
	uint64_t base, size;
	uint32_t type, reserved;
};

#define HVM_START_MAGIC 0x336ec578

void x86_start_pvh(const void *start_info)
{
	const struct hvm_start_info *info = start_info;
	const struct hvm_memory_map_entry *map = (const void *)info->memory_map;

	serial_init();
	exceptions_init();
	boot.cmdline = "";
	if (info->magic != HVM_START_MAGIC || info->version < 1)
		bail_out("PVH start info: magic %#x version %u, needs %#x and at least version 1",
			 info->magic, info->version, HVM_START_MAGIC);
	if (info->cmdline)
		boot.cmdline = (const char *)info->cmdline;
	boot.rsdp = info->rsdp;
	for (uint32_t i = 0; i < info->memory_map_entries; i++)
		add_memory(map[i].base, map[i].size, map[i].type);
	boot_add_reserved(&boot, (uintptr_t)info, sizeof(*info));
	start("pvh");
}

/* Offsets in the zero page. */
enum {
	ZERO_PAGE_RSDP = 0x70,
	ZERO_PAGE_EXT_CMDLINE = 0xc8,
	ZERO_PAGE_E820_COUNT = 0x1e8,
	ZERO_PAGE_HEADER_MAGIC = 0x202,
	ZERO_PAGE_CMDLINE = 0x228,
	ZERO_PAGE_E820 = 0x2d0,
	ZERO_PAGE_E820_MAX = 128,
	ZERO_PAGE_SIZE = 4096,
};

#define LINUX_HEADER_MAGIC 0x53726448	/* "HdrS" */

struct e820_entry {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));

static uint32_t zero_page_u32(const uint8_t *zero_page, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, zero_page + offset, sizeof(value));
	return value;
}

static uint64_t zero_page_u64(const uint8_t *zero_page, unsigned int low, unsigned int high)
{
	return zero_page_u32(zero_page, low) | (uint64_t)zero_page_u32(zero_page, high) << 32;
}

void x86_start_linux64(const uint8_t *zero_page)
{
	const struct e820_entry *map = (const void *)(zero_page + ZERO_PAGE_E820);
	unsigned int count = zero_page[ZERO_PAGE_E820_COUNT];
	uint64_t cmdline = zero_page_u64(zero_page, ZERO_PAGE_CMDLINE, ZERO_PAGE_EXT_CMDLINE);

	serial_init();
	exceptions_init();
	boot.cmdline = cmdline ? (const char *)cmdline : "";
	if (zero_page_u32(zero_page, ZERO_PAGE_HEADER_MAGIC) != LINUX_HEADER_MAGIC)
		bail_out("zero page: no setup header magic at offset %#x", ZERO_PAGE_HEADER_MAGIC);
	if (count > ZERO_PAGE_E820_MAX)
		bail_out("zero page: %u e820 entries, at most %u fit", count, ZERO_PAGE_E820_MAX);
	boot.rsdp = zero_page_u64(zero_page, ZERO_PAGE_RSDP, ZERO_PAGE_RSDP + 4);
	for (unsigned int i = 0; i < count; i++)
		add_memory(map[i].base, map[i].size, map[i].type);
	boot_add_reserved(&boot, (uintptr_t)zero_page, ZERO_PAGE_SIZE);
	start("linux64");
}
