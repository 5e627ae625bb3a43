// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "memory.h"
#include "pci/pci.h"
#include "time.h"
#include "util.h"

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/names.h"
#include "driver/iova.h"
#include "driver/reserved.h"
#include "topology/topology.h"

/* Private pages are mapped below this address, if there is room. */
#define PRIVATE_TOP (1ull << 39)
#define PRIVATE_SPACE (MAX_ENDPOINTS * PRIVATE_PAGE * 2ull)

static struct endpoint *endpoints;
static unsigned int count;
static struct endpoint outside;
static bool early_write_arrived, stand_in_was_tried;
static const struct topology *firmware_topology;

/* What endpoints_open() was given. */
static struct {
	const struct device_location *locations;
	unsigned int count, iommu_index;
} all;

static bool open_with_page(struct endpoint *ep, const struct device_location *location, uint32_t id,
			   void *page)
{
	struct error error;
	bool ok = dma_open(&ep->dma, location, page, &error);

	ep->id = id;
	ep->place = *location;
	if (error.text[0])
		printf("# endpoint: %s not usable: %s\n", location_name(location), error.text);
	return ok;
}

static bool open_endpoint(struct endpoint *ep, const struct device_location *location, uint32_t id)
{
	size_t mark = arena_mark();
	bool ok = open_with_page(ep, location, id, arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE));

	if (!ok)
		arena_release(mark);
	return ok;
}

static void open_outside(const struct device_location *location)
{
	uint32_t id = location->pci ? pci_requester_id(location->pci) : 0;

	if (!endpoint_outside() && open_endpoint(&outside, location, id))
		printf("# outside: %s %s\n", location_name(location), outside.dma.ops->name);
}

static bool is_edu(const struct endpoint *ep)
{
	return !strcmp(ep->dma.ops->name, "edu");
}

/* It takes 100 ms of virtual time, which is waited for only where something else is there. */
bool is_slow(const struct endpoint *ep)
{
	return is_edu(ep) && !is_edu(&endpoints[0]);
}

bool is_input_driven(const struct endpoint *ep)
{
	return ep->dma.ops->input_driven;
}

bool does_dma(const struct endpoint *ep)
{
	return !dma_is_none(&ep->dma);
}

bool writes_on_demand(const struct endpoint *ep)
{
	return does_dma(ep) && !is_slow(ep) && !is_input_driven(ep);
}

static unsigned int rank(const struct endpoint *ep)
{
	if (is_edu(ep))
		return 3;
	if (is_input_driven(ep))
		return 2;
	return !ep->dma.ops->exact;
}

static void swap(struct endpoint *a, struct endpoint *b)
{
	struct endpoint c = *a;

	*a = *b;
	*b = c;
}

static void sort_endpoints(void)
{
	for (unsigned int i = 1; i < count; i++)
		for (unsigned int j = i; j && rank(&endpoints[j - 1]) > rank(&endpoints[j]); j--)
			swap(&endpoints[j - 1], &endpoints[j]);
}

static bool find_id(const struct device_location *location, unsigned int *iommu_index, uint32_t *id)
{
	const struct pci_dev *pci = location->pci;

	if (!pci)
		return topology_mmio_endpoint(firmware_topology, location->registers, iommu_index, id);
	return topology_pci_endpoint(firmware_topology, pci->segment, pci_requester_id(pci), iommu_index, id);
}

void endpoints_open(const struct device_location *locations, unsigned int location_count,
		    const struct topology *topology, unsigned int iommu_index)
{
	unsigned int index;
	uint32_t id;

	firmware_topology = topology;
	endpoints = arena_alloc(MAX_ENDPOINTS * sizeof(*endpoints), sizeof(uint64_t));
	all.locations = locations;
	all.count = location_count;
	all.iommu_index = iommu_index;
	for (unsigned int i = 0; i < location_count; i++) {
		if (!find_id(&locations[i], &index, &id))
			open_outside(&locations[i]);
		else if (index == iommu_index && count < MAX_ENDPOINTS)
			count += open_endpoint(&endpoints[count], &locations[i], id);
	}
	sort_endpoints();
	for (unsigned int i = 0; i < count; i++) {
		const char *place = location_name(&endpoints[i].place), *name = endpoints[i].dma.ops->name;

		printf("# endpoint: %s id %#x %s\n", place, endpoints[i].id, name);
		name_endpoint(endpoints[i].id, name, place);
	}
}

bool endpoints_find_ids(void)
{
	bool all_found = true;
	unsigned int index;

	for (unsigned int i = 0; i < count && does_dma(&endpoints[i]); i++)
		all_found &= find_id(&endpoints[i].place, &index, &endpoints[i].id) &&
			     index == all.iommu_index;
	return all_found;
}

static bool is_iommu(const struct device_location *location)
{
	return location->pci ? location->pci == iommu.dev.pci :
			       location->registers == (uint64_t)(uintptr_t)iommu.dev.registers;
}

/* It is left as it was. */
static bool can_attach(uint32_t id)
{
	uint32_t domain;
	struct reply reply;

	if (!take_domain(&domain))
		return false;
	reply = attach(domain, id, 0);
	if (is_ok(&reply))
		detach(domain, id);
	return is_ok(&reply);
}

static bool find_attachable(uint32_t *id)
{
	unsigned int index;

	for (unsigned int i = 0; i < all.count && !iommu.dead; i++)
		if (!is_iommu(&all.locations[i]) && find_id(&all.locations[i], &index, id) &&
		    index == all.iommu_index && can_attach(*id))
			return true;
	return false;
}

void endpoints_stand_in(void)
{
	if (count)
		return;
	dma_open_none(&endpoints[0].dma, arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE));
	endpoints[0].id = nobodys_id();
	count = 1;
}

bool stand_in_is_attachable(void)
{
	struct endpoint *ep = &endpoints[0];
	uint32_t id;

	if (ep->attachable || stand_in_was_tried)
		return ep->attachable;
	stand_in_was_tried = true;
	ep->attachable = find_attachable(&id);
	if (!ep->attachable)
		return false;
	ep->id = id;
	reserved_init();
	endpoints_choose_iovas();
	printf("# endpoint: id %#x can be attached, and does no DMA\n", ep->id);
	return true;
}

/* However quick the last accesses were; and until one has worked. */
#define QUIET_US 5000
#define QUIET_FIRST_US 1000000
#define QUIET_TIMES 3

uint64_t quiet_us(const struct endpoint *ep)
{
	uint64_t slow = timing_slow(&ep->timing);
	uint64_t us = slow ? max(QUIET_TIMES * slow, QUIET_US) : QUIET_FIRST_US;

	return min(us, (uint64_t)REPLY_TIMEOUT_US);
}

bool has_worked(const struct endpoint *ep)
{
	return timing_slow(&ep->timing);
}

void access_took(struct endpoint *ep, uint64_t microseconds)
{
	timing_add(&ep->timing, microseconds);
}

/* A blocked access is not reported while there is no driver: the timeout is short. */
void endpoints_early_write(bool allowed)
{
	static const uint8_t nothing[8];
	struct endpoint *ep = endpoint(0);
	uint8_t *target = arena_alloc(sizeof(nothing), sizeof(nothing));

	if (!ep || is_slow(ep) || is_input_driven(ep))
		return;
	if (!allowed)
		ep->dma.timeout_us = QUIET_US;
	dma_write(&ep->dma, phys(target), sizeof(nothing));
	early_write_arrived = memcmp(target, nothing, sizeof(nothing));
	dma_stop(&ep->dma);
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
}

bool endpoint_wrote_first(void)
{
	return early_write_arrived;
}

static uint64_t private_size, private_base;	/* @private_base: of a place for all, if there is one */
static bool has_place_for_all;

/* In the usual place, or above. */
static bool find_place(uint64_t size, uint64_t *iova)
{
	return iova_find_below(PRIVATE_TOP, size, iova) || iova_find_below(0, size, iova);
}

/* Give all endpoints whole private pages with a gap after each, if that takes no large part of it. */
static bool place_all(void)
{
	uint64_t base;

	if (iommu.config.input_end - iommu.config.input_start < 4 * PRIVATE_SPACE - 1 ||
	    !find_place(PRIVATE_SPACE + PRIVATE_PAGE, &base))
		return false;
	base = align_up(base, PRIVATE_PAGE);
	private_base = base;
	return true;
}

/* In its own part of the place for all, where there is that. */
static void choose_iova(unsigned int index)
{
	struct endpoint *ep = &endpoints[index];

	if (has_place_for_all) {
		ep->page_iova = private_base + index * 2ull * PRIVATE_PAGE;
		ep->has_page_iova = true;
	} else {
		ep->has_page_iova = private_size && find_place(private_size, &ep->page_iova);
	}
	ep->dma.page_bytes = min(private_size, DMA_PAGE_BYTES);
}

void endpoints_choose_iovas(void)
{
	if (iommu.granule > MAX_GRANULE)
		return;
	has_place_for_all = place_all();
	private_size = has_place_for_all ? PRIVATE_PAGE : iommu.page;
	for (unsigned int i = 0; i < count; i++)
		choose_iova(i);
}

bool endpoint_id_behind(const struct pci_dev *port, uint32_t *id)
{
	unsigned int index;

	return topology_pci_endpoint(firmware_topology, port->segment, PCI_BDF(port->secondary, 0, 0), &index,
				     id) && index == all.iommu_index;
}

struct endpoint *endpoint_came(struct pci_dev *pci, void *page)
{
	const struct device_location location = {.pci = pci};
	struct endpoint *ep = &endpoints[count];
	uint32_t id;

	if (count == MAX_ENDPOINTS || !endpoint_id_behind(pci->bridge, &id))
		return NULL;
	*ep = (struct endpoint){0};
	if (!open_with_page(ep, &location, id, page))
		return NULL;
	choose_iova(count++);
	return ep;
}

/* Registers of a device that is not there answer in each machine in another way. */
void endpoint_gone(void)
{
	endpoints[--count].dma.running = false;
}

uint64_t private_page_size(void)
{
	return private_size;
}

unsigned int endpoint_count(void)
{
	return count;
}

struct endpoint *endpoint(unsigned int index)
{
	return index < count ? &endpoints[index] : NULL;
}

struct endpoint *endpoint_named(const char *master)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(endpoints[i].dma.ops->name, master))
			return &endpoints[i];
	return NULL;
}

struct endpoint *endpoint_bridged(void)
{
	for (unsigned int i = 0; i < count; i++)
		if (endpoints[i].dma.ops->exact && endpoints[i].place.pci &&
		    endpoints[i].place.pci->bdf >> 8)
			return &endpoints[i];
	return NULL;
}

struct endpoint *endpoint_outside(void)
{
	return outside.dma.ops && outside.dma.ops->exact ? &outside : NULL;
}

bool endpoint_id_is_unlisted(uint32_t id)
{
	return !topology_id_is_listed(firmware_topology, id);
}

/* Ranges may reach up to the last id, or be everywhere. */
uint32_t nobodys_id(void)
{
	uint32_t id = UINT32_MAX;

	for (unsigned int i = 0; i < firmware_topology->range_count && !endpoint_id_is_unlisted(id); i++)
		id = firmware_topology->ranges[i].endpoint_first - 1;
	return id;
}

static void quiesce(struct dma_master *dma)
{
	if (dma->running)
		dma_stop(dma);
	dma->messages = dma->tables = dma->without_platform = dma->deep = false;
	dma_set_page_iova(dma, phys(dma->page));
}

void endpoints_quiesce(void)
{
	for (unsigned int i = 0; i < count; i++)
		quiesce(&endpoints[i].dma);
	if (endpoint_outside())
		quiesce(&outside.dma);
}
