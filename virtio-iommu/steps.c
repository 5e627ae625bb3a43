// SPDX-License-Identifier: BSD-3-Clause
#include "memory.h"
#include "reserved.h"
#include "steps.h"

bool map_one_page_as(struct setting *s, uint32_t flags)
{
	struct reply reply;

	s->ep = endpoint(0);
	s->domain = fresh_domain();
	s->iova = iova_window(3) + iommu.page;
	s->target = watched_pages(3) + iommu.page;
	if (!join(s->ep, s->domain))
		return false;
	reply = map(s->domain, s->iova, s->iova + iommu.page - 1, phys(s->target), flags);
	return expect_status("map_one_page", VERDICT_ERROR, &reply, STATUS_OK);
}

bool map_one_page(struct setting *s)
{
	return map_one_page_as(s, MAP_RW);
}

bool set_unattached_bypass(bool on)
{
	if (iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG)) {
		iommu_set_bypass(on);
		return (iommu_bypass() & 1) == on;
	}
	return !(iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS)) == !on;
}

bool expect_no_domain(const char *at, uint32_t domain)
{
	uint64_t start = reserved_avoid(iommu.config.input_start, iommu.page);
	struct reply reply;

	if (!iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP))
		return true;	/* nothing shows whether a domain exists */
	reply = unmap(domain, start, start + iommu.page - 1);
	return expect_status(at, broken(), &reply, STATUS_NOENT);
}

bool attach_or_skip(const char *at, const struct endpoint *ep, uint32_t domain, const char *reason)
{
	struct reply reply = attach(domain, ep->id, 0);

	if (reply.delivered && reply.status == STATUS_UNSUPP) {
		skip(at, "%s", reason);
		return false;
	}
	expect_status(at, broken(), &reply, STATUS_OK);
	return true;
}

bool alias_id(uint32_t id, unsigned int index, uint32_t *alias)
{
	static const uint32_t bits[] = {1u << 16, 1u << 17, 1u << 24, 1u << 31, 0xffff0000};

	if (index >= sizeof(bits) / sizeof(bits[0]))
		return false;
	*alias = id | bits[index];
	return true;
}

bool can_map(uint32_t domain, uint64_t iova, uint64_t size, const void *target)
{
	struct reply mapped = map(domain, iova, iova + size - 1, phys(target), MAP_RW), unmapped;

	if (!is_ok(&mapped))
		return false;
	unmapped = unmap(domain, iova, iova + size - 1);
	return is_ok(&unmapped);
}

void expect_good(const char *at, bool good, const char *expected, uint64_t seen)
{
	if (!good)
		judge(broken(), at, expected, "%#lx", seen);
}

int queue_harmless(void)
{
	struct attach_request *request = arena_alloc(sizeof(*request), 8);
	struct request_tail *tail = arena_alloc(sizeof(*tail), 8);
	struct ring_piece pieces[] = {{phys(request), sizeof(*request), false},
				      {phys(tail), sizeof(*tail), true}};

	*request = (struct attach_request){
		{.type = REQUEST_ATTACH}, iommu.config.domain_start, UINT32_MAX, 0, {0}};
	return ring_add(&iommu.requests, pieces, 2);
}

bool harmless_is_used(uint64_t microseconds)
{
	struct ring_reply used;

	return virtio_wait(&iommu.dev, &iommu.requests, &used, microseconds) == VIRTIO_USED &&
	       used.valid;
}

static int queue_map(const struct map_request *request, struct request_tail *tail)
{
	struct ring_piece pieces[] = {{phys(request), sizeof(*request), false},
				      {phys(tail), sizeof(*tail), true}};

	tail->status = UINT8_MAX;
	return ring_add(&iommu.requests, pieces, 2);
}

bool map_batch(const struct map_request *requests, unsigned int count)
{
	struct request_tail *tails = arena_alloc(count * sizeof(*tails), 8);
	unsigned int sent = 0, used = 0;
	uint8_t statuses = 0;
	int head;

	while (used < count) {
		while (sent < count && (head = queue_map(&requests[sent], &tails[sent])) >= 0) {
			ring_publish(&iommu.requests, head);
			sent++;
		}
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (; used < sent; used++)
			if (!harmless_is_used(REPLY_TIMEOUT_US))
				return false;
	}
	for (unsigned int i = 0; i < count; i++)
		statuses |= tails[i].status;
	return statuses == STATUS_OK;
}
