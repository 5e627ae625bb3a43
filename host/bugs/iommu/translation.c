// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/bugs.h"
#include "host/bugs/iommu/parts.h"
#include "host/iommu/virtio_iommu.h"

static const struct model_endpoint *attached(const struct model *m, uint32_t id)
{
	const struct model_endpoint *ep = model_endpoint(m, id);

	return ep && ep->attached ? ep : NULL;
}

void bug_access(struct access *a)
{
	a->endpoint = MUTATE(DMA_IDS_8_BITS, a->endpoint & ~0xff00u, a->endpoint);
	a->endpoint ^= MUTATE(ENDPOINT_IDS_SWAPPED, 8, 0);
	a->address = MUTATE(DMA_ADDRESS_32_BITS, (uint32_t)a->address, a->address);
	a->address = MUTATE(MAP_BIT_40_LOST, a->address & ~(1ull << 40), a->address);
	a->address = MUTATE(DMA_ADDRESS_47_BITS, a->address & ((1ull << 47) - 1), a->address);
}

/* config.bypass when an endpoint was attached last, for a device that does not look again. */
static bool was_attached;
static uint8_t old_bypass;

void bug_note_bypass(const struct model *m)
{
	was_attached = true;
	old_bypass = m->config.bypass;
}

/* Who was last attached twice to one domain, for a device that then no longer finds it there. */
static uint32_t shut_out;
static bool is_shut_out;

void bug_note_attach(uint32_t endpoint, bool again)
{
	if (again)
		shut_out = endpoint;
	if (again || endpoint == shut_out)
		is_shut_out = again;
}

/* By a driver, since power-on. */
static bool was_reset;

void bug_note_reset(void)
{
	was_reset = true;
}

/* BYPASS, alone or beside BYPASS_CONFIG. */
static bool old_bypass_passes(const struct access *a, bool is_attached)
{
	if (mutant(MUTANT_OLD_BYPASS_NOT_ACCEPTED))
		return !is_attached && (ref_iommu.vdev.status & VIRTIO_FEATURES_OK);
	if (mutant(MUTANT_OLD_BYPASS_OUTLIVES_RESET))
		return !is_attached && !ref_iommu.vdev.status;
	if (!vdev_has(&ref_iommu.vdev, VIRTIO_IOMMU_F_BYPASS) ||
	    !vdev_has(&ref_iommu.vdev, VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return false;
	return (mutant(MUTANT_BOTH_BYPASS_FREE_ATTACHED) && is_attached) ||
	       (mutant(MUTANT_BOTH_BYPASS_READS_ONLY) && !is_attached && a->kind == MAP_READ);
}

bool bug_passes(const struct model *m, const struct access *a)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);
	bool passes;

	if (!ep && bug_policy(&passes))
		return passes;
	if (old_bypass_passes(a, ep))
		return true;
	if (mutant(MUTANT_UNATTACHED_BYPASSES))
		return !ep;
	if (mutant(MUTANT_BYPASS_OF_ATTACH_TIME))
		return !ep && was_attached && old_bypass;
	if (mutant(MUTANT_READS_BYPASS))
		return !ep && a->kind == MAP_READ;
	if (mutant(MUTANT_BYPASS_UNTIL_FIRST_RESET))
		return !was_reset;
	if (mutant(MUTANT_CONFIG_BYPASS_BEATS_DOMAIN))
		return m->config.bypass;
	if (mutant(MUTANT_EMPTY_DOMAIN_BYPASSES))
		return ep && !m->mapping_count;
	return false;
}

bool bug_blocks(const struct model *m, const struct access *a)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);
	bool passes;

	if (!ep && bug_policy(&passes))
		return !passes;
	if (mutant(MUTANT_ATTACH_AGAIN_SHUTS_OUT))
		return ep && is_shut_out && ep->id == shut_out;
	if (mutant(MUTANT_BOTH_BYPASS_READS_ONLY))
		return !ep && a->kind == MAP_WRITE && vdev_has(&ref_iommu.vdev, VIRTIO_IOMMU_F_BYPASS);
	if (mutant(MUTANT_BYPASS_DOMAIN_NEEDS_CONFIG))
		return ep && ep->bypass && !m->config.bypass;
	if (mutant(MUTANT_BYPASS_NEEDS_FEATURE))
		return !ep && !vdev_has(&ref_iommu.vdev, VIRTIO_IOMMU_F_BYPASS_CONFIG);
	if (mutant(MUTANT_BYPASS_NEEDS_DRIVER))
		return !ep && !(ref_iommu.vdev.status & VIRTIO_DRIVER_OK);
	if (mutant(MUTANT_BYPASS_NEEDS_A_RESET))
		return !ep && !was_reset;
	if (mutant(MUTANT_BYPASS_STOPS_AT_FIRST_ATTACH)) {
		static bool seen;

		seen |= ep != NULL;
		return !ep && seen;
	}
	if (mutant(MUTANT_BYPASS_OF_ATTACH_TIME))
		return !ep && was_attached && !old_bypass;
	return false;
}

bool bug_backend_misses(const struct vdev *dev, uint32_t endpoint, uint64_t address)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = attached(m, endpoint);

	if (!mutant(MUTANT_BACKENDS_NOT_TOLD) || !ep ||
	    (dev->type != VIRTIO_TYPE_CONSOLE && dev->type != VIRTIO_TYPE_NET))
		return false;
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == ep->domain)
			return address < m->mappings[i].start || address > m->mappings[i].end;
	return false;
}

static bool translates(const struct model *m, const struct access *a, uint64_t address, uint32_t kind,
		       struct model_extent *extent)
{
	uint8_t ignored;

	return model_translate(m, a->endpoint, address, kind, extent, &ignored);
}

/* The mapping below, without a look at where it ends. */
static bool lower_neighbour(const struct model *m, const struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);
	bool found = false;

	for (unsigned int i = 0; ep && i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain != ep->domain || mapping->start > a->address ||
		    (found && mapping->start < extent->start) || !(mapping->flags & a->kind))
			continue;
		*extent = (struct model_extent){mapping->start, UINT64_MAX, mapping->phys, mapping->flags};
		found = true;
	}
	return found;
}

static bool foreign_mapping(const struct model *m, const struct access *a, struct model_extent *extent)
{
	struct access other = *a;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		other.endpoint = m->endpoints[i].id;
		if (m->endpoints[i].attached && translates(m, &other, a->address, a->kind, extent))
			return true;
	}
	return false;
}

/* What lies in a region is taken for the page that was mapped last. */
static bool page_in_region(const struct model *m, const struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);
	const struct model_mapping *last;
	uint64_t page = model_granule(m);

	if (!ep || !m->mapping_count || !bug_in_region(m, a))
		return false;
	last = &m->mappings[m->mapping_count - 1];
	if (last->domain != ep->domain)
		return false;
	*extent = (struct model_extent){a->address & -page, a->address | (page - 1), last->phys, MAP_RW};
	return true;
}

/* What is not mapped is taken for an identity mapping. */
static bool unmapped_passes(const struct model *m, const struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);

	if (!ep || !(mutant(MUTANT_UNMAPPED_PASSES) ||
		     (mutant(MUTANT_CONFIG_BYPASS_FILLS_HOLES) && m->config.bypass)))
		return false;
	*extent = (struct model_extent){a->address, a->address, a->address, MAP_RW};
	return true;
}

bool bug_finds(const struct model *m, const struct access *a, struct model_extent *extent)
{
	if (mutant(MUTANT_REGION_SHOWS_LAST_PAGE))
		return page_in_region(m, a, extent);
	if (unmapped_passes(m, a, extent))
		return true;
	if (mutant(MUTANT_BYTE_BEFORE_MAPPING_PASSES) && translates(m, a, a->address + 1, a->kind, extent)) {
		extent->start--;
		extent->phys--;
		return true;
	}
	if (mutant(MUTANT_BYTE_BEHIND_MAPPING_PASSES) && translates(m, a, a->address - 1, a->kind, extent)) {
		extent->end++;
		return true;
	}
	if (mutant(MUTANT_WRITE_NOT_CHECKED) && translates(m, a, a->address, MAP_READ, extent)) {
		extent->flags = MAP_RW;
		return true;
	}
	if (mutant(MUTANT_LIMIT_NOT_CHECKED))
		return lower_neighbour(m, a, extent);
	if (mutant(MUTANT_DOMAINS_SHARE_MAPPINGS))
		return foreign_mapping(m, a, extent);
	return false;
}

#define MAX_HIDDEN 64

static struct {
	uint32_t endpoint;
	uint64_t start;
} hidden[MAX_HIDDEN];
static unsigned int hidden_count;

void bug_hide(uint32_t endpoint, uint64_t start)
{
	hidden[hidden_count % MAX_HIDDEN].endpoint = endpoint;
	hidden[hidden_count++ % MAX_HIDDEN].start = start;
}

void bug_hide_nothing(void)
{
	hidden_count = 0;
}

static bool is_hidden(uint32_t endpoint, uint64_t start)
{
	for (unsigned int i = 0; i < hidden_count && i < MAX_HIDDEN; i++)
		if (hidden[i].endpoint == endpoint && hidden[i].start == start)
			return true;
	return false;
}

bool bug_extent(const struct access *a, struct model_extent *extent)
{
	if (mutant(MUTANT_LAST_BYTE_NOT_MAPPED) && extent->end == a->address)
		return false;
	if (mutant(MUTANT_FIRST_BYTE_NOT_MAPPED) && extent->start == a->address && extent->start)
		return false;
	if (mutant(MUTANT_MAPPING_FOUND_NEAR_START) && extent->end != UINT64_MAX &&
	    a->address - extent->start > mutant_number())
		return false;
	return !is_hidden(a->endpoint, extent->start);
}

/* The last message that was sent, and the last one that was translated, for a device that keeps it. */
static struct access sent, last_message;
static uint64_t last_doorbell;

static bool is_same(const struct access *a, const struct access *b)
{
	return a->endpoint == b->endpoint && a->address == b->address;
}

static void misplace(const struct model *m, const struct access *a, const struct model_extent *extent,
		     uint64_t *phys, uint64_t *length)
{
	struct model_extent next;

	if (mutant(MUTANT_OFFSET_WITHIN_PAGE_ONLY) && extent->end != UINT64_MAX)
		*phys = extent->phys + (a->address - extent->start) % 4096;
	if (mutant(extent->end == UINT64_MAX ? MUTANT_BYPASS_32_BITS : MUTANT_TRANSLATED_32_BITS))
		*phys = (uint32_t)*phys;
	if (mutant(MUTANT_ACCESS_RUNS_OVER_END) ||
	    (mutant(MUTANT_SECOND_PART_MISPLACED) && translates(m, a, extent->end + 1, a->kind, &next)))
		*length = UINT64_MAX;
	if (mutant(MUTANT_LAST_BYTE_MISPLACED) && a->address == extent->end)
		*phys = extent->phys;
}

void bug_translated(const struct model *m, const struct access *a, const struct model_extent *extent,
		    uint64_t *phys, uint64_t *length)
{
	misplace(m, a, extent, phys, length);
	if (!is_same(a, &sent))
		return;
	last_message = *a;
	last_doorbell = *phys;
}

static uint32_t last_attached(const struct model *m)
{
	uint32_t id = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		id = m->endpoints[i].attached ? m->endpoints[i].id : id;
	return id;
}

static void change_message(const struct model *m, struct access *a)
{
	if (!attached(m, a->endpoint))
		return;
	if (mutant(MUTANT_MESSAGE_NEEDS_READ))
		a->kind = MAP_READ;
	if (mutant(MUTANT_MESSAGE_OF_ANY_DOMAIN))
		a->endpoint = last_attached(m);
}

static bool message_passes(const struct model *m, const struct access *a, uint64_t *phys)
{
	struct model_extent ignored;

	if (mutant(MUTANT_MESSAGES_NOT_TRANSLATED))
		return true;
	if (mutant(MUTANT_UNMAPPED_MESSAGE_PASSES))
		return !translates(m, a, a->address, MAP_WRITE, &ignored);
	if (!mutant(MUTANT_MESSAGE_KEEPS_CACHE) || !is_same(a, &last_message))
		return false;
	*phys = last_doorbell;
	return true;
}

static bool message_is_blocked(const struct model *m, const struct access *a)
{
	const struct model_endpoint *ep = attached(m, a->endpoint);

	return ep && mutant(ep->bypass ? MUTANT_BYPASS_DOMAIN_STOPS_MESSAGES : MUTANT_MESSAGE_BLOCKED);
}

enum access_fate bug_message(const struct model *m, struct access *a, uint64_t *phys)
{
	uint64_t length;

	change_message(m, a);
	if (message_passes(m, a, phys))
		return ACCESS_PASSES;
	if (message_is_blocked(m, a))
		return ACCESS_BLOCKED;
	sent = *a;
	if (!mutant(MUTANT_MSI_REGION_TRANSLATED))
		return ACCESS_GOES_ON;
	return virtio_iommu_translate(a->endpoint, a->address, true, phys, &length) ? ACCESS_PASSES :
										      ACCESS_BLOCKED;
}
