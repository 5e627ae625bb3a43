// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "driver/trace.h"
#include "judge/accesses.h"
#include "judge/replies.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/restart.h"
#include "judge/steps/shown_map.h"
#include "memory.h"

struct shown_map shown_map(const struct page_fixture *s)
{
	struct shown_map m = {s, arena_alloc(sizeof(struct map_request), 8),
			      arena_alloc(sizeof(struct request_tail), 8)};

	shown_map_fill(&m);
	return m;
}

static struct map_request request_of(const struct page_fixture *s)
{
	uint64_t iova = s->iova + iommu.page;

	return (struct map_request){{.type = REQUEST_MAP}, s->domain, iova, iova + iommu.page - 1,
				    phys(s->target) + iommu.page, MAP_RW};
}

void shown_map_fill(const struct shown_map *m)
{
	struct map_request request = request_of(m->s);

	memcpy(m->request, &request, sizeof(request));
	memset(m->tail, UINT8_MAX, sizeof(*m->tail));
}

struct ring_piece shown_map_readable(const struct shown_map *m, uint32_t from, uint32_t to)
{
	return (struct ring_piece){phys(m->request) + from, to - from, .writable = false};
}

struct ring_piece shown_map_writable(const struct shown_map *m, uint32_t from, uint32_t to)
{
	return (struct ring_piece){phys(m->tail) + from, to - from, .writable = true};
}

/* Return what went wrong before the status counts, or NULL. */
static const char *send(int id)
{
	if (id < 0)
		return "the queue is full";
	ring_publish(&iommu.requests, id);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return wait_requests_used(1) ? NULL : "no buffer used";
}

/* Both ends of the page, and the mapping as a whole. */
static bool expect_page(struct source_line at, const struct page_fixture *s)
{
	uint64_t iova = s->iova + iommu.page, last = iommu.page - 1;
	uint8_t *target = s->target + iommu.page;
	struct reply reply;

	if (!expect_writes(at, BY_LEVEL, s->ep, iova, target, 8) ||
	    !expect_writes(at, BY_LEVEL, s->ep, iova + last, target + last, 1))
		return false;
	reply = unmap_page(s->domain, iova);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

bool expect_shown_map(struct source_line at, int id, const struct shown_map *m, const char *when, ...)
{
	struct map_request request = request_of(m->s);
	struct reply reply = {0};
	const char *trouble;
	char words[80];
	va_list args;

	trace_request(&request, sizeof(request), TAIL_SIZE);
	trouble = send(id);
	reply = (struct reply){.used = !trouble, .delivered = !trouble, .status = m->tail->status};
	trace("-> %s", trouble ? trouble : status_name(reply.status));
	reply.no_room = is_no_room(&reply, &request, sizeof(request));
	request_note_answer(&request, sizeof(request), is_ok(&reply));
	if (is_ok(&reply))
		return expect_page(at, m->s);
	if (skip_if_no_room(&reply))
		return false;
	va_start(args, when);
	vsnprintf(words, sizeof(words), when, args);
	va_end(args);
	if (trouble)
		judge(BY_LEVEL, at, "status OK (0)", "%s, device_status %s: a MAP %s", trouble,
		      device_status_now(), words);
	else
		judge(BY_LEVEL, at, "status OK (0)", "status %s: a MAP %s", status_name(reply.status), words);
	return false;
}
