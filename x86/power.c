// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include <asm/io.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "machine.h"

#define QEMU_DEBUG_EXIT 0xf4	/* isa-debug-exit */

/* The reset control register of PC chipsets: hard reset, then the edge that starts it. */
#define RESET_CONTROL 0xcf9
enum { RESET_HARD = 2, RESET_START = 4 };

/* The keyboard controller, and its command to pulse the reset line. */
#define KEYBOARD_COMMAND 0x64
#define PULSE_RESET 0xfe

static void halt(void) __attribute__((noreturn));

static void halt(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

/* Write a register of @width bytes, 1 or 2, at a port or in memory. */
static void write_register(const struct acpi_register *reg, uint16_t value, unsigned int width)
{
	volatile void *address;

	if (!reg->address)
		return;
	if (reg->space == ACPI_SPACE_IO) {
		if (width == 1)
			port_write8(reg->address, value);
		else
			port_write16(reg->address, value);
		return;
	}
	address = io_map(reg->address, width);
	if (!address)
		return;
	if (width == 1)
		io_write8(address, value);
	else
		io_write16(address, value);
}

static bool read_power(const struct boot_info *boot, struct acpi_power *power)
{
	struct error ignored;
	struct acpi acpi;

	return boot && acpi_init(&acpi, boot, &ignored) && acpi_power(&acpi, power, &ignored);
}

void machine_power_off(const struct boot_info *boot)
{
	struct acpi_power power;

	if (read_power(boot, &power)) {
		write_register(&power.sleep_control, power.sleep_value, 1);
		write_register(&power.pm1a_control, power.pm1a_value, 2);
		write_register(&power.pm1b_control, power.pm1b_value, 2);
	}
	port_write32(QEMU_DEBUG_EXIT, 0);
	halt();
}

void machine_reset(const struct boot_info *boot)
{
	struct acpi_power power;

	if (read_power(boot, &power))
		write_register(&power.reset, power.reset_value, 1);
	port_write8(RESET_CONTROL, RESET_HARD);
	port_write8(RESET_CONTROL, RESET_HARD | RESET_START);
	port_write8(KEYBOARD_COMMAND, PULSE_RESET);
}
