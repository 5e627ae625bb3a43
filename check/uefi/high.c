// SPDX-License-Identifier: BSD-3-Clause
/*
 * What firmware does with an EFI application, at an address that firmware of today does not choose: the
 * first page above 4 GiB but one. The flat file has each section at its address in memory.
 */
#include <string.h>

#include "efi/efi.h"

#define WHERE 0x100001000ull

enum { ALLOCATE_ADDRESS = 2, ALLOCATE_PAGES = 2 };	/* 7.2.1; place in the table of services */
enum { PE_OFFSET = 0x3c, ENTRY = 24 + 16, IMAGE_SIZE = 24 + 56 };

typedef efi_status (EFIAPI *allocate_pages)(uint32_t how, uint32_t type, uint64_t pages,
					    uint64_t *where);
typedef efi_status (EFIAPI *application)(efi_handle image, const struct efi_system *system);

extern const uint8_t inner_start[], inner_end[];

efi_status high_main(efi_handle image, const struct efi_system *system);

static uint32_t field(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, inner_start + offset, sizeof(value));
	return value;
}

efi_status high_main(efi_handle image, const struct efi_system *system)
{
	allocate_pages allocate = (allocate_pages)system->boot->priorities_and_pages[ALLOCATE_PAGES];
	uint32_t pe = field(PE_OFFSET), size = field(pe + IMAGE_SIZE), length = inner_end - inner_start;
	static uint64_t where = WHERE;	/* the file ends behind .data: there must be one */
	efi_status status = allocate(ALLOCATE_ADDRESS, EFI_LOADER_CODE, size / EFI_PAGE_SIZE, &where);

	if (status != EFI_SUCCESS)
		return status;
	memcpy((void *)where, inner_start, length);
	memset((void *)(where + length), 0, size - length);
	system->output->output(system->output, u"\r\nhigh: entered above 4 GiB\r\n");
	return ((application)(where + field(pe + ENTRY)))(image, system);
}
