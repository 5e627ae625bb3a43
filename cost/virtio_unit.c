// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests are written where they are sent from, and only their status is looked at: what they cost is to be
 * seen, not whether the device is right.
 */
#include <string.h>

#include "driver/iommu.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"
#include "topology/firmware.h"
#include "util.h"
#include "virtio_unit.h"

/* What is not attached bypasses in a domain of its own. */
#define BYPASS_DOMAIN 1

/* Each function of PCI may be one. */
#define MAX_REQUESTERS PCI_MAX_DEVICES

/* The memory of one request. */
struct slot {
	union {
		struct request_head head;
		struct attach_request attach;
		struct detach_request detach;
		struct map_request map;
		struct unmap_request unmap;
	};
	struct request_tail tail;
};

struct virtio_unit {
	struct iommu_unit unit;		/* the first member */
	struct slot *slots;		/* by the id of a buffer in the ring */
	unsigned int in_flight;		/* in the ring, sent or not */
	struct {
		uint32_t id, domain;
	} attached[MAX_REQUESTERS];
	unsigned int requesters;
};

static struct topology topology;

static struct virtio_unit *virtio_of(struct iommu_unit *unit)
{
	return (struct virtio_unit *)unit;
}

static uint32_t domain_id(uint32_t number)
{
	return iommu.config.domain_start + number;
}

/*
 * Requests.
 */

/* Each answer has its time: many requests may take a VMM long. */
static bool take_one(struct virtio_unit *v)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	struct ring_reply reply;

	while (!ring_take(&iommu.requests, &reply))
		if (deadline_over(&deadline))
			return error_set(&v->unit.error, "virtio-iommu: no answer to a request");
	v->in_flight--;
	if (!reply.valid)
		return error_set(&v->unit.error, "virtio-iommu: it used a buffer that was not available");
	if (v->slots[reply.id].tail.status != STATUS_OK)
		return error_set(&v->unit.error, "virtio-iommu: a request of type %u is answered with %s",
				 v->slots[reply.id].head.type, status_name(v->slots[reply.id].tail.status));
	return true;
}

/* Send what has gathered, and wait until all is answered. */
static bool flush(struct virtio_unit *v)
{
	bool ok = true;

	if (!v->in_flight)
		return true;
	v->unit.counters.notifications++;
	v->unit.counters.register_writes++;
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	while (v->in_flight && ok)
		ok = take_one(v);
	return ok;
}

/* The readable part is moved to the slot of the buffer, whose id is known only when it is in the ring. */
static bool add_request(struct virtio_unit *v, const void *request, uint32_t size)
{
	struct ring_piece pieces[] = {{0, size, false}, {0, sizeof(struct request_tail), true}};
	struct slot *slot;
	int id;

	if (iommu.requests.free_count < ARRAY_SIZE(pieces) && !flush(v))
		return false;
	slot = &v->slots[iommu.requests.first_free];
	memcpy(slot, request, size);
	slot->tail.status = UINT8_MAX;
	pieces[0].address = phys(slot);
	pieces[1].address = phys(&slot->tail);
	id = ring_add(&iommu.requests, pieces, ARRAY_SIZE(pieces));
	if (id < 0 || slot != &v->slots[id])
		return error_set(&v->unit.error, "virtio-iommu: no room in the request queue");
	ring_publish(&iommu.requests, id);
	v->in_flight++;
	v->unit.counters.commands++;
	return true;
}

/*
 * Domains and requesters.
 */

static bool virtio_init_domain(struct iommu_domain *domain)
{
	return domain->number <= iommu.config.domain_end - iommu.config.domain_start ||
	       error_set(&domain->unit->error, "virtio-iommu: there is no domain number %u", domain->number);
}

static bool note_requester(struct virtio_unit *v, uint32_t id, uint32_t domain)
{
	unsigned int i = 0;

	while (i < v->requesters && v->attached[i].id != id)
		i++;
	if (i == MAX_REQUESTERS)
		return error_set(&v->unit.error, "virtio-iommu: more than %u endpoints", MAX_REQUESTERS);
	v->requesters = max(v->requesters, i + 1);
	v->attached[i].id = id;
	v->attached[i].domain = domain;
	return true;
}

bool virtio_unit_interrupted(void)
{
	return iommu.dev.transport->take_interrupts(&iommu.dev) & VIRTIO_USED_BUFFER;
}

bool virtio_unit_post_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	struct virtio_unit *v = virtio_of(unit);
	uint32_t number = domain ? domain->number : BYPASS_DOMAIN;
	struct attach_request request = {
		.head.type = REQUEST_ATTACH,
		.domain = domain_id(number),
		.endpoint = id,
		.flags = domain ? 0 : ATTACH_BYPASS,
	};

	return note_requester(v, id, number) && add_request(v, &request, sizeof(request));
}

static bool virtio_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	return virtio_unit_post_attach(unit, id, domain) && flush(virtio_of(unit));
}

static bool virtio_detach(struct iommu_unit *unit, uint32_t id)
{
	struct virtio_unit *v = virtio_of(unit);
	struct detach_request request = {.head.type = REQUEST_DETACH, .endpoint = id};

	for (unsigned int i = 0; i < v->requesters; i++) {
		if (v->attached[i].id != id || !v->attached[i].domain)
			continue;
		request.domain = domain_id(v->attached[i].domain);
		v->attached[i].domain = 0;
		return add_request(v, &request, sizeof(request)) && flush(v);
	}
	return true;
}

static bool virtio_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
		       unsigned int rights)
{
	struct map_request request = {
		.head.type = REQUEST_MAP,
		.domain = domain_id(domain->number),
		.virt_start = iova,
		.virt_end = iova + size - 1,
		.phys_start = pa,
		.flags = (rights & RIGHT_READ ? MAP_READ : 0) | (rights & RIGHT_WRITE ? MAP_WRITE : 0),
	};

	return add_request(virtio_of(domain->unit), &request, sizeof(request));
}

static bool virtio_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	struct unmap_request request = {
		.head.type = REQUEST_UNMAP,
		.domain = domain_id(domain->number),
		.virt_start = iova,
		.virt_end = iova + size - 1,
	};

	domain->unit->counters.invalidations++;
	return add_request(virtio_of(domain->unit), &request, sizeof(request));
}

/* Requests are done in their order as far as we wait for all. */
static bool send_gathered(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	(void)iova;
	(void)size;
	return flush(virtio_of(domain->unit));
}

static bool virtio_take_fault(struct iommu_unit *unit, struct iommu_fault *fault)
{
	static const char *const words[] = {
		[FAULT_UNKNOWN] = "a reason that the device does not know",
		[FAULT_DOMAIN] = "the endpoint is attached to no domain",
		[FAULT_MAPPING] = "the address is not mapped, or no permission",
	};
	struct event event;

	(void)unit;
	if (!event_take(&event))
		return false;
	*fault = (struct iommu_fault){
		.id = event.record.endpoint,
		.address = event.record.flags & FAULT_ADDRESS ? event.record.address : 0,
		.rights = (event.record.flags & FAULT_READ ? RIGHT_READ : 0) |
			  (event.record.flags & FAULT_WRITE ? RIGHT_WRITE : 0),
		.reason = event.record.reason < ARRAY_SIZE(words) ? words[event.record.reason] :
								   "a reason that the standard does not have",
	};
	return true;
}

/*
 * Bringing it up.
 */

static bool virtio_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			   uint32_t *id)
{
	unsigned int index;

	(void)unit;
	(void)platform;
	return topology_pci_endpoint(&topology, dev->segment, pci_requester_id(dev), &index, id) &&
	       index == firmware.iommu;
}

static bool find_device(struct platform *platform, const struct pci_dev *dev, uint32_t *id,
			struct error *error)
{
	struct device_location location;

	if (!firmware_read(platform, &topology, error) || !firmware_locate_iommu(platform, &location, error))
		return false;
	if (!virtio_find_id(NULL, platform, dev, id))
		return error_set(error, "virtio-iommu: " PCI_FORMAT " is not behind it",
				 PCI_ARGS(dev->segment, dev->bdf));
	return iommu_find(&location, error);
}

static unsigned int input_bits(void)
{
	unsigned int bits = 0;

	while (bits < 64 && iommu.config.input_end >> bits)
		bits++;
	return bits;
}

static struct iommu_unit *virtio_unit_open(struct platform *platform, const struct pci_dev *dev,
					   uint32_t *id, struct error *error)
{
	static const struct iommu_rings rings = {.size = RING_MAX_SIZE};
	struct virtio_unit *v = arena_alloc(sizeof(*v), sizeof(uint64_t));

	v->unit.ops = &unit_virtio;
	v->unit.domains = BYPASS_DOMAIN;
	v->slots = arena_alloc(RING_MAX_SIZE * sizeof(*v->slots), sizeof(uint64_t));
	if (!find_device(platform, dev, id, error) || !iommu_open(&rings, error))
		return NULL;
	if (iommu_wants(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		iommu_set_bypass(0);
	v->unit.can = (struct iommu_capabilities){
		.page_sizes = iommu.config.page_size_mask,
		.iova_bits = input_bits(),
		.write_only = true,
		.sync_map = true,
		.bypass = iommu_wants(VIRTIO_IOMMU_F_BYPASS_CONFIG),
		.invalidates = INVALIDATES_RANGES,
	};
	return &v->unit;
}

const struct unit_ops unit_virtio = {
	.name = "virtio",
	.open = virtio_unit_open,
	.find_id = virtio_find_id,
	.init_domain = virtio_init_domain,
	.attach = virtio_attach,
	.detach = virtio_detach,
	.map = virtio_map,
	.unmap = virtio_unmap,
	.sync_map = send_gathered,
	.invalidate = send_gathered,
	.take_fault = virtio_take_fault,
};
