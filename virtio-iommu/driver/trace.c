// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "memory.h"
#include "util.h"

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/reserved.h"
#include "driver/trace.h"
#include "standard/property.h"

#define LINE 240

static bool tracing;

void trace_enable(void)
{
	tracing = true;
}

bool trace_is_on(void)
{
	return tracing;
}

void trace(const char *format, ...)
{
	char line[LINE];
	va_list args;

	if (!tracing)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("# trace: %s\n", line);
}

/* What is printed of a request. A longer one has more bytes than the standard gives it. */
union any_request {
	struct request_head head;
	struct attach_request attach;
	struct detach_request detach;
	struct map_request map;
	struct unmap_request unmap;
	struct probe_request probe;
	uint8_t bytes[sizeof(struct probe_request)];
};

/* Return the readable bytes of a request of this type, 0 for an unknown type. */
static uint32_t standard_size(uint8_t type)
{
	static const uint8_t sizes[] = {
		[REQUEST_ATTACH] = sizeof(struct attach_request),
		[REQUEST_DETACH] = sizeof(struct detach_request),
		[REQUEST_MAP] = sizeof(struct map_request),
		[REQUEST_UNMAP] = sizeof(struct unmap_request),
		[REQUEST_PROBE] = sizeof(struct probe_request),
	};

	return type < ARRAY_SIZE(sizes) ? sizes[type] : 0;
}

static void describe(char *text, size_t room, const union any_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		snprintf(text, room, "ATTACH domain %u endpoint %#x flags %#x", r->attach.domain,
			 r->attach.endpoint, r->attach.flags);
		break;
	case REQUEST_DETACH:
		snprintf(text, room, "DETACH domain %u endpoint %#x", r->detach.domain,
			 r->detach.endpoint);
		break;
	case REQUEST_MAP:
		snprintf(text, room, "MAP domain %u virt_start %#lx virt_end %#lx phys_start %#lx flags %#x",
			 r->map.domain, r->map.virt_start, r->map.virt_end, r->map.phys_start,
			 r->map.flags);
		break;
	case REQUEST_UNMAP:
		snprintf(text, room, "UNMAP domain %u virt_start %#lx virt_end %#lx", r->unmap.domain,
			 r->unmap.virt_start, r->unmap.virt_end);
		break;
	case REQUEST_PROBE:
		snprintf(text, room, "PROBE endpoint %#x", r->probe.endpoint);
		break;
	default:
		snprintf(text, room, "type %u", r->head.type);
	}
}

static bool any_set(const uint8_t *bytes, size_t size)
{
	while (size && !*bytes)
		bytes++, size--;
	return size;
}

/* Return true if a reserved byte is set: of the head and, in all but MAP, at the end. */
static bool reserved_set(const union any_request *r)
{
	static const uint8_t first[] = {
		[REQUEST_ATTACH] = offsetof(struct attach_request, reserved),
		[REQUEST_DETACH] = offsetof(struct detach_request, reserved),
		[REQUEST_MAP] = sizeof(struct map_request),
		[REQUEST_UNMAP] = offsetof(struct unmap_request, reserved),
		[REQUEST_PROBE] = offsetof(struct probe_request, reserved),
	};
	uint32_t end = standard_size(r->head.type);

	return any_set(r->head.reserved, sizeof(r->head.reserved)) ||
	       (end && any_set(r->bytes + first[r->head.type], end - first[r->head.type]));
}

static const char *answer(char *text, size_t room, const struct reply *reply)
{
	if (!reply->used)
		return "does not come back";
	if (reply->delivered)
		snprintf(text, room, "%s, used.len %u", status_name(reply->status), reply->length);
	else
		snprintf(text, room, "no status, used.len %u", reply->length);
	return text;
}

static void trace_properties(const struct reply *reply)
{
	struct property_resv_mem p;
	uint32_t offset = 0;

	while (next_resv_mem(reply->bytes, reply->writable - TAIL_SIZE, &offset, &p))
		trace("  RESV_MEM subtype %u start %#lx end %#lx", p.subtype, p.start, p.end);
}

static uint8_t last_type;

void trace_request(const void *readable, uint32_t size, uint32_t writable)
{
	union any_request request = {0};
	uint32_t tail = TAIL_SIZE;
	char text[128], sizes[64] = "";

	if (!tracing)
		return;
	memcpy(&request, readable, min(size, sizeof(request)));
	last_type = request.head.type;
	if (last_type == REQUEST_PROBE)
		tail += iommu.config.probe_size;
	if (size != standard_size(last_type) || writable != tail)
		snprintf(sizes, sizeof(sizes), " (%u bytes readable, %u writable)", size, writable);
	describe(text, sizeof(text), &request);
	trace("%s%s%s ->", text, reserved_set(&request) ? " reserved bytes set" : "", sizes);
}

void trace_reply(const struct reply *reply)
{
	char status[48];

	if (!tracing)
		return;
	trace("-> %s%s%s", answer(status, sizeof(status), reply), reply->breach ? "; " : "",
	      reply->breach ? reply->breach : "");
	if (last_type == REQUEST_PROBE && is_ok(reply))
		trace_properties(reply);
}

void trace_event(const struct event *event)
{
	static const char *const reasons[] = {
		[FAULT_UNKNOWN] = "UNKNOWN", [FAULT_DOMAIN] = "DOMAIN", [FAULT_MAPPING] = "MAPPING",
	};
	const struct fault_record *r = &event->record;

	trace("event: fault %s (%u) flags %#x endpoint %#x address %#lx, used.len %u",
	      r->reason < ARRAY_SIZE(reasons) ? reasons[r->reason] : "?", r->reason,
	      r->flags, r->endpoint, r->address, event->length);
}

void trace_access(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size)
{
	trace("DMA endpoint %#x %s %lu bytes at %#lx ->", ep->id, what, size, iova);
}

void trace_effect(const void *memory, const struct effect *effect)
{
	char where[64] = "", stray[48] = "";

	if (!tracing)
		return;
	if (memory)
		snprintf(where, sizeof(where), ", memory at %#lx %s", phys(memory),
			 effect->exact ? "reached" : "not reached");
	if (effect->stray)
		snprintf(stray, sizeof(stray), ", memory changed at %#lx", phys(effect->stray));
	else if (!memory)
		snprintf(stray, sizeof(stray), ", no memory changed");
	trace("-> %s%s%s", effect->done ? "done" : "not done", where, stray);
}
