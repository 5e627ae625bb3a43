// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests of any length and content (virtio 1.4, 5.13.6), many of them.
 *
 * seed=N and rounds=N on the command line choose the draw: round n is that of seed N + n, and begins
 * with the same state. With budget=N no round begins later than N seconds after the first. PROBE always
 * has room for its answer: less is a matter of DEV-PROBE-8. No MAP ends before it starts: that has a
 * test of its own, which not every VMM survives.
 */
#include <stdio.h>
#include <string.h>

#include "driver/timing.h"
#include "driver/trace.h"
#include "judge/options.h"
#include "judge/steps/attach.h"
#include "judge/steps/hostile.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "random.h"

#define NEEDS (NEEDS_HOSTILE | NEEDS_PCI | NEEDS_MAP_UNMAP)

enum { ROUND = 1024, GUARD = 16, READABLE = 96, GUARD_BYTE = 0xc3 };

#define MOST_IN_FLIGHT 32

/* Without budget=: a day, in seconds. */
#define UNLIMITED 86400

/* For the comparison of rates. */
#define COMPARE_US 1000000
#define GOOD_ROUNDS 16

/* The readable part. Words, because to write bytes one by one takes longer than the device does. */
union drawn {
	uint64_t words[READABLE / sizeof(uint64_t)];
	struct attach_request attach;
	struct map_request map;
};

/* A request in flight, as it was made. */
struct slot {
	union drawn *readable;		/* with GUARD bytes after it, and after the writable part */
	uint8_t *writable;
	uint32_t size, room;
	bool used;
};

static struct {
	struct slot slots[MOST_IN_FLIGHT];
	unsigned int count;		/* in flight at a time */
	uint8_t *memory, *shadow;	/* of all readable parts */
	uint64_t state;
	struct hostile hostile;
	uint32_t attacker;		/* id of an endpoint that requests may name */
	uint64_t sent;
	uint64_t rate;			/* requests/s of the fastest round */
} fuzz;

static uint64_t draw(void)
{
	return random_next(&fuzz.state);
}

static void seed_rng(uint64_t seed)
{
	fuzz.state = random_state(seed);
	draw();
}

static uint32_t stride(void)
{
	return iommu.config.probe_size + TAIL_SIZE + GUARD;
}

static void make_slots(void)
{
	fuzz.count = min(iommu.requests.size / 2, MOST_IN_FLIGHT);
	if (trace_is_on())
		fuzz.count = 1;	/* the last one that is printed is the one */
	fuzz.memory = arena_alloc(MOST_IN_FLIGHT * (READABLE + GUARD), 16);
	fuzz.shadow = arena_alloc(MOST_IN_FLIGHT * (READABLE + GUARD), 16);
	for (unsigned int i = 0; i < MOST_IN_FLIGHT; i++) {
		fuzz.slots[i].readable = (void *)(fuzz.memory + i * (READABLE + GUARD));
		fuzz.slots[i].writable = arena_alloc(stride(), 16);
	}
	fuzz.attacker = endpoint(1) ? endpoint(1)->id : nobodys_id();
}

static uint64_t draw_address(void)
{
	uint64_t r = draw();

	switch (r & 7) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return draw();
	default:
		return (r >> 8) % 4096 * iommu.page - (r >> 3 & 1);
	}
}

/* Fields that come near to what is right. */
static void draw_fields(union drawn *request, uint8_t type)
{
	uint32_t domain = draw() % 4 + 1, id = draw() & 1 ? fuzz.attacker : (uint32_t)draw();
	uint64_t start = draw_address(), end = draw_address(), phys_start = draw_address();
	uint32_t flags = draw() & 7;

	memset(request, 0, sizeof(*request));
	request->map = (struct map_request){.head.type = type, .domain = domain};
	if (type == REQUEST_MAP || type == REQUEST_UNMAP) {
		request->map.virt_start = start;
		request->map.virt_end = end;
		request->map.phys_start = phys_start;
	} else {
		request->attach.endpoint = id;
	}
	if (type == REQUEST_MAP)
		request->map.flags = flags;
}

/* Not so for UNMAP. */
static void order_bounds(union drawn *request)
{
	uint64_t start = request->map.virt_start;

	if (request->map.head.type != REQUEST_MAP || start <= request->map.virt_end)
		return;
	request->map.virt_start = request->map.virt_end;
	request->map.virt_end = start;
}

/* Nothing names the victim, nor its domain; ids that share the lower half are for DEV-ATTACH-3. */
static void spare_victim(union drawn *request)
{
	if (request->attach.domain == fuzz.hostile.victim.domain)
		request->attach.domain++;
	if ((uint16_t)request->attach.endpoint == (uint16_t)fuzz.hostile.victim.ep->id)
		request->attach.endpoint ^= 0x8000;
}

static void draw_words(union drawn *request)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(request->words); i++)
		request->words[i] = draw();
}

static const uint8_t sizes[] = {0, sizeof(struct attach_request), sizeof(struct detach_request),
				sizeof(struct map_request), sizeof(struct unmap_request),
				sizeof(struct probe_request)};

static void draw_request(struct slot *slot)
{
	uint64_t r = draw();
	uint8_t type = r % 6;

	if (r >> 8 & 1)
		draw_words(slot->readable);
	else
		draw_fields(slot->readable, type);
	spare_victim(slot->readable);
	order_bounds(slot->readable);
	type = slot->readable->map.head.type;
	slot->size = r >> 9 & 1 && type < 6 && type ? sizes[type] : 4 + (r >> 16) % (READABLE - 4);
	slot->room = TAIL_SIZE + (r >> 10 & 1 ? (r >> 24) % 60 : 0);
	if (type == REQUEST_PROBE || slot->room > stride() - GUARD)
		slot->room = stride() - GUARD;
}

/* What a driver that keeps to the rules would send: MAP of one page, and UNMAP. */
static void make_good(struct slot *slot)
{
	const struct victim *victim = &fuzz.hostile.victim;
	uint64_t iova = victim->iova + iommu.page;
	struct map_request map = {{.type = REQUEST_MAP}, victim->domain, iova, iova + iommu.page - 1,
				  align_down(phys(fuzz.memory), iommu.page), MAP_READ};

	if (fuzz.sent % 2) {
		map.head.type = REQUEST_UNMAP;
		map.phys_start = 0;
	}
	memcpy(slot->readable, &map, sizeof(map));
	slot->size = sizes[map.head.type];
	slot->room = TAIL_SIZE;
}

static void publish(unsigned int i)
{
	struct slot *slot = &fuzz.slots[i];
	struct ring_piece pieces[] = {{phys(slot->readable), slot->size, .writable = false},
				      {phys(slot->writable), slot->room, .writable = true}};

	trace_request(slot->readable, slot->size, slot->room);
	memset(slot->writable + slot->room, GUARD_BYTE, GUARD);
	slot->used = false;
	ring_publish(&iommu.requests, ring_add(&iommu.requests, pieces, 2));
	fuzz.sent++;
}

/* The slot that a head belongs to stands in its descriptor. */
static struct slot *slot_of(uint32_t id)
{
	uint64_t address = iommu.requests.desc[id].address;
	uint64_t index = (address - phys(fuzz.memory)) / (READABLE + GUARD);

	return index < fuzz.count ? &fuzz.slots[index] : NULL;
}

static bool intact(const struct slot *slot)
{
	for (unsigned int i = 0; i < GUARD; i++)
		if (slot->writable[slot->room + i] != GUARD_BYTE)
			return false;
	return true;
}

static const char *take(unsigned int count)
{
	struct ring_reply reply;
	struct slot *slot;

	for (unsigned int i = 0; i < count; i++) {
		if (iommu_wait(&iommu.requests, &reply, REPLY_TIMEOUT_US) != VIRTIO_USED)
			return virtio_needs_reset(&iommu.dev) ? "" : "a request is lost";
		slot = reply.valid ? slot_of(reply.id) : NULL;
		if (!slot || slot->used)
			return "a request is used twice, or one that was not sent";
		slot->used = true;
		if (reply.length > slot->room || !intact(slot))
			return "the device wrote outside of the writable part";
	}
	if (iommu.requests.used->index != iommu.requests.last_used)
		return "a request is used twice";
	return memcmp(fuzz.memory, fuzz.shadow, MOST_IN_FLIGHT * (READABLE + GUARD)) ?
		       "the device wrote to a readable part" : NULL;
}

/* Send as many as fit, with one notification. NULL: all came back; "": the device asks for a reset. */
static const char *batch(void (*make)(struct slot *slot))
{
	for (unsigned int i = 0; i < fuzz.count; i++) {
		make(&fuzz.slots[i]);
		publish(i);
	}
	memcpy(fuzz.shadow, fuzz.memory, MOST_IN_FLIGHT * (READABLE + GUARD));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return take(fuzz.count);
}

/* The endpoint that requests may have attached is nowhere. */
static void free_attacker(void)
{
	uint32_t domain = fresh_domain();

	if (attach(domain, fuzz.attacker, 0).status == STATUS_OK)
		detach(domain, fuzz.attacker);
}

static bool begin_round(struct source_line at)
{
	endpoints_quiesce();
	if (virtio_needs_reset(&iommu.dev) && !iommu_restart(iommu.wanted))
		return false;
	iommu_detach_all();
	free_attacker();
	return victim_attach(at, &fuzz.hostile.victim);
}

/* Return NULL if all of a round came back, else what batch() says. */
static const char *send_batches(void (*make)(struct slot *slot))
{
	const char *trouble = NULL;

	for (unsigned int i = 0; i < ROUND && !trouble; i += fuzz.count)
		trouble = batch(make);
	return trouble;
}

/* The beginning of a round. */
struct stretch {
	uint64_t us, sent;
};

static struct stretch begin_stretch(void)
{
	return (struct stretch){time_us(), fuzz.sent};
}

/* A busy host only makes rounds slower: the fastest one counts. */
static void note_rate(struct stretch begun)
{
	uint64_t us = time_us() - begun.us;

	fuzz.rate = max(fuzz.rate, (fuzz.sent - begun.sent) * 1000000 / max(us, 1));
}

static bool run_round(struct source_line at, uint64_t seed)
{
	struct stretch stretch = begin_stretch();
	const char *trouble = NULL;

	seed_rng(seed);
	if (!begin_round(at))
		trouble = "the device does not come back";
	if (rest_is_skipped())
		return false;
	if (!trouble)
		trouble = send_batches(draw_request);
	if (trouble && *trouble) {
		iommu.dead = true;
		judge(VERDICT_FAIL, at, "requests come back once, or the device asks for a reset",
		      "seed=%lu: %s", seed, trouble);
		return false;
	}
	victim_judge(at, &fuzz.hostile.victim);
	note_rate(stretch);
	return no_defect_so_far();
}

static void run_rounds(struct source_line at, uint64_t rounds)
{
	uint64_t seed = test_option("seed", 1), i = 0;
	uint64_t budget = test_option("budget", UNLIMITED) * 1000000, start = time_us();

	hostile_setup(&fuzz.hostile);
	make_slots();
	do {
		test_round(seed + i);
		if (!run_round(at, seed + i))
			return;
		i++;
	} while (i < rounds && time_us() - start < budget);
	printf("# rounds: %lu of %lu%s\n", i, rounds, i < rounds ? ", then the time was over" : "");
}

/* For make bench: requests that keep to the rules, sent in the same way, with nothing to judge. */
static void compare_rates(struct source_line at)
{
	struct deadline deadline = deadline_in(COMPARE_US);
	uint64_t hostile = fuzz.rate, good;

	if (!begin_round(at))
		return;
	fuzz.rate = 0;
	for (unsigned int i = 0; i < GOOD_ROUNDS && !deadline_passed(&deadline); i++) {
		struct stretch stretch = begin_stretch();

		if (send_batches(make_good))
			return;
		note_rate(stretch);
	}
	good = fuzz.rate;
	if (!good)
		return;		/* less than one in a second */
	printf("# rate: %lu hostile requests/s, %lu well-formed requests/s, ratio %lu.%02lu\n", hostile,
	       good, hostile / good, hostile * 100 / good % 100);
}

/* HOST-6 (no keyword): Requests of any length and content come back, or the device asks for a reset; ... */
TEST(HOST_6, random_requests_come_back, NEEDS)
{
	fuzz.sent = fuzz.rate = 0;
	run_rounds(AT, test_option("rounds", 4));
	if (!no_defect_so_far())
		return;
	printf("# hostile: %lu requests came back\n", fuzz.sent);
	compare_rates(AT);
	hostile_check_recovery(AT, &fuzz.hostile);
}

/* HOST-7 (ISOLATION): Whatever the driver does, an endpoint reaches no more than before */
TEST(HOST_7, endpoint_that_looks_on_reaches_no_more, NEEDS | NEEDS_ENDPOINT)
{
	run_rounds(AT, test_option("rounds", 4) / 4 + 1);
	hostile_check_recovery(AT, &fuzz.hostile);
}

/* By its own addresses, where a device that translates no more would let it. */
TEST(HOST_7, broken_device_opens_nothing, NEEDS | NEEDS_ENDPOINT)
{
	struct hostile *h = &fuzz.hostile;
	struct endpoint *ep = endpoint(0);
	uint8_t *page = watched_pages(1);

	hostile_setup(h);
	if (!hostile_restart(AT, h, "head-65535", iommu.wanted))
		return;
	h->avail->heads[h->index % HOSTILE_SIZE] = UINT16_MAX;
	hostile_send(h, 1);
	hostile_judge(AT, h, "head-65535", 1);
	iommu.dead = true;	/* no request goes over this ring any more */
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	EXPECT_WRITE_BLOCKED(ep, phys(page), 8);
	hostile_check_recovery(AT, h);
}

/* Room for an answer is what PROBE always has; other types get every size from nothing up. */
static void try_length(struct source_line at, uint8_t type, uint32_t size, uint32_t room)
{
	struct attach_request request = {{.type = type}, fuzz.hostile.victim.domain ^ 1, nobodys_id(), 0,
					 {0}};
	uint8_t bytes[160] = {0};
	struct reply reply;

	memcpy(bytes, &request, sizeof(request));
	reply = request_raw(bytes, size, room);
	if (reply.breach)
		judge(VERDICT_FAIL, at, "nothing is written outside of the writable part",
		      "type %u, size %u + %u: %s", type, size, room, reply.breach);
	if (!reply.used && !virtio_needs_reset(&iommu.dev))
		judge(VERDICT_FAIL, at, "the request comes back, or the device asks for a reset",
		      "no buffer used, device_status %s, after type %u, size %u + %u", device_status_now(),
		      type, size, room);
	if ((!reply.used || virtio_needs_reset(&iommu.dev)) && !iommu_restart(iommu.wanted))
		fail_case(at, "in between", "the device comes back from a reset", device_status_now());
}

TEST(HOST_6, requests_of_each_length, NEEDS)
{
	static const char *const names[] = {"type-0", "attach", "detach", "map", "unmap", "probe",
					    "type-6"};

	hostile_setup(&fuzz.hostile);
	for (uint8_t type = 0; type <= 6; type++) {
		bool probe = type == REQUEST_PROBE;

		if (!test_case(names[type]))
			continue;
		for (uint32_t size = 1; size <= 80 && no_defect_so_far(); size++)
			try_length(AT, type, size, probe ? stride() - GUARD : TAIL_SIZE);
		for (uint32_t room = !sizes[type % 6]; room <= 12 && !probe && no_defect_so_far(); room++)
			try_length(AT, type, sizes[type % 6], room);
	}
	hostile_check_recovery(AT, &fuzz.hostile);
}

/* A mapping that ends before it starts, if there is such a thing, goes like others. */
TEST(HOST_6, mapping_that_ends_before_it_starts_is_unmapped, NEEDS)
{
	struct victim *victim = &fuzz.hostile.victim;
	uint64_t page = iommu.page, start;
	uint32_t domain;
	struct reply reply;

	hostile_setup(&fuzz.hostile);
	start = victim->iova;
	REQUIRE(victim_attach(AT, victim));
	domain = victim->domain;
	reply = map(domain, start + 4 * page, start + 2 * page - 1, phys(victim->target), MAP_RW);
	REQUIRE(reply.used);
	reply = unmap(domain, start + page, start + 5 * page - 1);
	EXPECT(reply.used, "the request comes back", "no buffer used within %u us, device_status %s",
	       REPLY_TIMEOUT_US, device_status_now());
	victim_judge(AT, victim);
}
