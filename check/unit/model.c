// SPDX-License-Identifier: BSD-3-Clause
/*
 * The model: for each request exactly the rules that have something to say about it, what it does,
 * and what accesses get. Here is also what no test can show of a device: limits, and rules about
 * what a driver must not do.
 */
#include <string.h>

#include "standard/model.h"
#include "unit.h"

#define FEATURE(name) (1ull << VIRTIO_IOMMU_F_##name)
#define RULE(name)    (1ull << RULE_##name)

_Static_assert(MODEL_RULES <= 64, "a set of rules is a number");

enum { EP1 = 0x8, EP2 = 0x10, EP3 = 0x10018, NOBODY = 0x20 };
enum { PROBE_SIZE = 64 };

static struct model model;

static void start(void)
{
	static const uint32_t ids[] = {EP1, EP2, EP3};

	memset(&model, 0, sizeof(model));
	model.offered = FEATURE(INPUT_RANGE) | FEATURE(DOMAIN_RANGE) | FEATURE(MAP_UNMAP) |
			FEATURE(PROBE) | FEATURE(MMIO) | FEATURE(BYPASS_CONFIG);
	model.accepted = model.offered;
	model.config = (struct iommu_config){
		.page_size_mask = 0xfffffffffffff000, .input_start = 0x1000, .input_end = 0xffffffff,
		.domain_start = 1, .domain_end = 100, .probe_size = PROBE_SIZE};
	for (unsigned int i = 0; i < 3; i++)
		model.endpoints[model.endpoint_count++].id = ids[i];
	model.regions[model.region_count++] =
		(struct model_region){EP3, RESV_MSI, 0xfee00000, 0xfeefffff};
}

static struct model_request attach(uint32_t domain, uint32_t endpoint, uint32_t flags)
{
	return (struct model_request){
		.attach = {{.type = REQUEST_ATTACH}, domain, endpoint, flags, {0}},
		.readable = sizeof(struct attach_request), .writable = sizeof(struct request_tail)};
}

static struct model_request detach(uint32_t domain, uint32_t endpoint)
{
	return (struct model_request){
		.detach = {{.type = REQUEST_DETACH}, domain, endpoint, {0}},
		.readable = sizeof(struct detach_request), .writable = sizeof(struct request_tail)};
}

static struct model_request map(uint32_t domain, uint64_t first, uint64_t last, uint64_t phys,
				uint32_t flags)
{
	return (struct model_request){
		.map = {{.type = REQUEST_MAP}, domain, first, last, phys, flags},
		.readable = sizeof(struct map_request), .writable = sizeof(struct request_tail)};
}

static struct model_request unmap(uint32_t domain, uint64_t first, uint64_t last)
{
	return (struct model_request){
		.unmap = {{.type = REQUEST_UNMAP}, domain, first, last, {0}},
		.readable = sizeof(struct unmap_request), .writable = sizeof(struct request_tail)};
}

static struct model_request probe(uint32_t endpoint)
{
	return (struct model_request){
		.probe = {{.type = REQUEST_PROBE}, endpoint, {0}},
		.readable = sizeof(struct probe_request),
		.writable = PROBE_SIZE + sizeof(struct request_tail)};
}

static void apply(struct model_request request)
{
	model_apply(&model, &request);
}

/* The set of rules that have something to say, 0 for a request that is simply right. */
static uint64_t rules(struct model_request request)
{
	uint64_t found = 0;

	for (enum model_rule_id rule = RULE_NONE; rule < MODEL_RULES; rule++)
		found |= (uint64_t)model_rule_applies(&model, rule, &request) << rule;
	return found;
}

static struct model_outcome outcome(struct model_request request)
{
	return model_outcome(&model, &request);
}

static bool can(uint32_t endpoint, uint64_t address, uint32_t access, uint64_t phys)
{
	struct model_extent extent;
	uint8_t reason;

	return model_translate(&model, endpoint, address, access, &extent, &reason) &&
	       address >= extent.start && address <= extent.end &&
	       extent.phys + (address - extent.start) == phys;
}

/* Why it faults, -1 if it does not. */
static int fault(uint32_t endpoint, uint64_t address, uint32_t access)
{
	struct model_extent extent;
	uint8_t reason;

	return model_translate(&model, endpoint, address, access, &extent, &reason) ? -1 : reason;
}

/* Each rule is consistent in itself: what is usual and expected is allowed. */
static void table(void)
{
	for (enum model_rule_id rule = RULE_NONE + 1; rule < MODEL_RULES; rule++) {
		const struct model_rule *r = &model_rules[rule];

		CHECK(r->requirement && r->applies && r->allowed);
		CHECK_EQ(r->expected & ~r->allowed, 0);
		CHECK(r->expected & ANSWER(r->usual));
		CHECK_EQ(r->allowed & ~ANSWER_ANY, 0);
	}
}

static struct model_request sized(struct model_request request, uint32_t readable,
				  uint32_t writable)
{
	request.readable = readable;
	request.writable = writable;
	return request;
}

static void framing(void)
{
	struct model_request stranger = attach(1, EP1, 0);

	start();
	CHECK_EQ(rules(sized(attach(1, EP1, 0), 3, 4)), RULE(NO_HEAD));
	CHECK_EQ(rules(sized(attach(1, EP1, 0), 0, 4)), RULE(NO_HEAD));
	CHECK_EQ(rules(sized(attach(1, EP1, 0), 4, 4)), RULE(TOO_SHORT));
	CHECK_EQ(rules(sized(attach(1, EP1, 0), 21, 4)), RULE(TOO_LONG));
	CHECK_EQ(rules(sized(attach(1, EP1, 0), 20, 3)), RULE(NO_TAIL));
	CHECK_EQ(rules(sized(attach(1, NOBODY, 0), 20, 3)), RULE(NO_TAIL));
	CHECK_EQ(rules(sized(attach(1, NOBODY, 0), 24, 4)), RULE(TOO_LONG) | RULE(ATTACH_ENDPOINT));
	CHECK_EQ(rules(sized(detach(1, EP1), 19, 4)), RULE(TOO_SHORT));
	CHECK_EQ(rules(sized(map(1, 0, 0, 0, 0), 35, 4)), RULE(TOO_SHORT));
	CHECK_EQ(rules(sized(unmap(1, 0, 0), 27, 4)), RULE(TOO_SHORT));
	CHECK_EQ(rules(sized(probe(EP1), 71, 68)), RULE(TOO_SHORT));
	for (unsigned int type = 0; type < 256; type++) {
		stranger.head.type = type;
		if (type < REQUEST_ATTACH || type > REQUEST_PROBE)
			CHECK_EQ(rules(stranger), RULE(UNKNOWN_TYPE));
	}
	CHECK_EQ(outcome(sized(attach(1, EP1, 0), 4, 4)).allowed &
		 (ANSWER(ANSWER_UNWRITTEN) | ANSWER(STATUS_INVAL) | ANSWER(STATUS_OK)),
		 ANSWER(ANSWER_UNWRITTEN) | ANSWER(STATUS_INVAL));
	CHECK_EQ(outcome(sized(attach(1, EP1, 0), 20, 3)).allowed, ANSWER(ANSWER_UNWRITTEN));
}

/* Types that come with a feature. */
static void missing_types(void)
{
	start();
	model.offered &= ~(FEATURE(MAP_UNMAP) | FEATURE(PROBE));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW)), RULE(UNKNOWN_TYPE));
	CHECK_EQ(rules(unmap(1, 0x1000, 0x1fff)), RULE(UNKNOWN_TYPE));
	CHECK_EQ(rules(probe(EP1)), RULE(UNKNOWN_TYPE));
	CHECK_EQ(rules(attach(1, EP1, 0)), 0);
	CHECK_EQ(model_request_size(&model, REQUEST_MAP), 0);
	CHECK_EQ(model_request_size(&model, REQUEST_DETACH), sizeof(struct detach_request));
	CHECK_EQ(model_reply_size(&model, REQUEST_PROBE), PROBE_SIZE + 4);
	CHECK_EQ(model_reply_size(&model, REQUEST_MAP), 4);
}

static void declined_features(void)
{
	start();
	apply(attach(1, EP1, 0));
	model.accepted = 0;
	CHECK_EQ(rules(attach(2, EP2, ATTACH_BYPASS)), RULE(ATTACH_FLAG_DECLINED));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW)), RULE(MAP_DECLINED));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW | MAP_MMIO)),
		 RULE(MAP_DECLINED) | RULE(MAP_FLAG_DECLINED));
	CHECK_EQ(rules(unmap(1, 0x1000, 0x1fff)), RULE(UNMAP_DECLINED));
	CHECK_EQ(rules(probe(EP1)), RULE(PROBE_DECLINED));
	CHECK_EQ(outcome(probe(EP1)).allowed, ANSWER_ANY);
	model.accepted = model.offered;
	CHECK_EQ(rules(attach(2, EP2, ATTACH_BYPASS)), 0);
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW | MAP_MMIO)), 0);
}

static void attach_fields(void)
{
	struct model_request request = attach(1, EP1, 0);

	start();
	CHECK_EQ(rules(request), 0);
	CHECK_EQ(outcome(request).allowed, ANSWER(STATUS_OK));
	request.attach.reserved[3] = 0x80;
	CHECK_EQ(rules(request), RULE(ATTACH_RESERVED));
	CHECK_EQ(outcome(request).allowed, ANSWER(STATUS_INVAL));
	CHECK_EQ(rules(attach(1, EP1, 1u << 31)), RULE(ATTACH_FLAGS));
	CHECK_EQ(rules(attach(1, NOBODY, 0)), RULE(ATTACH_ENDPOINT));
	CHECK_EQ(rules(attach(1, EP1 | 1u << 16, 0)), RULE(ATTACH_ENDPOINT));
	CHECK_EQ(rules(attach(0, EP1, 0)), RULE(ATTACH_DOMAIN_RANGE));
	CHECK_EQ(rules(attach(101, EP1, 0)), RULE(ATTACH_DOMAIN_RANGE));
	CHECK_EQ(rules(attach(100, EP1, 0)), 0);
	model.offered &= ~(FEATURE(DOMAIN_RANGE) | FEATURE(BYPASS_CONFIG));
	CHECK_EQ(rules(attach(0, EP1, 0)), 0);
	CHECK_EQ(rules(attach(1, EP1, ATTACH_BYPASS)), RULE(ATTACH_FLAGS));
}

static void attach_members(void)
{
	start();
	apply(attach(1, EP1, 0));
	CHECK_EQ(rules(attach(1, EP1, 0)), RULE(ATTACH_AGAIN));
	CHECK_EQ(rules(attach(1, EP1, ATTACH_BYPASS)), RULE(ATTACH_FLIP));
	CHECK_EQ(rules(attach(2, EP1, 0)), RULE(ATTACH_MOVE));
	CHECK_EQ(rules(attach(1, EP2, 0)), RULE(ATTACH_SHARE));
	CHECK_EQ(rules(attach(1, EP2, ATTACH_BYPASS)), RULE(ATTACH_KIND) | RULE(ATTACH_SHARE));
	apply(attach(1, EP2, 0));
	CHECK_EQ(rules(attach(1, EP1, 0)), RULE(ATTACH_AGAIN));
	CHECK_EQ(rules(attach(1, EP1, ATTACH_BYPASS)), RULE(ATTACH_KIND) | RULE(ATTACH_SHARE));
	apply(attach(3, EP3, ATTACH_BYPASS));
	CHECK_EQ(rules(attach(3, EP1, ATTACH_BYPASS)), RULE(ATTACH_SHARE) | RULE(ATTACH_MOVE));
	CHECK_EQ(rules(attach(3, EP1, 0)),
		 RULE(ATTACH_KIND) | RULE(ATTACH_SHARE) | RULE(ATTACH_MOVE));
}

/* A domain maps what is reserved for the endpoint that joins. */
static void attach_over_regions(void)
{
	start();
	apply(attach(1, EP1, 0));
	apply(attach(2, EP2, 0));
	apply(map(1, 0x1000, 0x1fff, 0, MAP_RW));
	CHECK_EQ(rules(attach(1, EP3, 0)), RULE(ATTACH_SHARE));
	apply(map(2, 0xfee00000, 0xfee00fff, 0, MAP_RW));
	CHECK_EQ(rules(attach(1, EP3, 0)), RULE(ATTACH_SHARE));
	apply(map(1, 0xfeeff000, 0xfef00fff, 0, MAP_RW));
	CHECK_EQ(rules(attach(1, EP3, 0)), RULE(ATTACH_REGIONS) | RULE(ATTACH_SHARE));
	CHECK_EQ(outcome(attach(1, EP3, 0)).allowed,
		 ANSWER(STATUS_OK) | ANSWER(STATUS_UNSUPP) | ANSWER(STATUS_INVAL));
	CHECK_EQ(rules(attach(1, EP2, 0)), RULE(ATTACH_SHARE) | RULE(ATTACH_MOVE));
}

static void detach_rules(void)
{
	start();
	apply(attach(1, EP1, 0));
	CHECK_EQ(rules(detach(1, EP1)), 0);
	CHECK_EQ(rules(detach(2, EP1)), RULE(DETACH_DOMAIN));
	CHECK_EQ(rules(detach(1, EP2)), RULE(DETACH_DOMAIN));
	CHECK_EQ(rules(detach(1, NOBODY)), RULE(DETACH_ENDPOINT));
}

static void map_fields(void)
{
	start();
	apply(attach(1, EP1, 0));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW | MAP_MMIO)), 0);
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW | 8)), RULE(MAP_FLAGS));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_WRITE)), RULE(MAP_PERMISSIONS));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, 0)), RULE(MAP_PERMISSIONS));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_READ)), RULE(MAP_READ_ONLY));
	CHECK_EQ(rules(map(2, 0x1000, 0x1fff, 0, MAP_RW)), RULE(MAP_DOMAIN));
	CHECK_EQ(rules(map(1, 0x3000, 0x1fff, 0, MAP_RW)), RULE(MAP_ORDER));
	CHECK_EQ(rules(map(1, 0x1800, 0x1fff, 0, MAP_RW)), RULE(MAP_ALIGN));
	CHECK_EQ(rules(map(1, 0x1000, 0x1ffe, 0, MAP_RW)), RULE(MAP_ALIGN));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0x10, MAP_RW)), RULE(MAP_ALIGN));
	CHECK_EQ(rules(map(1, 0, 0x1fff, 0, MAP_RW)), RULE(MAP_INPUT_RANGE));
	CHECK_EQ(rules(map(1, 0xfffff000, 0x100000fff, 0, MAP_RW)), RULE(MAP_INPUT_RANGE));
	CHECK_EQ(rules(map(1, 0xfffff000, 0xffffffff, 0, MAP_RW)), 0);
	CHECK_EQ(rules(map(1, 0x1000, 0x2fff, 0xfffffffffffff000, MAP_RW)), RULE(MAP_PHYS));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0xfffffffffffff000, MAP_RW)), 0);
	model.offered &= ~(FEATURE(MMIO) | FEATURE(INPUT_RANGE));
	CHECK_EQ(rules(map(1, 0x1000, 0x1fff, 0, MAP_RW | MAP_MMIO)), RULE(MAP_FLAGS));
	CHECK_EQ(rules(map(1, 0, UINT64_MAX, 0, MAP_RW)), 0);
}

/* AMB-4: with a granule of 1 a mapping of one byte is aligned, and start equals end. */
static void map_one_byte(void)
{
	start();
	apply(attach(1, EP1, 0));
	CHECK_EQ(rules(map(1, 0x1000, 0x1000, 0, MAP_RW)), RULE(MAP_ALIGN));
	model.config.page_size_mask = UINT64_MAX;
	CHECK_EQ(model_granule(&model), 1);
	CHECK_EQ(rules(map(1, 0x1001, 0x1001, 7, MAP_RW)), RULE(MAP_ONE_BYTE));
	CHECK_EQ(rules(map(1, 0x1001, 0x1002, 7, MAP_RW)), 0);
	apply(map(1, 0x2000, 0x2005, 7, MAP_RW));
	CHECK_EQ(rules(map(1, 0x1ff0, 0x2000, 7, MAP_RW)), RULE(MAP_OVERLAP));
	CHECK_EQ(rules(map(1, 0x1ff0, 0x1fff, 7, MAP_RW)), 0);
	CHECK_EQ(rules(map(1, 0x2005, 0x2006, 7, MAP_RW)), RULE(MAP_OVERLAP));
	CHECK_EQ(rules(unmap(1, 0x1ff0, 0x2000)), RULE(UNMAP_SPLIT));
	model.config.page_size_mask = 0x20010000;
	CHECK_EQ(model_granule(&model), 0x10000);
	CHECK_EQ(rules(map(1, 0x10000, 0x10000, 0, MAP_RW)), RULE(MAP_ALIGN));
}

static void map_neighbours(void)
{
	start();
	apply(attach(1, EP1, 0));
	apply(attach(2, EP2, ATTACH_BYPASS));
	apply(attach(3, EP3, 0));
	apply(map(1, 0x4000, 0x5fff, 0, MAP_RW));
	CHECK_EQ(rules(map(1, 0x3000, 0x3fff, 0, MAP_RW)), 0);
	CHECK_EQ(rules(map(1, 0x6000, 0x6fff, 0, MAP_RW)), 0);
	CHECK_EQ(rules(map(1, 0x3000, 0x4fff, 0, MAP_RW)), RULE(MAP_OVERLAP));
	CHECK_EQ(rules(map(1, 0x5000, 0x6fff, 0, MAP_RW)), RULE(MAP_OVERLAP));
	CHECK_EQ(rules(map(3, 0x4000, 0x5fff, 0, MAP_RW)), 0);
	CHECK_EQ(rules(map(2, 0x1000, 0x1fff, 0, MAP_RW)), RULE(MAP_BYPASS));
	CHECK_EQ(rules(map(3, 0xfedff000, 0xfee00fff, 0, MAP_RW)), RULE(MAP_REGION));
	CHECK_EQ(rules(map(3, 0xfef00000, 0xfef00fff, 0, MAP_RW)), 0);
	CHECK_EQ(rules(map(1, 0xfedff000, 0xfee00fff, 0, MAP_RW)), 0);
}

/* AMB-8: a device that is full may refuse, and must not do half of it. */
static void map_room(void)
{
	start();
	apply(attach(1, EP1, 0));
	model.offered &= ~FEATURE(INPUT_RANGE);
	for (uint64_t i = 1; i <= MODEL_MAX_MAPPINGS; i++) {
		CHECK_EQ(rules(map(1, i << 12, (i << 12) + 0xfff, 0, MAP_RW)), 0);
		apply(map(1, i << 12, (i << 12) + 0xfff, 0, MAP_RW));
	}
	CHECK_EQ(rules(map(1, 1ull << 40, (1ull << 40) + 0xfff, 0, MAP_RW)), RULE(MAP_ROOM));
	apply(map(1, 1ull << 40, (1ull << 40) + 0xfff, 0, MAP_RW));
	CHECK_EQ(model.mapping_count, MODEL_MAX_MAPPINGS);
	CHECK_EQ(fault(EP1, 1ull << 40, MAP_READ), FAULT_MAPPING);
	CHECK_EQ(fault(EP1, (uint64_t)MODEL_MAX_MAPPINGS << 12, MAP_READ), -1);
	apply(unmap(1, 0, UINT64_MAX));
	CHECK_EQ(model.mapping_count, 0);
}

static void unmap_rules(void)
{
	struct model_request request = unmap(1, 0x1000, 0x1fff);

	start();
	apply(attach(1, EP1, 0));
	apply(attach(2, EP2, ATTACH_BYPASS));
	apply(attach(3, EP3, 0));
	apply(map(1, 0x4000, 0x7fff, 0, MAP_RW));
	CHECK_EQ(rules(request), 0);
	request.unmap.reserved[0] = 1;
	CHECK_EQ(rules(request), RULE(UNMAP_RESERVED));
	CHECK(outcome(request).may_act);
	CHECK_EQ(outcome(request).allowed, ANSWER(STATUS_OK) | ANSWER(STATUS_INVAL));
	CHECK_EQ(rules(unmap(2, 0x1000, 0x1fff)), RULE(UNMAP_BYPASS));
	CHECK_EQ(rules(unmap(4, 0x1000, 0x1fff)), RULE(UNMAP_DOMAIN));
	CHECK_EQ(rules(unmap(1, 0x1001, 0x1fff)), RULE(UNMAP_ALIGN));
	CHECK_EQ(rules(unmap(1, 0x1000, 0x1ffe)), RULE(UNMAP_ALIGN));
	CHECK_EQ(rules(unmap(1, 0x4000, 0x6fff)), RULE(UNMAP_SPLIT));
	CHECK_EQ(rules(unmap(1, 0x5000, 0x7fff)), RULE(UNMAP_SPLIT));
	CHECK_EQ(rules(unmap(3, 0x5000, 0x5fff)), 0);
	CHECK_EQ(rules(unmap(1, 0x6000, 0x4fff)), RULE(UNMAP_ORDER));
	CHECK_EQ(rules(unmap(1, 0, 0xffffffff)), RULE(UNMAP_INPUT_RANGE));
	CHECK_EQ(rules(unmap(1, 0x1000, UINT64_MAX)), RULE(UNMAP_INPUT_RANGE));
	CHECK_EQ(rules(unmap(1, 0x1000, 0xffffffff)), 0);
	CHECK_EQ(outcome(unmap(1, 0, UINT64_MAX)).allowed, ANSWER(STATUS_OK) | ANSWER_REFUSED);
	apply(unmap(3, 0, UINT64_MAX));
	apply(unmap(1, 0x5000, UINT64_MAX));
	apply(unmap(1, 0, 0x6fff));
	CHECK(can(EP1, 0x4000, MAP_READ, 0));
	apply(unmap(1, 0x4000, 0x7fff));
	CHECK_EQ(fault(EP1, 0x4000, MAP_READ), FAULT_MAPPING);
}

static void probe_rules(void)
{
	start();
	CHECK_EQ(rules(probe(EP1)), 0);
	CHECK_EQ(rules(probe(NOBODY)), RULE(PROBE_ENDPOINT));
	CHECK_EQ(rules(sized(probe(EP1), 72, PROBE_SIZE + 3)), RULE(PROBE_ROOM));
	apply(probe(EP1));
	CHECK_EQ(model.mapping_count, 0);
}

/* Of several refusals any will do, OK only if all rules have it (AMB-9). */
static void combined(void)
{
	struct model_outcome both;

	start();
	apply(attach(1, EP1, 0));
	both = outcome(map(2, 0x3000, 0x1fff, 0, MAP_RW));
	CHECK_EQ(both.allowed, ANSWER_REFUSED);
	CHECK(!both.may_act);
	both = outcome(attach(2, NOBODY, 2));
	CHECK_EQ(both.allowed, ANSWER(STATUS_INVAL) | ANSWER(STATUS_NOENT));
	both = outcome(map(1, 0x1000, 0x1fff, 0, MAP_WRITE));
	CHECK_EQ(both.expected, ANSWER(STATUS_OK) | ANSWER_REFUSED);
}

/* 5.13.6.4: the domain and its mappings end with the last member, not before. */
static void lifetime(void)
{
	start();
	apply(attach(1, EP1, 0));
	apply(attach(1, EP2, 0));
	apply(attach(2, EP3, 0));
	apply(map(1, 0x1000, 0x1fff, 0x9000, MAP_RW));
	apply(map(2, 0x1000, 0x1fff, 0xa000, MAP_RW));
	apply(detach(2, EP1));
	CHECK(can(EP1, 0x1234, MAP_READ, 0x9234));
	apply(detach(1, EP1));
	CHECK_EQ(fault(EP1, 0x1000, MAP_READ), FAULT_DOMAIN);
	CHECK(can(EP2, 0x1fff, MAP_WRITE, 0x9fff));
	apply(attach(1, EP2, 0));
	CHECK(can(EP2, 0x1000, MAP_WRITE, 0x9000));
	apply(attach(3, EP2, 0));
	CHECK_EQ(fault(EP2, 0x1000, MAP_READ), FAULT_MAPPING);
	CHECK_EQ(model.mapping_count, 1);
	CHECK(can(EP3, 0x1000, MAP_READ, 0xa000));
	apply(attach(1, EP1, 0));
	CHECK_EQ(fault(EP1, 0x1000, MAP_READ), FAULT_MAPPING);
}

/* A device that says OK to what it must refuse still has no such endpoint. */
static void strangers(void)
{
	struct model_request unknown = attach(1, EP1, 0);
	static struct model before;

	start();
	apply(attach(1, EP1, 0));
	memcpy(&before, &model, sizeof(model));
	unknown.head.type = 77;
	apply(attach(1, NOBODY, 0));
	apply(detach(1, NOBODY));
	apply(detach(1, EP2));
	apply(unknown);
	model_leave(&model, NOBODY);
	model_leave(&model, EP2);
	CHECK(!memcmp(&before, &model, sizeof(model)));
	CHECK_EQ(fault(NOBODY, 0x1000, MAP_READ), FAULT_DOMAIN);
	CHECK(!model_endpoint(&model, NOBODY));
	CHECK_EQ(model_endpoint(&model, EP3)->id, EP3);
}

static void translation(void)
{
	start();
	apply(attach(1, EP3, 0));
	apply(map(1, 0x1000, 0x2fff, 0x9000, MAP_READ));
	apply(map(1, 0x3000, 0x3fff, 0x20000, MAP_WRITE | MAP_MMIO));
	CHECK(can(EP3, 0x1000, MAP_READ, 0x9000));
	CHECK(can(EP3, 0x2fff, MAP_READ, 0xafff));
	CHECK_EQ(fault(EP3, 0x1000, MAP_WRITE), FAULT_MAPPING);
	CHECK_EQ(fault(EP3, 0xfff, MAP_READ), FAULT_MAPPING);
	CHECK_EQ(fault(EP3, 0x4000, MAP_WRITE), FAULT_MAPPING);
	CHECK(can(EP3, 0x3000, MAP_WRITE, 0x20000));
	CHECK_EQ(fault(EP3, 0x3000, MAP_READ), FAULT_MAPPING);
	model.write_implies_read = true;
	CHECK(can(EP3, 0x3000, MAP_READ, 0x20000));
	CHECK_EQ(fault(EP3, 0x1000, MAP_WRITE), FAULT_MAPPING);
	apply(map(1, 0xfee00000, 0xfee00fff, 0x9000, MAP_RW));
	CHECK_EQ(fault(EP3, 0xfee00000, MAP_WRITE), FAULT_MAPPING);
}

static void bypass(void)
{
	start();
	CHECK_EQ(fault(EP1, 0x1000, MAP_READ), FAULT_DOMAIN);
	model.config.bypass = 1;
	CHECK(can(EP1, 0x1234, MAP_WRITE, 0x1234));
	model.accepted = 0;
	CHECK(can(EP1, UINT64_MAX, MAP_WRITE, UINT64_MAX));
	model.offered &= ~FEATURE(BYPASS_CONFIG);
	CHECK_EQ(fault(EP1, 0x1000, MAP_READ), FAULT_DOMAIN);
	model.accepted = FEATURE(BYPASS);
	CHECK(can(EP1, 0x1000, MAP_READ, 0x1000));
	apply(attach(1, EP1, 0));
	CHECK_EQ(fault(EP1, 0x1000, MAP_READ), FAULT_MAPPING);
	apply(attach(2, EP2, ATTACH_BYPASS));
	model.accepted = 0;
	CHECK(can(EP2, 0x1000, MAP_READ, 0x1000));
}

static bool forbidden(struct model_request request)
{
	return model_forbids(&model, &request);
}

/* What a driver MUST NOT send; the limits bind the one that has accepted their feature. */
static void driver_rules(void)
{
	struct model_request larger = probe(EP1);

	start();
	apply(attach(1, EP1, 0));
	apply(map(1, 0x1000, 0x2fff, 0, MAP_RW));
	CHECK(!forbidden(map(1, 0x1000, 0x2fff, 0, MAP_RW | MAP_MMIO)));
	CHECK(!forbidden(unmap(1, 0x1000, 0xffffffff)));
	CHECK(!forbidden(probe(NOBODY)));
	CHECK(forbidden(attach(0, EP1, 0)));
	CHECK(forbidden(detach(101, EP1)));
	CHECK(forbidden(map(1, 0xfff, 0x1fff, 0, MAP_RW)));
	CHECK(forbidden(unmap(1, 0x1000, 0x100000000)));
	CHECK(forbidden(map(1, 0x3000, 0x3000, 0, MAP_RW)));
	CHECK(forbidden(map(1, 0x4000, 0x2fff, 0, MAP_RW)));
	CHECK(forbidden(unmap(1, 0x1000, 0x1fff)));
	larger.writable++;
	CHECK(forbidden(larger));
	model.accepted = FEATURE(MAP_UNMAP);
	CHECK(!forbidden(attach(0, EP1, 0)));
	CHECK(!forbidden(map(1, 0xfff, 0x1fff, 0, MAP_RW)));
	CHECK(forbidden(map(1, 0x4000, 0x4fff, 0, MAP_MMIO)));
}

static void reset(void)
{
	start();
	model.config.bypass = 1;
	apply(attach(1, EP1, 0));
	apply(map(1, 0x1000, 0x1fff, 0, MAP_RW));
	model_reset(&model);
	CHECK_EQ(model.accepted, 0);
	CHECK_EQ(model.mapping_count, 0);
	CHECK_EQ(model.config.bypass, 1);
	CHECK(!model_endpoint(&model, EP1)->attached);
	CHECK_EQ(rules(detach(1, EP1)), RULE(DETACH_DOMAIN));
}

int main(void)
{
	table();
	framing();
	missing_types();
	declined_features();
	attach_fields();
	attach_members();
	attach_over_regions();
	detach_rules();
	map_fields();
	map_one_byte();
	map_neighbours();
	map_room();
	unmap_rules();
	probe_rules();
	combined();
	lifetime();
	strangers();
	translation();
	bypass();
	driver_rules();
	reset();
	return unit_end("model");
}
