// SPDX-License-Identifier: BSD-3-Clause
#include "judge/replies.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "memory.h"
#include "time.h"

struct reply map_range(uint32_t domain, uint64_t iova, uint64_t size, const void *memory, uint32_t flags)
{
	struct reply reply = map(domain, iova, iova + size - 1, phys(memory), flags);

	skip_if_no_room(&reply);
	return reply;
}

struct reply unmap_range(uint32_t domain, uint64_t iova, uint64_t size)
{
	return unmap(domain, iova, iova + size - 1);
}

struct reply map_page(uint32_t domain, uint64_t iova, const void *memory, uint32_t flags)
{
	return map_range(domain, iova, iommu.page, memory, flags);
}

struct reply unmap_page(uint32_t domain, uint64_t iova)
{
	return unmap_range(domain, iova, iommu.page);
}

struct reply map_private_page(uint32_t domain, const struct endpoint *ep)
{
	return map_range(domain, ep->page_iova, private_page_size(), ep->dma.page, MAP_RW);
}

bool can_map(uint32_t domain, uint64_t iova, uint64_t size, const void *target)
{
	struct reply mapped = map_range(domain, iova, size, target, MAP_RW), unmapped;

	if (!is_ok(&mapped))
		return false;
	unmapped = unmap_range(domain, iova, size);
	return is_ok(&unmapped);
}

static int queue_request(const uint8_t *request, size_t size, struct request_tail *tail)
{
	struct ring_piece pieces[] = {{phys(request), size, .writable = false},
				      {phys(tail), sizeof(*tail), .writable = true}};

	tail->status = UINT8_MAX;
	return ring_add(&iommu.requests, pieces, 2);
}

static uint8_t send_batch(const uint8_t *requests, size_t size, unsigned int count)
{
	struct request_tail *tails = arena_alloc(count * sizeof(*tails), 8);
	unsigned int sent = 0, used = 0;
	int head;

	while (used < count) {
		while (sent < count &&
		       (head = queue_request(requests + sent * size, size, &tails[sent])) >= 0) {
			ring_publish(&iommu.requests, head);
			sent++;
		}
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (; used < sent; used++)
			if (!wait_request_used(REPLY_TIMEOUT_US))
				return UINT8_MAX;
	}
	for (unsigned int i = 0; i < count; i++)
		request_note_answer(requests + i * size, size, tails[i].status == STATUS_OK);
	for (unsigned int i = 0; i < count; i++)
		if (tails[i].status != STATUS_OK)
			return tails[i].status;
	return STATUS_OK;
}

uint8_t map_batch(const struct map_request *requests, unsigned int count)
{
	return send_batch((const uint8_t *)requests, sizeof(*requests), count);
}

uint8_t unmap_batch(const struct unmap_request *requests, unsigned int count)
{
	return send_batch((const uint8_t *)requests, sizeof(*requests), count);
}
