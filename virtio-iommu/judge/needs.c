// SPDX-License-Identifier: BSD-3-Clause
/*
 * Conditions of tests: whether they hold here, and what to say if not.
 */
#include <string.h>

#include "boot.h"
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/message.h"
#include "driver/reserved.h"
#include "judge/needs.h"
#include "judge/options.h"
#include "judge/steps/hostile.h"
#include "pci/pci.h"
#include "pci/slot.h"
#include "topology/firmware.h"
#include "util.h"

static bool has_endpoint(void)
{
	return endpoint(0) && writes_on_demand(endpoint(0));
}

static bool has_endpoint_id(void)
{
	return does_dma(endpoint(0)) ? has_endpoint() : stand_in_is_attachable();
}

static bool has_exact_endpoint(void)
{
	return endpoint(0) && endpoint(0)->dma.ops->exact;
}

static bool has_two_endpoints(void)
{
	return endpoint_count() >= 2 && writes_on_demand(endpoint(1));
}

static bool has_map_unmap(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP);
}

static bool has_usable_granule(void)
{
	return iommu.granule <= MAX_GRANULE;
}

static bool has_probe(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_PROBE);
}

static bool has_no_probe(void)
{
	return !has_probe();
}

static bool has_bypass_config(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG);
}

static bool has_reserved_region(void)
{
	return reserved_region(0);
}

static bool boots_with_bypass(void)
{
	return iommu.initial_bypass;
}

static bool boots_without_bypass(void)
{
	return !iommu.initial_bypass;
}

static bool has_rings(void)
{
	return endpoint(0)->dma.ops->queues;
}

static bool has_edu(void)
{
	return endpoint_named("edu");
}

static bool has_rng(void)
{
	return endpoint_named("virtio-rng");
}

static bool has_console(void)
{
	return endpoint_named("virtio-console");
}

static bool has_net(void)
{
	return endpoint_named("virtio-net");
}

static bool has_bridged_endpoint(void)
{
	return endpoint_bridged();
}

static bool has_domain_range(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_DOMAIN_RANGE);
}

static bool has_input_range(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_INPUT_RANGE);
}

static bool has_mmio_flag(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_MMIO);
}

static bool has_no_mmio_flag(void)
{
	return !has_mmio_flag();
}

static bool has_viot(void)
{
	return firmware.viot;
}

static bool has_fdt(void)
{
	return !strcmp(firmware.topology->source, "FDT");
}

static bool has_outside(void)
{
	return endpoint_outside();
}

static bool has_messages(void)
{
	return has_endpoint() && has_msix(endpoint(0)->place.pci) && messages_can_be_seen();
}

static bool iommu_has_msix(void)
{
	return has_msix(iommu.dev.pci);
}

static bool has_ring_reset(void)
{
	return iommu_offers(VIRTIO_F_RING_RESET);
}

static bool has_suspend(void)
{
	return iommu_offers(VIRTIO_F_SUSPEND);
}

static bool offers_packed(void)
{
	return iommu_offers(VIRTIO_F_RING_PACKED);
}

static bool has_packed(void)
{
	return iommu_wants(VIRTIO_F_RING_PACKED);
}

static bool has_split(void)
{
	return !has_packed();
}

static bool offers_indirect(void)
{
	return iommu_offers(VIRTIO_F_INDIRECT_DESC);
}

static bool has_indirect(void)
{
	return iommu_wants(VIRTIO_F_INDIRECT_DESC);
}

static bool offers_event_idx(void)
{
	return iommu_offers(VIRTIO_F_EVENT_IDX);
}

static bool has_event_idx(void)
{
	return iommu_wants(VIRTIO_F_EVENT_IDX);
}

static bool has_no_event_idx(void)
{
	return !has_event_idx();
}

static bool offers_in_order(void)
{
	return iommu_offers(VIRTIO_F_IN_ORDER);
}

static bool has_in_order(void)
{
	return iommu_wants(VIRTIO_F_IN_ORDER);
}

static bool may_be_hostile(void)
{
	return boot_is_hostile() && iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE) >= HOSTILE_SIZE;
}

static bool has_slot(void)
{
	struct pci_dev *port = pci_find_empty_slot(firmware.pci);
	uint32_t id;

	return port && endpoint_id_behind(port, &id);
}

static bool is_on_pci(void)
{
	return iommu.dev.pci;
}

static bool is_on_mmio(void)
{
	return !is_on_pci();
}

struct condition {
	uint64_t needs;		/* any of these */
	bool (*holds)(void);
	const char *words;
};

/* Of the device. Features that a run asks for may be offered in that one alone. */
static const struct condition offers[] = {
	{NEEDS_MAP_UNMAP, has_map_unmap, "needs feature MAP_UNMAP"},
	{NEEDS_MAP_UNMAP, has_usable_granule, "needs a granule of at most 64 KiB"},
	{NEEDS_PROBE, has_probe, "needs feature PROBE"},
	{NEEDS_BYPASS_CONFIG | NEEDS_BOOT_BYPASS_ON | NEEDS_BOOT_BYPASS_OFF, has_bypass_config,
	 "needs feature BYPASS_CONFIG"},
	{NEEDS_RESERVED_REGION, has_reserved_region, "needs a reserved region"},
	{NEEDS_DOMAIN_RANGE, has_domain_range, "needs feature DOMAIN_RANGE"},
	{NEEDS_INPUT_RANGE, has_input_range, "needs feature INPUT_RANGE"},
	{NEEDS_MMIO_FLAG, has_mmio_flag, "needs feature MMIO"},
	{NEEDS_NO_PROBE, has_no_probe, "needs a device without feature PROBE"},
	{NEEDS_NO_MMIO_FLAG, has_no_mmio_flag, "needs a device without feature MMIO"},
	{NEEDS_MSIX, iommu_has_msix, "needs MSI-X of the IOMMU"},
	{NEEDS_RING_RESET, has_ring_reset, "needs feature RING_RESET"},
	{NEEDS_SUSPEND, has_suspend, "needs feature SUSPEND"},
	{NEEDS_PACKED, offers_packed, "needs packed queues"},
	{NEEDS_INDIRECT, offers_indirect, "needs indirect descriptors"},
	{NEEDS_EVENT_IDX, offers_event_idx, "needs feature EVENT_IDX"},
	{NEEDS_IN_ORDER, offers_in_order, "needs feature IN_ORDER"},
};

/* Of the machine and the run. */
static const struct condition set_up[] = {
	{NEEDS_ENDPOINT, has_endpoint, "needs an endpoint that does DMA behind the IOMMU"},
	{NEEDS_ENDPOINT_ID, has_endpoint_id, "needs an endpoint id that can be attached"},
	{NEEDS_EXACT, has_exact_endpoint, "needs an endpoint with byte-exact DMA behind the IOMMU"},
	{NEEDS_RINGS, has_rings, "needs a virtio endpoint behind the IOMMU"},
	{NEEDS_TWO_ENDPOINTS, has_two_endpoints, "needs a second endpoint that does DMA behind the IOMMU"},
	{NEEDS_BOOT_BYPASS_ON, boots_with_bypass, "needs a device that starts with bypass on"},
	{NEEDS_BOOT_BYPASS_OFF, boots_without_bypass, "needs a device that starts with bypass off"},
	{NEEDS_EDU, has_edu, "needs an edu device behind the IOMMU"},
	{NEEDS_RNG, has_rng, "needs a virtio-rng behind the IOMMU"},
	{NEEDS_CONSOLE, has_console, "needs a virtio-console behind the IOMMU"},
	{NEEDS_NET, has_net, "needs a virtio-net behind the IOMMU"},
	{NEEDS_BRIDGED_ENDPOINT, has_bridged_endpoint, "needs an endpoint that is not on bus 0"},
	{NEEDS_VIOT, has_viot, "needs an ACPI VIOT"},
	{NEEDS_FDT, has_fdt, "needs a device tree that describes the IOMMU"},
	{NEEDS_OUTSIDE, has_outside, "needs an endpoint that is not behind the IOMMU"},
	{NEEDS_MESSAGES, has_messages, "needs an endpoint with MSI-X and a doorbell for messages"},
	{NEEDS_MSIX, messages_can_be_seen, "needs a doorbell for messages"},
	{NEEDS_HOSTILE, may_be_hostile,
	 "needs a run that is there to break rules, and a queue of 8 descriptors"},
	{NEEDS_MACHINE_RESET, boot_may_reset, "needs a machine that may be reset"},
	{NEEDS_OPERATOR, boot_has_operator, "needs a run with an operator of the machine"},
	{NEEDS_SLOT, has_slot, "needs an empty slot for hot-plug behind the IOMMU"},
	{NEEDS_SECOND_CPU, boot_has_second_cpu, "needs a run with a second CPU"},
	{NEEDS_PCI, is_on_pci, "needs an IOMMU on PCI"},
	{NEEDS_MMIO, is_on_mmio, "needs an IOMMU on virtio-mmio"},
	{NEEDS_SPLIT, has_split, "needs split queues"},
	{NEEDS_PACKED, has_packed, "needs packed queues"},
	{NEEDS_INDIRECT, has_indirect, "needs indirect descriptors"},
	{NEEDS_EVENT_IDX, has_event_idx, "needs feature EVENT_IDX"},
	{NEEDS_NO_EVENT_IDX, has_no_event_idx, "needs queues without EVENT_IDX"},
	{NEEDS_IN_ORDER, has_in_order, "needs feature IN_ORDER"},
	{NEEDS_PRODUCTS, test_plays_products, "products, and what takes as long, are left to another run"},
};

/* A request has two parts, and no chain is longer than its queue, in a table or not (2.7.5.3.1). */
static bool takes_requests(void)
{
	return iommu.requests.size >= 2;
}

static const char *first_unmet(uint64_t needs, const struct condition *conditions, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if ((needs & conditions[i].needs) && !conditions[i].holds())
			return conditions[i].words;
	return NULL;
}

const char *unmet_need(uint64_t needs, enum skip_cause *cause)
{
	const char *words = first_unmet(needs, offers, ARRAY_SIZE(offers));

	*cause = SKIP_NOT_APPLICABLE;
	if (!takes_requests())
		return "needs a request queue of 2 descriptors, as no chain is longer than its queue";
	if (words)
		return words;
	*cause = SKIP_NOT_POSSIBLE;
	return first_unmet(needs, set_up, ARRAY_SIZE(set_up));
}
