// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "driver/iommu.h"
#include "judge/accesses.h"
#include "judge/steps/attach.h"
#include "judge/steps/hostile.h"
#include "judge/steps/mapping.h"
#include "judge/steps/notification.h"
#include "memory.h"
#include "time.h"
#include "util.h"
#include "virtio/pci_layout.h"

#define FILL 0xc3

_Static_assert(sizeof(struct hostile_area) == 4096, "one page");

uint64_t hostile_address(const struct hostile *h, enum hostile_target target)
{
	switch (target) {
	case TARGET_READABLE:
		return phys(h->area->readable);
	case TARGET_WRITABLE:
		return phys(h->area->writable);
	case TARGET_TABLE:
		return phys(h->area->table);
	case TARGET_FORBIDDEN:
		return phys(h->area->forbidden);
	case TARGET_DESC:
		return phys(h->area->desc);
	case TARGET_AVAIL:
		return phys(h->area->rings.avail);
	case TARGET_USED:
		return phys(h->area->rings.used);
	case TARGET_ZERO:
		return 0;
	case TARGET_OUTSIDE:
		return 0x6000000000ull;
	case TARGET_HIGH:
		return 0x7ffffffffffff000ull;
	case TARGET_WRAP:
		return -16ull;
	case TARGET_END:
		return memory_end() - 8;
	case TARGET_FEATURE_SELECT:
		return phys((void *)(iommu.dev.common + COMMON_DEVICE_FEATURE_SELECT));
	case TARGET_STATUS:
		return phys((void *)(iommu.dev.common + COMMON_DEVICE_STATUS));
	case TARGET_DOORBELL:
		return phys((void *)iommu.dev.notify);
	}
	return 0;
}

void fail_case(struct source_line at, const char *name, const char *expected, const char *actual)
{
	judge(VERDICT_FAIL, at, expected, "%s: %s", name, actual);
}

/* Even ones read the request and go on, odd ones lead where nothing may be written. */
static void set_traps(const struct hostile *h, struct ring_desc *table, unsigned int from)
{
	for (unsigned int i = from; i < HOSTILE_TABLE; i++)
		table[i] = i % 2 ? (struct ring_desc){phys(h->area->forbidden), 4, DESC_WRITE, 0} :
				   (struct ring_desc){phys(h->area->readable),
						      sizeof(struct attach_request), DESC_NEXT,
						      i + 1};
}

/* ATTACH of an endpoint that does not exist. */
static void fill_area(struct hostile *h)
{
	const struct attach_request request = {
		{.type = REQUEST_ATTACH}, iommu.config.domain_start, nobodys_id(), 0, {0}};
	struct hostile_area *area = h->area;

	memset(area, FILL, sizeof(*area));
	memset(area->desc, 0, HOSTILE_SIZE * sizeof(area->desc[0]));
	memset(&area->rings, 0, sizeof(area->rings));
	memcpy(area->readable, &request, sizeof(request));
	set_traps(h, area->desc, HOSTILE_SIZE);
	set_traps(h, area->table, 0);
	h->desc = area->desc;
	h->table = area->table;
	h->avail = (void *)area->rings.avail;
	h->used = (void *)area->rings.used;
}

static struct hostile_area *new_area(void)
{
	return arena_alloc(sizeof(struct hostile_area), sizeof(struct hostile_area));
}

/* Two areas by turns: after a reset the old one must stay as it is. */
void hostile_setup(struct hostile *h)
{
	uint64_t window = iova_window(3);

	*h = (struct hostile){.area = new_area(), .shadow = new_area(), .old_area = new_area(),
			      .old_shadow = new_area(),
			      .event_memory = arena_alloc(ring_bytes(HOSTILE_SIZE, 0), 16),
			      .victim = {.ep = endpoint(0), .iova = window + iommu.page,
					 .target = watched_pages(3) + iommu.page}};
}

bool hostile_negotiate(uint64_t features)
{
	return virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features);
}

/* The suite's own requests go over the watched ring, too. */
static bool enable(const struct hostile *h)
{
	struct ring *ring = &iommu.requests;
	uint16_t most = iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE);

	if (most < HOSTILE_SIZE)
		return false;
	ring_init(ring, HOSTILE_SIZE, arena_alloc(ring_bytes(HOSTILE_SIZE, 0), 16), 0, 0);
	ring->desc = h->desc;
	ring->avail = h->avail;
	ring->used = h->used;
	ring->avail->flags = AVAIL_NO_INTERRUPT;
	return virtio_enable_queue(&iommu.dev, REQUEST_QUEUE, ring);
}

/* Without any buffers. Some devices come up with both queues only. */
static bool enable_events(const struct hostile *h)
{
	uint16_t most = iommu.dev.transport->queue_max(&iommu.dev, EVENT_QUEUE);

	ring_init(&iommu.events, min(most, HOSTILE_SIZE), h->event_memory, 0, 0);
	return virtio_enable_queue(&iommu.dev, EVENT_QUEUE, &iommu.events);
}

static bool serves(void)
{
	struct reply reply = attach(iommu.config.domain_start, nobodys_id(), 0);

	return reply.used && !reply.breach;
}

/* Where no endpoint can be attached there is no victim: requests and rings are judged all the same. */
bool victim_attach(struct source_line at, struct victim *victim)
{
	struct reply reply;

	victim->domain = fresh_domain();
	if (!does_dma(victim->ep) && !victim->ep->attachable)
		return true;
	if (!attach_with_dma(at, victim->ep, victim->domain))
		return false;
	reply = map_page(victim->domain, victim->iova, victim->target, MAP_RW);
	return is_ok(&reply);
}

/* The first byte of [from, to) of @area that is not that of @shadow, @to if there is none. */
static size_t first_change(const struct hostile_area *area, const struct hostile_area *shadow, size_t from,
			   size_t to)
{
	const uint8_t *now = (const uint8_t *)area, *before = (const uint8_t *)shadow;

	while (from < to && now[from] == before[from])
		from++;
	return from;
}

static void judge_unchanged(struct source_line at, const char *name, const char *expected,
			    const struct hostile_area *area, const struct hostile_area *shadow, size_t from,
			    size_t to)
{
	size_t change = first_change(area, shadow, from, to);

	if (change < to)
		judge(VERDICT_FAIL, at, expected, "%s: byte %#zx of the watched memory is %#x, was %#x", name,
		      change, ((const uint8_t *)area)[change], ((const uint8_t *)shadow)[change]);
}

static void judge_old_area(struct source_line at, const struct hostile *h, const char *name)
{
	judge_unchanged(at, name, "memory of a ring is left alone after a reset", h->old_area, h->old_shadow,
			0, sizeof(*h->old_area));
}

/* What the device is shown becomes what it must leave alone. */
static void swap_areas(struct hostile *h)
{
	struct hostile_area *area = h->area, *shadow = h->shadow;

	memcpy(shadow, area, sizeof(*area));
	h->area = h->old_area;
	h->shadow = h->old_shadow;
	h->old_area = area;
	h->old_shadow = shadow;
}

static bool fail_restart(struct source_line at, const char *name, const char *expected)
{
	judge(VERDICT_FAIL, at, expected, "%s: it does not, device_status %#x", name,
	      iommu.dev.transport->status(&iommu.dev));
	return false;
}

#define COMES_BACK "the device comes back from a reset"
#define SERVES "the device serves requests after a reset"

bool hostile_restart(struct source_line at, struct hostile *h, const char *name, uint64_t features)
{
	bool silent = virtio_reset(&iommu.dev);	/* up to here a device may be at work */

	swap_areas(h);
	fill_area(h);
	iommu.dead = false;
	if (!silent || !hostile_negotiate(features) || !enable(h) || !enable_events(h))
		return fail_restart(at, name, COMES_BACK);
	virtio_driver_ok(&iommu.dev);
	if (!serves() || !victim_attach(at, &h->victim))
		return fail_restart(at, name, SERVES);
	judge_old_area(at, h, name);
	h->index = h->avail->index;
	h->used_index = h->used->index;
	memcpy(h->shadow, h->area, sizeof(*h->area));
	return true;
}

void hostile_send(struct hostile *h, uint16_t count)
{
	memcpy(h->shadow, h->area, sizeof(*h->area));
	h->avail->index = h->index + count;
	memcpy(h->shadow->rings.avail, h->area->rings.avail, sizeof(struct ring_avail));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
}

static uint16_t used_count(const struct hostile *h)
{
	return h->used->index - h->used_index;
}

/* Reading the status waits for a device that is at work. */
static void drain_endpoints(const struct hostile *h)
{
	struct deadline deadline = deadline_in(timing_quiet_us(TIMED_REQUEST));

	while (!used_count(h) && !virtio_needs_reset(&iommu.dev) && !deadline_over(&deadline))
		;
	virtio_needs_reset(&iommu.dev);
}

/* All but the used ring and the writable part. */
static void judge_memory(struct source_line at, const struct hostile *h, const char *name)
{
	static const struct {
		size_t from, to;
	} parts[] = {
		{0, offsetof(struct hostile_area, rings.used)},
		{offsetof(struct hostile_area, rings.behind_used), offsetof(struct hostile_area, writable)},
		{offsetof(struct hostile_area, behind_writable), sizeof(struct hostile_area)},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
		judge_unchanged(at, name, "nothing but buffers and used ring is written", h->area, h->shadow,
				parts[i].from, parts[i].to);
}

static void judge_used(struct source_line at, const struct hostile *h, const char *name, uint16_t limit)
{
	uint16_t count = used_count(h), slot;

	if (count > limit)
		judge(VERDICT_FAIL, at, "a buffer is used once", "%s: %u were made available, %u used",
		      name, limit, count);
	for (uint16_t i = 0; i < count && i < limit; i++) {
		uint32_t id;

		slot = (uint16_t)(h->used_index + i) % HOSTILE_SIZE;
		id = h->used->elements[slot].id;
		if (id >= HOSTILE_SIZE)
			judge(VERDICT_FAIL, at, "used elements name buffers of the ring", "%s: id %#x of %u",
			      name, id, HOSTILE_SIZE);
	}
}

void victim_judge(struct source_line at, struct victim *victim)
{
	bool whole = !virtio_needs_reset(&iommu.dev) && iommu_is_up();

	iommu.dead = true;	/* no request of ours goes over this ring any more */
	if (whole)
		expect_writes(at, VERDICT_FAIL, victim->ep, victim->iova, victim->target, 8);
	else
		expect_write_stays_in(at, victim->ep, victim->iova, 8, victim->target, 8);
	iommu.dead = false;
}

void hostile_judge(struct source_line at, struct hostile *h, const char *name, uint16_t limit)
{
	drain_endpoints(h);
	judge_used(at, h, name, limit);
	judge_memory(at, h, name);
	victim_judge(at, &h->victim);
}

void hostile_clear_rings(struct hostile *h)
{
	memset(&h->area->rings, 0, sizeof(h->area->rings));
	h->index = h->used_index = 0;
	h->desc[0] = (struct ring_desc){phys(h->area->readable), sizeof(struct attach_request),
					DESC_NEXT, 1};
	h->desc[1] = (struct ring_desc){phys(h->area->writable), 4, DESC_WRITE, 0};
}

void hostile_judge_rings(struct source_line at, struct hostile *h, const char *name)
{
	drain_endpoints(h);
	judge_unchanged(at, name, "nothing but rings and buffers is written", h->area, h->shadow,
			offsetof(struct hostile_area, table), sizeof(struct hostile_area));
}

void hostile_check_recovery(struct source_line at, struct hostile *h)
{
	struct victim *victim = &h->victim;

	iommu.dead = false;
	swap_areas(h);
	if (!iommu_restart(iommu.wanted) || !serves() || !victim_attach(at, victim)) {
		fail_restart(at, "in the end", SERVES);
		return;
	}
	expect_writes(at, VERDICT_FAIL, victim->ep, victim->iova, victim->target, 8);
	expect_write_blocked(at, victim->ep, victim->iova + iommu.page, 8);
	judge_old_area(at, h, "in the end");
}
