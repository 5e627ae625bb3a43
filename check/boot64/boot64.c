// SPDX-License-Identifier: BSD-3-Clause
/*
 * A loader for the 64-bit Linux entry: started by PVH, it leaves the state that the boot protocol
 * asks for (Documentation/arch/x86/boot.rst, "64-bit boot protocol"; the numbers are crosvm's) and
 * jumps to the e_entry of the image that QEMU has loaded beside it: entry=ADDRESS on the command
 * line, behind which the image's own words stand.
 */
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "exception.h"

#define ZERO_PAGE 0x7000
#define STACK_TOP 0x8000
#define HEADER_MAGIC 0x53726448

enum { RSDP = 0x70, E820_COUNT = 0x1e8, MAGIC = 0x202, CMDLINE = 0x228, E820 = 0x2d0 };
enum { E820_RAM = 1 };

struct e820_entry {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));

static void put32(unsigned int offset, uint32_t value)
{
	memcpy((uint8_t *)ZERO_PAGE + offset, &value, sizeof(value));
}

static void make_zero_page(const struct boot_info *boot)
{
	struct e820_entry *map = (void *)(uintptr_t)(ZERO_PAGE + E820);

	memset((void *)ZERO_PAGE, 0, 4096);
	put32(MAGIC, HEADER_MAGIC);
	put32(CMDLINE, (uintptr_t)boot->cmdline);
	put32(RSDP, boot->rsdp);
	for (unsigned int i = 0; i < boot->ram_count; i++)
		map[i] = (struct e820_entry){boot->ram[i].base, boot->ram[i].size, E820_RAM};
	((uint8_t *)ZERO_PAGE)[E820_COUNT] = boot->ram_count;
}

void exception_report(const char *summary)
{
	bail_out("boot64: %s", summary);
}

void boot_main(struct boot_info *boot)
{
	char entry[20];

	if (!boot_option(boot, "entry", entry, sizeof(entry)))
		bail_out("boot64: no entry= on the command line");
	make_zero_page(boot);
	asm volatile("cli; mov %0, %%rsp; jmp *%2"
		     :
		     : "r"((uint64_t)STACK_TOP), "S"((uint64_t)ZERO_PAGE), "r"(strtoul(entry, NULL, 0))
		     : "memory");
}
