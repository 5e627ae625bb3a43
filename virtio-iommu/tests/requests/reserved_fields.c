// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reserved bytes of each request, in its head and of its own (virtio 1.4, 5.13.6.2 to 5.13.6.7).
 *
 * Those of ATTACH have to be zero, each of them: a device that adds them up, or that looks at a part of them,
 * takes some values for zero that are not. Those of all others have no influence, or little.
 */
#include <string.h>

#include "judge/product.h"
#include "judge/steps/judged_request.h"
#include "util.h"

enum { FIELD, PATTERN, PLACE };
enum {
	HEAD_ATTACH, HEAD_DETACH, HEAD_MAP, HEAD_UNMAP, HEAD_PROBE,
	HEAD_REFUSED_ATTACH, HEAD_REFUSED_DETACH, HEAD_REFUSED_MAP, HEAD_REFUSED_UNMAP, HEAD_REFUSED_PROBE,
	OWN_ATTACH, OWN_DETACH, OWN_UNMAP, OWN_PROBE,
};
enum {
	ONE, TOP_BIT, HIGH_NIBBLE, ALL_ONES,
	SECOND_BYTE, THIRD_BYTE, TOP_OF_4_BYTES, BYTES_ADD_UP, UNLIKE_BYTES_ADD_UP, FOUR_BYTES_ADD_UP,
	WORDS_ADD_UP, UNLIKE_WORDS_ADD_UP, BYTES_ALIKE, WORDS_ALIKE, NO_BIT_IN_COMMON,
};
enum { AT_START, AT_END, ALL_OVER };

static const char *const fields[] = {
	[HEAD_ATTACH] = "head of attach", [HEAD_DETACH] = "head of detach", [HEAD_MAP] = "head of map",
	[HEAD_UNMAP] = "head of unmap", [HEAD_PROBE] = "head of probe",
	[HEAD_REFUSED_ATTACH] = "head of refused attach", [HEAD_REFUSED_DETACH] = "head of refused detach",
	[HEAD_REFUSED_MAP] = "head of refused map", [HEAD_REFUSED_UNMAP] = "head of refused unmap",
	[HEAD_REFUSED_PROBE] = "head of refused probe",
	[OWN_ATTACH] = "end of attach", [OWN_DETACH] = "end of detach", [OWN_UNMAP] = "end of unmap",
	[OWN_PROBE] = "end of probe",
};
static const char *const patterns[] = {
	[ONE] = "one", [TOP_BIT] = "top bit of a byte", [HIGH_NIBBLE] = "high nibble",
	[ALL_ONES] = "all ones", [SECOND_BYTE] = "low byte 0", [THIRD_BYTE] = "low half 0",
	[TOP_OF_4_BYTES] = "top bit of 4 bytes", [BYTES_ADD_UP] = "bytes that add up to 256",
	[UNLIKE_BYTES_ADD_UP] = "unlike bytes that add up to 256",
	[FOUR_BYTES_ADD_UP] = "4 bytes that add up to 256",
	[WORDS_ADD_UP] = "words that add up to 65536",
	[UNLIKE_WORDS_ADD_UP] = "unlike words that add up to 65536",
	[BYTES_ALIKE] = "bytes alike", [WORDS_ALIKE] = "words alike",
	[NO_BIT_IN_COMMON] = "no bit in common",
};
static const char *const places[] = {"at its start", "at its end", "all over it"};

static const struct {
	uint8_t size, bytes[4];
} bytes_of[] = {
	[ONE] = {1, {0x01}}, [TOP_BIT] = {1, {0x80}}, [HIGH_NIBBLE] = {1, {0x50}},
	[ALL_ONES] = {4, {0xff, 0xff, 0xff, 0xff}},
	[SECOND_BYTE] = {2, {0x00, 0x01}}, [THIRD_BYTE] = {4, {0x00, 0x00, 0x01, 0x00}},
	[TOP_OF_4_BYTES] = {4, {0x00, 0x00, 0x00, 0x80}},
	[BYTES_ADD_UP] = {2, {0x80, 0x80}}, [UNLIKE_BYTES_ADD_UP] = {2, {0x01, 0xff}},
	[FOUR_BYTES_ADD_UP] = {4, {0x40, 0x40, 0x40, 0x40}},
	[WORDS_ADD_UP] = {4, {0x00, 0x80, 0x00, 0x80}},
	[UNLIKE_WORDS_ADD_UP] = {4, {0x01, 0x00, 0xff, 0xff}},
	[BYTES_ALIKE] = {2, {0x5a, 0x5a}}, [WORDS_ALIKE] = {4, {0x34, 0x12, 0x34, 0x12}},
	[NO_BIT_IN_COMMON] = {4, {0x01, 0x02, 0x04, 0x08}},
};

static const enum request_kind kinds[] = {
	[HEAD_ATTACH] = KIND_ATTACH, [HEAD_DETACH] = KIND_DETACH, [HEAD_MAP] = KIND_MAP,
	[HEAD_UNMAP] = KIND_UNMAP, [HEAD_PROBE] = KIND_PROBE,
	[HEAD_REFUSED_ATTACH] = KIND_ATTACH_NOBODY, [HEAD_REFUSED_DETACH] = KIND_DETACH_NOBODY,
	[HEAD_REFUSED_MAP] = KIND_MAP_NOWHERE, [HEAD_REFUSED_UNMAP] = KIND_UNMAP_NOWHERE,
	[HEAD_REFUSED_PROBE] = KIND_PROBE_NOBODY,
	[OWN_ATTACH] = KIND_ATTACH, [OWN_DETACH] = KIND_DETACH, [OWN_UNMAP] = KIND_UNMAP,
	[OWN_PROBE] = KIND_PROBE,
};

static const char *field_unmet(unsigned int field)
{
	return request_kind_unmet(kinds[field]);
}

static const struct dimension dimensions[] = {
	[FIELD] = {"field", fields, ARRAY_SIZE(fields), field_unmet},
	[PATTERN] = {"value", patterns, ARRAY_SIZE(patterns), NULL},
	[PLACE] = {"place", places, ARRAY_SIZE(places), NULL},
};

#define LONG (BIT(ALL_ONES) | BIT(THIRD_BYTE) | BIT(TOP_OF_4_BYTES) | BIT(FOUR_BYTES_ADD_UP) |    \
	      BIT(WORDS_ADD_UP) | BIT(UNLIKE_WORDS_ADD_UP) | BIT(WORDS_ALIKE) | BIT(NO_BIT_IN_COMMON))
#define PLAIN (BIT(ONE) | BIT(TOP_BIT) | BIT(HIGH_NIBBLE) | BIT(ALL_ONES))

static const struct product_rule rules[] = {
	{{{FIELD, ~BIT(OWN_ATTACH)}, {PATTERN, ~PLAIN}}, "nothing depends on whether it is 0"},
	{{{FIELD, BIT(OWN_ATTACH) | BIT(OWN_UNMAP)}, {PATTERN, LONG}, {PLACE, ~BIT(AT_START)}},
	 "it fills the field"},
};

struct field {
	uint8_t *bytes;
	size_t size;
};

static struct field field_of(struct judged_request *r, unsigned int field)
{
	switch (field) {
	case OWN_ATTACH:
		return (struct field){r->attach.reserved, sizeof(r->attach.reserved)};
	case OWN_DETACH:
		return (struct field){r->detach.reserved, sizeof(r->detach.reserved)};
	case OWN_UNMAP:
		return (struct field){r->unmap.reserved, sizeof(r->unmap.reserved)};
	case OWN_PROBE:
		return (struct field){r->probe.reserved, sizeof(r->probe.reserved)};
	default:
		return (struct field){r->head.reserved, sizeof(r->head.reserved)};
	}
}

static void fill(struct field field, unsigned int pattern, unsigned int place)
{
	size_t length = min((size_t)bytes_of[pattern].size, field.size);

	if (place == ALL_OVER)
		for (size_t i = 0; i < field.size; i++)
			field.bytes[i] = bytes_of[pattern].bytes[i % bytes_of[pattern].size];
	else
		memcpy(field.bytes + (place == AT_END ? field.size - length : 0), bytes_of[pattern].bytes,
		       length);
}

/* UNMAP alone may be refused, and is done even so, or not (DEV-UNMAP-1, DEV-UNMAP-2). */
static bool is_refused_unmap(unsigned int field, const struct reply *reply)
{
	return field == OWN_UNMAP && is_refusal(reply) && reply->status == STATUS_INVAL;
}

/* What a request is refused with is a matter of others: the same as with zeroes. */
static uint8_t status_with_zeroes(unsigned int field, const struct judged_request *r)
{
	struct reply reply;

	if (field < HEAD_REFUSED_ATTACH || field > HEAD_REFUSED_PROBE)
		return r->status;
	reply = request_raw(&r->head, r->readable, r->writable);
	return reply.delivered ? reply.status : r->status;
}

static void play(struct source_line at, const cell_t cell)
{
	struct judged_request r;
	struct reply reply;

	if (!judged_request_prepare(at, kinds[cell[FIELD]], &r))
		return;
	r.status = status_with_zeroes(cell[FIELD], &r);
	fill(field_of(&r, cell[FIELD]), cell[PATTERN], cell[PLACE]);
	if (cell[FIELD] == OWN_ATTACH)
		r.status = STATUS_INVAL;
	reply = request_raw(&r.head, r.readable, r.writable);
	if (!is_refused_unmap(cell[FIELD], &reply))
		judged_request_judge(at, &r, &reply);
}

static const struct product reserved_fields = {
	.name = "reserved fields",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* DEV-ATTACH-1 (MUST): Non-zero `reserved` in ATTACH => refused with INVAL */
TEST(DEV_ATTACH_1, no_value_of_reserved_bytes_is_taken_for_0, NEEDS_DOMAIN)
{
	PRODUCT(&reserved_fields, FIELD, BIT(OWN_ATTACH));
}

/* DEV-DETACH-1 (MUST): `reserved` of DETACH has no influence */
TEST(DEV_DETACH_1, no_value_of_reserved_bytes_has_influence, NEEDS_DOMAIN)
{
	PRODUCT(&reserved_fields, FIELD, BIT(OWN_DETACH));
}

/* DEV-UNMAP-1 (MAY): Non-zero `reserved` in UNMAP can be answered with INVAL */
TEST(DEV_UNMAP_1, each_value_of_reserved_bytes_is_refused_or_ignored, NEEDS_DOMAIN)
{
	PRODUCT(&reserved_fields, FIELD, BIT(OWN_UNMAP));
}

/* DEV-PROBE-1 (MUST): `reserved[64]` of PROBE has no influence */
TEST(DEV_PROBE_1, no_value_of_reserved_bytes_has_influence, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	PRODUCT(&reserved_fields, FIELD, BIT(OWN_PROBE));
}

/* DEV-OPS-4 (MUST): `reserved` of the request head has no influence */
TEST(DEV_OPS_4, no_value_of_reserved_bytes_has_influence, NEEDS_DOMAIN)
{
	PRODUCT(&reserved_fields, FIELD, BIT(HEAD_ATTACH) | BIT(HEAD_DETACH) | BIT(HEAD_MAP) |
					 BIT(HEAD_UNMAP) | BIT(HEAD_PROBE) | BIT(HEAD_REFUSED_ATTACH) |
					 BIT(HEAD_REFUSED_DETACH) | BIT(HEAD_REFUSED_MAP) |
					 BIT(HEAD_REFUSED_UNMAP) | BIT(HEAD_REFUSED_PROBE));
}

/* A tail that is made of what the head was is told by it. */
static void play_tail(struct source_line at, const cell_t cell)
{
	struct judged_request r;
	struct reply reply;

	if (!judged_request_prepare(at, kinds[cell[FIELD]], &r))
		return;
	fill(field_of(&r, cell[FIELD]), cell[PATTERN], cell[PLACE]);
	reply = request_raw(&r.head, r.readable, r.writable);
	expect_zero_tail(at, BY_LEVEL, &reply);
}

static const struct product tails = {
	.name = "tails",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play_tail,
};

/* DEV-OPS-5 (SHOULD): `reserved` of the tail is written as zero */
TEST(DEV_OPS_5, reserved_bytes_of_a_request_do_not_come_back, NEEDS_DOMAIN)
{
	PRODUCT(&tails, FIELD, BIT(HEAD_ATTACH) | BIT(HEAD_REFUSED_ATTACH) | BIT(HEAD_REFUSED_DETACH) |
			       BIT(HEAD_REFUSED_MAP) | BIT(HEAD_REFUSED_UNMAP) | BIT(HEAD_REFUSED_PROBE) |
			       BIT(OWN_ATTACH));
}
