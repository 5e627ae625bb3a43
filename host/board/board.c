// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include "host/board/board.h"
#include "host/board/hooks.h"
#include "host/board/port.h"
#include "host/devices/blk.h"
#include "host/devices/console.h"
#include "host/devices/edu.h"
#include "host/devices/net.h"
#include "host/devices/rng.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/personality.h"
#include "host/pci/bridge.h"
#include "host/pci/bus.h"
#include "host/pci/slot.h"
#include "util.h"

enum { FIRST_ROOT = 0, SECOND_ROOT = 16, OUTSIDE_ROOT = 32 };

/* Of the first endpoint on MMIO; no range has it. */
#define MMIO_ID 0x30000

/*
 * Ids differ from BDFs, and those of the second root do not fit 16 bits: in the lower 16 they are ids of the
 * first one.
 */
struct board_range board_ranges[BOARD_RANGES] = {
	{PCI_BDF(FIRST_ROOT, 0, 0), PCI_BDF(SECOND_ROOT, 0, 0) - 1, 0x100},
	{PCI_BDF(SECOND_ROOT, 0, 0), PCI_BDF(OUTSIDE_ROOT, 0, 0) - 1, 0x20100},
};

static struct bus first_root, second_root, outside_root;
static struct function host_bridges[3];

static struct {
	struct function port;
	struct bus bus;
} ports[3 * MAX_HOST_ENDPOINTS];
static unsigned int port_count;

static struct function pci_bridge;
static struct bus pci_bus;

static struct vblk disks[MAX_HOST_ENDPOINTS];
static struct vrng rngs[MAX_HOST_ENDPOINTS];
static struct vconsole consoles[MAX_HOST_ENDPOINTS];
static struct vnet nets[MAX_HOST_ENDPOINTS];
static struct vedu edus[MAX_HOST_ENDPOINTS];
static struct board_port endpoints[MAX_HOST_ENDPOINTS], iommu;
static unsigned int endpoint_count;

static const struct options *setup;

static struct slot slots[MAX_HOST_ENDPOINTS];	/* by endpoint */

/* A further root complex shows as a host bridge on the first root bus. */
static void add_root(struct bus *bus, unsigned int index, uint8_t number)
{
	if (host_bridges[index].bus)
		return;
	bus_add_root(bus, number);
	host_bridge_init(&host_bridges[index]);
	bus_plug(&first_root, &host_bridges[index]);
}

static struct bus *add_port(struct bus *above, uint8_t type)
{
	unsigned int n = port_count++;

	bridge_init(&ports[n].port, &ports[n].bus, type);
	bus_plug(above, &ports[n].port);
	return &ports[n].bus;
}

/* Behind a port of the root complex, with one port of its own. */
static struct bus *add_switch(void)
{
	return add_port(add_port(add_port(&first_root, PCI_PORT_ROOT), PCI_PORT_UPSTREAM),
			PCI_PORT_DOWNSTREAM);
}

static struct bus *shared_pci_bus(void)
{
	if (!pci_bridge.bus) {
		bridge_init(&pci_bridge, &pci_bus, PCI_PORT_TO_PCI);
		bus_plug(&first_root, &pci_bridge);
	}
	return &pci_bus;
}

static struct bus *bus_for(enum endpoint_place place)
{
	switch (place) {
	case PLACE_ROOT_PORT:
		return add_port(&first_root, PCI_PORT_ROOT);
	case PLACE_SWITCH:
		return add_switch();
	case PLACE_SECOND_ROOT:
		add_root(&second_root, 1, SECOND_ROOT);
		return add_port(&second_root, PCI_PORT_ROOT);
	case PLACE_PCI_BRIDGE:
		return shared_pci_bus();
	case PLACE_OUTSIDE:
		add_root(&outside_root, 2, OUTSIDE_ROOT);
		return add_port(&outside_root, PCI_PORT_ROOT);
	default:
		return &first_root;
	}
}

static struct vdev *make_virtio(enum endpoint_kind kind, bool slow, unsigned int n)
{
	switch (kind) {
	case KIND_RNG:
		return vrng_init(&rngs[n]), &rngs[n].vdev;
	case KIND_CONSOLE:
		return vconsole_init(&consoles[n]), &consoles[n].vdev;
	case KIND_NET:
		return vnet_init(&nets[n]), &nets[n].vdev;
	default:
		return vblk_init(&disks[n], slow), &disks[n].vdev;
	}
}

/* Return the first endpoint on a root bus, of whose device others may be further functions, or NULL. */
static struct function *first_function(const struct bus *bus)
{
	for (unsigned int i = 0; i < endpoint_count && !bus->bridge; i++)
		if (endpoints[i].function->bus == bus)
			return bus->functions[endpoints[i].function->device];
	return NULL;
}

/* 0, 4, 1, 5, 2, 6, 3, 7 in place of one number behind the other. */
static void number_apart(struct function *f)
{
	if (personality->functions_apart)
		f->number += f->number > 4 ? -4 : 3;
}

static void plug(struct bus *bus, struct function *f)
{
	struct function *first = personality->one_device ? first_function(bus) : NULL;

	if (!first)
		return bus_plug(bus, f);
	bus_plug_beside(first, f);
	number_apart(f);
}

/* Without a bus it is on MMIO. */
static void plug_virtio(struct board_port *port, struct vdev *dev, struct bus *bus)
{
	board_port_init(port, &dev->function, dev);
	dev->port = &port->port;
	if (bus) {
		vdev_pci_init(dev);
		plug(bus, &dev->function);
	} else {
		vdev_mmio_plug(dev);
	}
	port_steps.plugged(dev);
}

static void plug_edu(struct board_port *port, struct vedu *edu, struct bus *bus)
{
	vedu_init(edu, &port->port);
	board_port_init(port, &edu->function, NULL);
	plug(bus, &edu->function);
}

/* The function is on the bus of the slot. */
static void slot_changed(struct slot *slot, bool power)
{
	unsigned int n = slot - slots;
	uint32_t id;
	bool behind = board_endpoint_id(&endpoints[n], &id);

	if (power) {
		port_steps.plugged(vdev_of(slot->device));
		if (behind)
			virtio_iommu_endpoint_came(id);
		return;
	}
	vdev_unplug(vdev_of(slot->device));
	slot->bus.functions[0] = NULL;
	if (behind)
		virtio_iommu_endpoint_goes(id);
	slot->device->bus = NULL;
	if (behind)
		virtio_iommu_endpoint_gone(id);
}

static bool is_slot(unsigned int number)
{
	return number && number <= endpoint_count && setup->endpoints[number - 1].place == PLACE_SLOT;
}

/* Each time another device of the kind, with a disk of its own. */
const char *board_plug(unsigned int number)
{
	unsigned int n = number - 1;
	struct vdev *dev;

	if (!is_slot(number))
		return "the set-up has no device for this slot";
	if (slots[n].device)
		return "the slot has its device";
	dev = make_virtio(setup->endpoints[n].kind, setup->endpoints[n].slow, n);
	board_port_init(&endpoints[n], &dev->function, dev);
	dev->port = &endpoints[n].port;
	vdev_pci_init(dev);
	slot_insert(&slots[n], &dev->function);
	return NULL;
}

const char *board_pull(unsigned int number)
{
	if (!is_slot(number) || !slots[number - 1].device)
		return "the slot is empty";
	slot_press(&slots[number - 1]);
	return NULL;
}

/* Its port has a function that is on no bus. */
static void add_slot(unsigned int n)
{
	static const struct function nowhere;

	slot_init(&slots[n], n + 1, slot_changed);
	bus_plug(&first_root, &slots[n].port);
	board_port_init(&endpoints[n], &nowhere, NULL);
}

static void add_endpoint(enum endpoint_kind kind, enum endpoint_place place, bool slow)
{
	bool mmio = place == PLACE_MMIO || place == PLACE_OUTSIDE_MMIO;
	unsigned int n = endpoint_count++;
	struct bus *bus;

	if (place == PLACE_SLOT)
		return add_slot(n);
	bus = mmio ? NULL : bus_for(place);
	if (kind == KIND_EDU)
		plug_edu(&endpoints[n], &edus[n], bus);
	else
		plug_virtio(&endpoints[n], make_virtio(kind, slow, n), bus);
}

bool board_save_disks(int file)
{
	ssize_t size = sizeof(disks[0].disk);

	for (unsigned int i = 0; i < MAX_HOST_ENDPOINTS; i++)
		if (write(file, disks[i].disk, size) != size)
			return false;
	return true;
}

bool board_load_disks(int file)
{
	ssize_t size = sizeof(disks[0].disk);

	for (unsigned int i = 0; i < MAX_HOST_ENDPOINTS; i++)
		if (read(file, disks[i].disk, size) != size)
			return false;
	return true;
}

uint64_t board_iommu_registers(void)
{
	return virtio_iommu_device()->registers;
}

bool board_mmio_endpoint(unsigned int index, struct board_mmio *endpoint)
{
	unsigned int i = 0;

	while (i < endpoint_count && (!board_port_registers(&endpoints[i]) || index--))
		i++;
	if (i == endpoint_count)
		return false;
	*endpoint = (struct board_mmio){board_port_registers(&endpoints[i]),
					setup->endpoints[i].place == PLACE_MMIO, MMIO_ID + i};
	return true;
}

uint16_t board_iommu_bdf(void)
{
	if (board_iommu_registers())
		return UINT16_MAX;
	return function_bdf(&virtio_iommu_device()->function);
}

static bool mmio_endpoint_id(uint64_t registers, uint32_t *id)
{
	struct board_mmio endpoint;

	for (unsigned int i = 0; board_mmio_endpoint(i, &endpoint); i++)
		if (endpoint.registers == registers && endpoint.behind)
			return *id = endpoint.id, true;
	return false;
}

static bool pci_endpoint_id(const struct function *f, uint32_t *id)
{
	uint16_t requester = bus_requester(f);

	for (unsigned int i = 0; i < BOARD_RANGES; i++) {
		const struct board_range *range = &board_ranges[i];

		if (requester < range->bdf_first || requester > range->bdf_last)
			continue;
		*id = requester - range->bdf_first + range->endpoint_first;
		return true;
	}
	return false;
}

bool board_endpoint_id(const struct board_port *port, uint32_t *id)
{
	uint64_t registers = board_port_registers(port);
	bool found;

	if (port == &iommu || (!registers && !port->function->bus))
		return false;
	found = registers ? mmio_endpoint_id(registers, id) : pci_endpoint_id(port->function, id);
	return board_hooks.endpoint_id(port, found, id);
}

static bool is_listed(const struct model_endpoint *list, unsigned int count, uint32_t id)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i].id == id)
			return true;
	return false;
}

static void number_endpoints(void)
{
	struct board_range *last = &board_ranges[BOARD_RANGES - 1];

	for (unsigned int i = 0; i < BOARD_RANGES && personality->ids_are_bdfs; i++)
		board_ranges[i].endpoint_first = board_ranges[i].bdf_first;
	if (personality->high_ids)
		last->endpoint_first = UINT32_MAX - (last->bdf_last - last->bdf_first);
}

static bool is_in_range(uint32_t id)
{
	for (unsigned int i = 0; i < BOARD_RANGES; i++)
		if (id - board_ranges[i].endpoint_first <=
		    (uint32_t)(board_ranges[i].bdf_last - board_ranges[i].bdf_first))
			return true;
	return false;
}

/* Ids near those of functions, in the same ranges. Returns the number of all. */
static unsigned int list_phantoms(struct model_endpoint *list, unsigned int count, unsigned int max)
{
	static const uint32_t differences[] = {1, 7, 0x80};
	unsigned int all = count;

	for (unsigned int i = 0; i < count * ARRAY_SIZE(differences) && all < max; i++) {
		uint32_t id = list[i % count].id ^ differences[i / count];

		if (is_in_range(id) && !is_listed(list, all, id))
			list[all++] = (struct model_endpoint){.id = id};
	}
	return all;
}

/* It does no DMA, but is a function that can be attached: the only one of a machine without endpoints. */
static bool host_bridge_id(uint32_t *id)
{
	return !endpoint_count && !personality->lone && pci_endpoint_id(&host_bridges[0], id);
}

/* Each id once. Returns their number. */
static unsigned int list_endpoints(struct model_endpoint *list, unsigned int max)
{
	unsigned int count = 0;
	uint32_t id;

	for (unsigned int i = 0; i < endpoint_count && count < max; i++)
		if (board_endpoint_id(&endpoints[i], &id) && !is_listed(list, count, id))
			list[count++] = (struct model_endpoint){.id = id};
	if (host_bridge_id(&id))
		list[count++] = (struct model_endpoint){.id = id};
	return personality->phantoms ? list_phantoms(list, count, max) : count;
}

enum { SUBTYPE_UNKNOWN = 9 };

/* What is reserved for each endpoint: by the personality, then by the set-up. */
static struct personality_region regions[MODEL_MAX_REGIONS];
static unsigned int region_count;

static bool is_reserved(uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < region_count; i++)
		if (regions[i].start <= end && start <= regions[i].end)
			return true;
	return false;
}

static void reserve(uint64_t start, uint64_t end, uint8_t subtype)
{
	bool free = personality->overlapping_regions || !is_reserved(start, end);

	if (free && region_count < MODEL_MAX_REGIONS)
		regions[region_count++] = (struct personality_region){start, end, subtype};
}

/* Where memory is, each with room around it. */
#define SMALL_REGIONS 0x11000000ull
#define SMALL_REGION  0x1000ull
#define SMALL_REGION_STEP 0x21000ull

static void choose_regions(void)
{
	const struct personality_region *r = personality->regions;

	for (unsigned int i = 0; i < PERSONALITY_REGIONS && r[i].end; i++)
		reserve(r[i].start, r[i].end, r[i].subtype);
	for (unsigned int i = 0; i < personality->small_regions; i++)
		reserve(SMALL_REGIONS + i * SMALL_REGION_STEP,
			SMALL_REGIONS + i * SMALL_REGION_STEP + SMALL_REGION - 1, RESV_RESERVED);
	for (unsigned int i = 0; i < setup->region_count; i++)
		reserve(setup->regions[i].first, setup->regions[i].last, setup->regions[i].subtype);
	if (personality->unknown_properties && region_count)
		regions[region_count - 1].subtype = SUBTYPE_UNKNOWN;
}

/* In turn, but for the last one, which is the first endpoint's, so that lists differ in length. */
static bool is_region_of(unsigned int region, unsigned int endpoint, const struct model *m)
{
	unsigned int owner = region + 1 == region_count ? 0 : region % m->endpoint_count;

	return !personality->own_regions || endpoint == owner;
}

/* What a list of properties has no room for is not there. Returns their number. */
static unsigned int list_regions(const struct model *m, struct model_region *list)
{
	unsigned int most = m->config.probe_size / sizeof(struct property_resv_mem), n = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < region_count && j < most && n < MODEL_MAX_REGIONS; j++)
			if (is_region_of(j, i, m))
				list[n++] = (struct model_region){m->endpoints[i].id, regions[j].subtype,
								  regions[j].start, regions[j].end};
	return n;
}

static void find_endpoints(struct model *m)
{
	m->endpoint_count = list_endpoints(m->endpoints, MODEL_MAX_ENDPOINTS);
	m->region_count = list_regions(m, m->regions);
}

void board_init(const struct options *options)
{
	setup = options;
	number_endpoints();
	choose_regions();
	add_root(&first_root, 0, FIRST_ROOT);
	virtio_iommu_init(options, find_endpoints);
	plug_virtio(&iommu, virtio_iommu_device(), options->mmio ? NULL : &first_root);
	for (unsigned int i = 0; i < options->endpoint_count; i++)
		add_endpoint(options->endpoints[i].kind, options->endpoints[i].place,
			     options->endpoints[i].slow);
}
