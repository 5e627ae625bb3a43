// SPDX-License-Identifier: BSD-3-Clause
#include "host/virtio/access.h"
#include "host/board/board.h"
#include "host/bugs/iommu/parts.h"

static void misread_ids(struct model_request *r)
{
	uint32_t domain = UINT32_MAX, endpoint = UINT32_MAX;

	domain = MUTATE(DOMAIN_ID_8_BITS, 0xff, domain);
	domain = MUTATE(DOMAIN_ID_16_BITS, 0xffff, domain);
	domain = MUTATE(DOMAIN_ID_31_BITS, 0x7fffffff, domain);
	switch (r->head.type) {
	case REQUEST_ATTACH:
		endpoint = MUTATE(ATTACH_ENDPOINT_16_BITS, 0xffff, endpoint);
		endpoint = MUTATE(ATTACH_ENDPOINT_24_BITS, 0xffffff, endpoint);
		endpoint = MUTATE(ATTACH_ENDPOINT_31_BITS, 0x7fffffff, endpoint);
		endpoint = MUTATE(FUNCTION_NUMBERS_DROPPED, ~7u, endpoint);
		break;
	case REQUEST_PROBE:
		r->probe.endpoint &= MUTATE(PROBE_ENDPOINT_16_BITS, 0xffff, endpoint);
		return;
	case REQUEST_MAP:
	case REQUEST_UNMAP:
		r->map.domain &= domain;
		return;
	}
	r->attach.domain &= domain;
	r->attach.endpoint &= endpoint;
}

static void misread_attach(struct attach_request *r)
{
	if (mutant(MUTANT_ATTACH_FLAGS_8_BITS))
		r->flags &= 0xff;
	if (mutant(MUTANT_ATTACH_FLAGS_31_BITS))
		r->flags &= 0x7fffffff;
	if (mutant(MUTANT_ATTACH_BYPASS_FLAG_IGNORED) ||
	    mutant(MUTANT_ATTACH_BYPASS_FLAG_WITHOUT_FEATURE))
		r->flags &= ~(uint32_t)ATTACH_BYPASS;
	if (mutant(MUTANT_ATTACH_RESERVED_FIRST_BYTE_ONLY))
		r->reserved[1] = r->reserved[2] = r->reserved[3] = 0;
	if (mutant(MUTANT_ATTACH_RESERVED_LAST_BYTE_ONLY))
		r->reserved[0] = r->reserved[1] = r->reserved[2] = 0;
}

static void misread_map_flags(struct map_request *r)
{
	if (mutant(MUTANT_MAP_ALWAYS_WRITABLE))
		r->flags |= MAP_WRITE;
	if (mutant(MUTANT_MAP_ALWAYS_READABLE) || mutant(MUTANT_MAP_READABLE_BY_SLOW))
		r->flags |= MAP_READ;
	if (mutant(MUTANT_MAP_FLAGS_8_BITS))
		r->flags &= 0xff;
	if (mutant(MUTANT_MAP_FLAGS_31_BITS))
		r->flags &= 0x7fffffff;
	if (mutant(MUTANT_MAP_FLAG_3_TAKEN))
		r->flags &= ~(1u << 3);
	if (mutant(MUTANT_MAP_FLAGS_HIGH))
		r->flags &= (1u << mutant_number()) - 1;
	if (mutant(MUTANT_MAP_MMIO_WITHOUT_FEATURE))
		r->flags &= ~(uint32_t)MAP_MMIO;
	if (mutant(MUTANT_MAP_FLAGS_SWAPPED) && (r->flags & MAP_RW) != MAP_RW)
		r->flags ^= MAP_RW;
}

static void misread_map(struct map_request *r)
{
	if (mutant(MUTANT_MAP_VIRT_32_BITS)) {
		r->virt_start = (uint32_t)r->virt_start;
		r->virt_end = (uint32_t)r->virt_end;
	}
	if (mutant(MUTANT_MAP_BIT_40_LOST)) {
		r->virt_start &= ~(1ull << 40);
		r->virt_end &= ~(1ull << 40);
	}
	misread_map_flags(r);
}

/* Ends that are taken for the wrong way round. virt_start and virt_end of UNMAP are in the same place. */
static void swap_ends(struct map_request *r)
{
	uint64_t end = r->virt_start - 1;

	if (r->virt_end >= r->virt_start)
		return;
	r->virt_start = r->virt_end + 1;
	r->virt_end = end;
}

void bug_misread(struct model_request *r)
{
	if ((mutant(MUTANT_MAP_ORDER_SWAPPED) && r->head.type == REQUEST_MAP) ||
	    (mutant(MUTANT_UNMAP_ORDER_SWAPPED) && r->head.type == REQUEST_UNMAP))
		swap_ends(&r->map);
	misread_ids(r);
	if (r->head.type == REQUEST_ATTACH)
		misread_attach(&r->attach);
	if (r->head.type == REQUEST_MAP)
		misread_map(&r->map);
}

static bool refuses_reserved(const struct model_request *r)
{
	if (mutant(MUTANT_HEAD_RESERVED_CHECKED))
		return r->head.reserved[0];
	if (mutant(MUTANT_HEAD_RESERVED_LAST_CHECKED))
		return r->head.reserved[2];
	if (mutant(MUTANT_DETACH_RESERVED_CHECKED))
		return r->head.type == REQUEST_DETACH && r->detach.reserved[7];
	if (mutant(MUTANT_DETACH_FLAGS_CHECKED))
		return r->head.type == REQUEST_DETACH && r->detach.reserved[0];
	if (mutant(MUTANT_PROBE_RESERVED_CHECKED))
		return r->head.type == REQUEST_PROBE && r->probe.reserved[63];
	return false;
}

static bool declined(unsigned int feature)
{
	return !vdev_has(&ref_iommu.vdev, feature);
}

static bool refuses_map(const struct model *m, const struct map_request *r)
{
	const struct iommu_config *c = &m->config;
	uint64_t size = r->virt_end - r->virt_start + 1;

	if (mutant(MUTANT_MAP_NEEDS_PROBE))
		return declined(VIRTIO_IOMMU_F_PROBE);
	if (mutant(MUTANT_HINTS_ARE_LIMITS))
		return (size & (size - 1)) || !(size & c->page_size_mask);
	if (mutant(MUTANT_GRANULE_LARGER_THAN_SHOWN))
		return size % (2 * model_granule(m));
	if (mutant(MUTANT_SIZES_FROM_MASK_ONLY))
		return size & (size - 1);
	if (mutant(MUTANT_INPUT_RANGE_END_REFUSED))
		return r->virt_end == c->input_end;
	if (mutant(MUTANT_INPUT_RANGE_START_REFUSED))
		return r->virt_start == c->input_start;
	return false;
}

static bool touches(const struct model_mapping *m, uint32_t domain, uint64_t start, uint64_t end)
{
	return m->domain == domain && (m->end + 1 == start || end + 1 == m->start);
}

static bool refuses_touching(const struct model *m, const struct map_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (touches(&m->mappings[i], r->domain, r->virt_start, r->virt_end))
			return true;
	return false;
}

static bool matches_exactly(const struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == r->domain && m->mappings[i].start == r->virt_start &&
		    m->mappings[i].end == r->virt_end)
			return true;
	return false;
}

static bool covers_something(const struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == r->domain && m->mappings[i].start <= r->virt_end &&
		    m->mappings[i].end >= r->virt_start)
			return true;
	return false;
}

static void refuse(struct decision *d, uint8_t status)
{
	*d = (struct decision){status, false};
}

static void decide_unmap(const struct model *m, const struct unmap_request *r, struct decision *d)
{
	if (mutant(MUTANT_UNMAP_EXACT_ONLY) && covers_something(m, r) && !matches_exactly(m, r))
		refuse(d, STATUS_RANGE);
	if (mutant(MUTANT_UNMAP_NOTHING_IS_NOENT) && !covers_something(m, r))
		refuse(d, STATUS_NOENT);
	if (d->answer == STATUS_RANGE && bug_misses_cut(m, r))
		*d = (struct decision){STATUS_OK, true};
	if (mutant(MUTANT_UNMAP_UNALIGNED_IDLE) &&
	    (r->virt_start & (model_granule(m) - 1)))
		d->acts = false;
	if (mutant(MUTANT_UNMAP_RESERVED_IS_IDLE) && r->reserved[0])
		d->acts = false;
}

/* Checks of MAP that are there, but look at less. */
static bool overlooks(const struct model *m, const struct map_request *r)
{
	uint64_t low = model_granule(m) - 1;

	if (mutant(MUTANT_MAP_PHYS_UNALIGNED_OK))
		return (r->phys_start & low) && !((r->virt_start | (r->virt_end + 1)) & low);
	if (mutant(MUTANT_MAP_START_UNALIGNED_OK))
		return (r->virt_start & low) && !((r->phys_start | (r->virt_end + 1)) & low);
	if (mutant(MUTANT_MAP_END_UNALIGNED_OK))
		return ((r->virt_end + 1) & low) && !((r->phys_start | r->virt_start) & low);
	if (mutant(MUTANT_INPUT_RANGE_END_UNCHECKED))
		return r->virt_end > m->config.input_end &&
		       r->virt_start >= m->config.input_start;
	if (mutant(MUTANT_INPUT_RANGE_START_UNCHECKED))
		return r->virt_start < m->config.input_start &&
		       r->virt_end <= m->config.input_end;
	return false;
}

/* Overlaps that only a better check sees. */
static bool overlooks_overlap(const struct model *m, const struct map_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *old = &m->mappings[i];

		if (old->domain != r->domain || old->end < r->virt_start || old->start > r->virt_end)
			continue;
		if (mutant(MUTANT_MAP_OVERLAP_START_ONLY))
			return r->virt_start < old->start;
		if (mutant(MUTANT_MAP_OVERLAP_IDENTICAL_ONLY))
			return r->virt_start != old->start || r->virt_end != old->end;
		if (mutant(MUTANT_MAP_OVERLAP_ENDS_ONLY))
			return r->virt_start < old->start && r->virt_end > old->end;
	}
	return false;
}

static void decide_map(const struct model *m, const struct map_request *r, struct decision *d)
{
	if (refuses_map(m, r))
		refuse(d, STATUS_RANGE);
	if (mutant(MUTANT_MAP_TOUCHING_REFUSED) && refuses_touching(m, r))
		refuse(d, STATUS_INVAL);
	if (d->answer != STATUS_OK && (overlooks(m, r) || overlooks_overlap(m, r)))
		*d = (struct decision){STATUS_OK, true};
}

/* A domain that has no member, and that MAP and UNMAP take for one that is there. */
static bool ghost_exists;
static uint32_t ghost;

static void haunt(uint32_t domain)
{
	ghost_exists = true;
	ghost = domain;
}

static void note_ghost(const struct model *m, const struct model_request *r, const struct decision *d)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	if (r->head.type != REQUEST_ATTACH)
		return;
	if (mutant(MUTANT_ATTACH_NOENT_MAKES_DOMAIN) && d->answer == STATUS_NOENT)
		haunt(r->attach.domain);
	if (mutant(MUTANT_ATTACH_INVAL_MAKES_DOMAIN) && d->answer == STATUS_INVAL)
		haunt(r->attach.domain);
	if (mutant(MUTANT_MOVE_KEEPS_OLD_DOMAIN) && d->answer == STATUS_OK && ep && ep->attached &&
	    ep->domain != r->attach.domain)
		haunt(ep->domain);
}

/* The first id behind a range. */
static bool is_behind_a_range(uint32_t id)
{
	for (unsigned int i = 0; i < BOARD_RANGES; i++)
		if (id - board_ranges[i].endpoint_first ==
		    board_ranges[i].bdf_last - board_ranges[i].bdf_first + 1u)
			return true;
	return false;
}

static bool is_iommu_itself(uint32_t id)
{
	return id == board_iommu_bdf() - board_ranges[0].bdf_first + board_ranges[0].endpoint_first;
}

static void decide_attach(const struct model *m, const struct attach_request *r, struct decision *d)
{
	if (mutant(MUTANT_ATTACH_NEEDS_MAP_UNMAP) && declined(VIRTIO_IOMMU_F_MAP_UNMAP))
		refuse(d, STATUS_UNSUPP);
	if (mutant(MUTANT_DOMAIN_RANGE_END_REFUSED) &&
	    r->domain == m->config.domain_end)
		refuse(d, STATUS_RANGE);
	if (mutant(MUTANT_ATTACH_BEHIND_RANGE_OK) && is_behind_a_range(r->endpoint))
		*d = (struct decision){STATUS_OK, false};
	if ((mutant(MUTANT_TRANSLATES_ITSELF) || mutant(MUTANT_TRANSLATES_ITSELF_FDT)) &&
	    is_iommu_itself(r->endpoint))
		vdev_break(&ref_iommu.vdev);	/* its rings are out of its reach */
}

static bool moves_to_old_domain(const struct model *m, const struct attach_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->endpoint);

	if (!ep || !ep->attached || ep->domain == r->domain)
		return false;
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && m->endpoints[i].domain == r->domain)
			return true;
	return false;
}

/* The id that the last ATTACH named. */
static void decide_by_name(const struct model_request *r, struct decision *d)
{
	static uint32_t named;

	if (r->head.type == REQUEST_ATTACH)
		named = r->attach.endpoint;
	if (mutant(MUTANT_ATTACH_MAKES_ENDPOINT) && r->head.type == REQUEST_DETACH &&
	    d->answer == STATUS_NOENT && r->detach.endpoint == named)
		d->answer = STATUS_INVAL;
}

/* What a request does hangs on those before it. */
static void decide_by_past(const struct model *m, const struct model_request *r, struct decision *d)
{
	static bool refused, moved;

	if (mutant(MUTANT_UNMAP_AFTER_REFUSED_MAP_IDLE) && refused && r->head.type == REQUEST_UNMAP)
		d->acts = false;
	refused = r->head.type == REQUEST_MAP && d->answer != STATUS_OK;
	if (mutant(MUTANT_MAP_AFTER_MOVE_IDLE) && moved && r->head.type == REQUEST_MAP)
		d->acts = moved = false;
	if (r->head.type == REQUEST_ATTACH && d->acts)
		moved = moves_to_old_domain(m, &r->attach);
}

/* Of the other types one byte is looked at, of these the whole head. */
static bool is_taken_for_unknown(const struct request_head *head)
{
	bool as_le32 = mutant(MUTANT_HEAD_TYPE_AS_LE32) ||
		       (mutant(MUTANT_PROBE_TYPE_AS_LE32) && head->type == REQUEST_PROBE);

	return as_le32 && (head->reserved[0] | head->reserved[1] | head->reserved[2]);
}

void bug_decide(const struct model *m, const struct model_request *r, struct decision *d)
{
	bool mapping = r->head.type == REQUEST_MAP || r->head.type == REQUEST_UNMAP;

	if (is_taken_for_unknown(&r->head))
		*d = (struct decision){ANSWER_UNWRITTEN, false};
	if (d->answer == ANSWER_UNWRITTEN)
		return;
	if (refuses_reserved(r))
		refuse(d, STATUS_INVAL);
	if (r->head.type == REQUEST_MAP)
		decide_map(m, &r->map, d);
	if (r->head.type == REQUEST_UNMAP)
		decide_unmap(m, &r->unmap, d);
	if (r->head.type == REQUEST_ATTACH)
		decide_attach(m, &r->attach, d);
	decide_by_past(m, r, d);
	decide_by_name(r, d);
	note_ghost(m, r, d);
	if (mapping && ghost_exists && d->answer == STATUS_NOENT && r->map.domain == ghost)
		d->answer = STATUS_OK;
}

static struct model_request postponed;
static bool is_postponed;

bool bug_postpone(const struct model_request *r)
{
	if (!(mutant(MUTANT_ATTACH_LATE) && r->head.type == REQUEST_ATTACH) &&
	    !(mutant(MUTANT_DETACH_LATE) && r->head.type == REQUEST_DETACH) &&
	    !(mutant(MUTANT_MAP_LATE) && r->head.type == REQUEST_MAP) &&
	    !(mutant(MUTANT_UNMAP_LATE) && r->head.type == REQUEST_UNMAP))
		return false;
	postponed = *r;
	is_postponed = true;
	return true;
}

void bug_catch_up(void)
{
	if (is_postponed)
		request_execute(&postponed);
	is_postponed = false;
}

#define LONG_CHAIN 48

static bool packed_mutant(enum mutant_id id)
{
	return mutant(id) && vdev_has(&ref_iommu.vdev, VIRTIO_F_RING_PACKED);
}

static bool is_long(const struct chain *chain)
{
	return chain->readable.count + chain->writable.count > LONG_CHAIN;
}

bool bug_loses(const struct chain *chain, const struct model_request *r)
{
	static unsigned int served;

	if (mutant(MUTANT_LONG_CHAIN_LOST) || packed_mutant(MUTANT_PACKED_LONG_CHAIN_LOST))
		return is_long(chain);
	if (mutant(MUTANT_REQUEST_LOST))
		return ++served % 256 == 0;
	return mutant(MUTANT_PROBE_WITHOUT_FEATURE_LOST) && r->head.type == REQUEST_PROBE &&
	       declined(VIRTIO_IOMMU_F_PROBE);
}

/* A request that is found there is taken for the one that was sent. */
void bug_reads_writable(const struct chain *chain, struct model_request *r)
{
	uint8_t type = 0;

	if (!mutant(MUTANT_WRITABLE_PART_READ) && !packed_mutant(MUTANT_PACKED_WRITABLE_PART_READ))
		return;
	if (!chain->writable.count)
		return;
	access_memory(&ref_iommu.vdev, chain->writable.pieces[0].address, &type, 1, false);
	if (type >= REQUEST_ATTACH && type <= REQUEST_PROBE)
		r->head.type = type;
}
