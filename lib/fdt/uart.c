// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include <asm/io.h>

#include "console.h"
#include "fdt/fdt.h"
#include "machine.h"

#define UART_SIZE 0x1000

static uint32_t in8(uintptr_t address)
{
	return io_read8((void *)address);
}

static void out8(uintptr_t address, uint32_t value)
{
	io_write8((void *)address, value);
}

static uint32_t in32(uintptr_t address)
{
	return io_read32((void *)address);
}

static void out32(uintptr_t address, uint32_t value)
{
	io_write32((void *)address, value);
}

/* UARTCR: UARTEN, TXE and RXE, which firmware may not have set. */
static void pl011_enable(uintptr_t base)
{
	out32(base + 0x30, 1 << 9 | 1 << 8 | 1 << 0);
}

void fdt_console_use(const struct fdt_console *found)
{
	bool pl011 = found->kind == FDT_UART_PL011;
	bool wide = pl011 || found->reg_io_width == 4;
	struct uart uart = {
		.base = found->base,
		.stride = pl011 ? 4 : 1u << found->reg_shift,
		.in = wide ? in32 : in8,
		.out = wide ? out32 : out8,
	};

	if (found->kind == FDT_UART_NONE || !io_map(found->base, UART_SIZE))
		return;
	if (pl011) {
		uart_pl011(&uart);
		pl011_enable(uart.base);
	} else {
		uart_16550(&uart);
	}
	console_use(&uart);
}
