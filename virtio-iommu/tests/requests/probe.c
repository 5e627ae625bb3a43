// SPDX-License-Identifier: BSD-3-Clause
/*
 * PROBE request (virtio 1.4, 5.13.6.7) and its properties.
 */
#include "driver/reserved.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "standard/property.h"

/* DEV-PROBE-1 (MUST): `reserved[64]` of PROBE has no influence */
TEST(DEV_PROBE_1, reserved_bytes_are_ignored, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	uint32_t size = iommu.config.probe_size;
	struct probe_request request = {{.type = REQUEST_PROBE}, endpoint(0)->id, {0}};
	uint8_t *plain = arena_alloc(size + 1, 8);
	struct reply reply = send_probe(&request);

	REQUIRE_OK(reply);
	memcpy(plain, reply.bytes, size);
	memset(request.reserved, 0xff, sizeof(request.reserved));
	reply = send_probe(&request);
	EXPECT_OK(reply);
	expect_bytes(AT, reply.bytes, plain, size, "the properties, with reserved bytes set");
}

TEST(DEV_PROBE_1, each_reserved_byte_is_ignored, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	struct probe_request request = {{.type = REQUEST_PROBE}, endpoint(0)->id, {0}};

	for (unsigned int i = 0; i < sizeof(request.reserved); i++) {
		struct reply reply;

		request.reserved[i] = 1;
		reply = send_probe(&request);
		EXPECT_OK(reply);
		request.reserved[i] = 0;
	}
}

/* Follow the list by the lengths it states. What is found at each step, and where it ends. */
struct walk {
	const uint8_t *bytes;
	uint32_t size, offset;
	struct property_head head;
};

static struct walk walk_of(const struct reply *reply)
{
	return (struct walk){.bytes = reply->bytes, .size = iommu.config.probe_size};
}

static bool walk_step(struct walk *walk)
{
	if (walk->offset + sizeof(walk->head) > walk->size)
		return false;
	memcpy(&walk->head, walk->bytes + walk->offset, sizeof(walk->head));
	return (walk->head.type & PROPERTY_TYPE_MASK) != PROPERTY_NONE;
}

/* What runs over the end is no property. */
static bool fits(const struct walk *walk)
{
	return walk->head.length <= walk->size - walk->offset - sizeof(walk->head);
}

static void walk_on(struct walk *walk)
{
	walk->offset += sizeof(walk->head) + walk->head.length;
}

/* DEV-PROBE-6 (MUST): `length` counts the value only, not the 4-byte property header */
/* The length of a RESV_MEM counts its value, 20 bytes, and not the 4 of its head. */
TEST(DEV_PROBE_6, length_counts_the_value_only, NEEDS_ENDPOINT_ID | NEEDS_PROBE | NEEDS_RESERVED_REGION)
{
	const unsigned int value = sizeof(struct property_resv_mem) - sizeof(struct property_head);
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct walk walk = walk_of(&reply);

	REQUIRE_OK(reply);
	for (; walk_step(&walk); walk_on(&walk))
		if (walk.head.type == PROPERTY_RESV_MEM)
			EXPECT(walk.head.length == value, "RESV_MEM has length 20", "length %u at %u",
			       walk.head.length, walk.offset);
	EXPECT(walk.offset <= walk.size, "the list ends within probe_size",
	       "it ends at %u of %u bytes", walk.offset, walk.size);
}

TEST(DEV_PROBE_6, list_ends_within_probe_size, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);
		struct walk walk = walk_of(&reply);

		REQUIRE_OK(reply);
		while (walk_step(&walk))
			walk_on(&walk);
		EXPECT(walk.offset <= walk.size, "the list ends within probe_size",
		       "endpoint %#x: it ends at %u of %u bytes", endpoint(i)->id, walk.offset, walk.size);
	}
}

static bool plausible(const struct property_head *head)
{
	return head->type != PROPERTY_RESV_MEM ||
	       head->length == sizeof(struct property_resv_mem) - sizeof(*head);
}

/* DEV-PROBE-7 (MUST): The next property starts exactly length+4 bytes after the previous one */
/* A property that does not begin where the one before it ends is not found. */
TEST(DEV_PROBE_7, next_property_follows_at_once, NEEDS_ENDPOINT_ID | NEEDS_PROBE | NEEDS_RESERVED_REGION)
{
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct walk walk = walk_of(&reply);
	unsigned int count = 0;

	REQUIRE_OK(reply);
	for (; walk_step(&walk); walk_on(&walk), count++)
		EXPECT(plausible(&walk.head), "a property head where the last property ends",
		       "type %u length %u at %u", walk.head.type, walk.head.length, walk.offset);
	for (uint32_t i = walk.offset; i < walk.size; i++)
		EXPECT(!reply.bytes[i], "no property after the end of the list",
		       "byte %u after the end at %u is %#x", i, walk.offset, reply.bytes[i]);
	if (count < 2 && no_defect_so_far())
		NOT_APPLICABLE("the endpoint has fewer than two properties");
}

static void probe_missing(struct source_line at, uint32_t id)
{
	struct reply reply = probe(id);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

/* DEV-PROBE-2 (SHOULD): Unknown endpoint => expected refusal with NOENT */
TEST(DEV_PROBE_2, unknown_endpoint_is_refused, NEEDS_PROBE)
{
	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	probe_missing(AT, nobodys_id());
}

TEST(DEV_PROBE_2, aliases_of_an_id_are_refused, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	uint32_t id;

	for (unsigned int i = 0; alias_id(endpoint(0)->id, i, &id); i++)
		if (endpoint_id_is_unlisted(id))
			probe_missing(AT, id);
}

static struct reply probe_without_feature(void)
{
	struct probe_request request = {{.type = REQUEST_PROBE}, endpoint(0)->id, {0}};

	return request_raw(&request, sizeof(request), 64);
}

/* DEV-PROBE-3 (SHOULD NOT): Device that does not offer bit 4: a PROBE is not expected to store anything */
/* Without the feature the request is of an unknown type. */
TEST(DEV_PROBE_3, nothing_is_written_without_the_feature, NEEDS_ENDPOINT_ID | NEEDS_NO_PROBE)
{
	struct reply reply = probe_without_feature();

	for (uint32_t i = 0; reply.used && i < reply.writable; i++)
		EXPECT(reply.bytes[i] == reply.poison, "no byte of the buffer is written",
		       "byte %u is %#x", i, reply.bytes[i]);
}

/* DEV-PROBE-4 (SHOULD): ...and is expected to come back with used length 0 */
TEST(DEV_PROBE_4, comes_back_with_length_0_without_the_feature, NEEDS_ENDPOINT_ID | NEEDS_NO_PROBE)
{
	struct reply reply = probe_without_feature();

	EXPECT(reply.used && !reply.length, "the request comes back with used.len 0", "%s, used.len %u",
	       reply.used ? "the request came back" : "the request did not come back", reply.length);
}

/* DEV-PROBE-5 (SHOULD): The upper 4 bits of each property's first le16 are zero */
/* A driver skips a property where they are not, so there may seem to be no region at all. */
TEST(DEV_PROBE_5, reserved_bits_of_property_types_are_zero, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);
		struct walk walk = walk_of(&reply);

		REQUIRE_OK(reply);
		for (; walk_step(&walk); walk_on(&walk), count++)
			EXPECT(!(walk.head.type & ~PROPERTY_TYPE_MASK), "bits 12-15 of the type are 0",
			       "type %#x at %u", walk.head.type, walk.offset);
	}
	if (!count)
		NOT_APPLICABLE("no endpoint has a property");
}

/* The property area is cut short; the tail is where a driver with that size would look for it. */
static struct reply probe_cut_to(uint32_t id, uint32_t property_bytes)
{
	struct probe_request request = {{.type = REQUEST_PROBE}, id, {0}};

	return request_raw(&request, sizeof(request), property_bytes + TAIL_SIZE);
}

static bool holds_region(const struct reply *reply)
{
	const struct property_head head = {PROPERTY_RESV_MEM, sizeof(struct property_resv_mem) - 4};

	for (uint32_t i = 0; i + sizeof(head) <= reply->writable; i++)
		if (!memcmp(reply->bytes + i, &head, sizeof(head)))
			return true;
	return false;
}

#define CUTS 3

/* False if there is nothing to cut. */
static bool cut_size(unsigned int i, uint32_t *size)
{
	const uint32_t sizes[CUTS] = {iommu.config.probe_size - 1, iommu.config.probe_size / 2, 0};

	*size = sizes[i];
	return iommu.config.probe_size;
}

/* DEV-PROBE-8 (SHOULD NOT): Property area smaller than `probe_size`: no property is expected to be written */
TEST(DEV_PROBE_8, no_property_in_an_area_that_is_too_small,
     NEEDS_ENDPOINT_ID | NEEDS_PROBE | NEEDS_RESERVED_REGION)
{
	uint32_t size;

	for (unsigned int i = 0; i < CUTS && cut_size(i, &size); i++) {
		struct reply reply = probe_cut_to(reserved_region(0)->endpoint, size);

		EXPECT(!holds_region(&reply), "no property is written",
		       "a RESV_MEM property is written into %u bytes", size);
		if (iommu.dead)
			REQUIRE(restart_device(AT, iommu.wanted));
	}
}

/* DEV-PROBE-9 (SHOULD): ...and the request is expected to be refused with INVAL */
/* The status is looked for in the last four bytes (AMB-10). */
TEST(DEV_PROBE_9, area_that_is_too_small_is_refused_with_inval, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	uint32_t size;

	if (!cut_size(0, &size))
		NOT_APPLICABLE("probe_size is 0");
	for (unsigned int i = 0; i < CUTS && cut_size(i, &size); i++) {
		struct reply reply = probe_cut_to(endpoint(0)->id, size);

		EXPECT(reply.used && !reply.breach && reply.status == STATUS_INVAL, "status INVAL (4)",
		       "%u property bytes: %s", size,
		       !reply.used ? "the request did not come back" :
		       reply.breach ? reply.breach : status_name(reply.status));
		if (iommu.dead)
			REQUIRE(restart_device(AT, iommu.wanted));
	}
}

/* The bytes behind the list of @id are 0. */
static bool expect_zero_rest(struct source_line at, uint32_t id)
{
	struct reply reply = probe(id);
	struct walk walk = walk_of(&reply);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return false;
	while (walk_step(&walk) && fits(&walk))
		walk_on(&walk);
	for (uint32_t i = walk.offset; i < walk.size; i++)
		if (reply.bytes[i]) {
			judge(BY_LEVEL, at, "all bytes after the last property are 0",
			      "byte %u of %u is %#x: endpoint %#x", i, walk.size, reply.bytes[i], id);
			return false;
		}
	return true;
}

/* DEV-PROBE-10 (SHOULD): Property bytes left over are filled with zeroes */
/*
 * Of each endpoint, behind each other one, whose list may be longer, and before; and of each twice, with
 * different bytes in the buffer before.
 */
TEST(DEV_PROBE_10, rest_of_the_property_area_is_zero, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	unsigned int count = min(endpoint_count(), 8u);

	for (unsigned int i = 0; i < count; i++)
		for (unsigned int j = 0; j <= i; j++)
			if (!expect_zero_rest(AT, endpoint(i)->id) || !expect_zero_rest(AT, endpoint(j)->id))
				return;
}

/* N-PROBE-1 (no keyword): Parsing stops at type 0 or at the end */
/* The last property may end where the area does: there is no room for an end mark, and no need. */
TEST(N_PROBE_1, last_property_may_end_with_the_area, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	bool full = false;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);
		struct property_resv_mem property = {.start = 0};
		uint32_t offset = 0, size = iommu.config.probe_size;

		if (!EXPECT_OK(reply))
			return;
		while (next_resv_mem(reply.bytes, size, &offset, &property))
			EXPECT(property.start <= property.end, "a region whose start is not above its end",
			       "%#lx-%#lx, which ends at %u of %u bytes", property.start, property.end,
			       offset, size);
		full |= offset == size;
	}
	if (!full)
		NOT_APPLICABLE("no list of properties fills the area");
}

/* DRV-PROBE-3 (SHOULD): Skip unknown property types */
/* By the length that it states, an unknown property is got past, to those after it. */
TEST(DRV_PROBE_3, unknown_properties_can_be_skipped, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	unsigned int unknown = 0;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);
		struct walk walk = walk_of(&reply);

		REQUIRE_OK(reply);
		for (; walk_step(&walk) && fits(&walk); walk_on(&walk)) {
			unknown += walk.head.type != PROPERTY_RESV_MEM;
			EXPECT(plausible(&walk.head), "a property head where the last property ends",
			       "type %u length %u at %u", walk.head.type, walk.head.length, walk.offset);
		}
		for (uint32_t at = walk.offset; at < walk.size; at++)
			EXPECT(!reply.bytes[at], "no property after the end of the list",
			       "byte %u after the end at %u is %#x", at, walk.offset, reply.bytes[at]);
	}
	if (!unknown)
		NOT_APPLICABLE("the device lists no property that is unknown");
	INFO("%u properties of unknown type", unknown);
}

/* Return a copy of the properties of an endpoint; NULL, judged with @otherwise, if PROBE is not OK. */
static const uint8_t *properties(struct source_line at, enum verdict otherwise, uint32_t id)
{
	uint8_t *copy = arena_alloc(iommu.config.probe_size + 1, 8);
	struct reply reply = probe(id);

	if (!expect_status(at, otherwise, &reply, STATUS_OK))
		return NULL;
	return memcpy(copy, reply.bytes, iommu.config.probe_size);
}

static struct reply probe_with_room(uint32_t id, uint32_t more)
{
	struct probe_request request = {{.type = REQUEST_PROBE}, id, {0}};

	return request_raw(&request, sizeof(request), iommu.config.probe_size + more + TAIL_SIZE);
}

static const uint32_t more_room[] = {1, 4, 64};

/* After probe_size bytes, or in the last four (AMB-10). */
static bool has_status(const struct reply *reply, uint8_t status)
{
	uint32_t size = iommu.config.probe_size;

	return (reply->length > size && reply->bytes[size] == status) ||
	       (reply->delivered && reply->status == status);
}

/* DRV-PROBE-1 (MUST): Property area is exactly `probe_size` bytes */
/*
 * More room than called for does no harm: the properties are where they always are. No driver may ask for
 * it, so that a device may refuse it, too.
 */
TEST(DRV_PROBE_1, larger_area_gets_the_same_properties, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	const uint8_t *plain = properties(AT, SET_UP, endpoint(0)->id);

	REQUIRE(plain);
	for (unsigned int i = 0; i < ARRAY_SIZE(more_room); i++) {
		struct reply reply = probe_with_room(endpoint(0)->id, more_room[i]);

		if (reply.used && !reply.breach && has_status(&reply, STATUS_INVAL)) {
			INFO("an area of more than probe_size bytes is refused with INVAL");
			continue;
		}
		EXPECT(reply.used && !reply.breach && reply.length > iommu.config.probe_size,
		       "a used length that covers properties and status", "%u bytes more: %s, used.len %u",
		       more_room[i], reply.breach ? reply.breach : "no breach", reply.length);
		expect_bytes(AT, reply.bytes, plain, iommu.config.probe_size,
			     "the properties in an area of %u bytes more", more_room[i]);
	}
}

/* AMB-10 (open point): Where the tail is when the writable part is not the prescribed size ... */
/*
 * What is said of an endpoint that there is not, NOENT if the device does as it SHOULD (DEV-PROBE-2): no
 * property has it there. Or INVAL, as the area is not what it must be.
 */
TEST(AMB_10, status_in_an_area_that_is_too_large, NEEDS_PROBE)
{
	struct reply usual = probe(nobodys_id());
	uint8_t status = is_refusal(&usual) ? usual.status : STATUS_NOENT;

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	for (unsigned int i = 0; i < ARRAY_SIZE(more_room); i++) {
		struct reply reply = probe_with_room(nobodys_id(), more_room[i]);
		bool late = reply.delivered && (reply.status == status || reply.status == STATUS_INVAL);

		EXPECT(reply.used && !reply.breach &&
		       (has_status(&reply, status) || has_status(&reply, STATUS_INVAL)),
		       "the status of an unknown endpoint or INVAL, after probe_size bytes or in the last 4",
		       "%u bytes more: none of these", more_room[i]);
		INFO("in a larger area the status is %s", late ? "in the last 4 bytes" : "at probe_size");
	}
}

static void expect_same_properties(struct source_line at, uint32_t id, const uint8_t *plain, const char *when)
{
	const uint8_t *now = properties(at, BY_LEVEL, id);

	if (now)
		expect_bytes(at, now, plain, iommu.config.probe_size, "the properties, %s", when);
}

/* DRV-INIT-2 (SHOULD): With bit 4 negotiated, PROBE every endpoint before attaching it */
/* PROBE changes nothing and depends on nothing: attached, between accesses, twice. */
TEST(DRV_INIT_2, probe_while_attached_changes_nothing, NEEDS_DMA | NEEDS_PROBE)
{
	const uint8_t *plain = properties(AT, SET_UP, endpoint(0)->id);
	struct page_fixture s;

	REQUIRE(plain);
	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; i < 2; i++) {
		REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
		expect_same_properties(AT, s.ep->id, plain, "attached");
		expect_same_properties(AT, s.ep->id, plain, "a second time");
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	}
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	expect_same_properties(AT, s.ep->id, plain, "detached");
}

TEST(DRV_INIT_2, attach_works_without_probe, NEEDS_DOMAIN | NEEDS_PROBE)
{
	struct page_fixture s = {.ep = endpoint(0), .domain = fresh_domain(), .iova = iova_window(1)};
	struct reply reply;

	REQUIRE(restart_device(AT, iommu.wanted));
	s.target = watched_pages(1);
	reply = attach(s.domain, s.ep->id, 0);
	if (!EXPECT_OK(reply))
		return;
	REQUIRE(enable_dma(AT, s.ep, s.domain));
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}
