// SPDX-License-Identifier: BSD-3-Clause
/*
 * Rings that break rules (virtio 1.4, 2.7): chains, indirect tables, indexes, addresses.
 *
 * The text binds the driver, and does not say what a device makes of such a ring. What is left: it writes
 * to writable parts and used rings only, other endpoints keep to their mappings, and a reset ends all of
 * it.
 *
 * Broken is a device that follows a chain without end or out of its table, that adds lengths until they
 * wrap, that stops at what it cannot read, that uses a buffer twice, or that takes its VMM along.
 *
 * It is told apart by traps behind each table, of which every second one leads to memory that nothing may
 * write; by a copy of the watched page; and by another endpoint, the victim, which is tried after each
 * case. A VMM that ends or hangs is the runner's to see: test_case() has named the case before.
 *
 * Tolerated: the buffer is used or kept, the request is done or not, the device asks for a reset or goes
 * on. Where it asks, the victim may be blocked.
 */
#include "judge/options.h"
#include "judge/steps/hostile.h"
#include "judge/test.h"

enum { N = DESC_NEXT, W = DESC_WRITE, I = DESC_INDIRECT, SIZE = sizeof(struct attach_request) };

/* A descriptor: target, length, flags, next. */
struct piece {
	enum hostile_target target;
	uint32_t length;
	uint16_t flags, next;
};

#define R(length, next)	{TARGET_READABLE, length, N, next}
#define T(length)	{TARGET_WRITABLE, length, W, 0}

/* The head is 0. Without a target a descriptor is left as it is: that of another buffer, or a trap. */
struct ring_case {
	const char *name;
	struct piece desc[3], table[3];
};

static struct ring_desc desc_of(const struct hostile *h, const struct piece *piece)
{
	return (struct ring_desc){hostile_address(h, piece->target), piece->length, piece->flags,
				  piece->next};
}

static void write_chain(struct hostile *h, const struct ring_case *c)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (c->desc[i].target)
			h->desc[i] = desc_of(h, &c->desc[i]);
		if (c->table[i].target)
			h->table[i] = desc_of(h, &c->table[i]);
	}
	h->avail->heads[h->index % HOSTILE_SIZE] = 0;
}

static void run_cases(struct source_line at, const struct ring_case *cases, unsigned int count,
		      uint64_t features)
{
	struct hostile h;

	hostile_setup(&h);
	for (unsigned int i = 0; i < count && no_defect_so_far(); i++) {
		if (!test_case(cases[i].name) || !hostile_restart(at, &h, cases[i].name, features))
			continue;
		write_chain(&h, &cases[i]);
		hostile_send(&h, 1);
		hostile_judge(at, &h, cases[i].name, 1);
	}
	hostile_check_recovery(at, &h);
}

#define RUN_CASES(cases, features) run_cases(AT, cases, ARRAY_SIZE(cases), features)
#define NEEDS (NEEDS_HOSTILE | NEEDS_PCI | NEEDS_MAP_UNMAP)

/* HOST-1 (no keyword): Chains of descriptors that break rules end neither the VMM nor its work: the ... */
TEST(HOST_1, chains_that_break_rules, NEEDS)
{
	static const struct ring_case cases[] = {
		{"loop-of-one", .desc = {R(SIZE, 0)}},
		{"loop-of-two", .desc = {R(SIZE, 1), R(SIZE, 0)}},
		{"loop-of-writable", .desc = {R(SIZE, 1), {TARGET_WRITABLE, 4, W | N, 1}}},
		{"next-behind-the-table", .desc = {R(SIZE, HOSTILE_SIZE + 1)}},
		{"next-65535", .desc = {R(SIZE, 0xffff)}},
		{"writable-in-front",
		 .desc = {{TARGET_WRITABLE, 4, W | N, 1}, {TARGET_READABLE, SIZE, 0, 0}}},
		{"writable-between",
		 .desc = {R(8, 1), {TARGET_WRITABLE, 4, W | N, 2}, {TARGET_READABLE, 12, 0, 0}}},
		{"empty-readable", .desc = {{TARGET_READABLE, 0, N, 1}, T(4)}},
		{"empty-writable", .desc = {R(SIZE, 1), T(0)}},
		{"empty-between", .desc = {R(SIZE, 1), R(0, 2), T(4)}},
		{"nothing-but-empty", .desc = {{TARGET_READABLE, 0, 0, 0}}},
		{"readable-of-4-gib", .desc = {R(0xffffffff, 1), T(4)}},
		{"readable-of-8-gib", .desc = {R(0xffffffff, 1), R(0xffffffff, 2), T(4)}},
		{"writable-of-8-gib",
		 .desc = {R(SIZE, 1), {TARGET_OUTSIDE, 0xffffffff, W | N, 2},
			  {TARGET_OUTSIDE, 0xffffffff, W, 0}}},
		{"reserved-flags",
		 .desc = {{TARGET_READABLE, SIZE, 0xfff9, 1}, {TARGET_WRITABLE, 4, 0xfffa, 0}}},
		{"readable-no-memory", .desc = {{TARGET_OUTSIDE, SIZE, N, 1}, T(4)}},
		{"writable-no-memory", .desc = {R(SIZE, 1), {TARGET_OUTSIDE, 4, W, 0}}},
		{"readable-past-the-bus", .desc = {{TARGET_HIGH, SIZE, N, 1}, T(4)}},
		{"writable-past-the-bus", .desc = {R(SIZE, 1), {TARGET_HIGH, 4, W, 0}}},
		{"readable-wraps", .desc = {{TARGET_WRAP, SIZE, N, 1}, T(4)}},
		{"writable-wraps", .desc = {R(SIZE, 1), {TARGET_WRAP, 0x1000, W, 0}}},
		{"readable-past-the-end", .desc = {{TARGET_END, SIZE, N, 1}, T(4)}},
		{"readable-at-0", .desc = {{TARGET_ZERO, SIZE, N, 1}, T(4)}},
		{"readable-register", .desc = {{TARGET_FEATURE_SELECT, SIZE, N, 1}, T(4)}},
		{"writable-register", .desc = {R(SIZE, 1), {TARGET_FEATURE_SELECT, 4, W, 0}}},
		{"writable-status", .desc = {R(SIZE, 1), {TARGET_STATUS, 4, W, 0}}},
		{"writable-doorbell", .desc = {R(SIZE, 1), {TARGET_DOORBELL, 4, W, 0}}},
		{"indirect-not-negotiated", .desc = {{TARGET_TABLE, 32, I, 0}},
		 .table = {R(SIZE, 1), T(4)}},
	};

	RUN_CASES(cases, iommu.wanted);
}

/* HOST-2 (no keyword): The same for indirect tables */
TEST(HOST_2, indirect_tables_that_break_rules, NEEDS)
{
	static const struct ring_case cases[] = {
		{"empty-table", .desc = {{TARGET_TABLE, 0, I, 0}}},
		{"table-of-15-bytes", .desc = {{TARGET_TABLE, 15, I, 0}}},
		{"table-of-17-bytes", .desc = {{TARGET_TABLE, 17, I, 0}}, .table = {R(SIZE, 1)}},
		{"table-of-40-bytes", .desc = {{TARGET_TABLE, 40, I, 0}}, .table = {R(8, 1), R(12, 3)}},
		{"next-behind-the-indirect-table", .desc = {{TARGET_TABLE, 32, I, 0}},
		 .table = {R(SIZE, 3)}},
		{"table-in-a-table", .desc = {{TARGET_TABLE, 32, I, 0}},
		 .table = {{TARGET_TABLE, 32, I, 0}}},
		{"table-behind-a-descriptor-of-a-table", .desc = {{TARGET_TABLE, 32, I, 0}},
		 .table = {R(SIZE, 1), {TARGET_TABLE, 32, I, 0}}},
		{"table-with-next", .desc = {{TARGET_TABLE, 32, I | N, 1}, T(4)},
		 .table = {R(SIZE, 1), T(4)}},
		{"loop-in-a-table", .desc = {{TARGET_TABLE, 32, I, 0}},
		 .table = {R(SIZE, 1), R(SIZE, 0)}},
		{"table-longer-than-the-queue", .desc = {{TARGET_TABLE, 16 * 32, I, 0}},
		 .table = {R(SIZE, 2), {0}, T(4)}},
		{"table-of-4-gib", .desc = {{TARGET_TABLE, 0xfffffff0, I, 0}},
		 .table = {R(SIZE, 2), {0}, T(4)}},
		{"table-no-memory", .desc = {{TARGET_OUTSIDE, 32, I, 0}}},
		{"table-past-the-bus", .desc = {{TARGET_HIGH, 32, I, 0}}},
		{"table-wraps", .desc = {{TARGET_WRAP, 32, I, 0}}},
		{"table-past-the-end", .desc = {{TARGET_END, 32, I, 0}}},
		{"table-of-registers", .desc = {{TARGET_FEATURE_SELECT, 32, I, 0}}},
		{"table-is-the-ring", .desc = {{TARGET_DESC, 32, I, 0}}},
		{"all-flags", .desc = {{TARGET_TABLE, 32, 0xffff, 0xffff}},
		 .table = {{TARGET_TABLE, 32, 0xffff, 0xffff}}},
	};
	uint64_t indirect = VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);

	if (!(iommu.offered & indirect))
		NOT_APPLICABLE("needs feature INDIRECT_DESC");
	RUN_CASES(cases, iommu.wanted | indirect);
}

/* A good chain in 0 and 1; what is wrong is how it is made available. */
struct avail_case {
	const char *name;
	uint16_t step;		/* of the index: so many buffers the device may believe in */
	uint16_t heads[3];
};

static void write_heads(struct hostile *h, const struct avail_case *c)
{
	static const struct ring_case good = {"", .desc = {R(SIZE, 1), T(4)}};

	write_chain(h, &good);
	for (uint16_t i = 0; i < HOSTILE_SIZE; i++)
		h->avail->heads[(h->index + i) % HOSTILE_SIZE] = i < 3 ? c->heads[i] : 0;
}

/* HOST-3 (no keyword): The same for what is made available; no buffer is used more often than that */
TEST(HOST_3, available_rings_that_break_rules, NEEDS)
{
	static const struct avail_case cases[] = {
		{"index-one-too-far", HOSTILE_SIZE + 1, {0}},
		{"index-far-too-far", 0x1000, {0}},
		{"index-goes-back", 0xffff, {0, 0, 0xffff}},
		{"head-behind-the-table", 1, {HOSTILE_SIZE}},
		{"head-65535", 1, {0xffff}},
		{"head-65535-behind-a-good-one", 2, {0, 0xffff}},
		{"head-twice", 2, {0, 0}},
		{"head-inside-a-chain", 2, {0, 1}},
		{"full-of-one-head", HOSTILE_SIZE, {0}},
	};
	struct hostile h;

	hostile_setup(&h);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases) && no_defect_so_far(); i++) {
		if (!test_case(cases[i].name) || !hostile_restart(AT, &h, cases[i].name, iommu.wanted))
			continue;
		write_heads(&h, &cases[i]);
		hostile_send(&h, cases[i].step);
		hostile_judge(AT, &h, cases[i].name, cases[i].step);
	}
	hostile_check_recovery(AT, &h);
}
