// SPDX-License-Identifier: BSD-3-Clause
#include "host/pci/bridge.h"

/* Ids that nobody else uses, of the vendor that virtio has. */
enum { VENDOR = 0x1af4, DEVICE_HOST_BRIDGE = 0x1ff0, DEVICE_PORT = 0x1ff1, DEVICE_TO_PCI = 0x1ff2 };

enum { CLASS_PCI_BRIDGE = 0x0604, HEADER_TYPE = 0x0e, HEADER_BRIDGE = 1 };
enum { EXPRESS_SIZE = 0x3c, EXPRESS_CAPABILITIES = 2, EXPRESS_VERSION = 2, EXPRESS_PORT_SHIFT = 4 };
enum { SECONDARY = PCI_BUS_NUMBERS + 1, SUBORDINATE = PCI_BUS_NUMBERS + 2 };

static const struct function_ops no_registers;

void host_bridge_init(struct function *f)
{
	function_init(f, &no_registers, VENDOR, DEVICE_HOST_BRIDGE, PCI_CLASS_HOST_BRIDGE);
}

static void add_express(struct function *f, uint8_t port_type)
{
	unsigned int at = function_add_capability(f, PCI_CAP_EXPRESS, EXPRESS_SIZE);

	function_set(f, at + EXPRESS_CAPABILITIES, 2,
		     port_type << EXPRESS_PORT_SHIFT | EXPRESS_VERSION);
}

void bridge_init(struct function *f, struct bus *below, uint8_t port_type)
{
	function_init(f, &no_registers, VENDOR,
		      port_type == PCI_PORT_TO_PCI ? DEVICE_TO_PCI : DEVICE_PORT, CLASS_PCI_BRIDGE);
	function_set(f, HEADER_TYPE, 1, HEADER_BRIDGE);
	function_set(f, PCI_SUBSYSTEM_ID - 2, 4, 0);	/* another register in this header */
	function_allow(f, PCI_BUS_NUMBERS, 4, UINT32_MAX);
	function_allow(f, PCI_MEMORY_WINDOW, 4, 0xfff0fff0);
	function_set(f, PCI_PREFETCH_WINDOW, 4, 0x00010001);	/* 64-bit */
	function_allow(f, PCI_PREFETCH_WINDOW, 4, 0xfff0fff0);
	function_allow(f, PCI_PREFETCH_BASE_HIGH, 4, UINT32_MAX);
	function_allow(f, PCI_PREFETCH_BASE_HIGH + 4, 4, UINT32_MAX);
	add_express(f, port_type);
	f->below = below;
	below->bridge = f;
}

unsigned int bridge_express(const struct function *bridge)
{
	return bridge->config[PCI_CAPABILITIES];
}

uint8_t bridge_secondary(const struct function *bridge)
{
	return bridge->config[SECONDARY];
}

bool bridge_forwards_bus(const struct function *bridge, uint8_t number)
{
	return bridge->config[SECONDARY] && number >= bridge->config[SECONDARY] &&
	       number <= bridge->config[SUBORDINATE];
}

/* Address bits 31:20 of base and limit, which is inclusive; @high: where bits 63:32 are, or 0. */
static bool in_window(const struct function *bridge, unsigned int window, unsigned int high,
		      uint64_t address)
{
	uint64_t base = (uint64_t)(function_get(bridge, window, 2) & 0xfff0) << 16;
	uint64_t limit = (uint64_t)(function_get(bridge, window + 2, 2) & 0xfff0) << 16 | 0xfffff;

	if (high) {
		base |= (uint64_t)function_get(bridge, high, 4) << 32;
		limit |= (uint64_t)function_get(bridge, high + 4, 4) << 32;
	}
	return address >= base && address <= limit;
}

bool bridge_forwards_memory(const struct function *bridge, uint64_t address)
{
	if (!(function_get(bridge, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return false;
	return in_window(bridge, PCI_MEMORY_WINDOW, 0, address) ||
	       in_window(bridge, PCI_PREFETCH_WINDOW, PCI_PREFETCH_BASE_HIGH, address);
}

bool bridge_takes_ownership(const struct function *bridge)
{
	return function_get(bridge, PCI_DEVICE_ID, 2) == DEVICE_TO_PCI;
}
