// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "memory.h"
#include "register.h"
#include "util.h"

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/names.h"
#include "driver/reserved.h"
#include "driver/trace.h"
#include "driver/trace_internal.h"
#include "standard/property.h"

#define LINE 1000
#define DEEPEST 4

static bool tracing;

/* Lines that end with "->" and have no answer yet. */
static unsigned int depth;

void trace_enable(void)
{
	tracing = true;
	register_observe(trace_register);
}

void trace_mute(bool mute)
{
	static bool was_tracing;

	if (mute)
		was_tracing = tracing;
	tracing = !mute && was_tracing;
	register_observe(tracing ? trace_register : NULL);
}

bool trace_is_on(void)
{
	return tracing;
}

void trace_begin(void)
{
	depth = 0;
	trace_registers_begin();
}

bool trace_is_waiting(void)
{
	return depth;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), size = strlen(end);

	return length >= size && !strcmp(text + length - size, end);
}

void trace_put(const char *line)
{
	bool answers = !strncmp(line, "-> ", 3);

	depth -= answers && depth;
	printf("# trace: %*s%s\n", answers ? 0 : (int)(2 * depth), "", line);
	depth += depth < DEEPEST && ends_with(line, " ->");
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
	trace_registers_flush();
	trace_put(line);
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

static const char *describe(char *text, size_t room, const union any_request *r)
{
	char names[NAMES_SIZE];

	switch (r->head.type) {
	case REQUEST_ATTACH:
		snprintf(text, room, "ATTACH domain %u endpoint %s flags %s", r->attach.domain,
			 endpoint_name(r->attach.endpoint), attach_flag_names(r->attach.flags, names));
		break;
	case REQUEST_DETACH:
		snprintf(text, room, "DETACH domain %u endpoint %s", r->detach.domain,
			 endpoint_name(r->detach.endpoint));
		break;
	case REQUEST_MAP:
		snprintf(text, room, "MAP domain %u virt_start %#lx virt_end %#lx phys_start %#lx flags %s",
			 r->map.domain, r->map.virt_start, r->map.virt_end, r->map.phys_start,
			 map_flag_names(r->map.flags, names));
		break;
	case REQUEST_UNMAP:
		snprintf(text, room, "UNMAP domain %u virt_start %#lx virt_end %#lx", r->unmap.domain,
			 r->unmap.virt_start, r->unmap.virt_end);
		break;
	case REQUEST_PROBE:
		snprintf(text, room, "PROBE endpoint %s", endpoint_name(r->probe.endpoint));
		break;
	default:
		snprintf(text, room, "type %u", r->head.type);
	}
	return text;
}

const char *request_words(const void *readable, uint32_t size, char *text, size_t room)
{
	union any_request request = {0};

	memcpy(&request, readable, min(size, sizeof(request)));
	return describe(text, room, &request);
}

const char *access_words(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size,
			 char *text, size_t room)
{
	snprintf(text, room, "DMA endpoint %s %s %lu bytes at %#lx", endpoint_name(ep->id), what, size, iova);
	return text;
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
	char text[256], sizes[64] = "";

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

/* The answer to a request, or the event, says the same of a buffer that is used. */
void trace_wait(const struct ring *ring, const struct ring_reply *reply, uint64_t microseconds)
{
	bool events = ring == &iommu.events;

	if (reply && !events && !depth)
		trace("request queue: buffer %u used, used.len %u", reply->id, reply->length);
	else if (!reply && microseconds)
		trace("%s queue: no buffer used within %lu us", events ? "event" : "request", microseconds);
}

void trace_event(const struct event *event)
{
	const struct fault_record *r = &event->record;
	char flags[NAMES_SIZE];

	if (tracing)
		trace("event: fault %s (%u) flags %s endpoint %s address %#lx, used.len %u",
		      fault_reason_name(r->reason), r->reason, fault_flag_names(r->flags, flags),
		      endpoint_name(r->endpoint), r->address, event->length);
}

void trace_access(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size)
{
	char text[160];

	if (tracing)
		trace("%s ->", access_words(ep, what, iova, size, text, sizeof(text)));
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
