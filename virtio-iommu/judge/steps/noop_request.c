// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "driver/endpoint.h"
#include "driver/timing.h"
#include "driver/trace.h"
#include "judge/expect.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "time.h"
#include "util.h"

int queue_noop(void)
{
	struct noop_request noop = noop_request();

	return noop_add(&noop);
}

bool wait_request_used(uint64_t microseconds)
{
	uint64_t start = time_us();
	struct ring_reply used;

	if (iommu_wait(&iommu.requests, &used, microseconds) != VIRTIO_USED)
		return false;
	timing_note_since(TIMED_REQUEST, start);
	return used.valid;
}

bool request_stays_unused(void)
{
	return !wait_request_used(timing_quiet_us(TIMED_REQUEST));
}

uint16_t wait_requests_pending(uint16_t count)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint64_t start = time_us();
	uint16_t seen = 0, now;

	while ((now = ring_pending(&iommu.requests)) < count) {
		if (now != seen) {
			deadline = deadline_in(REPLY_TIMEOUT_US);
			timing_note_since(TIMED_REQUEST, start);
			start = time_us();
		}
		seen = now;
		if (deadline_over(&deadline))
			return ring_pending(&iommu.requests);
	}
	return now;
}

unsigned int wait_requests_used(unsigned int count)
{
	unsigned int used = 0;

	while (used < count && !iommu.dead && wait_request_used(REPLY_TIMEOUT_US))
		used++;
	iommu.dead |= used < count;
	return used;
}

struct noop_request noop_request(void)
{
	struct noop_request noop = {arena_alloc(sizeof(*noop.request), 8),
				    arena_alloc(sizeof(*noop.tail), 8)};

	*noop.request = (struct detach_request){
		{.type = REQUEST_DETACH}, iommu.config.domain_start, nobodys_id(), {0}};
	noop.tail->status = UINT8_MAX;
	return noop;
}

void noop_pieces(const struct noop_request *noop, struct ring_piece pieces[2])
{
	pieces[0] = (struct ring_piece){phys(noop->request), sizeof(*noop->request), .writable = false};
	pieces[1] = (struct ring_piece){phys(noop->tail), sizeof(*noop->tail), .writable = true};
}

int noop_add(const struct noop_request *noop)
{
	struct ring_piece pieces[2];

	noop_pieces(noop, pieces);
	return ring_add(&iommu.requests, pieces, 2);
}

/*
 * What it ought to be is a matter of DEV-DETACH-2, and of no test that needs any request at all. It is
 * learned after the first no-op request has come back, by a plain one: before, the device has not been sent
 * any.
 */
static uint8_t usual_status(void)
{
	static uint8_t status = STATUS_NOENT;
	static bool is_known;
	struct reply reply;

	if (is_known)
		return status;
	reply = detach(iommu.config.domain_start, nobodys_id());
	is_known = reply.used;
	if (reply.delivered && reply.status <= STATUS_NOMEM)
		status = reply.status;
	return status;
}

/* Return what went wrong with it other than its status, NULL if it came back. */
static const char *send_noop(int id)
{
	if (id < 0)
		return "the queue is full";
	ring_publish(&iommu.requests, id);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return wait_requests_used(1) ? NULL : "no buffer used";
}

bool expect_noop_answered(struct source_line at, int id, const struct noop_request *noop, const char *when,
			  ...)
{
	const char *trouble;
	char expected[40], words[80];
	uint8_t status, usual;
	va_list args;

	trace_request(noop->request, sizeof(*noop->request), TAIL_SIZE);
	trouble = send_noop(id);
	status = noop->tail->status;
	trace("-> %s", trouble ? trouble : status_name(status));
	usual = trouble ? STATUS_NOENT : usual_status();
	if (!trouble && status == usual)
		return true;
	va_start(args, when);
	vsnprintf(words, sizeof(words), when, args);
	va_end(args);
	snprintf(expected, sizeof(expected), "status %s", status_name(usual));
	if (trouble)
		judge(BY_LEVEL, at, expected, "%s, device_status %s: a request %s", trouble,
		      device_status_now(), words);
	else
		judge(BY_LEVEL, at, expected, "status %s: a request %s", status_name(status), words);
	return false;
}

bool expect_queue_works(struct source_line at, const char *when)
{
	struct noop_request noop = noop_request();

	return expect_noop_answered(at, noop_add(&noop), &noop, "%s", when);
}

void expect_noop_left_alone(struct source_line at, const char *when)
{
	struct noop_request noop = noop_request();
	size_t size = ring_bytes(iommu.requests.size, iommu.requests.features);
	const void *ring = (const void *)iommu.requests.desc;
	uint8_t *before = arena_alloc(size, 8);

	ring_publish(&iommu.requests, noop_add(&noop));
	memcpy(before, ring, size);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_eq(at, request_stays_unused(), 1, "no buffer is used %s", when);
	expect_bytes(at, ring, before, size, "the request queue, %s", when);
	expect_eq(at, noop.tail->status, UINT8_MAX, "status, unwritten, of a request %s", when);
}

void queue_raw(const void *request, uint32_t size, struct request_tail *tail)
{
	void *copy = memcpy(arena_alloc(size, 8), request, size);
	struct ring_piece pieces[] = {{phys(copy), size, .writable = false},
				      {phys(tail), sizeof(*tail), .writable = true}};
	int id = ring_add(&iommu.requests, pieces, 2);

	if (id >= 0)
		ring_publish(&iommu.requests, id);
}

static bool ask_for_long_buffers(void)
{
	uint64_t iova = align_up(iommu.config.input_start, iommu.page);
	uint32_t domain;
	struct reply reply;

	if (iommu.requests.size < sizeof(struct map_request) + TAIL_SIZE || !peek_fresh_domain(&domain))
		return false;
	request_framing((struct framing){{1, 1}, {1, 1}});
	reply = map(domain, iova, iova + iommu.page - 1, iova, MAP_READ);
	request_framing((struct framing){0});
	if (virtio_needs_reset(&iommu.dev)) {
		iommu_restart(iommu.wanted);
		return false;
	}
	return !reply.used || reply.length;
}

bool takes_long_buffers(void)
{
	static bool asked, takes;

	if (!asked)
		takes = ask_for_long_buffers();
	asked = true;
	return takes;
}
