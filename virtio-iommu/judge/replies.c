// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "judge/replies.h"
#include "util.h"

static bool report_breach(struct source_line at, const struct reply *reply, const char *expected)
{
	if (!reply->used)
		judge(VERDICT_FAIL, at, expected, "the request did not come back");
	else if (reply->breach)
		judge_harm(at, expected, "%s", reply->breach);
	else
		return true;
	return false;
}

/* What is broken by a device that refuses a request which nothing is against. */
static const struct {
	const char *name, *requirement;
} requests[] = {
	[REQUEST_ATTACH] = {"ATTACH", "N-DOM-1, 5.13.6.3"},
	[REQUEST_DETACH] = {"DETACH", "DEV-DETACH-4, 5.13.6.4"},
	[REQUEST_MAP] = {"MAP of free addresses", "N-MAP-1, 5.13.6.5"},
	[REQUEST_UNMAP] = {"UNMAP", "N-UNMAP-1, 5.13.6.6"},
	[REQUEST_PROBE] = {"PROBE", "N-PROBE-1, 5.13.6.7"},
};

static void describe(char *text, size_t size, enum verdict otherwise, const struct reply *reply,
		     uint8_t status)
{
	if (otherwise == SET_UP && reply->type < ARRAY_SIZE(requests) && requests[reply->type].name)
		snprintf(text, size, "%s gives status %s: %s", requests[reply->type].name,
			 status_name(status), requests[reply->type].requirement);
	else
		snprintf(text, size, "status %s", status_name(status));
}

bool skip_if_no_room(const struct reply *reply)
{
	if (reply->no_room)
		silent_rest("the device has no room for more (NOMEM)");
	return reply->no_room;
}

bool expect_status(struct source_line at, enum verdict otherwise, const struct reply *reply,
		   uint8_t status)
{
	char expected[100];

	if (reply->used && !reply->breach && reply->delivered && reply->status == status)
		return true;
	describe(expected, sizeof(expected), otherwise, reply, status);
	if (!report_breach(at, reply, expected))
		return false;
	if (status == STATUS_OK)
		skip_if_no_room(reply);
	if (!reply->delivered)
		judge(otherwise, at, expected, "used.len %u does not cover the status (raw byte %#x)",
		      reply->length, reply->status);
	else
		judge(otherwise, at, expected, "status %s, raw %#x, used.len %u",
		      status_name(reply->status), reply->status, reply->length);
	return false;
}

bool expect_unwritten(struct source_line at, const struct reply *reply)
{
	const char *expected = "used.len 0 and no byte of the writable part touched";

	if (!report_breach(at, reply, expected))
		return false;
	if (reply->length) {
		judge(BY_LEVEL, at, expected, "used.len %u", reply->length);
		return false;
	}
	for (uint32_t i = 0; i < reply->writable; i++)
		if (reply->bytes[i] != reply->poison) {
			judge(BY_LEVEL, at, expected, "byte %u is %#x, was %#x", i, reply->bytes[i],
			      reply->poison);
			return false;
		}
	return true;
}

void expect_zero_tail(struct source_line at, enum verdict otherwise, const struct reply *reply)
{
	uint32_t tail = reply->writable - TAIL_SIZE;
	const uint8_t *bytes = reply->bytes + tail;

	if (reply->used && reply->length < reply->writable)
		judge(VERDICT_INFO, at, "used.len covers the tail",
		      "tail.reserved is not covered by used.len %u", reply->length);
	else if (!reply->used || bytes[1] || bytes[2] || bytes[3])
		judge(otherwise, at, "tail.reserved is 0", "tail.reserved is %02x %02x %02x, used.len %u",
		      bytes[1], bytes[2], bytes[3], reply->length);
}
