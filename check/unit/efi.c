// SPDX-License-Identifier: BSD-3-Clause
/*
 * The start by UEFI firmware: from tables as they should be, and from each broken one. The firmware is
 * a set of functions here, which count their calls.
 */
#include <stdio.h>
#include <string.h>

#include "efi/efi.h"
#include "unit.h"

#define PAGE EFI_PAGE_SIZE
#define SYSTEM 0x5453595320494249ull
#define BOOT 0x56524553544f4f42ull
#define RUNTIME 0x56524553544e5552ull
#define HANDLE ((void *)0x1234)

/* Descriptors are larger than the structure, as firmware has it. */
enum { DESCRIPTOR = 48, MOST_DESCRIPTORS = BOOT_MAX_RANGES + 8 };

static struct {
	unsigned int maps, exits, resets, stale;	/* calls; so many keys are stale */
	efi_status map_status, exit_status, handle_status;
	uint64_t map_size;		/* 0: that of the descriptors */
	uint64_t key;
	unsigned int count;
	uint8_t descriptors[MOST_DESCRIPTORS * DESCRIPTOR];
	char said[400];
} firmware;

static struct efi_loaded_image image;
static struct efi_text_output output;
static struct efi_runtime_services runtime;
static struct efi_boot_services services;
static struct efi_configuration configuration[4];
static struct efi_system firmware_table;
static struct boot_info boot;
static struct error error;

static efi_status EFIAPI get_memory_map(uint64_t *size, void *map, uint64_t *key,
					uint64_t *descriptor_size, uint32_t *version)
{
	uint64_t needed = firmware.count * DESCRIPTOR;

	firmware.maps++;
	*descriptor_size = DESCRIPTOR;
	*version = 1;
	*key = ++firmware.key;
	if (firmware.map_status == EFI_SUCCESS && needed <= *size)
		memcpy(map, firmware.descriptors, needed);
	*size = firmware.map_size ? firmware.map_size : needed;
	return firmware.map_status;
}

static efi_status EFIAPI exit_boot_services(efi_handle handle, uint64_t key)
{
	CHECK(handle == HANDLE);
	CHECK_EQ(key, firmware.key);
	firmware.exits++;
	if (firmware.stale) {
		firmware.stale--;
		return EFI_INVALID_PARAMETER;
	}
	return firmware.exit_status;
}

static efi_status EFIAPI handle_protocol(efi_handle handle, const struct efi_guid *protocol,
					 void **interface)
{
	CHECK(handle == HANDLE);
	CHECK_EQ(protocol->a, 0x5b1b31a1);
	*interface = &image;
	return firmware.handle_status;
}

static efi_status EFIAPI say(struct efi_text_output *self, const uint16_t *text)
{
	size_t length = strlen(firmware.said);

	CHECK(self == &output);
	for (; *text && length < sizeof(firmware.said) - 1; text++)
		firmware.said[length++] = (char)*text;
	firmware.said[length] = '\0';
	return EFI_SUCCESS;
}

static void EFIAPI reset_system(uint32_t type, efi_status status, uint64_t size, void *data)
{
	CHECK_EQ(type, EFI_RESET_SHUTDOWN);
	CHECK(status & EFI_ERROR && !size && !data);
	firmware.resets++;
}

static void add(uint32_t type, uint64_t base, uint64_t pages, uint64_t attributes)
{
	struct efi_memory memory = {
		.type = type, .physical = base, .pages = pages, .attributes = attributes};

	memcpy(firmware.descriptors + firmware.count++ * DESCRIPTOR, &memory, sizeof(memory));
}

static void set_up(void)
{
	static const struct efi_guid rsdp_1 = {0xeb9d2d30, 0x2d88, 0x11d3,
					       {0x9a, 0x16, 0, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
	static const struct efi_guid rsdp_2 = {0x8868e871, 0xe4f1, 0x11d3,
					       {0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
	static const struct efi_guid tree = {0xb1b621d5, 0xf19c, 0x41a5,
					     {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
	static const uint16_t words[] = u"tests=A,B\u00e9 bare";

	memset(&firmware, 0, sizeof(firmware));
	memset(&boot, 0, sizeof(boot));
	image = (struct efi_loaded_image){.options = words, .options_size = sizeof(words)};
	output.output = say;
	runtime = (struct efi_runtime_services){{RUNTIME, 0, sizeof(runtime), 0, 0},
						.reset_system = reset_system};
	services = (struct efi_boot_services){{BOOT, 0, sizeof(services), 0, 0},
		.get_memory_map = get_memory_map, .handle_protocol = handle_protocol,
		.exit_boot_services = exit_boot_services};
	configuration[0] = (struct efi_configuration){{0}, (void *)0x1000};
	configuration[1] = (struct efi_configuration){rsdp_1, (void *)0x2000};
	configuration[2] = (struct efi_configuration){rsdp_2, (void *)0x3000};
	configuration[3] = (struct efi_configuration){tree, (void *)0x4000};
	firmware_table = (struct efi_system){{SYSTEM, 0, sizeof(firmware_table), 0, 0},
		.output = &output, .runtime = &runtime, .boot = &services,
		.configuration_count = 4, .configuration = configuration};
	add(EFI_CONVENTIONAL, 0x100000, 0x100, EFI_MEMORY_WB);
}

static void good(void)
{
	set_up();
	firmware.stale = 2;
	CHECK(efi_start(&boot, HANDLE, &firmware_table));
	CHECK_EQ(firmware.maps, 3);
	CHECK_EQ(firmware.exits, 3);
	CHECK_EQ(firmware.resets, 0);
	CHECK(!firmware.said[0]);
	CHECK(!strcmp(boot.protocol, "uefi"));
	CHECK(!strcmp(boot.cmdline, "tests=A,B? bare"));
	CHECK_EQ(boot.rsdp, 0x3000);
	CHECK_EQ((uintptr_t)boot.fdt, 0x4000);
	CHECK_EQ(boot.ram_count, 1);
	CHECK_EQ(boot.ram[0].size, 0x100000);
}

static void tables(void)
{
	set_up();
	firmware_table.configuration_count = 2;
	CHECK_OK(efi_read_tables(&boot, &firmware_table, &error), error);
	CHECK_EQ(boot.rsdp, 0x2000);
	CHECK(!boot.fdt);
	firmware_table.configuration_count = 0;
	firmware_table.configuration = NULL;
	CHECK_OK(efi_read_tables(&boot, &firmware_table, &error), error);
	CHECK_EQ(boot.rsdp, 0);
	firmware_table.configuration_count = 1;
	CHECK_ERROR(efi_read_tables(&boot, &firmware_table, &error), error, "multiple of 8", "no tables");
	firmware_table.configuration_count = 1025;
	CHECK_ERROR(efi_read_tables(&boot, &firmware_table, &error), error, "1025 configuration", "count");
}

#define REFUSED(change, fragment)                                                               \
	do {                                                                                    \
		set_up();                                                                       \
		change;                                                                         \
		CHECK_ERROR(efi_check(&firmware_table, &error), error, fragment, #change);      \
		CHECK(!efi_start(&boot, HANDLE, &firmware_table));                              \
		CHECK_EQ(firmware.exits + firmware.maps + firmware.resets, 0);                  \
	} while (0)

static void headers(void)
{
	CHECK_ERROR(efi_check(NULL, &error), error, "no system table", "NULL");
	CHECK_ERROR(efi_check((void *)0x1001, &error), error, "no system table", "not aligned");
	REFUSED(firmware_table.header.signature++, "no system table");
	REFUSED(firmware_table.header.size--, "no system table");
	REFUSED(firmware_table.boot = NULL, "no boot services");
	REFUSED(services.header.signature++, "no boot services");
	REFUSED(services.header.size = 24, "no boot services");
	REFUSED(services.get_memory_map = NULL, "boot service that must");
	REFUSED(services.handle_protocol = NULL, "boot service that must");
	REFUSED(services.exit_boot_services = NULL, "boot service that must");
}

static void options(void)
{
	static uint16_t text[5000];

	set_up();
	image.options_size = 7;		/* half a character is none; no zero at the end */
	CHECK_OK(efi_read_options(&boot, &image, &error), error);
	CHECK(!strcmp(boot.cmdline, "tes"));
	image.options = NULL;
	CHECK_OK(efi_read_options(&boot, &image, &error), error);
	CHECK(!*boot.cmdline);
	for (size_t i = 0; i < 5000; i++)
		text[i] = 'x';
	image.options = text;
	image.options_size = 2 * 4095;
	CHECK_OK(efi_read_options(&boot, &image, &error), error);
	CHECK_EQ(strlen(boot.cmdline), 4095);
	image.options_size = 2 * 4096;
	CHECK_ERROR(efi_read_options(&boot, &image, &error), error, "more than 4095", "long");
}

static bool read_map(void)
{
	return efi_read_map(&boot, firmware.descriptors, firmware.count * DESCRIPTOR, DESCRIPTOR, &error);
}

/* What is ours behind boot services, what is memory but not ours, and what is neither. */
static void kinds(void)
{
	set_up();
	add(EFI_BOOT_DATA, 0x200000, 1, EFI_MEMORY_WB);
	add(EFI_LOADER_CODE, 0x201000, 1, EFI_MEMORY_WB);
	add(EFI_ACPI_RECLAIM, 0x202000, 2, EFI_MEMORY_WB);
	add(EFI_RUNTIME_DATA, 0x204000, 1, EFI_MEMORY_WB);
	add(EFI_RESERVED, 0x300000, 1, EFI_MEMORY_WB);
	add(EFI_UNUSABLE, 0x301000, 1, EFI_MEMORY_WB);
	add(EFI_CONVENTIONAL, 0x302000, 1, 1);
	add(EFI_CONVENTIONAL, 0x303000, 1, EFI_MEMORY_WB | EFI_MEMORY_SP);
	add(14, 0x304000, 1, EFI_MEMORY_WB);
	add(0x80000000, 0x305000, 1, EFI_MEMORY_WB);
	add(EFI_CONVENTIONAL, 0x306000, 0, EFI_MEMORY_WB);
	CHECK_OK(read_map(), error);
	CHECK_EQ(boot.ram_count, 1);
	CHECK_EQ(boot.ram[0].base, 0x100000);
	CHECK_EQ(boot.ram[0].size, 0x105000);
	CHECK_EQ(boot.reserved_count, 2);
	CHECK_EQ(boot.reserved[0].base, 0x202000);
	CHECK_EQ(boot.reserved[0].size, 0x3000);
	CHECK_EQ(boot.reserved[1].base, 0x300000);
	CHECK_EQ(boot.reserved[1].size, 0x6000);
}

static void bad_map(uint64_t base, uint64_t pages)
{
	set_up();
	add(EFI_CONVENTIONAL, base, pages, EFI_MEMORY_WB);
	CHECK_ERROR(read_map(), error, "no such range", "range");
	CHECK(!efi_start(&boot, HANDLE, &firmware_table));
	CHECK_EQ(firmware.exits, 0);
	CHECK_EQ(firmware.resets, 1);
	CHECK(strstr(firmware.said, "Bail out! UEFI: memory map"));
}

static void maps(void)
{
	static const uint64_t sizes[] = {0, 1, 39, DESCRIPTOR + 1, 1ull << 63};

	bad_map(0x1001, 1);
	bad_map(0x1000, 1ull << 52);
	bad_map(-(uint64_t)PAGE, 2);
	set_up();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		CHECK_ERROR(efi_read_map(&boot, firmware.descriptors, DESCRIPTOR, sizes[i], &error), error,
			    "no descriptors", "descriptor size");
	CHECK_ERROR(efi_read_map(&boot, firmware.descriptors, 0, DESCRIPTOR, &error), error,
		    "no descriptors", "empty map");
	set_up();
	for (uint64_t i = 1; i < MOST_DESCRIPTORS; i++)
		add(EFI_CONVENTIONAL, 0x1000000 * i, 1, EFI_MEMORY_WB);
	CHECK_OK(read_map(), error);
	CHECK(boot.ranges_lost);
	firmware.count = 1;
	CHECK_OK(read_map(), error);
	CHECK(!boot.ranges_lost && boot.ram_count == 1);
}

/* @said: the console may be gone behind the first try to leave. */
static void fails(const char *what, bool said)
{
	CHECK(!efi_start(&boot, HANDLE, &firmware_table));
	CHECK_EQ(firmware.resets, 1);
	if (said)
		CHECK(strstr(firmware.said, what));
	else
		CHECK(!firmware.said[0]);
}

static void services_that_fail(void)
{
	set_up();
	firmware.handle_status = EFI_ERROR | 3;
	fails("Bail out! UEFI: HandleProtocol(): status 0x8000000000000003", true);
	set_up();
	firmware.map_status = EFI_BUFFER_TOO_SMALL;
	firmware.map_size = 70000;
	fails("memory map of 70000 bytes", true);
	set_up();
	firmware.map_status = EFI_ERROR | 9;
	fails("GetMemoryMap() gives status 0x8000000000000009", true);
	set_up();
	firmware.map_size = 1 << 20;
	fails("GetMemoryMap() gives status 0x0 and 1048576 bytes", true);
	CHECK_EQ(firmware.exits, 0);
	set_up();
	firmware.stale = 1000;
	fails("", false);
	CHECK_EQ(firmware.exits, 8);
	set_up();
	firmware.exit_status = EFI_ERROR | 7;
	fails("", false);
	CHECK_EQ(firmware.exits, 1);
}

/* Without a console, or a way to switch off, it comes back. */
static void nobody_there(void)
{
	set_up();
	firmware.handle_status = EFI_ERROR | 3;
	firmware_table.output = NULL;
	runtime.header.signature++;
	CHECK(!efi_start(&boot, HANDLE, &firmware_table));
	output.output = NULL;
	firmware_table.output = &output;
	firmware_table.runtime = NULL;
	CHECK(!efi_start(&boot, HANDLE, &firmware_table));
	CHECK_EQ(firmware.resets, 0);
}

int main(void)
{
	good();
	tables();
	headers();
	options();
	kinds();
	maps();
	services_that_fail();
	nobody_there();
	return unit_end("efi");
}
