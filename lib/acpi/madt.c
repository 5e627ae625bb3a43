// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "acpi/acpi.h"

/* 5.2.12: structures follow the header, the address of the local controllers, and flags. */
enum { FIRST_STRUCTURE = 44, TYPE = 0, LENGTH = 1, HEADER = 2 };

const void *acpi_madt(const struct acpi *acpi, uint8_t type, uint8_t length, unsigned int index)
{
	uint32_t size = 0;
	const uint8_t *madt = acpi_table(acpi, "APIC", &size);

	for (uint32_t at = FIRST_STRUCTURE; madt && at + HEADER <= size; at += madt[at + LENGTH]) {
		if (madt[at + LENGTH] < HEADER || madt[at + LENGTH] > size - at)
			return NULL;
		if (madt[at + TYPE] == type && madt[at + LENGTH] >= length && !index--)
			return madt + at;
	}
	return NULL;
}
