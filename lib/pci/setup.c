// SPDX-License-Identifier: BSD-3-Clause
/*
 * Find all functions, and number bridges on the way.
 */
#include <stddef.h>
#include <string.h>

#include "pci/pci.h"

enum {
	BUSES = 256,
	DEVICES_OF_BUS = 32,
	FUNCTIONS_OF_DEVICE = 8,
	MULTI_FUNCTION = 0x80,
	HEADER_BRIDGE = 1,
	NO_VENDOR = 0xffff,
};

struct root {
	uint8_t bus;
	uint8_t limit;			/* highest bus number below it */
	unsigned int first, end;	/* its functions in struct pci */
};

struct scan {
	struct pci *pci;
	struct pci_host *host;
	struct error *error;
	struct root roots[BUSES];
	unsigned int root_count;
};

static bool is_bridge(const struct pci_dev *dev)
{
	return dev->header_type == HEADER_BRIDGE;
}

static bool is_host_bridge(const struct pci_dev *dev)
{
	return dev->class_code >> 8 == PCI_CLASS_HOST_BRIDGE;
}

static uint8_t read_port_type(const struct pci_dev *bridge)
{
	unsigned int express = pci_find_capability(bridge, PCI_CAP_EXPRESS, 0);

	return express ? pci_read16(bridge, express + 2) >> 4 & 0xf : PCI_PORT_NONE;
}

static void read_bridge(struct pci_dev *dev)
{
	uint32_t numbers = pci_read32(dev, PCI_BUS_NUMBERS);

	dev->secondary = numbers >> 8;
	dev->subordinate = numbers >> 16;
	dev->port_type = read_port_type(dev);
}

/*
 * Firmware that has used a device may have left it with requests in memory that is ours by now. Bridges
 * only pass on what others master.
 */
static void stop_mastering(const struct pci_dev *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	if (dev->class_code >> 16 != PCI_CLASS_BRIDGE && command & PCI_COMMAND_MASTER)
		pci_write16(dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
}

/* Append the function if it is there. *@header gets the header type, with the multi-function bit. */
static bool scan_function(struct scan *scan, uint16_t bdf, struct pci_dev *bridge, uint8_t *header)
{
	struct pci *pci = scan->pci;
	struct pci_dev dev = { .host = scan->host, .bridge = bridge, .segment = scan->host->segment,
			       .bdf = bdf };
	uint32_t id = pci_read32(&dev, PCI_VENDOR_ID);

	*header = 0;
	if ((id & 0xffff) == NO_VENDOR)
		return true;
	if (pci->device_count == PCI_MAX_DEVICES)
		return error_set(scan->error, "PCI " PCI_FORMAT ": more than %u functions",
				 PCI_ARGS(dev.segment, bdf), PCI_MAX_DEVICES);
	dev.vendor = id;
	dev.device = id >> 16;
	dev.class_code = pci_read32(&dev, PCI_CLASS_REVISION) >> 8;
	*header = pci_read32(&dev, PCI_CACHE_LINE) >> 16;
	dev.header_type = *header & ~MULTI_FUNCTION;
	if (is_bridge(&dev))
		read_bridge(&dev);
	stop_mastering(&dev);
	pci->devices[pci->device_count++] = dev;
	return true;
}

static bool scan_device(struct scan *scan, uint8_t bus, unsigned int device, struct pci_dev *bridge)
{
	uint8_t header, ignored;

	if (!scan_function(scan, PCI_BDF(bus, device, 0), bridge, &header))
		return false;
	if (!(header & MULTI_FUNCTION))
		return true;
	for (unsigned int function = 1; function < FUNCTIONS_OF_DEVICE; function++)
		if (!scan_function(scan, PCI_BDF(bus, device, function), bridge, &ignored))
			return false;
	return true;
}

/* Below a PCI Express port there is a link with one device, number 0 (PCIe 6.0, 7.3.1). */
static unsigned int devices_below(const struct pci_dev *bridge)
{
	if (bridge &&
	    (bridge->port_type == PCI_PORT_ROOT || bridge->port_type == PCI_PORT_DOWNSTREAM))
		return 1;
	return DEVICES_OF_BUS;
}

static bool scan_bus(struct scan *scan, uint8_t bus, struct pci_dev *bridge)
{
	for (unsigned int device = 0; device < devices_below(bridge); device++)
		if (!scan_device(scan, bus, device, bridge))
			return false;
	return true;
}

/* Buses that answer behind the bridges of a root bus are no root buses. */
static void claim_buses(const struct scan *scan, const struct root *root, bool claimed[BUSES])
{
	for (unsigned int i = root->first; i < root->end; i++) {
		const struct pci_dev *dev = &scan->pci->devices[i];

		if (is_bridge(dev) && dev->secondary > root->bus)
			for (unsigned int bus = dev->secondary; bus <= dev->subordinate; bus++)
				claimed[bus] = true;
	}
}

static unsigned int count_host_bridges(const struct scan *scan, const struct root *root)
{
	unsigned int count = 0;

	for (unsigned int i = root->first; i < root->end; i++)
		count += is_host_bridge(&scan->pci->devices[i]);
	return count;
}

static bool scan_root(struct scan *scan, uint8_t bus)
{
	struct root *root = &scan->roots[scan->root_count];

	root->bus = bus;
	root->first = scan->pci->device_count;
	if (!scan_bus(scan, bus, NULL))
		return false;
	root->end = scan->pci->device_count;
	scan->root_count += root->end > root->first;
	return true;
}

/* An extra root complex shows as a host bridge function of its own on the first bus. */
static bool find_roots(struct scan *scan)
{
	bool claimed[BUSES] = { false };
	unsigned int expected = 1;

	for (unsigned int bus = scan->host->bus_first; bus <= scan->host->bus_last; bus++) {
		unsigned int before = scan->root_count;

		if (before == expected)
			break;
		if (claimed[bus])
			continue;
		if (!scan_root(scan, bus))
			return false;
		if (scan->root_count == before)
			continue;
		claim_buses(scan, &scan->roots[before], claimed);
		if (bus == scan->host->bus_first && count_host_bridges(scan, &scan->roots[0]) > 1)
			expected = count_host_bridges(scan, &scan->roots[0]);
	}
	for (unsigned int i = 0; i < scan->root_count; i++)
		scan->roots[i].limit = i + 1 < scan->root_count ? scan->roots[i + 1].bus - 1 :
								  scan->host->bus_last;
	return true;
}

/* A bus with functions [first, end) of struct pci. @limit is the highest number below it. */
struct bus {
	uint8_t number, limit;
	unsigned int first, end;
	unsigned int depth;
};

static bool number_is_valid(const struct scan *scan, const struct bus *bus, unsigned int index)
{
	const struct pci_dev *dev = &scan->pci->devices[index];

	if (dev->secondary <= bus->number || dev->subordinate < dev->secondary ||
	    dev->subordinate > bus->limit || pci_read8(dev, PCI_BUS_NUMBERS) != bus->number)
		return false;
	for (unsigned int i = bus->first; i < index; i++) {
		const struct pci_dev *other = &scan->pci->devices[i];

		if (is_bridge(other) && dev->secondary <= other->subordinate &&
		    other->secondary <= dev->subordinate)
			return false;
	}
	return true;
}

/* Either all bridges of a bus keep their numbers or none. */
static bool keeps_numbers(const struct scan *scan, const struct bus *bus)
{
	for (unsigned int i = bus->first; i < bus->end; i++)
		if (is_bridge(&scan->pci->devices[i]) && !number_is_valid(scan, bus, i))
			return false;
	return true;
}

static void write_numbers(struct pci_dev *bridge, uint8_t primary, uint8_t secondary,
			  uint8_t subordinate)
{
	uint32_t latency = pci_read32(bridge, PCI_BUS_NUMBERS) & 0xff000000;

	bridge->secondary = secondary;
	bridge->subordinate = subordinate;
	pci_write32(bridge, PCI_BUS_NUMBERS,
		    latency | (uint32_t)subordinate << 16 | (uint32_t)secondary << 8 | primary);
}

static void forget_numbers(const struct scan *scan, const struct bus *bus)
{
	for (unsigned int i = bus->first; i < bus->end; i++)
		if (is_bridge(&scan->pci->devices[i]))
			write_numbers(&scan->pci->devices[i], 0, 0, 0);
}

static bool number_bridges(struct scan *scan, const struct bus *bus, unsigned int *last);

/* Scan and number what is behind a bridge whose own numbers are set. */
static bool descend(struct scan *scan, const struct bus *bus, struct pci_dev *bridge,
		    unsigned int *last)
{
	struct bus below = { .number = bridge->secondary, .limit = bridge->subordinate,
			     .first = scan->pci->device_count, .depth = bus->depth + 1 };

	if (below.depth > PCI_MAX_DEPTH)
		return error_set(scan->error,
				 "PCI " PCI_FORMAT ": more than %u bridges behind each other",
				 PCI_ARGS(bridge->segment, bridge->bdf), PCI_MAX_DEPTH);
	if (!scan_bus(scan, below.number, bridge))
		return false;
	below.end = scan->pci->device_count;
	return number_bridges(scan, &below, last);
}

/* While buses below are searched for, the bridge takes all numbers that are left. */
static bool number_bridge(struct scan *scan, const struct bus *bus, struct pci_dev *bridge,
			  unsigned int *last)
{
	unsigned int secondary = *last + 1;

	if (secondary > bus->limit)
		return error_set(scan->error,
				 "PCI " PCI_FORMAT ": no bus number left, the last is %u",
				 PCI_ARGS(bridge->segment, bridge->bdf), bus->limit);
	write_numbers(bridge, bus->number, secondary, bus->limit);
	if (!descend(scan, bus, bridge, last))
		return false;
	write_numbers(bridge, bus->number, secondary, *last);
	return true;
}

/* Return the place of the function that is looked at when it is the turn of number @index. */
static unsigned int in_turn(const struct scan *scan, const struct bus *bus, unsigned int index)
{
	return scan->pci->numbering == PCI_NUMBER_DOWN ? bus->end - 1 - (index - bus->first) : index;
}

/* Number all bridges below @bus. *@last gets the highest number in use there. */
static bool number_bridges(struct scan *scan, const struct bus *bus, unsigned int *last)
{
	bool keep = scan->pci->numbering == PCI_KEEP_NUMBERS && keeps_numbers(scan, bus);
	unsigned int ignored;

	*last = bus->number;
	if (!keep)
		forget_numbers(scan, bus);
	for (unsigned int i = bus->first; i < bus->end; i++) {
		struct pci_dev *dev = &scan->pci->devices[in_turn(scan, bus, i)];

		if (!is_bridge(dev))
			continue;
		if (keep ? !descend(scan, bus, dev, &ignored)
			 : !number_bridge(scan, bus, dev, last))
			return false;
	}
	return true;
}

static bool scan_host(struct pci *pci, struct pci_host *host, struct error *error)
{
	struct scan scan = { .pci = pci, .host = host, .error = error };

	if (!pci_open_host(host, error) || !find_roots(&scan))
		return false;
	for (unsigned int i = 0; i < scan.root_count; i++) {
		const struct root *root = &scan.roots[i];
		struct bus bus = { .number = root->bus, .limit = root->limit,
				   .first = root->first, .end = root->end };
		unsigned int last;

		if (!number_bridges(&scan, &bus, &last))
			return false;
	}
	return true;
}

static struct pci_dev *entry_behind(struct pci *pci, const struct pci_dev *port)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].bridge == port)
			return &pci->devices[i];
	return NULL;
}

struct pci_dev *pci_find_behind(struct pci *pci, struct pci_dev *port, struct error *error)
{
	struct scan scan = {.pci = pci, .host = port->host, .error = error};
	struct pci_dev *old = entry_behind(pci, port);
	unsigned int count = pci->device_count;
	uint8_t ignored;

	if (old && old->vendor != NO_VENDOR)
		return old;
	if (!scan_function(&scan, PCI_BDF(port->secondary, 0, 0), port, &ignored) ||
	    pci->device_count == count)
		return NULL;
	if (!old)
		return &pci->devices[count];
	*old = pci->devices[--pci->device_count];
	return old;
}

/* Whoever looks at all functions finds one without BARs. */
void pci_forget_behind(struct pci *pci, struct pci_dev *port)
{
	struct pci_dev *dev = entry_behind(pci, port);

	if (!dev)
		return;
	*dev = (struct pci_dev){.host = dev->host, .bridge = port, .segment = dev->segment, .bdf = dev->bdf,
				.vendor = NO_VENDOR, .bars_sized = true};
}

bool pci_scan(struct pci *pci, struct error *error)
{
	pci->device_count = 0;
	for (unsigned int i = 0; i < pci->host_count; i++)
		if (!scan_host(pci, &pci->hosts[i], error))
			return false;
	return pci_assign_bars(pci, error);
}
