// SPDX-License-Identifier: BSD-3-Clause
#include <asm/io.h>

#include "console.h"

#include "arch.h"

#define COM1 0x3f8

static uint32_t in(uintptr_t address)
{
	return port_read8(address);
}

static void out(uintptr_t address, uint32_t value)
{
	port_write8(address, value);
}

void serial_init(void)
{
	struct uart uart = {.base = COM1, .stride = 1, .in = in, .out = out};

	uart_16550(&uart);
	console_use(&uart);
}
