// SPDX-License-Identifier: BSD-3-Clause
/*
 * ACPI tables down to the VIOT. The input is a list of blocks, each behind a 16-bit head: bits 0-13
 * are its length, bit 15 keeps its checksums as they are, else they are made right. Block n is at
 * address (n + 1) << 16; the first one is the RSDP. Nothing else can be mapped.
 */
#include <string.h>

#include "acpi/acpi.h"
#include "acpi/iommu.h"
#include "boot.h"
#include "fuzz.h"
#include "le.h"
#include "topology/topology.h"
#include "unit.h"

enum { BLOCK_LENGTH = 0x3fff, KEEP_SUMS = 1 << 15, MOST_BLOCKS = 80, BLOCK_SHIFT = 16 };
enum { RSDP_SIZE = 36, RSDP_LENGTH = 20, RSDP_SUM = 8, RSDP_EXTENDED_SUM = 32 };
enum { TABLE_LENGTH = 4, TABLE_SUM = 9 };

static void fix_rsdp(struct blob *rsdp)
{
	if (rsdp->size < RSDP_SIZE)
		return;
	blob_fix_sum(rsdp, RSDP_LENGTH, RSDP_SUM);
	blob_fix_sum(rsdp, le32(rsdp->bytes + RSDP_LENGTH), RSDP_EXTENDED_SUM);
}

static void fix_table(struct blob *table)
{
	if (table->size >= ACPI_HEADER_SIZE)
		blob_fix_sum(table, le32(table->bytes + TABLE_LENGTH), TABLE_SUM);
}

static struct blob take_block(struct input *input, bool is_first)
{
	uint16_t head = take16(input);
	size_t size = head & BLOCK_LENGTH;
	struct blob block;

	if (size > input->left)
		size = input->left;
	block = (struct blob){malloc(size), size};
	memcpy(block.bytes, input->at, size);
	input->at += size;
	input->left -= size;
	if (!(head & KEEP_SUMS))
		(is_first ? fix_rsdp : fix_table)(&block);
	return block;
}

static bool read_viot(const struct acpi *acpi, struct error *error)
{
	struct topology topology;
	uint32_t length;
	const void *viot = acpi_table(acpi, "VIOT", &length);
	bool ok;

	if (!viot)
		return true;
	ok = topology_from_viot(&topology, viot, length, error);
	check_topology(&topology);
	return ok;
}

/* A structure that is found lies within its table. */
static void walk_madt(const struct acpi *acpi)
{
	uint32_t size;
	const uint8_t *madt = acpi_table(acpi, "APIC", &size);

	for (unsigned int type = 0; type < 0x20; type++) {
		const uint8_t *found = acpi_madt(acpi, type, 8, type & 1);

		HOLDS(!found || (madt && found >= madt + ACPI_HEADER_SIZE && found + 8 <= madt + size));
	}
}

static bool find_units(const struct acpi *acpi, struct error *error)
{
	struct pci_dev bridge = {.segment = 1, .secondary = 0x55};
	uint64_t registers;
	uint32_t stream;

	for (uint32_t requester = 0; requester < 1 << 16; requester += 0x5555)
		if (!acpi_dmar_unit(acpi, &(struct pci_dev){.bridge = requester & 1 ? &bridge : NULL,
							    .segment = requester & 1, .bdf = requester},
				    &registers, error) ||
		    !acpi_iort_smmu(acpi, requester & 1, requester, &registers, &stream, error))
			return false;
	return true;
}

static bool read_all(struct error *error)
{
	static const struct boot_info boot = {.rsdp = 1 << BLOCK_SHIFT};
	struct pci_host hosts[PCI_MAX_HOSTS];
	struct acpi_power power;
	struct acpi_spcr spcr;
	unsigned int count = 0;
	struct acpi acpi;

	if (!acpi_init(&acpi, &boot, error))
		return false;
	HOLDS(acpi.count <= ACPI_MAX_TABLES);
	(void)acpi_pm_timer_port(&acpi);
	walk_madt(&acpi);
	if (!acpi_mcfg(&acpi, hosts, PCI_MAX_HOSTS, &count, error))
		return false;
	check_hosts(hosts, count);
	return acpi_power(&acpi, &power, error) && acpi_spcr(&acpi, &spcr, error) &&
	       find_units(&acpi, error) && read_viot(&acpi, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct blob blocks[MOST_BLOCKS];
	struct error error = {""};
	uint64_t count = 0;

	machine_clear();
	for (; input.left && count < MOST_BLOCKS; count++) {
		blocks[count] = take_block(&input, !count);
		machine_put((count + 1) << BLOCK_SHIFT, blocks[count].bytes, blocks[count].size);
	}
	HOLDS(read_all(&error) || error.text[0]);
	while (count)
		blob_free(&blocks[--count]);
	return 0;
}
