// SPDX-License-Identifier: BSD-3-Clause
/*
 * Size BARs, place those that are not placed, and open the windows of bridges.
 *
 * Everything goes below 4 GiB if it fits there, also 64-bit and prefetchable BARs: so one window
 * per bridge is enough. What finds no room is left out, with all of its function, or all behind its
 * bridge: a BAR of some GiB belongs to nothing that is needed here.
 */
#include <stddef.h>

#include "pci/pci.h"
#include "util.h"

#define BRIDGE_GRANULE 0x100000ull	/* of a bridge's memory window */
#define WINDOW_CLOSED  0xfff0u		/* base 0xfff, limit 0 */
#define WINDOW_BITS    0xfff0fff0u	/* limit and base; all 0 after reset */

enum {
	BAR_IO = 1 << 0,
	BAR_TYPE = 3 << 1,
	BAR_64BIT = 2 << 1,
	BAR_PREFETCH = 1 << 3,
	BAR_FLAGS = 0xf,
	BARS_OF_FUNCTION = 6,
	BARS_OF_BRIDGE = 2,
};

/* None of a host bridge, which may stop serving memory while its decoding is off. */
static unsigned int bar_count(const struct pci_dev *dev)
{
	if (dev->class_code >> 8 == PCI_CLASS_HOST_BRIDGE)
		return 0;
	return dev->header_type == 0   ? BARS_OF_FUNCTION
	       : dev->header_type == 1 ? BARS_OF_BRIDGE
				       : 0;
}

static const struct pci_window *window_of(const struct pci_host *host, uint64_t pci_address)
{
	for (unsigned int i = 0; i < host->window_count; i++)
		if (pci_address - host->windows[i].pci_base < host->windows[i].size)
			return &host->windows[i];
	return NULL;
}

/* Outside all windows both sides see the same address. */
static uint64_t to_cpu(const struct pci_host *host, uint64_t pci_address)
{
	const struct pci_window *window = window_of(host, pci_address);

	return window ? pci_address - window->pci_base + window->cpu_base : pci_address;
}

/* Write all ones, see which bits stick (PCI 3.0, 6.2.5.1). Decoding is off. */
static uint32_t writable_bits(const struct pci_dev *dev, unsigned int offset, uint32_t value)
{
	uint32_t bits;

	pci_write32(dev, offset, UINT32_MAX);
	bits = pci_read32(dev, offset);
	if (bits)
		pci_write32(dev, offset, value);
	return bits;
}

static bool read_bar(struct pci_dev *dev, unsigned int index, bool size, struct error *error)
{
	unsigned int offset = PCI_BAR0 + 4 * index;
	struct pci_bar *bar = &dev->bars[index];
	uint32_t low = pci_read32(dev, offset), high = 0;
	uint64_t bits = 0;

	bar->io = low & BAR_IO;
	bar->is64 = (low & (BAR_IO | BAR_TYPE)) == BAR_64BIT;
	bar->prefetch = low & BAR_PREFETCH;
	if (bar->io)
		return true;
	if (bar->is64 && index + 1 == bar_count(dev))
		return error_set(error,
				 "PCI " PCI_FORMAT ": BAR %u: the last one cannot have 64 bits",
				 PCI_ARGS(dev->segment, dev->bdf), index);
	if (bar->is64)
		high = pci_read32(dev, offset + 4);
	if (size)
		bits = writable_bits(dev, offset, low) & ~BAR_FLAGS;
	if (size && bar->is64)
		bits |= (uint64_t)writable_bits(dev, offset + 4, high) << 32;
	bar->size = bits & -bits;
	low &= ~BAR_FLAGS;
	bar->address = low || high ? to_cpu(dev->host, low | (uint64_t)high << 32) : 0;
	return true;
}

static bool read_bars(struct pci_dev *dev, bool size, struct error *error)
{
	for (unsigned int i = 0; i < bar_count(dev); i += 1 + dev->bars[i].is64)
		if (!read_bar(dev, i, size, error))
			return false;
	dev->bars_sized = size;
	return true;
}

/* A BAR that is being written must not be seen anywhere. Return what start_decoding() needs. */
static uint16_t stop_decoding(const struct pci_dev *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);
	uint16_t off = command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);

	if (command != off)
		pci_write16(dev, PCI_COMMAND, off);
	return command;
}

static void start_decoding(const struct pci_dev *dev, uint16_t command)
{
	if (command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
		pci_write16(dev, PCI_COMMAND, command);
}

/* Decoding is switched off meanwhile: costly where a VMM rebuilds its memory map for it. */
bool pci_size_bars(struct pci_dev *dev, struct error *error)
{
	uint16_t command;
	bool ok;

	if (dev->bars_sized || !bar_count(dev))
		return true;
	command = stop_decoding(dev);
	ok = read_bars(dev, true, error);
	start_decoding(dev, command);
	return ok;
}

/* A function that decodes memory has been set up: its BARs are placed, and their sizes can wait. */
static bool first_look(struct pci_dev *dev, struct error *error)
{
	if (pci_read16(dev, PCI_COMMAND) & PCI_COMMAND_MEMORY)
		return read_bars(dev, false, error);
	return pci_size_bars(dev, error);
}

static void read_window(struct pci_dev *bridge)
{
	uint32_t window = pci_read32(bridge, PCI_MEMORY_WINDOW);
	uint32_t base = (window & 0xfff0) << 16;
	uint32_t limit = window & 0xfff00000;

	if (!base || base > limit)
		return;
	bridge->window_base = base;
	bridge->window_end = limit + BRIDGE_GRANULE;
}

static bool is_behind(const struct pci_dev *dev, const struct pci_dev *bridge)
{
	return dev->host == bridge->host && PCI_BUS(dev->bdf) >= bridge->secondary &&
	       PCI_BUS(dev->bdf) <= bridge->subordinate;
}

static bool to_place(const struct pci_bar *bar)
{
	return bar->size && !bar->address;
}

struct need {
	uint64_t size;
	uint64_t align;
};

static void add_need(struct need *need, uint64_t size, uint64_t align)
{
	need->align = max(need->align, align);
	need->size = align_up(need->size, align) + size;
}

static bool sits_on(const struct pci_dev *dev, const struct pci_host *host,
		    const struct pci_dev *bridge)
{
	return dev->host == host && dev->bridge == bridge;
}

/* Return the room for what is still to be placed behind @bridge, laid out in the order of placing. */
static struct need measure(const struct pci *pci, const struct pci_dev *bridge)
{
	struct need need = { 0, BRIDGE_GRANULE };

	for (unsigned int i = 0; i < pci->device_count; i++) {
		const struct pci_dev *dev = &pci->devices[i];

		if (!sits_on(dev, bridge->host, bridge))
			continue;
		for (unsigned int b = 0; b < bar_count(dev); b++)
			if (to_place(&dev->bars[b]))
				add_need(&need, dev->bars[b].size, dev->bars[b].size);
		if (dev->header_type == 1 && !dev->window_end) {
			struct need below = measure(pci, dev);

			add_need(&need, below.size, below.align);
		}
	}
	need.size = align_up(need.size, BRIDGE_GRANULE);
	return need;
}

static bool overlaps(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size,
		     uint64_t *end)
{
	if (!other_size || base >= other + other_size || other >= base + size)
		return false;
	*end = other + other_size;
	return true;
}

/*
 * Return true if [base, base + size), CPU addresses, overlaps anything that is placed, whose end goes into
 * *@end. Windows of bridges count on the bus that they sit on.
 */
static bool is_taken(const struct pci *pci, const struct pci_dev *bridge, uint64_t base,
		     uint64_t size, uint64_t *end)
{
	for (unsigned int i = 0; i < pci->host_count; i++) {
		const struct pci_host *host = &pci->hosts[i];
		uint64_t ecam_size = (uint64_t)(host->bus_last - host->bus_first + 1) << 20;

		if (host->ecam && overlaps(base, size, host->ecam, ecam_size, end))
			return true;
	}
	for (unsigned int i = 0; i < pci->device_count; i++) {
		const struct pci_dev *dev = &pci->devices[i];
		uint64_t window = to_cpu(dev->host, dev->window_base);

		if (dev->bridge == bridge &&
		    overlaps(base, size, window, dev->window_end - dev->window_base, end))
			return true;
		for (unsigned int b = 0; b < bar_count(dev); b++)
			if (dev->bars[b].address &&
			    overlaps(base, size, dev->bars[b].address, dev->bars[b].size, end))
				return true;
	}
	return false;
}

/* The windows of one bus: those of the host, or the one of the bridge above. */
struct space {
	struct pci *pci;
	struct pci_host *host;
	struct pci_dev *bridge;
	struct pci_window *windows;
	unsigned int count;
};

/* Take room for @need from @window, and put its address as the bus sees it into *@pci_base. */
static bool take(const struct space *space, struct pci_window *window, struct need need,
		 uint64_t *pci_base)
{
	uint64_t offset = window->cpu_base - window->pci_base;
	uint64_t end = window->pci_base + window->size;
	uint64_t base = align_up(window->next ? window->next : window->pci_base, need.align);
	uint64_t obstacle;

	if (!base)	/* 0 means "not placed" */
		base = need.align;
	while (base >= window->pci_base && base < end && need.size <= end - base) {
		if (!is_taken(space->pci, space->bridge, base + offset, need.size, &obstacle)) {
			window->next = base + need.size;
			*pci_base = base;
			return true;
		}
		base = align_up(obstacle - offset, need.align);
	}
	return false;
}

static bool take_from(const struct space *space, bool above_4g, bool prefetch, struct need need,
		      uint64_t *pci_base)
{
	for (unsigned int i = 0; i < space->count; i++) {
		struct pci_window *window = &space->windows[i];

		if (window->is64 == above_4g && (prefetch || !window->prefetch) &&
		    take(space, window, need, pci_base))
			return true;
	}
	return false;
}

static bool place_bar(const struct space *space, struct pci_dev *dev, unsigned int index)
{
	struct pci_bar *bar = &dev->bars[index];
	struct need need = { bar->size, bar->size };
	unsigned int offset = PCI_BAR0 + 4 * index;
	uint16_t command;
	uint64_t base;

	if (!take_from(space, false, bar->prefetch, need, &base) &&
	    !(bar->is64 && take_from(space, true, bar->prefetch, need, &base)))
		return false;
	command = stop_decoding(dev);
	pci_write32(dev, offset, base);
	if (bar->is64)
		pci_write32(dev, offset + 4, base >> 32);
	start_decoding(dev, command);
	bar->address = to_cpu(dev->host, base);
	return true;
}

static void place_function(const struct space *space, struct pci_dev *dev)
{
	for (unsigned int b = 0; b < bar_count(dev) && !dev->no_room; b++)
		dev->no_room = to_place(&dev->bars[b]) && !place_bar(space, dev, b);
}

static void place_behind(const struct space *above, struct pci_dev *bridge);

static void place_bus(const struct space *space)
{
	for (unsigned int i = 0; i < space->pci->device_count; i++) {
		struct pci_dev *dev = &space->pci->devices[i];

		if (!sits_on(dev, space->host, space->bridge))
			continue;
		place_function(space, dev);
		if (dev->header_type == 1)
			place_behind(space, dev);
	}
}

/* After reset a window is open from 0 to 1 MiB. */
static void close_reset_window(const struct pci_dev *bridge, unsigned int offset)
{
	if (!(pci_read32(bridge, offset) & WINDOW_BITS))
		pci_write32(bridge, offset, WINDOW_CLOSED);
}

/* Not where the firmware's windows are not known, and one was guessed. */
static bool is_in_window(const struct pci_dev *dev, unsigned int index)
{
	unsigned int offset = PCI_BAR0 + 4 * index;
	uint64_t base = pci_read32(dev, offset) & ~BAR_FLAGS;

	if (dev->bars[index].is64)
		base |= (uint64_t)pci_read32(dev, offset + 4) << 32;
	return window_of(dev->host, base);
}

bool pci_move_bar(struct pci *pci, struct pci_dev *dev, unsigned int index)
{
	struct space space = {.pci = pci, .host = dev->host, .windows = dev->host->windows,
			      .count = dev->host->window_count};
	struct error ignored;

	for (unsigned int i = 0; i < pci->device_count; i++)
		if (!pci_size_bars(&pci->devices[i], &ignored))
			return false;
	return !dev->bridge && is_in_window(dev, index) && dev->bars[index].size &&
	       place_bar(&space, dev, index);
}

/* Base and limit registers hold address bits 31:20; base above limit closes a window. */
static bool open_window(const struct space *space, struct pci_dev *bridge, struct need need)
{
	if (!need.size || !take_from(space, false, false, need, &bridge->window_base)) {
		close_reset_window(bridge, PCI_MEMORY_WINDOW);
		return !need.size;
	}
	bridge->window_end = bridge->window_base + need.size;
	pci_write32(bridge, PCI_MEMORY_WINDOW,
		    (bridge->window_end - BRIDGE_GRANULE) | bridge->window_base >> 16);
	return true;
}

/* Mark the functions behind @bridge of which a BAR had to be placed. */
static void leave_out(struct pci *pci, const struct pci_dev *bridge)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		for (unsigned int b = 0; is_behind(&pci->devices[i], bridge) && b < PCI_BARS; b++)
			pci->devices[i].no_room |= to_place(&pci->devices[i].bars[b]);
}

static void place_behind(const struct space *above, struct pci_dev *bridge)
{
	struct need need = measure(above->pci, bridge);
	struct pci_window window = { 0 };
	struct space space = *above;

	if (bridge->no_room || (!bridge->window_end && !open_window(above, bridge, need)))
		leave_out(above->pci, bridge);
	if (!pci_read32(bridge, PCI_PREFETCH_BASE_HIGH))
		close_reset_window(bridge, PCI_PREFETCH_WINDOW);
	window.pci_base = bridge->window_base;
	window.cpu_base = to_cpu(bridge->host, bridge->window_base);
	window.size = bridge->window_end - bridge->window_base;
	space.bridge = bridge;
	space.windows = &window;
	space.count = 1;
	place_bus(&space);
}

static bool has_functions(const struct pci *pci, const struct pci_dev *bridge)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (is_behind(&pci->devices[i], bridge))
			return true;
	return false;
}

static void enable_bridge(const struct pci *pci, const struct pci_dev *bridge)
{
	uint16_t command = pci_read16(bridge, PCI_COMMAND);
	uint16_t on = command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (command != on && !bridge->no_room && has_functions(pci, bridge))
		pci_write16(bridge, PCI_COMMAND, on);
}

static bool anything_to_place(const struct pci *pci)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		for (unsigned int b = 0; b < PCI_BARS; b++)
			if (to_place(&pci->devices[i].bars[b]))
				return true;
	return false;
}

/* What is placed already must be known in full before anything is placed beside it. */
static bool look_at_all(struct pci *pci, struct error *error)
{
	for (unsigned int i = 0; i < pci->device_count; i++) {
		if (!first_look(&pci->devices[i], error))
			return false;
		if (pci->devices[i].header_type == 1)
			read_window(&pci->devices[i]);
	}
	if (!anything_to_place(pci))
		return true;
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (!pci_size_bars(&pci->devices[i], error))
			return false;
	return true;
}

bool pci_place_behind(struct pci *pci, struct pci_dev *port, struct error *error)
{
	struct space space = {.pci = pci, .host = port->host, .windows = port->host->windows,
			      .count = port->host->window_count};

	for (unsigned int i = 0; i < pci->device_count; i++)
		if (!pci_size_bars(&pci->devices[i], error))
			return false;
	place_behind(&space, port);
	enable_bridge(pci, port);
	return true;
}

bool pci_assign_bars(struct pci *pci, struct error *error)
{
	if (!look_at_all(pci, error))
		return false;
	for (unsigned int i = 0; i < pci->host_count; i++) {
		struct pci_host *host = &pci->hosts[i];
		struct space space = {
			.pci = pci, .host = host,
			.windows = host->windows, .count = host->window_count,
		};

		place_bus(&space);
	}
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].header_type == 1)
			enable_bridge(pci, &pci->devices[i]);
	return true;
}
