// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two ends are left out. The reset of a queue: attachments and mappings are no state of a queue (2.6.1). A
 * function-level reset of the endpoint: what is attached is a matter of the IOMMU, and no sentence of 5.13
 * ends it then.
 */
#include "driver/batch.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
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

union request {
	struct attach_request attach;
	struct detach_request detach;
	struct map_request map;
	struct unmap_request unmap;
};

/* Write number @index of the requests of an end. Return its size. */
typedef uint32_t make_request(const struct scene *s, unsigned int index, union request *request);

static uint32_t make_map_beside(const struct scene *s, unsigned int page, union request *request)
{
	uint64_t start = s->beside + page * iommu.page;

	request->map = (struct map_request){{.type = REQUEST_MAP}, s->domain, start, start + iommu.page - 1,
					    phys(s->beside_memory) + page * iommu.page, MAP_RW};
	return sizeof(request->map);
}

/* Past the ranges there is nothing. */
static uint32_t make_unmap(const struct scene *s, unsigned int range, union request *request)
{
	uint64_t start = range < s->count ? range_start(s, range) : s->beside + iommu.page;
	uint64_t end = range < s->count ? range_end(s, range) : start + iommu.page - 1;

	request->unmap = (struct unmap_request){{.type = REQUEST_UNMAP}, s->domain, start, end, {0}};
	return sizeof(request->unmap);
}

static uint32_t make_kicked(const struct scene *s, unsigned int index, union request *request)
{
	return index < 2 ? make_map_beside(s, index + 1, request) : make_unmap(s, index - 2, request);
}

static bool is_as_asked(struct source_line at, const struct reply *reply, bool judged)
{
	return judged ? expect_status(at, BY_LEVEL, reply, STATUS_OK) : is_ok(reply);
}

/*
 * Send @count of them from number @first on behind one notification. Return true if all are OK; where one is
 * not, @judged says whether that is a defect.
 */
static bool send_batch(struct source_line at, const struct scene *s, make_request *make, unsigned int first,
		       unsigned int count, bool judged)
{
	size_t mark = arena_mark();
	struct batch *batch = batch_new();
	union request request;
	bool ok = true;

	for (unsigned int i = 0; i < count && ok; i++)
		ok = batch_add(batch, &request, make(s, first + i, &request), TAIL_SIZE, NULL);
	batch_send(batch);
	if (!ok)
		judge(VERDICT_ERROR, at, "room in the queue", "for %u of %u requests", batch_count(batch),
		      count);
	for (unsigned int i = 0; i < count && ok; i++)
		ok = is_as_asked(at, batch_reply(batch, i), judged);
	arena_release(mark);
	return ok;
}

/* What a cell may take for its requests. */
#define MOST_US 2000000

/* What does not fill the queue comes first: the last request is the last of as many as there can be. */
static bool send_all(struct source_line at, const struct scene *s, make_request *make, unsigned int count)
{
	unsigned int most = max(batch_capacity(), 1u), now = count % most ? count % most : min(count, most);
	uint64_t start = time_us();

	for (unsigned int sent = 0; sent < count; sent += now, now = most) {
		if (!send_batch(at, s, make, sent, now, true))
			return false;
		if ((time_us() - start) * count / (sent + now) > MOST_US) {
			skip("%u requests would take too long here", count);
			return false;
		}
	}
	return true;
}

/* That there is room for two more pages has to be known: the device may do the MAPs first. */
static bool has_room_beside(struct source_line at, const struct scene *s)
{
	uint64_t start = s->beside + iommu.page, size = 2 * iommu.page;

	for (unsigned int page = 1; page <= 2; page++)
		if (!is_done(at, map_page(s->domain, s->beside + page * iommu.page,
					  s->beside_memory + page * iommu.page, MAP_RW)))
			return false;
	return is_done(at, unmap(s->domain, start, start + size - 1));
}

/* After two MAPs; in which order a device does what is in flight at a time does not matter (AMB-13). */
static bool unmap_kick(struct source_line at, struct scene *s)
{
	return has_room_beside(at, s) && send_all(at, s, make_kicked, s->count + 2) &&
	       expect_beside(at, s, 1) && expect_beside(at, s, 2);
}

/* A counter of few bits that tells old from new comes round to what it was. */
#define COUNTED 4096

static bool unmap_counted(struct source_line at, struct scene *s)
{
	return send_all(at, s, make_unmap, COUNTED);
}

static bool remap_each(struct source_line at, struct scene *s, uint32_t flags)
{
	return unmap_many(at, s) && scene_map_or_skip(at, s, s->other, flags);
}

/* Number @index of UNMAP and MAP of each range in turn, to the same memory. */
static uint32_t make_remap(const struct scene *s, unsigned int index, union request *request, uint32_t flags)
{
	struct spot start = {index / 2, 0};

	if (index % 2 == 0)
		return make_unmap(s, start.range, request);
	request->map = (struct map_request){
		{.type = REQUEST_MAP}, s->domain, range_start(s, start.range), range_end(s, start.range),
		phys(spot_memory(s, &start, s->other)), flags};
	return sizeof(request->map);
}

static uint32_t make_remap_to_read(const struct scene *s, unsigned int index, union request *request)
{
	return make_remap(s, index, request, MAP_READ);
}

static uint32_t make_remap_to_nothing(const struct scene *s, unsigned int index, union request *request)
{
	return make_remap(s, index, request, 0);
}

static uint32_t make_remap_elsewhere(const struct scene *s, unsigned int index, union request *request)
{
	return make_remap(s, index, request, MAP_RW);
}

/*
 * Behind one notification. A device need not do them in order, nor take the flags: where one is not OK it is
 * asked again, one after the other.
 */
static bool remap_at_once(struct source_line at, struct scene *s, make_request *make)
{
	unsigned int count = 2 * s->count, now;
	unsigned int most = batch_capacity() & ~1u;

	for (unsigned int sent = 0; sent < count; sent += now) {
		now = min(most, count - sent);
		if (!send_batch(at, s, make, sent, now, false))
			return false;
	}
	return true;
}

/* More ranges would take long: an UNMAP among thousands of mappings costs more than one of all of them. */
#define MOST_AT_ONCE 64

/* In every other cell at once. */
static bool map_again(struct source_line at, struct scene *s, uint32_t flags)
{
	make_request *make = flags == MAP_RW   ? make_remap_elsewhere :
			     flags == MAP_READ ? make_remap_to_read : make_remap_to_nothing;
	bool at_once = batch_capacity() > 1 && s->count <= MOST_AT_ONCE && (s->seed >> 17 & 1);

	return (at_once && remap_at_once(at, s, make)) || remap_each(at, s, flags);
}

static bool map_elsewhere(struct source_line at, struct scene *s)
{
	return map_again(at, s, MAP_RW);
}

static bool expect_fault(struct source_line at, const struct scene *s, const struct spot *spot)
{
	uint64_t iova = spot_iova(s, spot);

	return expect_write_blocked(at, s->who, iova, 8) &&
	       (!s->who->dma.ops->exact ||
		expect_read_blocked(at, s->who, iova, spot_memory(s, spot, s->memory), 8));
}

/* A device that remembers what is not mapped forgets that with MAP. */
static bool map_after_fault(struct source_line at, struct scene *s)
{
	if (!unmap_many(at, s))
		return false;
	for (unsigned int i = 0; i < s->spot_count; i++)
		if (!expect_fault(at, s, &s->spots[i]))
			return false;
	return scene_map_or_skip(at, s, s->other, MAP_RW);
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

/*
 * DETACH and ATTACH in turn, as often as a power of two: what tells old from new may be a counter of few bits
 * which comes round to what it was. Where that is slow, the power is a lower one.
 */
#define ATTACHMENTS_US 5000

static uint32_t make_attachment(const struct scene *s, unsigned int index, union request *request)
{
	if (index % 2) {
		request->attach = (struct attach_request){
			{.type = REQUEST_ATTACH}, s->domain, s->who->id, 0, {0}};
		return sizeof(request->attach);
	}
	request->detach = (struct detach_request){{.type = REQUEST_DETACH}, s->domain, s->who->id, {0}};
	return sizeof(request->detach);
}

/* Up to one that is not OK: a device need not do in order what is in flight together (AMB-13). */
static void attach_counted(struct source_line at, const struct scene *s)
{
	unsigned int most = batch_capacity() / 2, total = COUNTED, done = 0;
	uint64_t start = time_us();

	/* The last pair is left for what comes behind. */
	while (done < total - 1) {
		unsigned int pairs = min(most, total - 1 - done);

		if (!send_batch(at, s, make_attachment, 2 * done, 2 * pairs, false))
			return;
		done += pairs;
		while (total / 2 > done && (time_us() - start) * total / done > ATTACHMENTS_US)
			total /= 2;
	}
}

/* The last DETACH is of an endpoint that is detached already if the device has done an ATTACH before. */
static bool detach_counted(struct source_line at, struct scene *s)
{
	struct reply reply;

	attach_counted(at, s);
	reply = detach(s->domain, s->who->id);
	s->attached = s->rings = false;
	return (is_refusal(&reply) && reply.status == STATUS_INVAL) || is_done(at, reply);
}

static bool detach_who(struct source_line at, struct scene *s)
{
	if (s->from == FROM_RINGS && s->kind == KIND_NORMAL && s->count == 1 && batch_capacity() > 1)
		return detach_counted(at, s);
	return leave(at, s, detach(s->domain, s->who->id));
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

/* Write config.bypass as the cell wants it. Return false, and skip, if that cannot be. */
static bool set_bypass(const struct scene *s)
{
	bool on = s->kind == KIND_NONE || s->from == FROM_BYPASS;
	bool left_alone = BIT(s->way) & (DETACHES | LEAVES_BYPASS | RESETS);

	if (set_unattached_bypass(on) || (s->kind != KIND_NONE && !left_alone))
		return true;
	skip(on ? "unattached endpoints never bypass" : "unattached endpoints always bypass");
	return false;
}

static bool reset(struct source_line at, struct scene *s)
{
	s->attached = s->rings = false;
	if (iommu_restart(iommu.wanted))
		return set_bypass(s);
	judge(VERDICT_FAIL, at, "the device comes back after a reset", "device_status %s",
	      device_status_now());
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
		judge(VERDICT_FAIL, at, "device_status 0 after a reset", "%s", device_status_now());
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
	[END_UNMAP_COUNTED] = unmap_counted,
	[END_MAP_ELSEWHERE] = map_elsewhere,
	[END_MAP_AFTER_FAULT] = map_after_fault,
	[END_MAP_TO_READ] = map_to_read,
	[END_MAP_TO_NOTHING] = map_to_nothing,
	[END_DETACH] = detach_who,
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

/* Of all requests the largest queue takes most behind one notification. */
static bool restart(struct source_line at, const struct scene *s)
{
	if (s->end == END_UNMAP_KICK || s->end == END_UNMAP_COUNTED)
		return restart_with_queues(at, iommu.wanted, RING_MAX_SIZE, 0);
	return !s->unnamed || restart_device(at, iommu.wanted);
}

bool scene_prepare(struct source_line at, const struct scene *s)
{
	return restart(at, s) && set_bypass(s);
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
