// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "memory.h"
#include "driver/reserved.h"
#include "judge/steps.h"
#include "time.h"

bool map_one_page_as(struct source_line at, struct page_fixture *s, uint32_t flags)
{
	struct reply reply;

	s->ep = endpoint(0);
	s->domain = fresh_domain();
	s->iova = iova_window(3) + iommu.page;
	s->target = watched_pages(3) + iommu.page;
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	reply = map(s->domain, s->iova, s->iova + iommu.page - 1, phys(s->target), flags);
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK);
}

bool map_one_page(struct source_line at, struct page_fixture *s)
{
	return map_one_page_as(at, s, MAP_RW);
}

bool expect_reattach_empty(struct source_line at, const struct page_fixture *s)
{
	struct reply reply = attach(s->domain, s->ep->id, 0);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return false;
	reply = map(s->domain, s->ep->page_iova, s->ep->page_iova + PRIVATE_PAGE - 1,
		    phys(s->ep->dma.page), MAP_RW);
	dma_set_page_iova(&s->ep->dma, s->ep->page_iova);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

static bool accepted(unsigned int bit)
{
	return iommu.dev.accepted & VIRTIO_FEATURE(bit);
}

bool set_unattached_bypass(bool on)
{
	if (accepted(VIRTIO_IOMMU_F_BYPASS_CONFIG)) {
		iommu_set_bypass(on);
		return (iommu_bypass() & 1) == on;
	}
	return accepted(VIRTIO_IOMMU_F_BYPASS) == on;
}

void expect_identity(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	expect_writes(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_writes(at, BY_LEVEL, ep, phys(page) + iommu.page - 1, page + iommu.page - 1, 1);
	if (ep->dma.ops->exact)
		expect_reads(at, BY_LEVEL, ep, phys(page), page, 8);
}

void require_alive(struct source_line at, struct endpoint *ep, const void *secret)
{
	uint64_t iova = iova_window(1), end = iova + iommu.page - 1;
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!iommu_is_up() || !accepted(VIRTIO_IOMMU_F_MAP_UNMAP) || !attach_with_dma(at, ep, domain))
		return;
	if (secret && has_read(ep, secret, 8))
		judge(VERDICT_FAIL, at, "an endpoint that is not in bypass reads no memory",
		      "it has read the bytes at %#lx", phys(secret));
	reply = map(domain, iova, end, phys(target), MAP_RW);
	if (expect_status(at, VERDICT_ERROR, &reply, STATUS_OK))
		expect_writes(at, VERDICT_ERROR, ep, iova, target, 8);
	detach_endpoint(at, ep, domain);
}

void expect_blocked(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	expect_write_blocked(at, ep, phys(page), 8);
	if (ep->dma.ops->exact && iommu_is_up())
		expect_read_blocked(at, ep, phys(page), page, 8);
	/* Not earlier: an ATTACH wipes out what a device may have forgotten. */
	require_alive(at, ep, page);
}

void expect_unattached(struct source_line at, struct endpoint *ep)
{
	bool config = iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG);

	if (config ? iommu_bypass() & 1 : accepted(VIRTIO_IOMMU_F_BYPASS))
		expect_identity(at, ep);
	else
		expect_blocked(at, ep);
}

static bool report_status(struct source_line at, const char *expected, bool reached)
{
	if (!reached)
		judge(VERDICT_ERROR, at, expected, "device_status %#x",
		      iommu.dev.transport->status(&iommu.dev));
	return reached;
}

bool reset_device(struct source_line at)
{
	return report_status(at, "the device is reset", virtio_reset(&iommu.dev));
}

bool prepare_device(struct source_line at, uint64_t features)
{
	return report_status(at, "FEATURES_OK, and both queues", iommu_prepare(features));
}

bool restart_device(struct source_line at, uint64_t features)
{
	return report_status(at, "the device comes up", iommu_restart(features));
}

bool enable_requests(struct source_line at)
{
	if (virtio_enable_queue(&iommu.dev, REQUEST_QUEUE, &iommu.requests))
		return true;
	judge(VERDICT_ERROR, at, "the request queue has room for the ring", "queue_size %u, the ring %u",
	      iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE), iommu.requests.size);
	return false;
}

bool restart_if_needs_reset(struct source_line at, uint64_t features)
{
	return !virtio_needs_reset(&iommu.dev) || restart_device(at, features);
}

static struct reply unmap_first_page(uint32_t domain)
{
	uint64_t start = reserved_avoid(iommu.config.input_start, iommu.page);

	return unmap(domain, start, start + iommu.page - 1);
}

/* What else a device says of any domain that does not exist is a matter of DEV-UNMAP-3. */
static bool is_usual_for_none(const struct reply *reply)
{
	struct reply usual;
	uint32_t domain;

	if (!reply->used || reply->breach || !peek_fresh_domain(&domain))
		return false;
	usual = unmap_first_page(domain);
	return usual.used && usual.status == reply->status && usual.length == reply->length;
}

bool expect_no_domain(struct source_line at, uint32_t domain)
{
	struct reply reply;
	char expected[80];

	if (!iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP))
		return true;	/* nothing shows whether a domain exists */
	reply = unmap_first_page(domain);
	if ((reply.delivered && reply.status == STATUS_NOENT && !reply.breach) || is_usual_for_none(&reply))
		return true;
	snprintf(expected, sizeof(expected), "domain %#x does not exist: UNMAP in it gives NOENT (6)",
		 domain);
	if (reply.used && !reply.breach)
		judge(BY_LEVEL, at, expected, "status %s, used.len %u", status_name(reply.status),
		      reply.length);
	else
		judge(VERDICT_FAIL, at, expected, "%s", reply.used ? reply.breach :
		      "the request did not come back");
	return false;
}

bool attach_or_skip(struct source_line at, const struct endpoint *ep, uint32_t domain, const char *reason)
{
	struct reply reply = attach(domain, ep->id, 0);

	if (reply.delivered && reply.status == STATUS_UNSUPP) {
		skip("%s", reason);
		return false;
	}
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
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

void expect_good(struct source_line at, bool good, const char *expected, uint64_t seen)
{
	if (!good)
		judge(BY_LEVEL, at, expected, "it is not so; seen: %#lx", seen);
}

void queue_raw(const void *request, uint32_t size, struct request_tail *tail)
{
	void *copy = memcpy(arena_alloc(size, 8), request, size);
	struct ring_piece pieces[] = {{phys(copy), size, false}, {phys(tail), sizeof(*tail), true}};
	int id = ring_add(&iommu.requests, pieces, 2);

	if (id >= 0)
		ring_publish(&iommu.requests, id);
}

/* What it ought to be is a matter of DEV-DETACH-2, and of no test that needs any request at all. */
static uint8_t noop_status = STATUS_NOENT;

void noop_learn_status(void)
{
	struct reply reply = detach(iommu.config.domain_start, UINT32_MAX);

	if (reply.used && reply.status <= STATUS_NOMEM)
		noop_status = reply.status;
}

struct noop_request noop_request(void)
{
	struct noop_request h = {arena_alloc(sizeof(*h.request), 8), arena_alloc(sizeof(*h.tail), 8)};

	*h.request = (struct detach_request){
		{.type = REQUEST_DETACH}, iommu.config.domain_start, UINT32_MAX, {0}};
	h.tail->status = UINT8_MAX;
	return h;
}

void noop_pieces(const struct noop_request *h, struct ring_piece pieces[2])
{
	pieces[0] = (struct ring_piece){phys(h->request), sizeof(*h->request), false};
	pieces[1] = (struct ring_piece){phys(h->tail), sizeof(*h->tail), true};
}

int queue_noop(void)
{
	struct noop_request h = noop_request();
	struct ring_piece pieces[2];

	noop_pieces(&h, pieces);
	return ring_add(&iommu.requests, pieces, 2);
}

bool noop_answered(int id, const struct noop_request *h)
{
	if (id < 0)
		return false;
	ring_publish(&iommu.requests, id);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	return !iommu.dead && h->tail->status == noop_status;
}

bool request_queue_works(void)
{
	struct noop_request h = noop_request();
	struct ring_piece pieces[2];

	noop_pieces(&h, pieces);
	return noop_answered(ring_add(&iommu.requests, pieces, 2), &h);
}

uint8_t take_interrupts(void)
{
	return iommu.dev.transport->take_interrupts(&iommu.dev);
}

bool interrupt_seen(uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);

	while (!(take_interrupts() & VIRTIO_USED_BUFFER))
		if (deadline_over(&deadline))
			return false;
	return true;
}

bool wait_request_used(uint64_t microseconds)
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

uint8_t map_batch(const struct map_request *requests, unsigned int count)
{
	struct request_tail *tails = arena_alloc(count * sizeof(*tails), 8);
	unsigned int sent = 0, used = 0;
	int head;

	while (used < count) {
		while (sent < count && (head = queue_map(&requests[sent], &tails[sent])) >= 0) {
			ring_publish(&iommu.requests, head);
			sent++;
		}
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (; used < sent; used++)
			if (!wait_request_used(REPLY_TIMEOUT_US))
				return UINT8_MAX;
	}
	for (unsigned int i = 0; i < count; i++)
		if (tails[i].status != STATUS_OK)
			return tails[i].status;
	return STATUS_OK;
}

bool ring_stays_idle(const struct ring *ring, uint16_t pending)
{
	struct deadline deadline = deadline_in(QUIET_US);

	while (ring_pending(ring) == pending)
		if (deadline_over(&deadline))
			return true;
	return false;
}
