// SPDX-License-Identifier: BSD-3-Clause
/*
 * The second CPU, by INIT and STARTUP (Intel SDM 3A, 9.4). It is that of the MADT, and gets descriptors and
 * page tables of the first one.
 */
#include <stddef.h>
#include <string.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "error.h"
#include "le.h"
#include "machine.h"
#include "smp.h"

#include "arch.h"

#define PAGE_SIZE 4096
#define LOW_RAM_END 0xa0000

/* ACPI 6.5, 5.2.12.2 and 5.2.12.12. */
enum { LOCAL_APIC = 0, LOCAL_APIC_LENGTH = 8, LOCAL_APIC_ID = 3, LOCAL_APIC_FLAGS = 4 };
enum { LOCAL_X2APIC = 9, LOCAL_X2APIC_LENGTH = 16, LOCAL_X2APIC_ID = 4, LOCAL_X2APIC_FLAGS = 8 };
enum { CPU_ENABLED = 1 };

/* second.S: what is copied to the page, and the end of that. */
extern const char second_start[], second_end[], second_parameters[];

/* second.S: where the second CPU goes on in long mode. */
extern const char second_enter[];

/* long_mode.S. */
extern const struct gdt_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed)) gdt_pointer;

struct parameters {
	uint64_t go;
	uint32_t cr3, cr4;
	uint32_t far_offset;
	uint16_t far_selector;
	uint16_t gdt_limit;
	uint32_t gdt_base;
} __attribute__((packed));

static const struct boot_info *machine;
static uint64_t low_page;	/* 0: there is none */

void x86_second_cpu(void) __attribute__((noreturn));

void x86_second_cpu(void)
{
	exceptions_init();
	smp_run();
	for (;;)
		asm volatile("cli; hlt");
}

static bool meets(const struct memory_range *ranges, unsigned int count, uint64_t page)
{
	for (unsigned int i = 0; i < count; i++)
		if (ranges[i].base < page + PAGE_SIZE && ranges[i].base + ranges[i].size > page)
			return true;
	return false;
}

static bool is_ram(const struct boot_info *boot, uint64_t page)
{
	for (unsigned int i = 0; i < boot->ram_count; i++)
		if (boot->ram[i].base <= page && boot->ram[i].base + boot->ram[i].size >= page + PAGE_SIZE)
			return true;
	return false;
}

/* The highest one: at the lower end are what real mode uses, and loaders. */
void cpus_init(const struct boot_info *boot)
{
	machine = boot;
	for (uint64_t page = LOW_RAM_END - PAGE_SIZE; page && !low_page; page -= PAGE_SIZE)
		if (is_ram(boot, page) && !meets(boot->reserved, boot->reserved_count, page))
			low_page = page;
}

/* Return structure @index of the MADT that is a CPU, NULL behind the last one. */
static const uint8_t *cpu_of(const struct acpi *acpi, bool x2apic, unsigned int index)
{
	return x2apic ? acpi_madt(acpi, LOCAL_X2APIC, LOCAL_X2APIC_LENGTH, index) :
			acpi_madt(acpi, LOCAL_APIC, LOCAL_APIC_LENGTH, index);
}

/* One that has a number in both kinds of structures stands in one of them. */
static bool find_other(const struct acpi *acpi, bool x2apic, uint32_t own, uint32_t *id)
{
	const uint8_t *cpu;

	for (unsigned int i = 0; (cpu = cpu_of(acpi, x2apic, i)); i++) {
		*id = x2apic ? le32(cpu + LOCAL_X2APIC_ID) : cpu[LOCAL_APIC_ID];
		if (*id != own && le32(cpu + (x2apic ? LOCAL_X2APIC_FLAGS : LOCAL_APIC_FLAGS)) & CPU_ENABLED)
			return true;
	}
	return false;
}

static uint64_t read_cr3(void)
{
	uint64_t cr3;

	asm volatile("mov %%cr3, %0" : "=r"(cr3));
	return cr3;
}

static uint64_t read_cr4(void)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

/* Return false if the tables cannot be named in real mode. */
static bool fill_page(void)
{
	struct parameters *p = (void *)(low_page + (second_parameters - second_start));

	if (read_cr3() > UINT32_MAX || gdt_pointer.base > UINT32_MAX)
		return false;
	memcpy((void *)low_page, second_start, second_end - second_start);
	p->go = (uintptr_t)second_enter;
	p->cr3 = read_cr3();
	p->cr4 = read_cr4();
	p->far_offset += low_page;
	p->gdt_limit = gdt_pointer.limit;
	p->gdt_base = gdt_pointer.base;
	return true;
}

bool machine_start_cpu(struct error *error)
{
	struct acpi acpi;
	uint32_t own, id;

	if (!apic_id(&own))
		return error_set(error, "there is no local APIC that is enabled");
	if (!acpi_init(&acpi, machine, error))
		return false;
	if (!find_other(&acpi, false, own, &id) && !find_other(&acpi, true, own, &id))
		return error_set(error, "needs a second CPU");
	if (!low_page || !fill_page())
		return error_set(error, "there is no page below 1 MiB for a second CPU to begin in");
	return apic_start_cpu(id, low_page / PAGE_SIZE) ||
	       error_set(error, "the local APIC sends no command");
}
