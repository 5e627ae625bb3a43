// SPDX-License-Identifier: BSD-3-Clause
/*
 * The memory map and the load options of UEFI firmware. The input: a byte with the size of a descriptor
 * less 32, then the map, of which a quarter of the input is the options instead.
 */
#include <string.h>

#include "efi/efi.h"
#include "fuzz.h"

enum { SMALLEST = 32 };

static void read_options(const uint8_t *data, size_t size)
{
	struct efi_loaded_image image = {.options_size = (uint32_t)size, .options = (const void *)data};
	struct boot_info boot = {0};
	struct error error = {""};
	bool ok = efi_read_options(&boot, &image, &error);

	HOLDS(ok || error.text[0]);
	HOLDS(!ok || strlen(boot.cmdline) <= size / 2);
}

static void check_ranges(const struct memory_range *ranges, unsigned int count)
{
	HOLDS(count <= BOOT_MAX_RANGES);
	for (unsigned int i = 0; i < count; i++)
		HOLDS(ranges[i].size && ranges[i].base % EFI_PAGE_SIZE == 0 &&
		      ranges[i].size % EFI_PAGE_SIZE == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint64_t descriptor = take8(&input) + SMALLEST;
	size_t options = input.left / 4, map = (input.left - options) / descriptor * descriptor;
	struct boot_info boot = {0};
	struct error error = {""};
	bool ok = efi_read_map(&boot, input.at, map, descriptor, &error);

	HOLDS(ok || error.text[0]);
	check_ranges(boot.ram, boot.ram_count);
	check_ranges(boot.reserved, boot.reserved_count);
	read_options(input.at + input.left - options, options);
	return 0;
}
