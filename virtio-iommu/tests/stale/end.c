// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two ends are left out. The reset of a queue: attachments and mappings are no state of a queue (2.6.1). A
 * function-level reset of the endpoint: what is attached is a matter of the IOMMU, and no sentence of 5.13
 * ends it then.
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/noop_request.h"
#include "tests/stale/end.h"
#include "util.h"

static uint64_t range_start(const struct scene *s, unsigned int range)
{
	return s->iova + range * s->stride;
}

static uint64_t range_end(const struct scene *s, unsigned int range)
{
	return range_start(s, range) + s->size - 1;
}

static bool is_done(struct source_line at, struct reply reply)
{
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* One request for each range, and @more bytes on either side. */
static bool unmap_ranges(struct source_line at, const struct scene *s, uint64_t more)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (!is_done(at, unmap(s->domain, range_start(s, i) - more, range_end(s, i) + more)))
			return false;
	return true;
}

static bool unmap_each(struct source_line at, struct scene *s)
{
	return unmap_ranges(at, s, 0);
}

static bool unmap_more(struct source_line at, struct scene *s)
{
	return unmap_ranges(at, s, iommu.page);
}

static bool unmap_many(struct source_line at, struct scene *s)
{
	return is_done(at, unmap(s->domain, range_start(s, 0), range_end(s, s->count - 1)));
}

/* All that can be mapped; bounds off the granule may be refused (AMB-14). */
static bool unmap_space(struct source_line at, struct scene *s)
{
	uint64_t start = align_up(iommu.config.input_start, iommu.granule);
	uint64_t end = align_down(iommu.config.input_end + 1, iommu.granule) - 1;

	s->rings = false;
	return is_done(at, unmap(s->domain, start, end));
}

/* Requests that are made available before a notification. */
struct kick {
	struct request_tail *tails;
	unsigned int sent, used;
};

static bool add_request(struct kick *kick, const void *request, uint32_t size)
{
	struct request_tail *tail = &kick->tails[kick->sent];
	struct ring_piece pieces[] = {{phys(request), size, false}, {phys(tail), sizeof(*tail), true}};
	int head = ring_add(&iommu.requests, pieces, 2);

	tail->status = UINT8_MAX;
	if (head < 0)
		return false;
	ring_publish(&iommu.requests, head);
	kick->sent++;
	return true;
}

static bool finish(struct kick *kick)
{
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	for (; kick->used < kick->sent; kick->used++)
		if (!wait_request_used(REPLY_TIMEOUT_US)) {
			iommu.dead = true;
			return false;
		}
	return true;
}

/* As many at a time as the queue takes. */
static bool add_or_finish(struct kick *kick, const void *request, uint32_t size)
{
	return add_request(kick, request, size) || (finish(kick) && add_request(kick, request, size));
}

static struct map_request *beside_request(const struct scene *s, unsigned int page)
{
	struct map_request *request = arena_alloc(sizeof(*request), 8);
	uint64_t start = s->beside + page * iommu.page;

	*request = (struct map_request){{.type = REQUEST_MAP}, s->domain, start, start + iommu.page - 1,
					phys(s->beside_memory) + page * iommu.page, MAP_RW};
	return request;
}

static struct unmap_request *unmap_request(const struct scene *s, unsigned int range)
{
	struct unmap_request *request = arena_alloc(sizeof(*request), 8);

	*request = (struct unmap_request){
		{.type = REQUEST_UNMAP}, s->domain, range_start(s, range), range_end(s, range), {0}};
	return request;
}

static bool kick_all(struct kick *kick, const struct scene *s)
{
	bool ok = add_or_finish(kick, beside_request(s, 1), sizeof(struct map_request));

	for (unsigned int i = 0; ok && i < s->count; i++)
		ok = add_or_finish(kick, unmap_request(s, i), sizeof(struct unmap_request));
	return ok && add_or_finish(kick, beside_request(s, 2), sizeof(struct map_request)) && finish(kick);
}

/* Between two MAPs; in which order a device does what is in flight at a time does not matter (AMB-13). */
static bool unmap_kick(struct source_line at, struct scene *s)
{
	struct kick kick = {arena_alloc((s->count + 2) * sizeof(*kick.tails), 8), 0, 0};

	if (!kick_all(&kick, s))
		judge(VERDICT_FAIL, at, "each request comes back", "of %u %u do", s->count + 2, kick.used);
	for (unsigned int i = 0; !iommu.dead && i < kick.sent; i++)
		if (kick.tails[i].status != STATUS_OK) {
			judge(BY_LEVEL, at, "status OK (0)", "number %u of %u requests: %s", i, kick.sent,
			      status_name(kick.tails[i].status));
			return false;
		}
	return !iommu.dead && expect_beside(at, s, 1) && expect_beside(at, s, 2);
}

static bool map_again(struct source_line at, struct scene *s, uint32_t flags)
{
	return unmap_many(at, s) && scene_map_or_skip(at, s, s->other, flags);
}

static bool map_elsewhere(struct source_line at, struct scene *s)
{
	return map_again(at, s, MAP_RW);
}

static bool map_to_read(struct source_line at, struct scene *s)
{
	return map_again(at, s, MAP_READ);
}

static bool map_to_nothing(struct source_line at, struct scene *s)
{
	return map_again(at, s, 0);
}

static bool leave(struct source_line at, struct scene *s, struct reply reply)
{
	s->attached = s->rings = false;
	return is_done(at, reply);
}

static bool detach_who(struct source_line at, struct scene *s)
{
	return leave(at, s, detach(s->domain, s->who->id));
}

static bool detach_reserved(struct source_line at, struct scene *s)
{
	struct detach_request request = {{.type = REQUEST_DETACH}, s->domain, s->who->id, {0}};

	memset(request.reserved, 0xff, sizeof(request.reserved));
	return leave(at, s, send_detach(&request));
}

static bool move_to(struct source_line at, struct scene *s, uint32_t flags)
{
	s->now = fresh_domain();
	s->rings = false;
	return scene_go_to(at, s, flags);
}

static bool move(struct source_line at, struct scene *s)
{
	return move_to(at, s, 0);
}

/* In a bypass domain nothing can be mapped: from there it has to go on to another one. */
static bool move_kind(struct source_line at, struct scene *s)
{
	s->attached = s->kind != KIND_NORMAL;
	return move_to(at, s, s->attached ? 0 : ATTACH_BYPASS);
}

static bool config_written(struct source_line at, struct scene *s)
{
	(void)at;
	s->attached = s->rings = false;
	iommu_set_bypass(0);
	if (!(iommu_bypass() & 1))
		return true;
	skip("config.bypass does not take the value 0");
	return false;
}

static bool reset(struct source_line at, struct scene *s)
{
	s->attached = s->rings = false;
	if (iommu_restart(iommu.wanted))
		return scene_set_bypass(s);
	judge(VERDICT_FAIL, at, "the device comes back after a reset", "it does not");
	return false;
}

/* Without a driver a negotiated feature BYPASS is none (5.13.6.2). */
static bool bypass_is(bool on)
{
	return iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ? (iommu_bypass() & 1) == on : !on;
}

/* That a reset leaves config.bypass as it was is a SHOULD (DEV-CFG-4). */
static bool reset_and_left(struct source_line at, struct scene *s)
{
	s->attached = s->rings = false;
	if (!virtio_reset(&iommu.dev)) {
		judge(VERDICT_FAIL, at, "device_status returns to 0", "it does not");
		return false;
	}
	if (bypass_is(s->from == FROM_BYPASS))
		return true;
	skip("the reset has changed what becomes of unattached endpoints");
	return false;
}

static bool (*const ends[ENDS])(struct source_line at, struct scene *s) = {
	[END_UNMAP_EACH] = unmap_each,
	[END_UNMAP_MORE] = unmap_more,
	[END_UNMAP_MANY] = unmap_many,
	[END_UNMAP_SPACE] = unmap_space,
	[END_UNMAP_KICK] = unmap_kick,
	[END_MAP_ELSEWHERE] = map_elsewhere,
	[END_MAP_TO_READ] = map_to_read,
	[END_MAP_TO_NOTHING] = map_to_nothing,
	[END_DETACH] = detach_who,
	[END_DETACH_RESERVED] = detach_reserved,
	[END_MOVE] = move,
	[END_MOVE_KIND] = move_kind,
	[END_CONFIG] = config_written,
	[END_RESET] = reset,
	[END_RESET_LEFT] = reset_and_left,
};

bool scene_end(struct source_line at, struct scene *s)
{
	return ends[s->end](at, s);
}

bool scene_set_bypass(const struct scene *s)
{
	bool on = s->kind == KIND_NONE || s->from == FROM_BYPASS;
	bool left_alone = BIT(s->way) & (DETACHES | DETACHES_RESERVED | LEAVES_BYPASS | RESETS);

	if (set_unattached_bypass(on) || (s->kind != KIND_NONE && !left_alone))
		return true;
	skip(on ? "unattached endpoints never bypass" : "unattached endpoints always bypass");
	return false;
}

bool scene_approach(struct source_line at, struct scene *s)
{
	switch (s->from) {
	case FROM_SAME_ID:
		s->attached = false;
		return scene_return(at, s);
	case FROM_RINGS:
		return scene_return(at, s);
	case FROM_BYPASS:
		dma_set_page_iova(&s->who->dma, phys(s->who->dma.page));
		break;
	}
	return true;
}
