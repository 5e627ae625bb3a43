// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "le.h"
#include "machine.h"

/* RSDP, 5.2.5.3. */
enum {
	RSDP_SIGNATURE_SIZE = 8,
	RSDP_REVISION = 15,
	RSDP_RSDT = 16,
	RSDP_V1_SIZE = 20,
	RSDP_LENGTH = 20,
	RSDP_XSDT = 24,
	RSDP_V2_SIZE = 36,
	RSDP_MAX_SIZE = 4096,
};

/* Where a PC's firmware leaves the RSDP, 5.2.5.1. */
enum {
	EBDA_SEGMENT = 0x40e,
	EBDA_LOWEST = 0x80000,
	EBDA_END = 0xa0000,
	EBDA_SIZE = 1024,
	BIOS_AREA = 0xe0000,
	BIOS_AREA_SIZE = 0x20000,
	RSDP_ALIGN = 16,
};

/* Common header, 5.2.6. */
enum { HEADER_LENGTH = 4 };

static uint8_t byte_sum(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += bytes[i];
	return sum;
}

static bool is_rsdp(const uint8_t *rsdp)
{
	return !memcmp(rsdp, "RSD PTR ", RSDP_SIGNATURE_SIZE);
}

static uint64_t scan_for_rsdp(uint64_t base, uint32_t size)
{
	const uint8_t *area = io_map(base, size);

	for (uint32_t i = 0; area && i + RSDP_V1_SIZE <= size; i += RSDP_ALIGN)
		if (is_rsdp(area + i) && !byte_sum(area + i, RSDP_V1_SIZE))
			return base + i;
	return 0;
}

static uint64_t find_rsdp_of_bios(void)
{
	const uint8_t *segment = io_map(EBDA_SEGMENT, 2);
	uint32_t ebda = segment ? le16(segment) << 4 : 0;
	uint64_t found = 0;

	if (ebda >= EBDA_LOWEST && ebda <= EBDA_END - EBDA_SIZE)
		found = scan_for_rsdp(ebda, EBDA_SIZE);
	return found ? found : scan_for_rsdp(BIOS_AREA, BIOS_AREA_SIZE);
}

static bool check_rsdp_v2(uint64_t address, const uint8_t *rsdp, struct error *error)
{
	uint32_t length = le32(rsdp + RSDP_LENGTH);
	uint8_t sum;

	if (length < RSDP_V2_SIZE || length > RSDP_MAX_SIZE)
		return error_set(error, "RSDP: offset 0x%x: length %u is not %u to %u", RSDP_LENGTH,
				 length, RSDP_V2_SIZE, RSDP_MAX_SIZE);
	rsdp = io_map(address, length);
	if (!rsdp)
		return error_set(error, "RSDP: offset 0x%x: length %u runs past the address space",
				 RSDP_LENGTH, length);
	sum = byte_sum(rsdp, length);
	if (sum)
		return error_set(error,
				 "RSDP: extended checksum: the %u bytes add up to 0x%02x, not 0",
				 length, sum);
	return true;
}

/* Find which root table the RSDP names, and where it is. */
static bool read_rsdp(uint64_t address, uint64_t *root, const char **signature, struct error *error)
{
	const uint8_t *rsdp = io_map(address, RSDP_V2_SIZE);
	uint8_t sum;

	if (!rsdp)
		return error_set(error, "RSDP: address 0x%llx cannot be mapped",
				 (unsigned long long)address);
	if (!is_rsdp(rsdp))
		return error_set(error,
				 "RSDP: offset 0x0: signature at address 0x%llx is not 'RSD PTR '",
				 (unsigned long long)address);
	sum = byte_sum(rsdp, RSDP_V1_SIZE);
	if (sum)
		return error_set(error,
				 "RSDP: checksum: the first %u bytes add up to 0x%02x, not 0",
				 RSDP_V1_SIZE, sum);
	*root = le32(rsdp + RSDP_RSDT);
	*signature = "RSDT";
	if (rsdp[RSDP_REVISION] < 2)
		return true;
	if (!check_rsdp_v2(address, rsdp, error))
		return false;
	if (le64(rsdp + RSDP_XSDT)) {
		*root = le64(rsdp + RSDP_XSDT);
		*signature = "XSDT";
	}
	return true;
}

static void copy_signature(char *to, const uint8_t *from)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
	to[4] = 0;
}

bool acpi_read_table(struct acpi_table_ref *table, uint64_t address, struct error *error)
{
	const uint8_t *bytes = address ? io_map(address, ACPI_HEADER_SIZE) : NULL;
	uint8_t sum;

	if (!bytes)
		return error_set(error, "ACPI: table address 0x%llx cannot be mapped",
				 (unsigned long long)address);
	copy_signature(table->signature, bytes);
	table->address = address;
	table->length = le32(bytes + HEADER_LENGTH);
	if (table->length < ACPI_HEADER_SIZE || table->length > ACPI_MAX_TABLE_SIZE)
		return error_set(error, "%s: offset 0x4: length %u is not %u to %u",
				 table->signature, table->length, ACPI_HEADER_SIZE,
				 ACPI_MAX_TABLE_SIZE);
	bytes = io_map(address, table->length);
	if (!bytes)
		return error_set(error, "%s: offset 0x4: length %u runs past the address space",
				 table->signature, table->length);
	sum = byte_sum(bytes, table->length);
	if (sum)
		return error_set(error, "%s: checksum: the %u bytes add up to 0x%02x, not 0",
				 table->signature, table->length, sum);
	return true;
}

/* Return true if a table that was refused is a VIOT whose checksum alone is wrong. */
static bool lacks_only_sum(const struct acpi_table_ref *table)
{
	return !strcmp(table->signature, "VIOT") && table->length >= ACPI_HEADER_SIZE &&
	       table->length <= ACPI_MAX_TABLE_SIZE && io_map(table->address, table->length);
}

static bool read_root(struct acpi *acpi, const struct acpi_table_ref *root, struct error *error)
{
	const uint8_t *bytes = io_map(root->address, root->length);
	uint32_t entry_size = root->signature[0] == 'X' ? 8 : 4;

	if ((root->length - ACPI_HEADER_SIZE) % entry_size)
		return error_set(error,
				 "%s: offset 0x4: length %u does not end with an entry of %u bytes",
				 root->signature, root->length, entry_size);
	for (uint32_t at = ACPI_HEADER_SIZE; at < root->length; at += entry_size) {
		uint64_t address = entry_size == 8 ? le64(bytes + at) : le32(bytes + at);

		if (!address)	/* the table was removed */
			continue;
		if (acpi->count == ACPI_MAX_TABLES)
			return error_set(error, "%s: offset 0x%x: more than %u tables",
					 root->signature, at, ACPI_MAX_TABLES);
		if (!acpi_read_table(&acpi->tables[acpi->count], address, error) &&
		    !lacks_only_sum(&acpi->tables[acpi->count]))
			return false;
		acpi->count++;
	}
	return true;
}

bool acpi_init(struct acpi *acpi, const struct boot_info *boot, struct error *error)
{
	const char *signature = NULL;
	struct acpi_table_ref root;
	uint64_t address = 0;

	memset(acpi, 0, sizeof(*acpi));
	acpi->rsdp = boot->rsdp;
	if (!acpi->rsdp && !boot->fdt)
		acpi->rsdp = find_rsdp_of_bios();
	if (!acpi->rsdp)
		return true;
	if (!read_rsdp(acpi->rsdp, &address, &signature, error))
		return false;
	if (!acpi_read_table(&root, address, error))
		return false;
	if (strcmp(root.signature, signature))
		return error_set(error, "RSDP: the %s at address 0x%llx has the signature '%s'",
				 signature, (unsigned long long)address, root.signature);
	return read_root(acpi, &root, error);
}

const void *acpi_table(const struct acpi *acpi, const char *signature, uint32_t *length)
{
	for (unsigned int i = 0; i < acpi->count; i++) {
		const struct acpi_table_ref *table = &acpi->tables[i];

		if (strcmp(table->signature, signature))
			continue;
		*length = table->length;
		return io_map(table->address, table->length);
	}
	return NULL;
}

/* MCFG, PCI Firmware 3.3, 4.1.2. */
enum {
	MCFG_ENTRIES = 44,
	MCFG_ENTRY_SIZE = 16,
	MCFG_BASE = 0,
	MCFG_SEGMENT = 8,
	MCFG_BUS_FIRST = 10,
	MCFG_BUS_LAST = 11,
};

static bool buses_overlap(const struct pci_host *a, const struct pci_host *b)
{
	return a->segment == b->segment && a->bus_first <= b->bus_last &&
	       b->bus_first <= a->bus_last;
}

static bool read_mcfg_entry(const uint8_t *entry, unsigned int at, struct pci_host *host,
			    struct error *error)
{
	uint64_t base = le64(entry + MCFG_BASE);

	host->segment = le16(entry + MCFG_SEGMENT);
	host->bus_first = entry[MCFG_BUS_FIRST];
	host->bus_last = entry[MCFG_BUS_LAST];
	if (host->bus_first > host->bus_last)
		return error_set(error, "MCFG: offset 0x%x: first bus %u is above the last, %u",
				 at + MCFG_BUS_FIRST, host->bus_first, host->bus_last);
	/* The base is that of bus 0, whether or not this host has one. */
	host->ecam = base + ((uint64_t)host->bus_first << 20);
	if (!base || base & 0xfffff || base + (256 << 20) < base)
		return error_set(error, "MCFG: offset 0x%x: base 0x%llx is not a multiple of 1 MiB "
				 "with room for its buses", at, (unsigned long long)base);
	return true;
}

bool acpi_mcfg(const struct acpi *acpi, struct pci_host *hosts, unsigned int max,
	       unsigned int *count, struct error *error)
{
	uint32_t length;
	const uint8_t *mcfg = acpi_table(acpi, "MCFG", &length);

	if (!mcfg)
		return true;
	if (length < MCFG_ENTRIES || (length - MCFG_ENTRIES) % MCFG_ENTRY_SIZE)
		return error_set(error,
				 "MCFG: offset 0x4: length %u is not %u and entries of %u bytes",
				 length, MCFG_ENTRIES, MCFG_ENTRY_SIZE);
	for (uint32_t at = MCFG_ENTRIES; at < length; at += MCFG_ENTRY_SIZE) {
		struct pci_host host = { 0 };

		if (!read_mcfg_entry(mcfg + at, at, &host, error))
			return false;
		for (unsigned int i = 0; i < *count; i++)
			if (buses_overlap(&host, &hosts[i]))
				return error_set(error,
						 "MCFG: offset 0x%x: buses %u to %u of segment %u "
						 "are there twice",
						 at, host.bus_first, host.bus_last, host.segment);
		if (*count == max)
			return error_set(error, "MCFG: offset 0x%x: more than %u host bridges", at,
					 max);
		hosts[(*count)++] = host;
	}
	return true;
}

/* SPCR, Microsoft Serial Port Console Redirection Table 1.08; subtypes: Debug Port Table 2. */
enum {
	SPCR_KIND = 36,
	SPCR_BASE = 40,
	SPCR_BIT_WIDTH = 41,
	SPCR_MIN_SIZE = 52,
	SPCR_16550 = 0,
	SPCR_16450 = 1,
	SPCR_PL011 = 3,
	SPCR_SBSA = 0xe,
	SPCR_16550_GAS = 0x12,
};

/* Generic Address Structure, 5.2.3.2. */
enum { GAS_ADDRESS = 4 };

bool acpi_spcr(const struct acpi *acpi, struct acpi_spcr *spcr, struct error *error)
{
	uint32_t length;
	const uint8_t *table = acpi_table(acpi, "SPCR", &length);

	memset(spcr, 0, sizeof(*spcr));
	if (!table)
		return true;
	if (length < SPCR_MIN_SIZE)
		return error_set(error, "SPCR: offset 0x4: length %u is less than %u", length,
				 SPCR_MIN_SIZE);
	switch (table[SPCR_KIND]) {
	case SPCR_16550:
	case SPCR_16450:
	case SPCR_16550_GAS:
		spcr->kind = ACPI_UART_16550;
		break;
	case SPCR_PL011:
	case SPCR_SBSA:
		spcr->kind = ACPI_UART_PL011;
		break;
	}
	spcr->base.space = table[SPCR_BASE];
	spcr->base.address = le64(table + SPCR_BASE + GAS_ADDRESS);
	spcr->stride = table[SPCR_BIT_WIDTH] / 8 ? table[SPCR_BIT_WIDTH] / 8 : 1;
	if (!spcr->base.address)	/* redirection is off */
		spcr->kind = ACPI_UART_NONE;
	return true;
}
