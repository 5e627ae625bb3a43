// SPDX-License-Identifier: BSD-3-Clause
/*
 * Send requests, one at a time, and check every byte around them after each.
 */
#include <string.h>

#include "memory.h"
#include "time.h"
#include "util.h"

#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "driver/placement.h"
#include "driver/resources.h"
#include "driver/timing.h"
#include "driver/trace.h"

#define GUARD 64	/* bytes watched before and after each part */
#define GUARD_BYTE 0xc3
#define AREA_SIZE(longest) (GUARD + (longest) + GUARD)

/* A byte that the device did not write shows one of these. They alternate from request to request. */
static const uint8_t poisons[] = {0xa5, 0x5a};

void requests_init(void)
{
	uint32_t longest = REQUEST_MAX + max(iommu.config.probe_size, PROBE_LEAST);

	placement_init(PLACED_REQUESTS, arena_alloc(AREA_SIZE(REQUEST_MAX), 16),
		       AREA_SIZE(sizeof(struct probe_request)));
	placement_init(PLACED_REPLIES, arena_alloc(AREA_SIZE(longest), 16),
		       AREA_SIZE(iommu.config.probe_size + TAIL_SIZE));
}

/* Both parts, each between guards. */
static uint8_t *readable_area(void)
{
	return placed_at(PLACED_REQUESTS);
}

static uint8_t *writable_area(void)
{
	return placed_at(PLACED_REPLIES);
}

static uint8_t *prepare(uint8_t *area, uint32_t size)
{
	memset(area, GUARD_BYTE, GUARD);
	memset(area + GUARD + size, GUARD_BYTE, GUARD);
	return area + GUARD;
}

/* The first word is right, and each byte is the same as the one a word later. */
static bool guard_intact(const uint8_t *guard)
{
	static const uint8_t word[] = {GUARD_BYTE, GUARD_BYTE, GUARD_BYTE, GUARD_BYTE,
				       GUARD_BYTE, GUARD_BYTE, GUARD_BYTE, GUARD_BYTE};

	return !memcmp(guard, word, sizeof(word)) &&
	       !memcmp(guard, guard + sizeof(word), GUARD - sizeof(word));
}

static bool guards_intact(const uint8_t *area, uint32_t size)
{
	return guard_intact(area) && guard_intact(area + GUARD + size);
}

/* Device-readable bytes are never written (2.7.5.1), nor any byte outside of the buffer. */
static const char *find_breach(const void *readable, uint32_t size, const struct reply *reply,
			       bool valid)
{
	if (!valid)
		return "the used element names a buffer that was not available";
	if (memcmp(readable_area() + GUARD, readable, size))
		return "the device wrote to the readable part of the request";
	if (!guards_intact(readable_area(), size))
		return "the device wrote next to the readable part of the request";
	if (!guards_intact(writable_area(), reply->writable))
		return "the device wrote outside of the writable part of the request";
	if (reply->length > reply->writable)
		return "the used length is larger than the writable part";
	return NULL;
}

static void read_status(struct reply *reply)
{
	uint32_t at = reply->writable - TAIL_SIZE;

	if (reply->writable < TAIL_SIZE)
		return;
	reply->status = reply->bytes[at];
	reply->delivered = reply->length > at;
}

static struct framing framing;

void request_framing(struct framing now)
{
	framing = now;
}

/* A chain of descriptors for a request. */
#define PART_PIECES 63

static struct ring_piece pieces[2 * PART_PIECES];

static unsigned int cut_part(unsigned int count, struct cut cut, uint64_t address, uint32_t size,
			     bool writable)
{
	unsigned int room = iommu.requests.size / 2;
	unsigned int last = count + min(room, PART_PIECES) - 1;
	uint32_t length = cut.first;

	for (; size; address += length, size -= length, length = cut.next) {
		if (!length || length > size || count == last)
			length = size;
		pieces[count++] = (struct ring_piece){address, length, writable};
	}
	return count;
}

static int queue_request(uint32_t size, uint32_t writable)
{
	unsigned int count = cut_part(0, framing.readable, phys(readable_area()) + GUARD, size, false);

	count = cut_part(count, framing.writable, phys(writable_area()) + GUARD, writable, true);
	return ring_add(&iommu.requests, pieces, count);
}

static const char *first_breach;

const char *requests_breach(void)
{
	const char *breach = first_breach;

	first_breach = NULL;
	return breach;
}

void request_note_answer(const void *readable, uint32_t size, bool ok)
{
	if (ok)
		resources_note(readable, size);
	domains_note(readable, size, ok);
}

bool is_no_room(const struct reply *reply, const void *readable, uint32_t size)
{
	return reply->delivered && reply->status == STATUS_NOMEM && resources_may_lack(readable, size);
}

/* Make the buffer @head available, and wait until it is used. */
static bool is_answered(int head, struct ring_reply *used)
{
	uint64_t start = time_us();

	ring_publish(&iommu.requests, head);
	virtio_kick(&iommu.dev, REQUEST_QUEUE, &iommu.requests);
	if (iommu_wait(&iommu.requests, used, REPLY_TIMEOUT_US) != VIRTIO_USED)
		return false;
	timing_note_since(TIMED_REQUEST, start);
	return true;
}

/* What it was sent before and got over does not count any more. */
void request_note_rules(bool broken)
{
	iommu.broke_rules = broken || (iommu.broke_rules && virtio_needs_reset(&iommu.dev));
}

static struct reply send(const void *readable, uint32_t size, uint32_t writable)
{
	static unsigned int turn;
	struct reply reply = {
		.type = size ? *(const uint8_t *)readable : 0,
		.writable = writable, .bytes = writable_area() + GUARD, .poison = poisons[turn++ % 2]};
	struct ring_reply used;
	int head;

	memcpy(prepare(readable_area(), size), readable, size);
	memset(prepare(writable_area(), writable), reply.poison, writable);
	head = queue_request(size, writable);
	if (head < 0 || !(reply.used = is_answered(head, &used))) {
		iommu.dead = true;
		return reply;
	}
	reply.length = used.length;
	reply.breach = find_breach(readable, size, &reply, used.valid);
	if (!first_breach)
		first_breach = reply.breach;
	read_status(&reply);
	reply.no_room = is_no_room(&reply, readable, size);
	request_note_answer(readable, size, is_ok(&reply));
	return reply;
}

struct reply request_raw(const void *readable, uint32_t size, uint32_t writable)
{
	struct reply reply;

	trace_request(readable, size, writable);
	request_note_rules(resources_forbid(readable, size, writable));
	reply = send(readable, size, writable);
	trace_reply(&reply);
	return reply;
}

struct reply send_attach(const struct attach_request *request)
{
	return request_raw(request, sizeof(*request), TAIL_SIZE);
}

struct reply send_detach(const struct detach_request *request)
{
	return request_raw(request, sizeof(*request), TAIL_SIZE);
}

struct reply send_map(const struct map_request *request)
{
	return request_raw(request, sizeof(*request), TAIL_SIZE);
}

struct reply send_unmap(const struct unmap_request *request)
{
	return request_raw(request, sizeof(*request), TAIL_SIZE);
}

struct reply send_probe(const struct probe_request *request)
{
	return request_raw(request, sizeof(*request), iommu.config.probe_size + TAIL_SIZE);
}

struct reply attach(uint32_t domain, uint32_t endpoint, uint32_t flags)
{
	return send_attach(&(struct attach_request){
		.head.type = REQUEST_ATTACH, .domain = domain, .endpoint = endpoint, .flags = flags,
	});
}

struct reply detach(uint32_t domain, uint32_t endpoint)
{
	return send_detach(&(struct detach_request){
		.head.type = REQUEST_DETACH, .domain = domain, .endpoint = endpoint,
	});
}

struct reply map(uint32_t domain, uint64_t virt_start, uint64_t virt_end, uint64_t phys_start,
		 uint32_t flags)
{
	return send_map(&(struct map_request){
		.head.type = REQUEST_MAP, .domain = domain, .virt_start = virt_start, .virt_end = virt_end,
		.phys_start = phys_start, .flags = flags,
	});
}

struct reply unmap(uint32_t domain, uint64_t virt_start, uint64_t virt_end)
{
	return send_unmap(&(struct unmap_request){
		.head.type = REQUEST_UNMAP, .domain = domain, .virt_start = virt_start, .virt_end = virt_end,
	});
}

struct reply probe(uint32_t endpoint)
{
	return send_probe(&(struct probe_request){.head.type = REQUEST_PROBE, .endpoint = endpoint});
}
