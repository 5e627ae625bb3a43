// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "unit.h"

enum { RSDP = 0xf0010, ROOT = 0x1000, FADT_AT = 0x4000, DSDT_AT = 0x3000, MCFG_AT = 0x5000,
       SPCR_AT = 0x6000, MADT_AT = 0x7000, TABLES = 3 };
enum { CHECKSUM = 9, LENGTH = 4, REVISION = 15, EXTENDED_CHECKSUM = 32 };
enum { FACP_PORT_DSDT = 40, FACP_FLAGS = 112, FACP_RESET = 116, FACP_ARM = 129, FACP_DSDT = 140,
       FACP_PM1A = 172 };
enum { HW_REDUCED = 1 << 20, RESET_REG_SUP = 1 << 10, TMR_VAL_EXT = 1 << 8 };

static const uint64_t addresses[TABLES] = { FADT_AT, MCFG_AT, SPCR_AT };

/* One set of tables, as firmware would leave it. */
struct firmware {
	struct blob rsdp, root, dsdt, tables[TABLES];
};

static struct firmware good;

static void fix_table(struct blob *table)
{
	blob_fix_sum(table, table->size, CHECKSUM);
}

static void fix_rsdp(struct blob *rsdp)
{
	blob_fix_sum(rsdp, 20, 8);
	if (rsdp->size > 20)
		blob_fix_sum(rsdp, rsdp->size, EXTENDED_CHECKSUM);
}

static struct blob make_rsdp(bool xsdt)
{
	struct blob empty = { (uint8_t *)"RSD PTR ", 8 };
	struct blob rsdp = blob_resized(&empty, 36);

	if (xsdt) {
		rsdp.bytes[REVISION] = 2;
		blob_put(&rsdp, 20, 4, 36);
		blob_put(&rsdp, 24, 8, ROOT);
	} else {
		blob_put(&rsdp, 16, 4, ROOT);
	}
	fix_rsdp(&rsdp);
	return rsdp;
}

static struct blob make_root(bool xsdt)
{
	struct blob empty = { (uint8_t *)(xsdt ? "XSDT" : "RSDT"), 4 };
	unsigned int entry = xsdt ? 8 : 4;
	struct blob root = blob_resized(&empty, 36 + TABLES * entry);

	blob_put(&root, LENGTH, 4, root.size);
	for (unsigned int i = 0; i < TABLES; i++)
		blob_put(&root, 36 + i * entry, entry, addresses[i]);
	fix_table(&root);
	return root;
}

static void load(const char *directory)
{
	good.rsdp = make_rsdp(true);
	good.root = make_root(true);
	good.dsdt = blob_load(directory, "dsdt.aml");
	good.tables[0] = blob_load(directory, "facp.aml");
	good.tables[1] = blob_load(directory, "mcfg.aml");
	good.tables[2] = blob_load(directory, "spcr.aml");
}

static struct firmware copy(void)
{
	struct firmware f;

	f.rsdp = blob_copy(&good.rsdp);
	f.root = blob_copy(&good.root);
	f.dsdt = blob_copy(&good.dsdt);
	for (unsigned int i = 0; i < TABLES; i++)
		f.tables[i] = blob_copy(&good.tables[i]);
	return f;
}

static void forget(struct firmware *f)
{
	blob_free(&f->rsdp);
	blob_free(&f->root);
	blob_free(&f->dsdt);
	for (unsigned int i = 0; i < TABLES; i++)
		blob_free(&f->tables[i]);
}

static void install(const struct firmware *f)
{
	machine_clear();
	machine_put(RSDP, f->rsdp.bytes, f->rsdp.size);
	machine_put(ROOT, f->root.bytes, f->root.size);
	machine_put(DSDT_AT, f->dsdt.bytes, f->dsdt.size);
	for (unsigned int i = 0; i < TABLES; i++)
		machine_put(addresses[i], f->tables[i].bytes, f->tables[i].size);
}

/* All that can be read from the tables, one after the other. */
struct result {
	struct acpi acpi;
	struct pci_host hosts[PCI_MAX_HOSTS];
	unsigned int host_count;
	struct acpi_power power;
	struct acpi_spcr spcr;
};

static bool read_all(struct result *r, struct error *error)
{
	static const struct boot_info boot = { .rsdp = RSDP };

	r->host_count = 0;
	return acpi_init(&r->acpi, &boot, error) &&
	       acpi_mcfg(&r->acpi, r->hosts, PCI_MAX_HOSTS, &r->host_count, error) &&
	       acpi_power(&r->acpi, &r->power, error) && acpi_spcr(&r->acpi, &r->spcr, error);
}

static void check_tables(const struct acpi *acpi)
{
	uint32_t length;

	CHECK_EQ(acpi->count, TABLES);
	CHECK(!strcmp(acpi->tables[0].signature, "FACP"));
	CHECK(acpi_table(acpi, "MCFG", &length) == good.tables[1].bytes);
	CHECK_EQ(length, good.tables[1].size);
	CHECK(!acpi_table(acpi, "HPET", &length));
}

static void check_good(const struct result *r)
{
	check_tables(&r->acpi);
	CHECK_EQ(r->host_count, 2);
	CHECK_EQ(r->hosts[0].ecam, 0xb0000000);
	CHECK_EQ(r->hosts[0].bus_last, 255);
	CHECK_EQ(r->hosts[1].segment, 1);
	CHECK_EQ(r->hosts[1].bus_first, 16);
	CHECK_EQ(r->hosts[1].ecam, 0x1000000000 + (16 << 20));
	CHECK_EQ(r->power.pm1a_control.address, 0x604);
	CHECK_EQ(r->power.pm1b_control.address, 0x1808);
	CHECK_EQ(r->power.pm1a_value, 5 << 10 | 1 << 13);
	CHECK_EQ(r->power.pm1b_value, 4 << 10 | 1 << 13);
	CHECK_EQ(r->power.sleep_control.address, 0);
	CHECK_EQ(r->power.pm_timer_port, 0x608);
	CHECK_EQ(acpi_pm_timer_port(&r->acpi), 0x608);
	CHECK(r->power.pm_timer_32bit);
	CHECK(!r->power.psci);
	CHECK_EQ(r->spcr.kind, ACPI_UART_PL011);
	CHECK_EQ(r->spcr.base.space, ACPI_SPACE_MEMORY);
	CHECK_EQ(r->spcr.base.address, 0x9000000);
	CHECK_EQ(r->spcr.stride, 4);
}

static void test_xsdt(void)
{
	struct result r = { 0 };
	struct error error;

	install(&good);
	if (CHECK_OK(read_all(&r, &error), error))
		check_good(&r);
}

static void test_rsdt(void)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_free(&f.rsdp);
	blob_free(&f.root);
	f.rsdp = make_rsdp(false);
	f.root = make_root(false);
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error))
		CHECK_EQ(r.acpi.count, TABLES);
	forget(&f);
}

static void test_nothing(void)
{
	struct boot_info boot = { 0 };
	struct acpi_power power;
	struct acpi_spcr spcr;
	struct error error;
	struct acpi acpi;
	unsigned int count = 0;

	machine_clear();
	CHECK_OK(acpi_init(&acpi, &boot, &error), error);
	CHECK_EQ(acpi.count, 0);
	CHECK_OK(acpi_mcfg(&acpi, NULL, 0, &count, &error), error);
	CHECK_OK(acpi_power(&acpi, &power, &error), error);
	CHECK_OK(acpi_spcr(&acpi, &spcr, &error), error);
	CHECK_EQ(acpi_pm_timer_port(&acpi), 0);
	CHECK_EQ(spcr.kind, ACPI_UART_NONE);
	CHECK_EQ(power.pm1a_control.address | power.sleep_control.address, 0);
}

/* A PC's legacy areas: one whole RSDP behind one with a wrong checksum. */
static void test_scan(void)
{
	static uint8_t bios[0x20000], ebda[1024];
	uint8_t segment[2] = { 0xc0, 0x9f };
	struct boot_info boot = { 0 }, with_tree = { .fdt = "" };
	struct error error;
	struct acpi acpi;

	install(&good);
	machine_put(0xe0000, bios, sizeof(bios));
	machine_put(0x40e, segment, sizeof(segment));
	machine_put(0x9fc00, ebda, sizeof(ebda));
	CHECK_OK(acpi_init(&acpi, &boot, &error), error);
	CHECK_EQ(acpi.rsdp, 0);

	memcpy(bios + 0x100, good.rsdp.bytes, 36);
	bios[0x10a]++;
	memcpy(bios + 0x1ffd0, good.rsdp.bytes, 36);
	CHECK_OK(acpi_init(&acpi, &boot, &error), error);
	CHECK_EQ(acpi.rsdp, 0xfffd0);
	CHECK_EQ(acpi.count, TABLES);

	memcpy(ebda + 1024 - 48, good.rsdp.bytes, 36);
	CHECK_OK(acpi_init(&acpi, &boot, &error), error);
	CHECK_EQ(acpi.rsdp, 0x9fc00 + 1024 - 48);

	CHECK_OK(acpi_init(&acpi, &with_tree, &error), error);
	CHECK_EQ(acpi.rsdp, 0);
}

static void test_hardware_reduced(void)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_put(&f.tables[0], FACP_FLAGS, 4, HW_REDUCED);
	blob_put(&f.tables[0], FACP_ARM, 2, 3);
	fix_table(&f.tables[0]);
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error)) {
		CHECK_EQ(r.power.sleep_control.address, 0x9000600);
		CHECK_EQ(r.power.sleep_control.space, ACPI_SPACE_MEMORY);
		CHECK_EQ(r.power.sleep_value, 0x34);
		CHECK_EQ(r.power.pm1a_control.address, 0);
		CHECK(r.power.psci && r.power.psci_hvc);
		CHECK(!r.power.pm_timer_32bit);
	}
	forget(&f);
}

/* A FADT of ACPI 1.0 has the 32-bit forms only. */
static void test_old_fadt(void)
{
	struct firmware f = copy();
	struct blob old = blob_resized(&f.tables[0], 116);
	struct result r = { 0 };
	struct error error;

	blob_put(&old, LENGTH, 4, old.size);
	blob_put(&old, FACP_PORT_DSDT, 4, DSDT_AT);
	fix_table(&old);
	blob_free(&f.tables[0]);
	f.tables[0] = old;
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error)) {
		CHECK_EQ(r.power.pm1a_control.space, ACPI_SPACE_IO);
		CHECK_EQ(r.power.pm1a_control.address, 0x1804);
		CHECK_EQ(r.power.pm_timer_port, 0x1608);
		CHECK_EQ(r.power.pm1a_value, 5 << 10 | 1 << 13);
	}
	forget(&f);
}

/* Of a register in a space that is neither memory nor I/O nothing is known: the port counts. */
static void test_other_spaces(void)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_put(&f.tables[0], FACP_PM1A, 1, 0x7f);
	blob_put(&f.tables[0], FACP_RESET, 1, 2);
	blob_put(&f.tables[0], FACP_FLAGS, 4, RESET_REG_SUP);
	fix_table(&f.tables[0]);
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error)) {
		CHECK_EQ(r.power.pm1a_control.space, ACPI_SPACE_IO);
		CHECK_EQ(r.power.pm1a_control.address, 0x1804);
		CHECK_EQ(r.power.reset.address, 0);
	}
	forget(&f);
}

/* Firmware that takes a table away leaves an empty entry behind. */
static void test_empty_entry(void)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_put(&f.root, 36 + 8, 8, 0);
	fix_table(&f.root);
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error))
		CHECK_EQ(r.acpi.count, TABLES - 1);
	CHECK_EQ(r.host_count, 0);
	forget(&f);
}

struct aml {
	const char *what;
	const char *bytes;
	unsigned int size;
	int value;	/* of PM1a, -1 if there is none */
};

#define AML(what, bytes, value) { what, bytes, sizeof(bytes) - 1, value }

static const struct aml amls[] = {
	AML("ZeroOp", "\x08_S5_\x12\x04\x02\x00\x00", 0),
	AML("OneOp, one element", "\x08_S5_\x12\x03\x01\x01", 1),
	AML("root prefix", "\x08\\_S5_\x12\x05\x01\x0a\x07\xff", 7),
	AML("WordConst", "\x08_S5_\x12\x06\x02\x0b\x06\x00\x00", 6),
	AML("long PkgLength", "\x08_S5_\x12\x45\x00\x01\x0a\x03", 3),
	AML("second try", "\x08_S5_\x14\x08_S5_\x12\x03\x01\x01", 1),
	AML("no name operator", "_S5_\x12\x03\x01\x01", -1),
	AML("other operator", "\x5b_S5_\x12\x03\x01\x01", -1),
	AML("no package", "\x08_S5_\x0a\x03\x01\x01", -1),
	AML("empty package", "\x08_S5_\x12\x02\x00\x00", -1),
	AML("no integer", "\x08_S5_\x12\x03\x01\x0d", -1),
	AML("second is no integer", "\x08_S5_\x12\x04\x02\x01\x0d", -1),
	AML("cut behind the name", "\x08_S5_\x12", -1),
	AML("cut in PkgLength", "\x08_S5_\x12\xc5\x00", -1),
	AML("cut before the elements", "\x08_S5_\x12\x03\x01", -1),
	AML("cut in an element", "\x08_S5_\x12\x03\x01\x0a", -1),
	AML("cut in a word", "\x08_S5_\x12\x03\x01\x0b\x05", -1),
	AML("cut before the second", "\x08_S5_\x12\x03\x02\x01", -1),
	AML("nothing", "", -1),
};

static void test_s5(const struct aml *aml)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_free(&f.dsdt);
	f.dsdt = blob_resized(&good.dsdt, 36 + aml->size);
	memcpy(f.dsdt.bytes + 36, aml->bytes, aml->size);
	blob_put(&f.dsdt, LENGTH, 4, f.dsdt.size);
	fix_table(&f.dsdt);
	install(&f);
	if (CHECK_OK(read_all(&r, &error), error)) {
		unit_check(!!r.power.pm1a_control.address == (aml->value >= 0), __FILE__, __LINE__,
			   "%s: found %d", aml->what, !!r.power.pm1a_control.address);
		unit_check(aml->value < 0 || (r.power.pm1a_value >> 10 & 7) == aml->value, __FILE__,
			   __LINE__, "%s: value 0x%x", aml->what, r.power.pm1a_value);
	}
	forget(&f);
}

enum part { PART_RSDP, PART_ROOT, PART_DSDT, PART_FACP, PART_MCFG, PART_SPCR };
enum fix { FIX, LEAVE, CUT };

/* Put @value at @offset, then FIX the checksum, or LEAVE it. CUT: the length becomes @value. */
struct patch {
	enum part part;
	unsigned int offset, width;
	uint64_t value;
	enum fix fix;
	const char *message;
};

static const struct patch patches[] = {
	{PART_RSDP, 0, 1, 'r', FIX, "RSDP: offset 0x0: signature"},
	{PART_RSDP, 8, 1, 0x11, LEAVE, "RSDP: checksum: the first 20 bytes"},
	{PART_RSDP, 33, 1, 1, LEAVE, "RSDP: extended checksum: the 36 bytes"},
	{PART_RSDP, 20, 4, 35, FIX, "RSDP: offset 0x14: length 35"},
	{PART_RSDP, 20, 4, 0x1001, FIX, "RSDP: offset 0x14: length 4097"},
	{PART_RSDP, 20, 4, 37, FIX, "RSDP: offset 0x14: length 37 runs past"},
	{PART_RSDP, 24, 8, 0x7777, FIX, "ACPI: table address 0x7777 cannot be mapped"},
	{PART_RSDP, 24, 8, MCFG_AT, FIX,
	 "RSDP: the XSDT at address 0x5000 has the signature 'MCFG'"},
	{PART_ROOT, CHECKSUM, 1, 0, LEAVE, "XSDT: checksum: the 60 bytes"},
	{PART_ROOT, LENGTH, 4, 35, FIX, "XSDT: offset 0x4: length 35"},
	{PART_ROOT, LENGTH, 4, 0xffffffff, FIX, "XSDT: offset 0x4: length 4294967295"},
	{PART_ROOT, LENGTH, 4, 61, FIX, "XSDT: offset 0x4: length 61 runs past"},
	{PART_ROOT, LENGTH, 4, 56, CUT, "XSDT: offset 0x4: length 56 does not end with an entry"},
	{PART_ROOT, 44, 8, 0x7777, FIX, "ACPI: table address 0x7777 cannot be mapped"},
	{PART_ROOT, 44, 8, UINT64_MAX, FIX, "ACPI: table address 0xffffffffffffffff"},
	{PART_FACP, CHECKSUM, 1, 0, LEAVE, "FACP: checksum"},
	{PART_FACP, 0, 1, 1, LEAVE, "?ACP: checksum"},
	{PART_FACP, LENGTH, 4, 112, CUT, "FACP: offset 0x4: length 112 is less than 116"},
	{PART_FACP, FACP_DSDT, 8, 0x7777, FIX, "ACPI: table address 0x7777"},
	{PART_FACP, FACP_DSDT, 8, MCFG_AT, FIX, "FACP: the DSDT at address 0x5000"},
	{PART_DSDT, CHECKSUM, 1, 0, LEAVE, "DSDT: checksum"},
	{PART_DSDT, LENGTH, 4, 1 << 21, FIX, "DSDT: offset 0x4: length 2097152"},
	{PART_MCFG, CHECKSUM, 1, 0, LEAVE, "MCFG: checksum"},
	{PART_MCFG, LENGTH, 4, 40, CUT, "MCFG: offset 0x4: length 40"},
	{PART_MCFG, LENGTH, 4, 60 + 15, CUT, "MCFG: offset 0x4: length 75"},
	{PART_MCFG, 44, 8, 0, FIX, "MCFG: offset 0x2c: base 0x0"},
	{PART_MCFG, 44, 8, 0xb0001000, FIX, "MCFG: offset 0x2c: base 0xb0001000"},
	{PART_MCFG, 60, 8, 0xfffffffff0000000, FIX, "MCFG: offset 0x3c: base 0xfffffffff0000000"},
	{PART_MCFG, 70, 1, 0x20, FIX, "MCFG: offset 0x46: first bus 32 is above the last, 31"},
	{PART_MCFG, 68, 2, 0, FIX,
	 "MCFG: offset 0x3c: buses 16 to 31 of segment 0 are there twice"},
	{PART_SPCR, CHECKSUM, 1, 0, LEAVE, "SPCR: checksum"},
	{PART_SPCR, LENGTH, 4, 48, CUT, "SPCR: offset 0x4: length 48"},
};

static struct blob *part_of(struct firmware *f, enum part part)
{
	switch (part) {
	case PART_RSDP:
		return &f->rsdp;
	case PART_ROOT:
		return &f->root;
	case PART_DSDT:
		return &f->dsdt;
	default:
		return &f->tables[part - PART_FACP];
	}
}

static void apply(struct firmware *f, const struct patch *patch)
{
	struct blob *blob = part_of(f, patch->part);

	blob_put(blob, patch->offset, patch->width, patch->value);
	if (patch->fix == CUT) {
		struct blob cut = blob_resized(blob, patch->value);

		blob_free(blob);
		*blob = cut;
	}
	if (patch->fix != LEAVE) {
		if (patch->part == PART_RSDP)
			fix_rsdp(blob);
		else
			fix_table(blob);
	}
}

static void test_patch(const struct patch *patch)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error = { "" };

	apply(&f, patch);
	install(&f);
	CHECK_ERROR(read_all(&r, &error), error, patch->message, patch->message);
	forget(&f);
}

/* The checksum of a VIOT is for a test to judge; its length is not. */
static void test_viot(void)
{
	struct firmware f = copy();
	struct blob *viot = &f.tables[PART_SPCR - PART_FACP];
	struct result r = { 0 };
	struct error error = { "" };

	memcpy(viot->bytes, "VIOT", 4);
	install(&f);
	CHECK_OK(read_all(&r, &error), error);
	blob_put(viot, LENGTH, 4, ACPI_HEADER_SIZE - 1);
	install(&f);
	CHECK_ERROR(read_all(&r, &error), error, "VIOT: offset 0x4: length 35", "a short VIOT");
	forget(&f);
}

static void test_no_rsdp(void)
{
	struct error error = { "" };
	struct result r;

	machine_clear();
	CHECK_ERROR(read_all(&r, &error), error, "RSDP: address 0xf0010 cannot be mapped",
		    "no RSDP");
}

static void test_too_many_tables(void)
{
	struct firmware f = copy();
	struct result r = { 0 };
	struct error error;

	blob_free(&f.root);
	f.root = blob_resized(&good.root, 36 + 65 * 8);
	blob_put(&f.root, LENGTH, 4, f.root.size);
	for (unsigned int i = 0; i < 65; i++)
		blob_put(&f.root, 36 + i * 8, 8, SPCR_AT);
	fix_table(&f.root);
	install(&f);
	CHECK_ERROR(read_all(&r, &error), error, "XSDT: offset 0x224: more than 64 tables",
		    "65 tables");
	forget(&f);
}

static void test_too_many_hosts(void)
{
	struct boot_info boot = { .rsdp = RSDP };
	struct pci_host hosts[1];
	unsigned int count = 0;
	struct error error;
	struct acpi acpi;

	install(&good);
	CHECK_OK(acpi_init(&acpi, &boot, &error), error);
	CHECK_ERROR(acpi_mcfg(&acpi, hosts, 1, &count, &error), error,
		    "MCFG: offset 0x3c: more than 1 host bridges", "two hosts");
}

/* Whatever a byte of a table becomes: no access outside it, no endless loop. */
static void test_any_byte(enum part part)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct firmware f = copy();
	struct blob *blob = part_of(&f, part);
	struct result r;
	struct error error;

	for (size_t at = 0; at < blob->size; at++) {
		uint8_t was = blob->bytes[at];

		for (unsigned int i = 0; i < sizeof(values); i++) {
			blob->bytes[at] = values[i];
			if (part == PART_RSDP)
				fix_rsdp(blob);
			else
				fix_table(blob);
			install(&f);
			(void)read_all(&r, &error);
		}
		blob->bytes[at] = was;
	}
	forget(&f);
}

/* Structures of the MADT by type and number; one whose length is wrong ends the table. */
static void madt(void)
{
	static const uint8_t types[] = {0xb, 0xd, 0xc, 0xd}, lengths[] = {80, 24, 24, 20};
	struct acpi acpi = {.count = 1, .tables = {{"APIC", MADT_AT, 44 + 80 + 24 + 24 + 20}}};
	struct blob empty = {(uint8_t *)"APIC", 4};
	struct blob table = blob_resized(&empty, acpi.tables[0].length);
	uint8_t *at = table.bytes + 44;

	for (unsigned int i = 0; i < sizeof(types); at += lengths[i++]) {
		at[0] = types[i];
		at[1] = lengths[i];
	}
	machine_clear();
	machine_put(MADT_AT, table.bytes, table.size);
	CHECK(acpi_madt(&acpi, 0xb, 80, 0) == table.bytes + 44);
	CHECK(acpi_madt(&acpi, 0xd, 24, 0) == table.bytes + 124);
	CHECK(acpi_madt(&acpi, 0xd, 20, 1) == table.bytes + 172);
	CHECK(!acpi_madt(&acpi, 0xd, 24, 1));
	CHECK(!acpi_madt(&acpi, 0xe, 2, 0));
	table.bytes[173]++;			/* past the end of the table */
	CHECK(!acpi_madt(&acpi, 0xd, 20, 1));
	table.bytes[125] = 1;			/* shorter than its own head */
	CHECK(!acpi_madt(&acpi, 0xc, 24, 0));
	acpi.count = 0;
	CHECK(!acpi_madt(&acpi, 0xb, 80, 0));
	blob_free(&table);
}

int main(int argc, char **argv)
{
	load(argc > 1 ? argv[1] : ".");
	test_xsdt();
	test_rsdt();
	test_nothing();
	test_scan();
	test_hardware_reduced();
	test_old_fadt();
	test_other_spaces();
	test_empty_entry();
	for (unsigned int i = 0; i < sizeof(amls) / sizeof(amls[0]); i++)
		test_s5(&amls[i]);
	for (unsigned int i = 0; i < sizeof(patches) / sizeof(patches[0]); i++)
		test_patch(&patches[i]);
	test_viot();
	test_no_rsdp();
	test_too_many_tables();
	test_too_many_hosts();
	for (enum part part = PART_RSDP; part <= PART_SPCR; part++)
		test_any_byte(part);
	forget(&good);
	madt();
	return unit_end("acpi");
}
