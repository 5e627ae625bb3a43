// SPDX-License-Identifier: BSD-3-Clause
/*
 * The FADT (ACPI 6.5, 5.2.9), and from the AML of the DSDT the one object that switching off
 * needs, \_S5. It is found by its bytes: Name(_S5, Package) has one encoding (20.2.5.1).
 */
#include <stddef.h>
#include <string.h>

#include "acpi/acpi.h"
#include "le.h"
#include "machine.h"

enum {
	FADT_DSDT = 40,
	FADT_PM1A_CONTROL = 64,
	FADT_PM1B_CONTROL = 68,
	FADT_PM_TIMER = 76,
	FADT_FLAGS = 112,
	FADT_V1_SIZE = 116,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_ARM_BOOT = 129,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_CONTROL = 172,
	FADT_X_PM1B_CONTROL = 184,
	FADT_X_PM_TIMER = 208,
	FADT_SLEEP_CONTROL = 244,
};

enum { TMR_VAL_EXT = 1 << 8, RESET_REG_SUP = 1 << 10, HW_REDUCED_ACPI = 1 << 20 };
enum { PSCI_COMPLIANT = 1 << 0, PSCI_USE_HVC = 1 << 1 };
enum { GAS_SPACE = 0, GAS_ADDRESS = 4 };

enum {
	AML_ZERO = 0,
	AML_ONE = 1,
	AML_NAME = 8,
	AML_BYTE = 0xa,
	AML_WORD = 0xb,
};

/* The table and its length. Fields that older revisions lack read as zero. */
struct fadt {
	const uint8_t *bytes;
	uint32_t length;
};

static uint64_t fadt_field(const struct fadt *fadt, unsigned int offset, unsigned int size)
{
	const uint8_t *field = fadt->bytes + offset;

	if (offset + size > fadt->length)
		return 0;
	return size == 2 ? le16(field) : size == 4 ? le32(field) : le64(field);
}

/* Empty if it lies in another space than memory and I/O: only real chipsets use those. */
static struct acpi_register fadt_gas(const struct fadt *fadt, unsigned int offset)
{
	struct acpi_register reg = { .address = fadt_field(fadt, offset + GAS_ADDRESS, 8) };

	if (reg.address)
		reg.space = fadt->bytes[offset + GAS_SPACE];
	return reg.space <= ACPI_SPACE_IO ? reg : (struct acpi_register){ 0 };
}

/* The 64-bit form takes precedence over the 32-bit port number (5.2.9). */
static struct acpi_register fadt_register(const struct fadt *fadt, unsigned int gas,
					  unsigned int port)
{
	struct acpi_register reg = fadt_gas(fadt, gas);

	if (!reg.address)
		reg = (struct acpi_register){ ACPI_SPACE_IO, fadt_field(fadt, port, 4) };
	return reg;
}

/* Read an integer of a package. Return the bytes that it takes, 0 if there is none. */
static unsigned int aml_integer(const uint8_t *aml, const uint8_t *end, uint8_t *value)
{
	unsigned int size;

	if (end - aml < 1)
		return 0;
	*value = aml[0];
	if (aml[0] == AML_ZERO || aml[0] == AML_ONE)
		return 1;
	size = aml[0] == AML_BYTE ? 2 : aml[0] == AML_WORD ? 3 : 0;
	if (!size || end - aml < (int)size)
		return 0;
	*value = aml[1];
	return size;
}

/* Read a package from PkgLength on, whose first byte says how many follow (20.2.4). */
static bool aml_package(const uint8_t *package, const uint8_t *end, uint8_t sleep_type[2])
{
	unsigned int used, follow = package < end ? package[0] >> 6 : 0;

	if (end - package < 2 + (int)follow)
		return false;
	package += 2 + follow;			/* PkgLength, NumElements */
	if (!package[-1])
		return false;
	used = aml_integer(package, end, &sleep_type[0]);
	sleep_type[1] = sleep_type[0];
	if (used && package[-1] > 1)
		used = aml_integer(package + used, end, &sleep_type[1]);
	return used;
}

/* Return true if NameOp, maybe the root prefix, the name and PackageOp meet at @at, where the name begins. */
static bool is_s5_name(const uint8_t *at, const uint8_t *start)
{
	if (memcmp(at, "_S5_\x12", 5) || at == start)
		return false;
	return at[-1] == AML_NAME || (at[-1] == '\\' && at - start > 1 && at[-2] == AML_NAME);
}

static bool find_s5(const uint8_t *aml, uint32_t length, uint8_t sleep_type[2])
{
	const uint8_t *end = aml + length;
	const uint8_t *at = aml;

	for (; (at = memchr(at, '_', end - at)) && end - at > 5; at++)
		if (is_s5_name(at, aml) && aml_package(at + 5, end, sleep_type))
			return true;
	return false;
}

static bool read_s5(const struct fadt *fadt, uint8_t sleep_type[2], bool *found,
		    struct error *error)
{
	uint64_t address = fadt_field(fadt, FADT_X_DSDT, 8);
	struct acpi_table_ref dsdt;

	*found = false;
	if (!address)
		address = fadt_field(fadt, FADT_DSDT, 4);
	if (!address)
		return true;
	if (!acpi_read_table(&dsdt, address, error))
		return false;
	if (strcmp(dsdt.signature, "DSDT"))
		return error_set(error, "FACP: the DSDT at address 0x%llx has the signature '%s'",
				 (unsigned long long)address, dsdt.signature);
	*found = find_s5((const uint8_t *)io_map(address, dsdt.length) + ACPI_HEADER_SIZE,
			 dsdt.length - ACPI_HEADER_SIZE, sleep_type);
	return true;
}

static uint16_t pm1_value(uint8_t sleep_type)
{
	return (sleep_type & 7) << 10 | 1 << 13;
}

static void fill_sleep(const struct fadt *fadt, const uint8_t sleep_type[2],
		       struct acpi_power *power)
{
	if (fadt_field(fadt, FADT_FLAGS, 4) & HW_REDUCED_ACPI) {
		power->sleep_control = fadt_gas(fadt, FADT_SLEEP_CONTROL);
		power->sleep_value = (sleep_type[0] & 7) << 2 | 1 << 5;
		return;
	}
	power->pm1a_control = fadt_register(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
	power->pm1b_control = fadt_register(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
	power->pm1a_value = pm1_value(sleep_type[0]);
	power->pm1b_value = pm1_value(sleep_type[1]);
}

static void fill_reset(const struct fadt *fadt, struct acpi_power *power)
{
	if (!(fadt_field(fadt, FADT_FLAGS, 4) & RESET_REG_SUP) || fadt->length <= FADT_RESET_VALUE)
		return;
	power->reset = fadt_gas(fadt, FADT_RESET);
	power->reset_value = fadt->bytes[FADT_RESET_VALUE];
}

static bool open_fadt(const struct acpi *acpi, struct fadt *fadt, struct error *error)
{
	fadt->bytes = acpi_table(acpi, "FACP", &fadt->length);
	if (fadt->bytes && fadt->length < FADT_V1_SIZE)
		return error_set(error, "FACP: offset 0x4: length %u is less than %u", fadt->length,
				 FADT_V1_SIZE);
	return true;
}

static uint16_t fadt_timer_port(const struct fadt *fadt)
{
	struct acpi_register timer = fadt_register(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER);

	return timer.space == ACPI_SPACE_IO && timer.address <= 0xfffc ? timer.address : 0;
}

bool acpi_power(const struct acpi *acpi, struct acpi_power *power, struct error *error)
{
	uint8_t sleep_type[2];
	struct fadt fadt;
	uint16_t flags;
	bool found;

	memset(power, 0, sizeof(*power));
	if (!open_fadt(acpi, &fadt, error))
		return false;
	if (!fadt.bytes)
		return true;
	flags = fadt_field(&fadt, FADT_ARM_BOOT, 2);
	power->psci = flags & PSCI_COMPLIANT;
	power->psci_hvc = flags & PSCI_USE_HVC;
	power->pm_timer_port = fadt_timer_port(&fadt);
	power->pm_timer_32bit = fadt_field(&fadt, FADT_FLAGS, 4) & TMR_VAL_EXT;
	fill_reset(&fadt, power);
	if (!read_s5(&fadt, sleep_type, &found, error))
		return false;
	if (found)
		fill_sleep(&fadt, sleep_type, power);
	return true;
}

uint16_t acpi_pm_timer_port(const struct acpi *acpi)
{
	struct error ignored;
	struct fadt fadt;

	if (!open_fadt(acpi, &fadt, &ignored) || !fadt.bytes)
		return 0;
	return fadt_timer_port(&fadt);
}
