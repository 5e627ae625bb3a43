// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "efi/efi.h"

#define SYSTEM_SIGNATURE  0x5453595320494249ull
#define BOOT_SIGNATURE	  0x56524553544f4f42ull
#define RUNTIME_SIGNATURE 0x56524553544e5552ull

#define MOST_CONFIGURATIONS 1024
#define MOST_OPTIONS	    4096	/* characters, with the zero at the end */
#define MOST_MEMORY	    32768	/* bytes of the memory map: some 680 ranges */
#define MOST_EXITS	    8

static const struct efi_guid acpi_20 = {
	0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
static const struct efi_guid acpi_10 = {
	0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const struct efi_guid device_tree = {
	0xb1b621d5, 0xf19c, 0x41a5, {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
static const struct efi_guid loaded_image = {
	0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

static bool is_table(const void *table, uint64_t signature, size_t size)
{
	const struct efi_header *header = table;

	return header && !((uintptr_t)header % 8) && header->signature == signature &&
	       header->size >= size;
}

bool efi_check(const struct efi_system *system, struct error *error)
{
	if (!is_table(system, SYSTEM_SIGNATURE, sizeof(*system)))
		return error_set(error, "UEFI: no system table, or a short one (4.3)");
	if (!is_table(system->boot, BOOT_SIGNATURE, sizeof(*system->boot)))
		return error_set(error, "UEFI: no boot services, or a short table of them (4.4)");
	if (!system->boot->get_memory_map || !system->boot->handle_protocol ||
	    !system->boot->exit_boot_services)
		return error_set(error, "UEFI: a boot service that must be there is not (4.4)");
	return true;
}

static const void *find_configuration(const struct efi_system *system, const struct efi_guid *guid)
{
	for (uint64_t i = 0; i < system->configuration_count; i++)
		if (!memcmp(&system->configuration[i].guid, guid, sizeof(*guid)))
			return system->configuration[i].table;
	return NULL;
}

bool efi_read_tables(struct boot_info *boot, const struct efi_system *system, struct error *error)
{
	const void *rsdp;

	if (system->configuration_count > MOST_CONFIGURATIONS)
		return error_set(error, "UEFI: %llu configuration tables, more than %u",
				 (unsigned long long)system->configuration_count,
				 MOST_CONFIGURATIONS);
	if (system->configuration_count &&
	    (!system->configuration || (uintptr_t)system->configuration % 8))
		return error_set(error, "UEFI: the configuration tables are not at a multiple of 8 (4.6)");
	rsdp = find_configuration(system, &acpi_20);
	boot->rsdp = (uintptr_t)(rsdp ? rsdp : find_configuration(system, &acpi_10));
	boot->fdt = find_configuration(system, &device_tree);
	return true;
}

bool efi_read_options(struct boot_info *boot, const struct efi_loaded_image *image,
		      struct error *error)
{
	static char cmdline[MOST_OPTIONS];
	const uint8_t *text = (const void *)image->options;
	uint32_t length = 0;

	boot->cmdline = cmdline;
	for (; text && length < image->options_size / 2; length++, text += 2) {
		uint16_t c = (uint16_t)(text[0] | text[1] << 8);

		if (!c)
			break;
		if (length == MOST_OPTIONS - 1)
			return error_set(error, "UEFI: load options of more than %u characters",
					 MOST_OPTIONS - 1);
		cmdline[length] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	cmdline[length] = '\0';
	return true;
}

/* Return true for RAM that can hold rings: it must be cached. */
static bool is_ram(const struct efi_memory *memory)
{
	return memory->type >= EFI_LOADER_CODE && memory->type <= EFI_ACPI_NVS &&
	       memory->type != EFI_UNUSABLE && memory->attributes & EFI_MEMORY_WB &&
	       !(memory->attributes & EFI_MEMORY_SP);
}

/* Return true for memory that is ours after the end of boot services (7.2.3). */
static bool is_free(const struct efi_memory *memory)
{
	return (memory->type >= EFI_LOADER_CODE && memory->type <= EFI_BOOT_DATA) ||
	       memory->type == EFI_CONVENTIONAL;
}

static bool add_memory(struct boot_info *boot, const struct efi_memory *memory, struct error *error)
{
	uint64_t size = memory->pages * EFI_PAGE_SIZE;

	if (memory->physical % EFI_PAGE_SIZE || memory->pages > UINT64_MAX / EFI_PAGE_SIZE ||
	    memory->physical + size < memory->physical)
		return error_set(error, "UEFI: memory map: %llu pages at 0x%llx are no such range (7.2.3)",
				 (unsigned long long)memory->pages,
				 (unsigned long long)memory->physical);
	if (is_ram(memory))
		boot_add_ram(boot, memory->physical, size);
	if (!is_ram(memory) || !is_free(memory))
		boot_add_reserved(boot, memory->physical, size);
	return true;
}

bool efi_read_map(struct boot_info *boot, const void *map, uint64_t size, uint64_t descriptor_size,
		  struct error *error)
{
	const uint8_t *at = map, *end = at + size;
	struct efi_memory memory;

	boot->ram_count = boot->reserved_count = 0;
	boot->ranges_lost = false;
	if (descriptor_size < sizeof(memory) || descriptor_size > size || size % descriptor_size)
		return error_set(error, "UEFI: memory map: %llu bytes are no descriptors of %llu (7.2.3)",
				 (unsigned long long)size, (unsigned long long)descriptor_size);
	for (; at < end; at += descriptor_size) {
		memcpy(&memory, at, sizeof(memory));
		if (!add_memory(boot, &memory, error))
			return false;
	}
	return true;
}

static bool get_map(struct boot_info *boot, const struct efi_boot_services *services, uint64_t *key,
		    struct error *error)
{
	static uint64_t map[MOST_MEMORY / sizeof(uint64_t)];
	uint64_t size = sizeof(map), descriptor_size = 0;
	uint32_t version;
	efi_status status = services->get_memory_map(&size, (void *)map, key, &descriptor_size,
						     &version);

	if (status == EFI_BUFFER_TOO_SMALL)
		return error_set(error, "UEFI: a memory map of %llu bytes, more than %zu",
				 (unsigned long long)size, sizeof(map));
	if (status != EFI_SUCCESS || size > sizeof(map))
		return error_set(error, "UEFI: GetMemoryMap() gives status 0x%llx and %llu bytes",
				 (unsigned long long)status, (unsigned long long)size);
	return efi_read_map(boot, map, size, descriptor_size, error);
}

/*
 * What the firmware does on its way out may change the map once more: then the key is stale, and a new
 * one must be had (7.4.6). Nothing may be called in between but the services of memory.
 */
static bool exit_services(struct boot_info *boot, const struct efi_boot_services *services,
			  efi_handle image, bool *tried, struct error *error)
{
	efi_status status = EFI_INVALID_PARAMETER;
	uint64_t key;

	for (unsigned int i = 0; i < MOST_EXITS && status == EFI_INVALID_PARAMETER; i++) {
		if (!get_map(boot, services, &key, error))
			return false;
		*tried = true;
		status = services->exit_boot_services(image, key);
	}
	if (status != EFI_SUCCESS)
		return error_set(error, "UEFI: ExitBootServices() gives status 0x%llx",
				 (unsigned long long)status);
	return true;
}

static bool read_image(struct boot_info *boot, const struct efi_boot_services *services,
		       efi_handle handle, struct error *error)
{
	void *image = NULL;
	efi_status status = services->handle_protocol(handle, &loaded_image, &image);

	if (status != EFI_SUCCESS || !image)
		return error_set(error, "UEFI: HandleProtocol(): status 0x%llx for our own image (9.1)",
				 (unsigned long long)status);
	return efi_read_options(boot, image, error);
}

static void say(const struct efi_system *system, const char *text)
{
	uint16_t line[sizeof(struct error) + 1];
	unsigned int length = 0;

	for (; text[length] && length < sizeof(struct error); length++)
		line[length] = (uint8_t)text[length];
	line[length] = 0;
	if (system->output && system->output->output)
		system->output->output(system->output, line);
}

static void give_up(const struct efi_system *system, bool silent, const struct error *error)
{
	if (!silent) {
		say(system, "\r\nBail out! ");
		say(system, error->text);
		say(system, "\r\n");
	}
	if (is_table(system->runtime, RUNTIME_SIGNATURE, sizeof(*system->runtime)) &&
	    system->runtime->reset_system)
		system->runtime->reset_system(EFI_RESET_SHUTDOWN, EFI_LOAD_ERROR, 0, NULL);
}

bool efi_start(struct boot_info *boot, efi_handle image, const struct efi_system *system)
{
	struct error error;
	bool tried = false;

	if (!efi_check(system, &error))
		return false;
	boot->protocol = "uefi";
	if (efi_read_tables(boot, system, &error) &&
	    read_image(boot, system->boot, image, &error) &&
	    exit_services(boot, system->boot, image, &tried, &error))
		return true;
	give_up(system, tried, &error);
	return false;
}
