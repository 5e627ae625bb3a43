// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of who an endpoint is to the IOMMU: what is settled too early, and what its own reset ends.
 */
#include "host/board/board.h"
#include "host/board/port.h"
#include "host/bugs/board/parts.h"
#include "host/bugs/bugs.h"
#include "host/bugs/flight/flight.h"
#include "host/bugs/virtio/virtio.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "host/virtio/vring_format.h"

/* The board's step that is right. */
static bool (*right_translated_as)(const struct board_port *port, const struct dma *dma, uint32_t *id);

/* The ids of functions at their first access. */
static struct {
	const struct board_port *port;
	uint32_t id;
} ids[MAX_HOST_ENDPOINTS];
static unsigned int id_count;

static void use_first_id(const struct board_port *port, uint32_t *id)
{
	for (unsigned int i = 0; i < id_count; i++)
		if (ids[i].port == port) {
			*id = ids[i].id;
			return;
		}
	ids[id_count].port = port;
	ids[id_count++].id = *id;
}

/* Devices that were in bypass mode when they began to run. */
static const struct vdev *passing[MAX_HOST_ENDPOINTS];
static unsigned int passing_count;

static bool passes(const struct vdev *dev)
{
	for (unsigned int i = 0; i < passing_count; i++)
		if (dev && passing[i] == dev)
			return true;
	return false;
}

static void let_pass(const struct vdev *dev, bool pass)
{
	for (unsigned int i = passing_count; i--;)
		if (passing[i] == dev)
			passing[i] = passing[--passing_count];
	if (pass)
		passing[passing_count++] = dev;
}

/* Functions that come under ids of their own. */
static unsigned int number_of(const struct board_port *port)
{
	const struct function *f = port->function;

	return board_port_registers(port) || bus_requester(f) != function_bdf(f) ? 0 : f->number;
}

static bool translated_as(const struct board_port *port, const struct dma *dma, uint32_t *id)
{
	if (passes(port->dev) || bug_is_past_iommu(port) || !right_translated_as(port, dma, id))
		return false;
	if (mutant(MUTANT_REQUESTER_ID_CACHED) && !board_port_registers(port))
		use_first_id(port, id);
	if (mutant(MUTANT_FN_ALIAS))
		*id -= number_of(port);
	return true;
}

void bugs_in_endpoint_accesses(void)
{
	if (right_translated_as)
		return;
	right_translated_as = port_steps.translated_as;
	port_steps.translated_as = translated_as;
}

static bool is_in_bypass_mode(const struct vdev *dev)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep;
	uint32_t id;

	if (!bug_endpoint_id(dev, &id))
		return false;
	ep = model_endpoint(m, id);
	return ep && ep->attached ? ep->bypass : m->config.bypass;
}

static void write_status_decides(struct vdev *dev, uint8_t value)
{
	bool ran = dev->status & VIRTIO_DRIVER_OK;

	generic_write_status(dev, value);
	if (!ran && (dev->status & VIRTIO_DRIVER_OK))
		let_pass(dev, is_in_bypass_mode(dev));
	if (!value)
		let_pass(dev, false);
}

static void detach(const struct vdev *dev)
{
	uint32_t id;

	if (!bug_endpoint_id(dev, &id))
		return;
	model_leave(&ref_iommu.model, id);
	iotlb_forget_endpoint(id);
}

static void write_status_detaches(struct vdev *dev, uint8_t value)
{
	generic_write_status(dev, value);
	if (!value)
		detach(dev);
}

static void reset_function_detaches(struct vdev *dev)
{
	generic_reset_function(dev);
	detach(dev);
}

/* As if the driver handed out physical addresses. */
static bool read_entry(struct vdev *dev, const struct desc_table *table, uint32_t index,
		       struct ring_desc *desc)
{
	uint64_t accepted = dev->accepted;
	bool done;

	if (table->indirect)
		dev->accepted &= ~VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
	done = generic_format(dev)->read_desc(dev, table, index, desc);
	dev->accepted = accepted;
	return done;
}

static bool leads_nowhere(struct vdev *dev, const struct vqueue *queue, const struct chain *chain)
{
	struct desc_table table = {queue->desc, queue->size, false};
	uint16_t slot = vdev_has(dev, VIRTIO_F_RING_PACKED) ? queue->next_avail : chain->head;
	struct ring_desc desc;

	return generic_format(dev)->read_desc(dev, &table, slot, &desc) && (desc.flags & DESC_INDIRECT) &&
	       !ram_at(desc.address, desc.length);
}

/* Buffers whose table is in no memory are passed over. */
static bool available_in_memory(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	const struct vring_format *format = generic_format(dev);

	while (format->available(dev, queue, chain)) {
		if (!leads_nowhere(dev, queue, chain))
			return true;
		chain->slots = 1;
		if (!format->taken(dev, queue, chain))
			return false;
	}
	return false;
}

static const struct vring_format *format_with_physical_tables(const struct vdev *dev)
{
	static struct vring_format format;

	format = *generic_format(dev);
	format.available = available_in_memory;
	format.read_desc = read_entry;
	return &format;
}

void bugs_in_endpoint_steps(struct vdev_steps *steps)
{
	if (mutant(MUTANT_BYPASS_DECIDED_AT_DRIVER_OK))
		steps->write_status = write_status_decides;
	else if (mutant(MUTANT_ENDPOINT_RESET_DETACHES))
		steps->write_status = write_status_detaches;
	else if (mutant(MUTANT_EP_FLR_DETACHES))
		steps->reset_function = reset_function_detaches;
	else if (mutant(MUTANT_ENDPOINT_INDIRECT_UNTRANSLATED))
		steps->format = format_with_physical_tables;
}
