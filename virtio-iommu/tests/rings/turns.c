// SPDX-License-Identifier: BSD-3-Clause
/*
 * Queues of each size, over their end and over that of their indexes (virtio 1.4, 2.7.6, 2.7.8, 2.8.1): no
 * buffer is lost, none is used twice, and the driver is notified where it asks for that (2.7.7, 2.8.10).
 */
#include "driver/batch.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_window.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "time.h"
#include "util.h"

enum { QUEUE, AHEAD, KICK, WANT, SIZE };
enum { ONE, HALF, ALL, ALL_BUT_ONE };	/* the last one is no value of the dimension */
enum { ALWAYS, WHERE_ASKED };
enum { NEVER, EACH, AT_FIRST, AT_LAST, BEHIND };

static const uint16_t ring_sizes[] = {1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256};

static const char *const queues[] = {"request queue", "event queue"};
static const char *const sizes[] = {"size 1", "size 2", "size 3", "size 4", "size 5", "size 7", "size 8",
				    "size 16", "size 31", "size 32", "size 63", "size 64", "size 100",
				    "size 127", "size 128", "size 255", "size 256"};
static const char *const aheads[] = {"one at a time", "half of the queue", "all of the queue"};
static const char *const kicks[] = {"always notifying", "notifying where asked"};
static const char *const wants[] = {"notified never", "notified each time", "notified at the first",
				    "notified at the last", "notified behind the last"};

static bool is_packed(void)
{
	return iommu_wants(VIRTIO_F_RING_PACKED);
}

/* A split queue's size is a power of 2 (2.7). */
static const char *size_unmet(unsigned int size)
{
	return !is_packed() && (ring_sizes[size] & (ring_sizes[size] - 1)) ? "needs packed queues" : NULL;
}

static const char *want_unmet(unsigned int want)
{
	return want >= AT_FIRST && !iommu_offers(VIRTIO_F_EVENT_IDX) ? "needs feature EVENT_IDX" : NULL;
}

static const struct dimension dimensions[] = {
	[QUEUE] = {"queue", queues, ARRAY_SIZE(queues), NULL},
	[AHEAD] = {"ahead", aheads, ARRAY_SIZE(aheads), NULL},
	[KICK] = {"kick", kicks, ARRAY_SIZE(kicks), NULL},
	[WANT] = {"want", wants, ARRAY_SIZE(wants), want_unmet},
	[SIZE] = {"size", sizes, ARRAY_SIZE(sizes), size_unmet},
};

static const struct product_rule rules[] = {
	{{{QUEUE, BIT(REQUEST_QUEUE)}, {SIZE, BIT(0)}},
	 "a request has two parts, and no chain is longer than the queue (2.7.5.3.1)"},
};

/* One of the queues, and how it is used. */
struct run {
	struct source_line at;
	const uint8_t *cell;
	struct ring *ring;
	uint16_t slots;		/* descriptors of a buffer */
	uint16_t count;		/* buffers that are available at a time */
	struct page_window w;
	bool asks_for_each;	/* now */
};

/*
 * Notifications.
 */

static void ask(struct run *run)
{
	run->asks_for_each = run->cell[WANT] == EACH;
	switch (run->cell[WANT]) {
	case NEVER:
	case EACH:
		return ring_want_interrupt(run->ring, run->cell[WANT] == EACH);
	case AT_FIRST:
		return want_interrupt_at(run->ring, 0, run->slots);
	case AT_LAST:
		return want_interrupt_at(run->ring, run->count - 1, run->slots);
	default:
		return want_interrupt_at(run->ring, run->count, run->slots);
	}
}

static bool is_due_at_event(const struct run *run)
{
	return run->cell[WANT] == AT_FIRST || run->cell[WANT] == AT_LAST;
}

/* Wait for what is due. Where none is, one that comes is seen in the end: expect_no_notification(). */
static void expect_notification(struct run *run, unsigned int round)
{
	if (is_due_at_event(run))
		expect_eq(run->at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
			  "notification of %u buffers, round %u", run->count, round);
}

static void expect_no_notification(struct run *run)
{
	if (run->cell[WANT] == NEVER || run->cell[WANT] == BEHIND)
		expect_eq(run->at, wait_interrupt(false) & VIRTIO_USED_BUFFER, 0, "notification");
}

/* In a packed queue one used descriptor may stand for several buffers (2.8.8). */
static bool is_countable(const struct run *run)
{
	return !ring_has(run->ring, VIRTIO_F_RING_PACKED) || !ring_has(run->ring, VIRTIO_F_IN_ORDER);
}

static bool expect_told(const struct run *run, unsigned int used, unsigned int count)
{
	if (wait_interrupt(true) & VIRTIO_USED_BUFFER)
		return true;
	judge(BY_LEVEL, run->at, "a notification of each used buffer", "none of number %u of %u", used,
	      count);
	return false;
}

/* As a driver that sleeps, look at the ring only when a notification has come: the last one, too, is told. */
static bool sleep_until_used(const struct run *run, unsigned int count)
{
	bool told = true;

	if (!run->asks_for_each)
		return true;
	do
		told = expect_told(run, ring_pending(run->ring), count);
	while (told && is_countable(run) && ring_pending(run->ring) < count);
	return told;
}

/*
 * Requests. Some map a page each in one round and unmap it in the next, so that one that is not carried
 * out, or twice, shows in what the next is answered. The others unmap where nothing is mapped.
 */

#define PAGES 8

static bool add_request(const struct run *run, struct batch *batch, unsigned int index, bool maps)
{
	unsigned int page = min(index, PAGES);
	struct map_request map = {{.type = REQUEST_MAP}, run->w.domain, page_start(&run->w, page),
				  page_end(&run->w, page), phys(run->w.target) + page * iommu.page, MAP_RW};
	struct unmap_request unmap = {{.type = REQUEST_UNMAP}, run->w.domain, map.virt_start, map.virt_end,
				      {0}};

	if (maps && page < PAGES)
		return batch_add(batch, &map, sizeof(map), TAIL_SIZE, NULL);
	return batch_add(batch, &unmap, sizeof(unmap), TAIL_SIZE, NULL);
}

static bool add_requests(const struct run *run, struct batch *batch, unsigned int count, bool maps)
{
	for (unsigned int i = 0; i < count; i++) {
		if (add_request(run, batch, i, maps))
			continue;
		judge(VERDICT_FAIL, run->at, "room for what has come back before", "%u of %u requests", i,
		      count);
		return false;
	}
	return true;
}

static void publish(const struct run *run, struct batch *batch)
{
	batch_publish(batch);
	if (run->cell[KICK] == ALWAYS)
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
	else
		virtio_kick(&iommu.dev, REQUEST_QUEUE, run->ring);
}

/* A device need not have room for a mapping (NOMEM). */
static bool expect_replies(const struct run *run, const struct batch *batch, unsigned int round)
{
	for (unsigned int i = 0; i < batch_count(batch); i++) {
		const struct reply *reply = batch_reply(batch, i);

		if (reply->delivered && reply->status == STATUS_NOMEM && !reply->breach && i < PAGES)
			continue;
		if (!expect_status(run->at, VERDICT_FAIL, reply, STATUS_OK))
			return false;
	}
	return expect_eq(run->at, ring_pending(run->ring), 0, "more used buffers, round %u", round);
}

static bool request_round(struct run *run, unsigned int count, unsigned int round)
{
	size_t mark = arena_mark();
	struct batch *batch = batch_new();
	bool kept = add_requests(run, batch, count, !(round % 2));

	if (kept) {
		take_interrupts();
		publish(run, batch);
		kept = sleep_until_used(run, count);
	}
	if (kept && !batch_wait(batch)) {
		judge(VERDICT_FAIL, run->at, "each request comes back",
		      "a request of %u did not come back, in round %u", count, round);
		kept = false;
	}
	kept = kept && expect_replies(run, batch, round);
	arena_release(mark);
	return kept;
}

/* Send the same requests again and again, by nothing but the index. */
static bool repeat_entries(uint16_t count, uint32_t total)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	for (uint32_t sent = 0; sent < total; sent += count) {
		uint16_t next = min(count, total - sent);

		ring_publish_entries(&iommu.requests, next);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		while (ring_pending(&iommu.requests) < next)
			if (deadline_over(&deadline))
				return false;
		ring_pass_used(&iommu.requests, next);
	}
	return true;
}

/* Use up @total buffers of a split queue in little time. They hold requests that change nothing. */
static bool pass_requests(struct run *run, uint32_t total)
{
	struct ring *ring = run->ring;
	uint16_t ids[RING_MAX_SIZE], count = 0;
	bool back;

	for (int id; (id = queue_noop()) >= 0;)
		ids[count++] = id;
	for (uint16_t i = 0; i < ring->size; i++)
		ring->avail->heads[(ring->next_avail + i) % ring->size] = ids[i % count];
	back = repeat_entries(count, total - count);
	for (uint16_t i = 0; i < count; i++)
		ring_publish(ring, ids[i]);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (!back)
		silent("65536 requests take longer than 2 s");
	return wait_requests_used(count) == count && back;
}

/*
 * Events. No device has to report a fault (AMB-15), but this one has reported one: it goes on to do so as
 * long as there are buffers.
 */

/* Bytes of an access: a device reports a large one in several faults. */
#define SMALL 8
#define LARGE 128

/* In the other pages of the window, in turn: some devices do not report the same fault twice. */
static void provoke_some(const struct run *run, unsigned int turn, size_t size)
{
	expect_write_blocked(run->at, run->w.ep, page_start(&run->w, turn % PAGES), size);
}

static bool take_report(const struct run *run, bool wait)
{
	struct event event;

	if (!(wait ? event_wait(&event) : event_take(&event)))
		return false;
	expect_whole(run->at, &event);
	expect_eq(run->at, event.record.endpoint, run->w.ep->id, "endpoint of a report");
	return true;
}

#define IDLE_FAULTS 24

/* Fault until @count buffers are used. Some faults may be dropped, and some reports come late. */
static bool use_buffers(const struct run *run, unsigned int count, size_t size)
{
	unsigned int used = 0, idle = 0;

	for (unsigned int turn = 0; used < count && idle < IDLE_FAULTS; turn++) {
		unsigned int before = used;

		if (idle && idle % 4 == 0)
			pause_for_report(idle / 4);
		provoke_some(run, turn, size);
		while (used < count && take_report(run, idle % 4 == 3))
			used++;
		if (run->asks_for_each && used > before && !expect_told(run, used, count))
			return false;
		idle = used > before ? 0 : idle + 1;
	}
	if (used < count)
		judge(BY_LEVEL, run->at, "reports as long as there are buffers", "%u in %u buffers", used,
		      count);
	return used == count;
}

static bool event_round(struct run *run, unsigned int count)
{
	if (!event_add_buffers((struct event_buffer){0}, count)) {
		judge(VERDICT_FAIL, run->at, "room for what has come back before",
		      "the event queue has no room for %u buffers", count);
		return false;
	}
	return use_buffers(run, count, SMALL) && expect_no_events_breach(run->at);
}

/* Use up @total buffers of the event queue, unless that takes long. */
static bool pass_events(struct run *run, uint32_t total)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	for (uint32_t used = 0; used < total;) {
		unsigned int count = min(total - used, EVENT_BUFFERS);

		if (deadline_passed(&deadline)) {
			silent("65536 reports take longer than 2 s");
			return false;
		}
		event_add_buffers((struct event_buffer){0}, count);
		if (!use_buffers(run, count, LARGE))
			return false;
		used += count;
	}
	return true;
}

/* The last round has unmapped what the one before has mapped; the endpoint is alive. */
static void expect_reached(const struct run *run)
{
	struct reply reply;

	expect_write_blocked(run->at, run->w.ep, page_start(&run->w, 0), 8);
	reply = map_pages(&run->w, 0, 0);
	if (!reply.delivered || reply.status != STATUS_NOMEM) {
		expect_status(run->at, BY_LEVEL, &reply, STATUS_OK);
		expect_writes(run->at, BY_LEVEL, run->w.ep, page_start(&run->w, 0), run->w.target, 8);
	}
}

/*
 * Both.
 */

static bool is_requests(const struct run *run)
{
	return run->cell[QUEUE] == REQUEST_QUEUE;
}

static bool use_some(struct run *run, unsigned int count, unsigned int round)
{
	return is_requests(run) ? request_round(run, count, round) : event_round(run, count);
}

/*
 * Rounds that are judged, an even number: their middle lies where an index turns, or they go over the end
 * of the ring.
 */
static unsigned int rounds(const struct run *run)
{
	return run->count > 8 ? 2 : 6;
}

static bool play_rounds(struct run *run)
{
	take_interrupts();
	for (unsigned int round = 0; round < rounds(run); round++) {
		ask(run);
		if (!use_some(run, run->count, round))
			return false;
		expect_notification(run, round);
	}
	expect_no_notification(run);
	ring_want_interrupt(run->ring, false);
	run->asks_for_each = false;
	return true;
}

static unsigned int capacity(const struct run *run)
{
	unsigned int buffers = run->ring->size / run->slots;

	return is_requests(run) ? buffers : min(buffers, EVENT_BUFFERS);
}

/*
 * Twice, each time from just before the end of the ring on. What goes before unmaps, where nothing is
 * mapped.
 */
static bool turn_ring(struct run *run)
{
	unsigned int most = capacity(run);

	for (unsigned int i = 0; i < 2; i++)
		if ((most > 2 && !use_some(run, most - 2, 1)) || !play_rounds(run))
			return false;
	return true;
}

/* In the middle of the rounds, or after the first @more of one. */
static bool turn_index(struct run *run, unsigned int more)
{
	uint32_t total = 0x10000 + more - rounds(run) / 2 * run->count - run->ring->taken;

	return (is_requests(run) ? pass_requests(run, total) : pass_events(run, total)) && play_rounds(run);
}

static uint64_t features_of(const cell_t cell)
{
	uint64_t event_idx = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);

	return cell[WANT] < AT_FIRST ? iommu.wanted & ~event_idx : iommu.wanted | event_idx;
}

/* Queues of the usual size, and an endpoint whose faults are reported. */
static bool reports_steadily(struct source_line at)
{
	struct page_fixture s;
	struct fault fault;

	return make_steady_fixture(at, &s, &fault);
}

/* The test offers the event buffers. */
static bool start_queues(struct source_line at, const cell_t cell, uint16_t size)
{
	if (cell[QUEUE] == REQUEST_QUEUE)
		return restart_with_queues(at, features_of(cell), size, 0);
	if (!reports_steadily(at) || !prepare_with_queues(at, features_of(cell), 0, size))
		return false;
	virtio_driver_ok(&iommu.dev);
	events_manual();
	return true;
}

static unsigned int count_ahead(unsigned int ahead, unsigned int capacity)
{
	switch (ahead) {
	case ONE:
		return 1;
	case HALF:
		return capacity / 2;
	case ALL_BUT_ONE:
		return capacity - 1;
	default:
		return capacity;
	}
}

/* Return false, with the reason, if the device's queue cannot be used so. */
static bool start(struct run *run, uint16_t size)
{
	if (!start_queues(run->at, run->cell, size))
		return false;
	run->ring = is_requests(run) ? &iommu.requests : &iommu.events;
	run->slots = is_requests(run) && !run->ring->tables ? 2 : 1;
	run->count = count_ahead(run->cell[AHEAD], capacity(run));
	if (run->ring->size == size && run->count && run->count <= capacity(run))
		return make_page_window(run->at, &run->w, PAGES + 1);
	not_applicable("the queue has %u descriptors", run->ring->size);
	return false;
}

static void play(struct source_line at, const cell_t cell)
{
	struct run run = {.at = at, .cell = cell};

	if (start(&run, ring_sizes[cell[SIZE]]) && turn_ring(&run))
		expect_reached(&run);
}

static const struct product turns = {
	.name = "turns",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* GEN-NU-3 (MUST): No EVENT_IDX, avail.flags=0: notification sent */
TEST(GEN_NU_3, notification_comes_in_each_turn_of_a_queue, NEEDS_DOMAIN)
{
	PRODUCT(&turns, WANT, BIT(EACH));
}

/* GEN-NU-2 (SHOULD NOT): No EVENT_IDX, avail.flags=1: no used notification expected */
TEST(GEN_NU_2, no_notification_comes_in_any_turn_of_a_queue, NEEDS_DOMAIN)
{
	PRODUCT(&turns, WANT, BIT(NEVER));
}

/* GEN-NU-5 (MUST): EVENT_IDX: notification when the used index written equals used_event */
TEST(GEN_NU_5, notification_comes_at_the_event_in_each_turn_of_a_queue, NEEDS_DOMAIN)
{
	PRODUCT(&turns, WANT, BIT(AT_FIRST) | BIT(AT_LAST));
}

/* GEN-NU-6 (SHOULD NOT): EVENT_IDX: otherwise none expected */
TEST(GEN_NU_6, none_comes_before_the_event_in_any_turn_of_a_queue, NEEDS_DOMAIN)
{
	PRODUCT(&turns, WANT, BIT(BEHIND));
}

/* How many are used together with one notification cannot be told: many of two numbers leave some over. */
TEST(GEN_NU_3, driver_that_sleeps_is_told_of_the_last_of_many, NEEDS_DOMAIN)
{
	static const struct {
		uint16_t size;
		cell_t cell;
	} turns[] = {{64, {REQUEST_QUEUE, ALL_BUT_ONE, ALWAYS, EACH}},
		     {128, {REQUEST_QUEUE, ALL_BUT_ONE, ALWAYS, EACH}}};

	for (unsigned int i = 0; i < ARRAY_SIZE(turns) && no_defect_so_far(); i++) {
		struct run run = {.at = AT, .cell = turns[i].cell};

		if (!start(&run, turns[i].size) || !play_rounds(&run))
			return;
	}
}

/* The low byte of the flags by which a driver asks for notifications: 0 is for each (2.7.6, 2.8.14). */
static volatile uint8_t *interrupt_flags(const struct ring *ring)
{
	return (volatile uint8_t *)(is_packed() ? &ring->driver_events->flags : &ring->avail->flags);
}

/* A request that changes nothing. The device writes its status, which is 0, to @status. */
static int add_answered_at(const struct page_window *w, volatile uint8_t *status)
{
	struct unmap_request *request = arena_alloc(sizeof(*request), 8);
	uint8_t *reserved = arena_alloc(TAIL_SIZE - 1, 1);
	const struct ring_piece pieces[] = {{phys(request), sizeof(*request), false},
					    {phys((void *)status), 1, true},
					    {phys(reserved), TAIL_SIZE - 1, true}};

	*request = (struct unmap_request){{.type = REQUEST_UNMAP}, w->domain, page_start(w, 0),
					  page_end(w, 0), {0}};
	return ring_add(&iommu.requests, pieces, ARRAY_SIZE(pieces));
}

/*
 * @ahead requests, and one whose status is the driver's wish for a notification: as if a driver that wanted
 * none so far asked in this moment.
 */
static void told_of_one_behind(struct source_line at, const struct page_window *w, unsigned int ahead)
{
	struct ring *ring = &iommu.requests;
	size_t mark = arena_mark();

	for (unsigned int i = 0; i < ahead; i++)
		ring_publish(ring, queue_noop());
	ring_publish(ring, add_answered_at(w, interrupt_flags(ring)));
	take_interrupts();
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_eq(at, wait_requests_used(ahead + 1), ahead + 1, "requests that come back");
	expect_eq(at, *interrupt_flags(ring), 0, "status of the last of %u", ahead + 1);
	expect_eq(at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
		  "notification of the last of %u", ahead + 1);
	ring_want_interrupt(ring, false);
	arena_release(mark);
}

/* However many a device serves at once: the driver can ask until the last one is used. */
TEST(GEN_NU_3, driver_that_asks_late_is_told_of_the_last_of_many, NEEDS_DOMAIN)
{
	struct page_window w;
	unsigned int size, room;

	REQUIRE(restart_with_queues(AT, features_without(VIRTIO_F_EVENT_IDX), 128, 0));
	REQUIRE(make_page_window(AT, &w, 1));
	size = iommu.requests.size;
	if (size < 3)
		NOT_APPLICABLE("the queue has %u descriptors", size);
	room = iommu.requests.tables ? size - 1 : (size - 3) / 2;
	for (unsigned int ahead = 0; ahead <= min(room, 40u) && no_defect_so_far(); ahead++)
		told_of_one_behind(AT, &w, ahead);
}

/*
 * The index of a split queue counts to 65535 and goes on with 0, whatever the size of the queue.
 */

#define INDEX_SIZE 64

static const struct product_rule index_rules[] = {
	{{{QUEUE, BIT(EVENT_QUEUE)}, {AHEAD, ~BIT(ALL)}}, "65536 faults take long"},
	{{{QUEUE, BIT(EVENT_QUEUE)}, {KICK, ~BIT(ALWAYS)}}, "65536 faults take long"},
	{{{QUEUE, BIT(EVENT_QUEUE)}, {WANT, ~(BIT(EACH) | BIT(AT_LAST))}}, "65536 faults take long"},
};

static bool play_index_within(struct source_line at, const cell_t cell, bool within)
{
	struct run run = {.at = at, .cell = cell};

	if (!start(&run, INDEX_SIZE) || !turn_index(&run, within ? run.count / 2 : 0))
		return false;
	expect_reached(&run);
	return true;
}

/* Between two rounds; and within one, so that what is used together lies on either side. */
static void play_index(struct source_line at, const cell_t cell)
{
	if (play_index_within(at, cell, false) && cell[QUEUE] == REQUEST_QUEUE && cell[AHEAD] != ONE)
		play_index_within(at, cell, true);
}

static const struct product index_turns = {
	.name = "index turns",
	.dimensions = dimensions,
	.dimension_count = SIZE,
	RULE_TABLE(index_rules),
	.play = play_index,
};

TEST(GEN_NU_3, notification_comes_across_index_65535, NEEDS_DOMAIN | NEEDS_SPLIT)
{
	PRODUCT(&index_turns, WANT, BIT(EACH));
}

TEST(GEN_NU_5, notification_comes_at_the_event_across_index_65535, NEEDS_DOMAIN | NEEDS_SPLIT)
{
	PRODUCT(&index_turns, WANT, BIT(AT_FIRST) | BIT(AT_LAST));
}

TEST(GEN_NU_6, none_comes_before_the_event_across_index_65535, NEEDS_DOMAIN | NEEDS_SPLIT)
{
	PRODUCT(&index_turns, WANT, BIT(BEHIND));
}
