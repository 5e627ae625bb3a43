// SPDX-License-Identifier: BSD-3-Clause
/*
 * A loader for the 64-bit Linux entry: started by PVH, it leaves the state in which crosvm starts an
 * ELF image (its x86_64 crate: regs.rs, lib.rs, acpi.rs), to the last register, and enters the
 * image that QEMU has loaded beside it: entry=ADDRESS on the command line, behind which the image's
 * own words stand.
 */
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "exception.h"

#define GDT_AT 0x1500
#define IDT_AT 0x1528		/* a quad of 0, which is also the end of the GDT */
#define ZERO_PAGE 0x7000
#define STACK_TOP 0x8000
#define PML4_AT 0x9000
#define PDPT_AT 0xa000
#define PD_AT 0xb000
#define CMDLINE_AT 0x20000
#define CMDLINE_SIZE 0x800
#define SETUP_DATA_AT 0x20800
#define RSDP_AT 0xe0000
#define RSDP_SIZE 36
#define HOLE_START 0xa0000
#define HOLE_END 0x100000

enum { CODE = 0x10, DATA = 0x18, TASK = 0x20 };
enum { TABLE = 0x3, PAGE = 0x83 };

#define CR0 0xc0000011		/* PG, CD, ET, PE */
#define CR4 0x20		/* PAE */
#define RFLAGS 0x2

static const uint64_t gdt[] = {
	0, 0,
	0x00af9b000000ffff,
	0x00cf93000000ffff,
	0x008f89000000ffff,	/* ltr makes it busy */
	0,
};

/* Fields of the zero page. There is no RSDP among them: it has to be searched for. */
enum {
	E820_COUNT = 0x1e8,
	BOOT_FLAG = 0x1fe,
	MAGIC = 0x202,
	LOADER_TYPE = 0x210,
	CMDLINE = 0x228,
	KERNEL_ALIGNMENT = 0x230,
	CMDLINE_MAX = 0x238,
	SETUP_DATA = 0x250,
	E820 = 0x2d0,
};

#define HEADER_MAGIC 0x53726448
#define SETUP_RNG_SEED 9

enum { E820_RAM = 1, E820_RESERVED = 2 };

struct e820_entry {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));

static void put(uintptr_t address, const void *value, size_t size)
{
	memcpy((void *)address, value, size);
}

static void put32(uintptr_t address, uint32_t value)
{
	put(address, &value, sizeof(value));
}

static void put64(uintptr_t address, uint64_t value)
{
	put(address, &value, sizeof(value));
}

static void add_e820(uint64_t base, uint64_t size, uint32_t type)
{
	struct e820_entry entry = {base, size, type};
	uint8_t *count = (uint8_t *)ZERO_PAGE + E820_COUNT;

	put(ZERO_PAGE + E820 + *count * sizeof(entry), &entry, sizeof(entry));
	++*count;
}

static void make_zero_page(const struct boot_info *boot)
{
	memset((void *)ZERO_PAGE, 0, 4096);
	put(ZERO_PAGE + BOOT_FLAG, "\x55\xaa", 2);
	put32(ZERO_PAGE + MAGIC, HEADER_MAGIC);
	put(ZERO_PAGE + LOADER_TYPE, "\xff", 1);
	put32(ZERO_PAGE + CMDLINE, CMDLINE_AT);
	put32(ZERO_PAGE + CMDLINE_MAX, CMDLINE_SIZE - 1);
	put32(ZERO_PAGE + KERNEL_ALIGNMENT, 0x1000000);
	put64(ZERO_PAGE + SETUP_DATA, SETUP_DATA_AT);
	for (unsigned int i = 0; i < boot->ram_count; i++)
		add_e820(boot->ram[i].base, boot->ram[i].size, E820_RAM);
	add_e820(HOLE_START, HOLE_END - HOLE_START, E820_RESERVED);
}

/* One entry of setup_data: next, type, length, and 256 bytes for the random pool. */
static void make_setup_data(void)
{
	put64(SETUP_DATA_AT, 0);
	put32(SETUP_DATA_AT + 8, SETUP_RNG_SEED);
	put32(SETUP_DATA_AT + 12, 256);
	memset((void *)(SETUP_DATA_AT + 16), 0xa5, 256);
}

static void make_cmdline(const struct boot_info *boot)
{
	static const char own[] = "panic=-1 ";
	size_t length = strlen(boot->cmdline);

	if (sizeof(own) + length > CMDLINE_SIZE)
		bail_out("boot64: a command line of %u characters", (unsigned int)length);
	put(CMDLINE_AT, own, sizeof(own));
	put(CMDLINE_AT + sizeof(own) - 1, boot->cmdline, length + 1);
}

/* The firmware's own goes, so that there is only this one to be found. */
static void move_rsdp(const struct boot_info *boot)
{
	if (!boot->rsdp)
		bail_out("boot64: no RSDP from the firmware");
	put(RSDP_AT, (void *)boot->rsdp, RSDP_SIZE);
	memset((void *)boot->rsdp, 0, 8);
	if (memcmp((void *)RSDP_AT, "RSD PTR ", 8) || *(volatile char *)boot->rsdp)
		bail_out("boot64: the memory below 1 MiB cannot be written");
}

/* 4 GiB in pages of 2 MiB. */
static void make_page_tables(void)
{
	memset((void *)PML4_AT, 0, PD_AT - PML4_AT);
	put64(PML4_AT, PDPT_AT | TABLE);
	for (uint64_t i = 0; i < 4; i++)
		put64(PDPT_AT + i * 8, (PD_AT + i * 4096) | TABLE);
	for (uint64_t i = 0; i < 4 * 512; i++)
		put64(PD_AT + i * 8, i << 21 | PAGE);
}

static void enter(uint64_t entry) __attribute__((noreturn));

static void enter(uint64_t entry)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr = {sizeof(gdt) - 1, GDT_AT}, idtr = {7, IDT_AT};
	uint64_t frame[] = {entry, CODE, RFLAGS, STACK_TOP, DATA};

	put(GDT_AT, gdt, sizeof(gdt));
	asm volatile("cli; lgdt %[gdtr]; lidt %[idtr]\n\t"
		     "mov %[cr3], %%cr3; mov %[cr4], %%cr4; mov %[cr0], %%cr0\n\t"
		     "mov %[data], %%ds; mov %[data], %%es; mov %[data], %%fs\n\t"
		     "mov %[data], %%gs; ltr %w[task]\n\t"
		     "mov %[frame], %%rsp\n\t"
		     "xor %%eax, %%eax; xor %%ebx, %%ebx; xor %%ecx, %%ecx; xor %%edx, %%edx\n\t"
		     "xor %%edi, %%edi; xor %%ebp, %%ebp; xor %%r8, %%r8; xor %%r9, %%r9\n\t"
		     "xor %%r10, %%r10; xor %%r11, %%r11; xor %%r12, %%r12; xor %%r13, %%r13\n\t"
		     "xor %%r14, %%r14; xor %%r15, %%r15\n\t"
		     "iretq"
		     :
		     : [gdtr] "m"(gdtr), [idtr] "m"(idtr), [cr3] "r"((uint64_t)PML4_AT),
		       [cr4] "r"((uint64_t)CR4), [cr0] "r"((uint64_t)CR0), [data] "r"(DATA),
		       [task] "r"(TASK), [frame] "r"(frame), "S"((uint64_t)ZERO_PAGE)
		     : "memory");
	__builtin_unreachable();
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
	make_setup_data();
	make_cmdline(boot);
	move_rsdp(boot);
	make_page_tables();
	enter(strtoul(entry, NULL, 0));
}
