// SPDX-License-Identifier: BSD-3-Clause
/*
 * PROBE request (virtio 1.4, 5.13.6.7) and its properties.
 */
#include "reserved.h"
#include "steps.h"
#include "test.h"

TEST(DEV_PROBE_1, reserved_bytes_are_ignored, NEEDS_ENDPOINT | NEEDS_PROBE)
{
	uint32_t size = iommu.config.probe_size;
	struct probe_request request = {{.type = REQUEST_PROBE}, endpoint(0)->id, {0}};
	uint8_t *plain = arena_alloc(size + 1, 8);
	struct reply reply = send_probe(&request);

	REQUIRE(is_ok(&reply));
	memcpy(plain, reply.bytes, size);
	memset(request.reserved, 0xff, sizeof(request.reserved));
	reply = send_probe(&request);
	EXPECT_OK(reply);
	EXPECT(!memcmp(reply.bytes, plain, size), "the same property bytes as with zeros",
	       "other property bytes");
}

TEST(DEV_PROBE_1, each_reserved_byte_is_ignored, NEEDS_ENDPOINT | NEEDS_PROBE)
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

static bool walk_step(struct walk *walk)
{
	if (walk->offset + sizeof(walk->head) > walk->size)
		return false;
	memcpy(&walk->head, walk->bytes + walk->offset, sizeof(walk->head));
	return (walk->head.type & PROPERTY_TYPE_MASK) != PROPERTY_NONE;
}

static void walk_on(struct walk *walk)
{
	walk->offset += sizeof(walk->head) + walk->head.length;
}

/* The length of a RESV_MEM counts its value, 20 bytes, and not the 4 of its head. */
TEST(DEV_PROBE_6, length_counts_the_value_only, NEEDS_ENDPOINT | NEEDS_PROBE | NEEDS_RESERVED_REGION)
{
	const unsigned int value = sizeof(struct property_resv_mem) - sizeof(struct property_head);
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct walk walk = {reply.bytes, iommu.config.probe_size, 0, {0, 0}};

	REQUIRE(is_ok(&reply));
	for (; walk_step(&walk); walk_on(&walk))
		if (walk.head.type == PROPERTY_RESV_MEM)
			EXPECT(walk.head.length == value, "RESV_MEM has length 20", "length %u at %u",
			       walk.head.length, walk.offset);
	EXPECT(walk.offset <= walk.size, "the list ends within probe_size",
	       "it ends at %u of %u bytes", walk.offset, walk.size);
}

TEST(DEV_PROBE_6, list_ends_within_probe_size, NEEDS_ENDPOINT | NEEDS_PROBE)
{
	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);
		struct walk walk = {reply.bytes, iommu.config.probe_size, 0, {0, 0}};

		REQUIRE(is_ok(&reply));
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

/* Where a property begins that is not where the one before it ends, nobody will find it. */
TEST(DEV_PROBE_7, next_property_follows_at_once, NEEDS_ENDPOINT | NEEDS_PROBE | NEEDS_RESERVED_REGION)
{
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct walk walk = {reply.bytes, iommu.config.probe_size, 0, {0, 0}};
	unsigned int count = 0;

	REQUIRE(is_ok(&reply));
	for (; walk_step(&walk); walk_on(&walk), count++)
		EXPECT(plausible(&walk.head), "a property head where the last property ends",
		       "type %u length %u at %u", walk.head.type, walk.head.length, walk.offset);
	for (uint32_t i = walk.offset; i < walk.size; i++)
		EXPECT(!reply.bytes[i], "no property behind the end of the list",
		       "byte %u behind the end at %u is %#x", i, walk.offset, reply.bytes[i]);
	if (count < 2 && still_good())
		SKIP("the endpoint has fewer than two properties");
}
