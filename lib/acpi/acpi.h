/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ACPI tables, as far as a polled image needs them. Clauses are those of ACPI 6.5.
 *
 * Functions with an @error check what they read. If a table is broken they return false, and @error
 * names the table, the offset and the rule.
 */
#ifndef LIB_ACPI_ACPI_H
#define LIB_ACPI_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pci/pci.h"

struct boot_info;

#define ACPI_MAX_TABLES	    64
#define ACPI_MAX_TABLE_SIZE (1u << 20)
#define ACPI_HEADER_SIZE    36

/* A table whose length has been checked, and its checksum unless it is a VIOT. */
struct acpi_table_ref {
	char signature[5];	/* zero-terminated */
	uint64_t address;	/* guest-physical */
	uint32_t length;	/* bytes, ACPI_HEADER_SIZE..ACPI_MAX_TABLE_SIZE */
};

struct acpi {
	uint64_t rsdp;		/* guest-physical address, 0 if there is no ACPI */
	unsigned int count;
	struct acpi_table_ref tables[ACPI_MAX_TABLES];
};

/*
 * Find the tables (5.2.5 to 5.2.8): from @boot's RSDP; where the loader named neither an RSDP nor
 * a device tree, by a scan of the legacy BIOS areas. Use the XSDT if the RSDP names one, else the RSDT,
 * and skip empty entries. Return true, with a count of 0, if there is no ACPI; false if anything is broken
 * but the checksum of a VIOT, which a test judges.
 */
bool acpi_init(struct acpi *acpi, const struct boot_info *boot, struct error *error);

/*
 * Check length, checksum and mapping of the table at guest-physical @address and fill @table. For
 * tables that the root table does not list.
 */
bool acpi_read_table(struct acpi_table_ref *table, uint64_t address, struct error *error);

/* Return the first table with this @signature and its length in bytes in *@length. NULL if there is none. */
const void *acpi_table(const struct acpi *acpi, const char *signature, uint32_t *length);

/*
 * Append the host bridges of the MCFG (PCI Firmware 3.3, 4.1.2) to @hosts, which holds *@count and has
 * room for @max. Return true, with nothing added, if there is no MCFG; false if it is broken or names more
 * bridges than fit.
 */
bool acpi_mcfg(const struct acpi *acpi, struct pci_host *hosts, unsigned int max,
	       unsigned int *count, struct error *error);

/* Address spaces of a Generic Address Structure (5.2.3.2). */
enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1 };

struct acpi_register {
	uint8_t space;
	uint64_t address;	/* 0: there is no such register */
};

/*
 * How the machine is switched off (FADT, 5.2.9, and the \_S5 package of the DSDT, 7.4.2.6).
 * Write sleep_value (8 bits) if sleep_control is there, else pm1a_value and pm1b_value
 * (16 bits each) to the PM1 control registers that are there. These registers are empty without a known
 * \_S5 package, and any register is that lies in another space than memory and I/O.
 */
struct acpi_power {
	struct acpi_register sleep_control;
	uint8_t sleep_value;			/* SLP_EN and SLP_TYP, 4.8.3.7 */
	struct acpi_register pm1a_control, pm1b_control;
	uint16_t pm1a_value, pm1b_value;	/* SLP_EN and SLP_TYP, 4.8.3.2.1 */
	struct acpi_register reset;		/* one byte, 4.8.3.6; empty: none */
	uint8_t reset_value;
	uint16_t pm_timer_port;			/* 0: none; 3.579545 MHz, 4.8.3.3 */
	bool pm_timer_32bit;			/* else 24 bits */
	bool psci;				/* ARM: the firmware has PSCI */
	bool psci_hvc;				/* it is called by HVC, else by SMC */
};

/* Fill @power. Return true, with all of it empty, if there is no FADT. */
bool acpi_power(const struct acpi *acpi, struct acpi_power *power, struct error *error);

/* Return the I/O port of the PM timer, 0 if there is none or the FADT is broken. */
uint16_t acpi_pm_timer_port(const struct acpi *acpi);

/*
 * Return structure number @index, from 0, among those of the MADT (5.2.12) that have this @type and at least
 * @length bytes; NULL if there is none.
 */
const void *acpi_madt(const struct acpi *acpi, uint8_t type, uint8_t length, unsigned int index);

/* The serial console that the SPCR names. */
struct acpi_spcr {
	enum { ACPI_UART_NONE, ACPI_UART_PL011, ACPI_UART_16550 } kind;
	struct acpi_register base;
	unsigned int stride;	/* bytes from one register to the next */
};

/* Fill @spcr. Return true, with ACPI_UART_NONE, if there is no SPCR or it names another kind of UART. */
bool acpi_spcr(const struct acpi *acpi, struct acpi_spcr *spcr, struct error *error);

#endif
