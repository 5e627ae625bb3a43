// SPDX-License-Identifier: BSD-3-Clause
/*
 * GICv2m: a message becomes an SPI (Server Base System Architecture 2.3, appendix E), which stays
 * pending in the distributor (GICv2, IHI 0048, 4.3), as it is not enabled.
 */
#include <stddef.h>

#include <asm/io.h>

#include "acpi/acpi.h"
#include "fdt/fdt.h"
#include "fdt/node.h"
#include "le.h"
#include "machine.h"

#include "msi_arm.h"

enum { FRAME_SIZE = 0x1000, MSI_TYPER = 0x008, MSI_SETSPI = 0x040 };
enum { DISTRIBUTOR_SIZE = 0x1000, ISPENDR = 0x200, ICPENDR = 0x280, ICFGR = 0xc00 };
enum { FIRST_SPI = 32, LAST_SPI = 1019 };

static uint64_t doorbell;
static volatile uint8_t *distributor;
static uint32_t first_spi, spi_count, taken;

static volatile uint8_t *status_register(unsigned int base, uint32_t spi)
{
	return distributor + base + spi / 32 * 4;
}

/* Set the upper one of two bits: without an edge trigger a message leaves nothing pending. */
static void set_edge(uint32_t spi)
{
	volatile uint8_t *config = distributor + ICFGR + spi / 16 * 4;

	io_write32(config, io_read32(config) | 2u << spi % 16 * 2);
}

/* Numbers are used again: what is pending is cleared. */
static bool gicv2m_alloc(struct msi_message *message, uint16_t requester)
{
	uint32_t spi = first_spi + taken++ % spi_count;

	(void)requester;
	set_edge(spi);
	io_write32(status_register(ICPENDR, spi), 1u << spi % 32);
	*message = (struct msi_message){doorbell, spi, spi};
	return true;
}

static bool gicv2m_arrived(const struct msi_message *message)
{
	return io_read32(status_register(ISPENDR, message->interrupt)) >> message->interrupt % 32 & 1;
}

static const struct msi_controller gicv2m = {gicv2m_alloc, gicv2m_arrived};

static const struct msi_controller *open_frame(uint64_t frame_base, uint64_t distributor_base)
{
	volatile uint8_t *frame = io_map(frame_base, FRAME_SIZE);

	distributor = io_map(distributor_base, DISTRIBUTOR_SIZE);
	if (!frame || !distributor)
		return NULL;
	if (!spi_count) {
		first_spi = io_read32(frame + MSI_TYPER) >> 16 & 0x3ff;
		spi_count = io_read32(frame + MSI_TYPER) & 0x3ff;
	}
	if (first_spi < FIRST_SPI || !spi_count || first_spi + spi_count - 1 > LAST_SPI)
		return NULL;
	doorbell = frame_base + MSI_SETSPI;
	return &gicv2m;
}

/* The frame is a child of its GIC (Devicetree binding interrupt-controller/arm,gic.yaml). */
const struct msi_controller *gicv2m_open(const void *fdt)
{
	int node = fdt_next_enabled(fdt, -1, "arm,gic-v2m-frame");
	uint64_t frame_base, distributor_base;
	struct error ignored;
	int parent;

	if (node < 0)
		return NULL;
	parent = fdt_parent_offset(fdt, node);
	if (parent < 0 || !fdt_translate(fdt, node, 0, &frame_base, NULL, &ignored) ||
	    !fdt_translate(fdt, parent, 0, &distributor_base, NULL, &ignored))
		return NULL;
	return open_frame(frame_base, distributor_base);
}

/* GICD and GIC MSI Frame structures (ACPI 6.5, 5.2.12.15 and 5.2.12.16). */
enum { MADT_GICD = 0xc, MADT_MSI_FRAME = 0xd, ENTRY_SIZE = 24, ENTRY_BASE = 8 };
enum { MSI_FRAME_FLAGS = 16, MSI_FRAME_COUNT = 20, MSI_FRAME_FIRST = 22, FLAG_OVERRIDES = 1 };

const struct msi_controller *gicv2m_open_acpi(const struct acpi *acpi)
{
	const uint8_t *frame = acpi_madt(acpi, MADT_MSI_FRAME, ENTRY_SIZE, 0);
	const uint8_t *gicd = acpi_madt(acpi, MADT_GICD, ENTRY_SIZE, 0);

	if (!frame || !gicd)
		return NULL;
	if (le32(frame + MSI_FRAME_FLAGS) & FLAG_OVERRIDES) {
		first_spi = le16(frame + MSI_FRAME_FIRST);
		spi_count = le16(frame + MSI_FRAME_COUNT);
	}
	return open_frame(le64(frame + ENTRY_BASE), le64(gicd + ENTRY_BASE));
}
