// SPDX-License-Identifier: BSD-3-Clause
/*
 * Rings that break rules (virtio 1.4, 2.7): chains, indirect tables, indexes, places.
 */
#include "judge/options.h"
#include "judge/steps/hostile.h"
#include "judge/test.h"

enum { N = DESC_NEXT, W = DESC_WRITE, I = DESC_INDIRECT, SIZE = sizeof(struct attach_request) };

struct piece {
	enum hostile_target place;
	uint32_t length;
	uint16_t flags, next;
};

#define R(length, next)	{TARGET_READABLE, length, N, next}
#define T(length)	{TARGET_WRITABLE, length, W, 0}

/* Without a place a descriptor is left as it is: that of another buffer, or a trap. */
struct ring_case {
	const char *name;
	struct piece desc[3], table[3];
	uint16_t head;
};

static struct ring_desc desc_of(const struct piece *piece)
{
	return (struct ring_desc){hostile_address(piece->place), piece->length, piece->flags,
				  piece->next};
}

static void write_chain(const struct ring_case *c)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (c->desc[i].place)
			hostile.desc[i] = desc_of(&c->desc[i]);
		if (c->table[i].place)
			hostile.table[i] = desc_of(&c->table[i]);
	}
	hostile.avail->heads[hostile.index % HOSTILE_SIZE] = c->head;
}

static void play(struct source_line at, const struct ring_case *cases, unsigned int count, uint64_t features)
{
	struct victim victim;

	hostile_setup(&victim);
	for (unsigned int i = 0; i < count && no_defect_so_far(); i++) {
		if (!test_case(cases[i].name) || !hostile_restart(at, cases[i].name, features, &victim))
			continue;
		write_chain(&cases[i]);
		hostile_send(1);
		hostile_judge(at, cases[i].name, 1, &victim);
	}
	hostile_check_recovery(at, &victim);
}

#define PLAY(cases, features) play(AT, cases, ARRAY_SIZE(cases), features)
#define NEEDS (NEEDS_HOSTILE | NEEDS_PCI | NEEDS_DMA)

TEST(HOST_1, chains_that_break_rules, NEEDS)
{
	static const struct ring_case cases[] = {
		{"loop-of-one", {R(SIZE, 0)}, {{0}}, 0},
		{"loop-of-two", {R(SIZE, 1), R(SIZE, 0)}, {{0}}, 0},
		{"loop-of-writable", {R(SIZE, 1), {TARGET_WRITABLE, 4, W | N, 1}}, {{0}}, 0},
		{"next-behind-the-table", {R(SIZE, HOSTILE_SIZE + 1)}, {{0}}, 0},
		{"next-65535", {R(SIZE, 0xffff)}, {{0}}, 0},
		{"writable-in-front", {{TARGET_WRITABLE, 4, W | N, 1}, {TARGET_READABLE, SIZE, 0, 0}},
		 {{0}}, 0},
		{"writable-between", {R(8, 1), {TARGET_WRITABLE, 4, W | N, 2}, {TARGET_READABLE, 12, 0, 0}},
		 {{0}}, 0},
		{"empty-readable", {{TARGET_READABLE, 0, N, 1}, T(4)}, {{0}}, 0},
		{"empty-writable", {R(SIZE, 1), T(0)}, {{0}}, 0},
		{"empty-between", {R(SIZE, 1), R(0, 2), T(4)}, {{0}}, 0},
		{"nothing-but-empty", {{TARGET_READABLE, 0, 0, 0}}, {{0}}, 0},
		{"readable-of-4-gib", {R(0xffffffff, 1), T(4)}, {{0}}, 0},
		{"readable-of-8-gib", {R(0xffffffff, 1), R(0xffffffff, 2), T(4)}, {{0}}, 0},
		{"writable-of-8-gib", {R(SIZE, 1), {TARGET_OUTSIDE, 0xffffffff, W | N, 2},
				       {TARGET_OUTSIDE, 0xffffffff, W, 0}}, {{0}}, 0},
		{"reserved-flags", {{TARGET_READABLE, SIZE, 0xfff9, 1}, {TARGET_WRITABLE, 4, 0xfffa, 0}},
		 {{0}}, 0},
		{"readable-no-memory", {{TARGET_OUTSIDE, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"writable-no-memory", {R(SIZE, 1), {TARGET_OUTSIDE, 4, W, 0}}, {{0}}, 0},
		{"readable-past-the-bus", {{TARGET_HIGH, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"writable-past-the-bus", {R(SIZE, 1), {TARGET_HIGH, 4, W, 0}}, {{0}}, 0},
		{"readable-wraps", {{TARGET_WRAP, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"writable-wraps", {R(SIZE, 1), {TARGET_WRAP, 0x1000, W, 0}}, {{0}}, 0},
		{"readable-past-the-end", {{TARGET_END, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"readable-at-0", {{TARGET_ZERO, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"readable-register", {{TARGET_FEATURE_SELECT, SIZE, N, 1}, T(4)}, {{0}}, 0},
		{"writable-register", {R(SIZE, 1), {TARGET_FEATURE_SELECT, 4, W, 0}}, {{0}}, 0},
		{"writable-status", {R(SIZE, 1), {TARGET_STATUS, 4, W, 0}}, {{0}}, 0},
		{"writable-doorbell", {R(SIZE, 1), {TARGET_DOORBELL, 4, W, 0}}, {{0}}, 0},
		{"indirect-not-negotiated", {{TARGET_TABLE, 32, I, 0}}, {R(SIZE, 1), T(4)}, 0},
	};

	PLAY(cases, iommu.wanted);
}

TEST(HOST_2, indirect_tables_that_break_rules, NEEDS)
{
	static const struct ring_case cases[] = {
		{"empty-table", {{TARGET_TABLE, 0, I, 0}}, {{0}}, 0},
		{"table-of-15-bytes", {{TARGET_TABLE, 15, I, 0}}, {{0}}, 0},
		{"table-of-17-bytes", {{TARGET_TABLE, 17, I, 0}}, {R(SIZE, 1)}, 0},
		{"table-of-40-bytes", {{TARGET_TABLE, 40, I, 0}}, {R(8, 1), R(12, 3)}, 0},
		{"next-behind-the-indirect-table", {{TARGET_TABLE, 32, I, 0}}, {R(SIZE, 3)}, 0},
		{"table-in-a-table", {{TARGET_TABLE, 32, I, 0}}, {{TARGET_TABLE, 32, I, 0}}, 0},
		{"table-behind-a-descriptor-of-a-table", {{TARGET_TABLE, 32, I, 0}},
		 {R(SIZE, 1), {TARGET_TABLE, 32, I, 0}}, 0},
		{"table-with-next", {{TARGET_TABLE, 32, I | N, 1}, T(4)}, {R(SIZE, 1), T(4)}, 0},
		{"loop-in-a-table", {{TARGET_TABLE, 32, I, 0}}, {R(SIZE, 1), R(SIZE, 0)}, 0},
		{"table-longer-than-the-queue", {{TARGET_TABLE, 16 * 32, I, 0}},
		 {R(SIZE, 2), {0}, T(4)}, 0},
		{"table-of-4-gib", {{TARGET_TABLE, 0xfffffff0, I, 0}}, {R(SIZE, 2), {0}, T(4)}, 0},
		{"table-no-memory", {{TARGET_OUTSIDE, 32, I, 0}}, {{0}}, 0},
		{"table-past-the-bus", {{TARGET_HIGH, 32, I, 0}}, {{0}}, 0},
		{"table-wraps", {{TARGET_WRAP, 32, I, 0}}, {{0}}, 0},
		{"table-past-the-end", {{TARGET_END, 32, I, 0}}, {{0}}, 0},
		{"table-of-registers", {{TARGET_FEATURE_SELECT, 32, I, 0}}, {{0}}, 0},
		{"table-is-the-ring", {{TARGET_DESC, 32, I, 0}}, {{0}}, 0},
		{"all-flags", {{TARGET_TABLE, 32, 0xffff, 0xffff}},
		 {{TARGET_TABLE, 32, 0xffff, 0xffff}}, 0},
	};
	uint64_t indirect = VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);

	if (!(iommu.offered & indirect))
		SKIP("needs feature INDIRECT_DESC");
	PLAY(cases, iommu.wanted | indirect);
}

/* A good chain in 0 and 1; what is wrong is how it is made available. */
struct avail_case {
	const char *name;
	uint16_t step;		/* of the index: so many buffers the device may believe in */
	uint16_t heads[3];
};

static void write_heads(const struct avail_case *c)
{
	static const struct ring_case good = {"", {R(SIZE, 1), T(4)}, {{0}}, 0};

	write_chain(&good);
	for (uint16_t i = 0; i < HOSTILE_SIZE; i++)
		hostile.avail->heads[(hostile.index + i) % HOSTILE_SIZE] = i < 3 ? c->heads[i] : 0;
}

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
	struct victim victim;

	hostile_setup(&victim);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases) && no_defect_so_far(); i++) {
		if (!test_case(cases[i].name) || !hostile_restart(AT, cases[i].name, iommu.wanted, &victim))
			continue;
		write_heads(&cases[i]);
		hostile_send(cases[i].step);
		hostile_judge(AT, cases[i].name, cases[i].step, &victim);
	}
	hostile_check_recovery(AT, &victim);
}
