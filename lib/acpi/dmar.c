// SPDX-License-Identifier: BSD-3-Clause
/*
 * DMA remapping reporting (VT-d rev. 4.1, 8.1 to 8.3).
 */
#include "acpi/iommu.h"
#include "le.h"

/* Offsets in the table, in a remapping structure, in a hardware unit definition and in a device scope. */
enum { DMAR_STRUCTURES = 48 };
enum { STRUCTURE_TYPE = 0, STRUCTURE_LENGTH = 2, STRUCTURE_HEADER = 4 };
enum { DRHD_FLAGS = 4, DRHD_SEGMENT = 6, DRHD_REGISTERS = 8, DRHD_SCOPES = 16 };
enum { SCOPE_TYPE = 0, SCOPE_LENGTH = 1, SCOPE_BUS = 5, SCOPE_PATH = 6, SCOPE_ONE_HOP = 8 };

enum { TYPE_DRHD = 0 };
enum { INCLUDE_PCI_ALL = 1 << 0 };
enum { SCOPE_ENDPOINT = 1, SCOPE_SUB_HIERARCHY = 2 };

struct dmar {
	const uint8_t *table;
	uint32_t length;
	struct error *error;
};

static bool check_structure(const struct dmar *dmar, uint32_t at)
{
	uint32_t left = dmar->length - at, length, least;

	if (left < STRUCTURE_HEADER)
		return error_set(dmar->error, "DMAR: offset 0x%x: structure starts %u bytes before the end",
				 at, left);
	length = le16(dmar->table + at + STRUCTURE_LENGTH);
	least = le16(dmar->table + at + STRUCTURE_TYPE) == TYPE_DRHD ? DRHD_SCOPES : STRUCTURE_HEADER;
	if (length < least || length > left)
		return error_set(dmar->error, "DMAR: offset 0x%x: structure length %u is not %u to %u", at,
				 length, least, left);
	return true;
}

/* A sub-hierarchy is a bridge and all that is below it. */
static bool is_in_scope(const uint8_t *scope, const struct pci_dev *dev)
{
	uint16_t bdf = PCI_BDF(scope[SCOPE_BUS], scope[SCOPE_PATH], scope[SCOPE_PATH + 1]);

	if (scope[SCOPE_TYPE] == SCOPE_ENDPOINT)
		return dev->bdf == bdf;
	while (dev && dev->bdf != bdf)
		dev = dev->bridge;
	return dev && scope[SCOPE_TYPE] == SCOPE_SUB_HIERARCHY;
}

/* Set *@named if the function is in a scope of the structure whose path has one hop. */
static bool read_scopes(const struct dmar *dmar, uint32_t at, const struct pci_dev *dev, bool *named)
{
	uint32_t end = at + le16(dmar->table + at + STRUCTURE_LENGTH), length;

	for (at += DRHD_SCOPES; at < end; at += length) {
		const uint8_t *scope = dmar->table + at;

		length = end - at > SCOPE_LENGTH ? scope[SCOPE_LENGTH] : 0;
		if (length < SCOPE_ONE_HOP || length > end - at)
			return error_set(dmar->error, "DMAR: offset 0x%x: scope length %u is not %u to %u",
					 at, length, SCOPE_ONE_HOP, end - at);
		if (length == SCOPE_ONE_HOP && is_in_scope(scope, dev))
			*named = true;
	}
	return true;
}

/* A unit that names the function counts more than the one that takes the rest, which comes last. */
static bool read_unit(const struct dmar *dmar, uint32_t at, const struct pci_dev *dev, uint64_t *registers)
{
	const uint8_t *unit = dmar->table + at;
	bool named = false;

	if (le16(unit + STRUCTURE_TYPE) != TYPE_DRHD)
		return true;
	if (!read_scopes(dmar, at, dev, &named))
		return false;
	if (le16(unit + DRHD_SEGMENT) != dev->segment || *registers)
		return true;
	if (named || unit[DRHD_FLAGS] & INCLUDE_PCI_ALL)
		*registers = le64(unit + DRHD_REGISTERS);
	return true;
}

bool acpi_dmar_unit(const struct acpi *acpi, const struct pci_dev *dev, uint64_t *registers,
		    struct error *error)
{
	struct dmar dmar = {.error = error};

	*registers = 0;
	dmar.table = acpi_table(acpi, "DMAR", &dmar.length);
	if (!dmar.table)
		return true;
	if (dmar.length < DMAR_STRUCTURES)
		return error_set(error, "DMAR: offset 0x4: length %u is less than %u", dmar.length,
				 DMAR_STRUCTURES);
	for (uint32_t at = DMAR_STRUCTURES; at < dmar.length;
	     at += le16(dmar.table + at + STRUCTURE_LENGTH))
		if (!check_structure(&dmar, at) || !read_unit(&dmar, at, dev, registers))
			return false;
	return true;
}
