// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "host/pci/bridge.h"
#include "host/pci/bus.h"
#include "host/machine/fatal.h"

#define MAX_ROOTS 4

static struct bus *roots[MAX_ROOTS];
static unsigned int root_count;

void bus_add_root(struct bus *bus, uint8_t number)
{
	bus->root_number = number;
	roots[root_count++] = bus;
}

void bus_plug(struct bus *bus, struct function *f)
{
	unsigned int slot = 0;

	while (slot < BUS_SLOTS && bus->functions[slot])
		slot++;
	if (slot == BUS_SLOTS)
		fatal("PCI: no free slot on a bus");
	bus->functions[slot] = f;
	f->bus = bus;
	f->device = slot;
}

enum { HEADER_TYPE = 0x0e, MULTI_FUNCTION = 0x80 };

void bus_plug_beside(struct function *first, struct function *f)
{
	struct function *last = first;

	while (last->next)
		last = last->next;
	last->next = f;
	f->bus = first->bus;
	f->device = first->device;
	f->number = last->number + 1;
	first->config[HEADER_TYPE] |= MULTI_FUNCTION;
	f->config[HEADER_TYPE] |= MULTI_FUNCTION;
}

/* 0 below a bridge that is not numbered yet. */
static uint8_t bus_number(const struct bus *bus)
{
	return bus->bridge ? bridge_secondary(bus->bridge) : bus->root_number;
}

uint16_t function_bdf(const struct function *f)
{
	return PCI_BDF(bus_number(f->bus), f->device, f->number);
}

/* Bridges pass a configuration access on by bus number. */
static struct bus *find_bus(struct bus *bus, uint8_t number)
{
	if (bus_number(bus) == number)
		return bus;
	for (unsigned int slot = 0; slot < BUS_SLOTS; slot++) {
		struct function *f = bus->functions[slot];

		if (f && f->below && bridge_forwards_bus(f, number))
			return find_bus(f->below, number);
	}
	return NULL;
}

static struct function *find_function(struct function *first, unsigned int number)
{
	struct function *f = first;

	while (f && f->number != number)
		f = f->next;
	return f;
}

struct function *bus_find(uint16_t bdf)
{
	for (unsigned int i = 0; i < root_count; i++) {
		struct bus *bus = find_bus(roots[i], PCI_BUS(bdf));

		if (bus)
			return find_function(bus->functions[PCI_DEVICE(bdf)], PCI_FUNCTION(bdf));
	}
	return NULL;
}

static struct function *claim_by_device(struct function *first, uint64_t address, unsigned int *bar,
					uint64_t *offset)
{
	struct function *f = first;

	while (f && !function_claims(f, address, bar, offset))
		f = f->next;
	return f;
}

static struct function *claim_on(struct bus *bus, uint64_t address, unsigned int *bar,
				 uint64_t *offset)
{
	for (unsigned int slot = 0; slot < BUS_SLOTS; slot++) {
		struct function *f = bus->functions[slot], *found;

		found = claim_by_device(f, address, bar, offset);
		if (!found && f && f->below && bridge_forwards_memory(f, address))
			found = claim_on(f->below, address, bar, offset);
		if (found)
			return found;
	}
	return NULL;
}

struct function *bus_claim(uint64_t address, unsigned int *bar, uint64_t *offset)
{
	struct function *found = NULL;

	for (unsigned int i = 0; i < root_count && !found; i++)
		found = claim_on(roots[i], address, bar, offset);
	return found;
}

uint16_t bus_requester(const struct function *f)
{
	uint16_t id = function_bdf(f);

	for (const struct function *bridge = f->bus->bridge; bridge; bridge = bridge->bus->bridge)
		if (bridge_takes_ownership(bridge))
			id = PCI_BDF(bridge_secondary(bridge), 0, 0);
	return id;
}

bool bus_is_master(const struct function *f)
{
	for (; f; f = f->bus->bridge)
		if (!(function_get(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER))
			return false;
	return true;
}
