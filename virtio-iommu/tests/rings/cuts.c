// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests whose parts are cut into descriptors at each byte, or have the end of a page there (virtio 1.4,
 * 2.7.4.1: a device makes no assumption about that). Each is of a kind that shows in what an endpoint
 * reaches, so that a byte that gets lost is seen.
 */
#include "driver/batch.h"
#include "judge/product.h"
#include "judge/steps/judged_request.h"
#include "memory.h"
#include "util.h"

enum { KIND, PART_OF_IT, BYTE, HOW, TAIL, LIST };
enum { IN_TWO, APART, BACKWARDS, PAGE_END };
enum { TAIL_WHOLE, TAIL_1, TAIL_2, TAIL_3, TAIL_BYTES };
enum { IN_RING, IN_TABLE };

#define PART_BYTES 24

/* Bytes of the readable part, which are at most three times PART_BYTES. */
static const char *const parts[] = {"bytes 0 to 23", "bytes 24 to 47", "bytes 48 to 71"};
static const char *const bytes[] = {
	"cut before 0", "cut before 1", "cut before 2", "cut before 3", "cut before 4", "cut before 5",
	"cut before 6", "cut before 7", "cut before 8", "cut before 9", "cut before 10", "cut before 11",
	"cut before 12", "cut before 13", "cut before 14", "cut before 15", "cut before 16", "cut before 17",
	"cut before 18", "cut before 19", "cut before 20", "cut before 21", "cut before 22", "cut before 23",
	"cut before 24", "cut before 25", "cut before 26", "cut before 27", "cut before 28", "cut before 29",
	"cut before 30", "cut before 31",
};
static const char *const ways[] = {"two descriptors", "apart", "backwards", "over the end of a page"};
static const char *const tails[] = {"tail whole", "tail cut before 1", "tail cut before 2",
				    "tail cut before 3", "tail in single bytes"};
static const char *const lists[] = {"in the ring", "in a table"};

static const char *list_unmet(unsigned int list)
{
	return list == IN_TABLE && !iommu_wants(VIRTIO_F_INDIRECT_DESC) ? "needs indirect descriptors" : NULL;
}

static const struct dimension dimensions[] = {
	[KIND] = {"request", request_kind_words, KIND_PROBE + 1, request_kind_unmet},
	[PART_OF_IT] = {"part", parts, ARRAY_SIZE(parts), NULL},
	[BYTE] = {"byte", bytes, PART_BYTES, NULL},
	[HOW] = {"way", ways, ARRAY_SIZE(ways), NULL},
	[TAIL] = {"tail", tails, ARRAY_SIZE(tails), NULL},
	[LIST] = {"list", lists, ARRAY_SIZE(lists), list_unmet},
};

#define SHORT_KINDS (BIT(KIND_ATTACH) | BIT(KIND_DETACH))
#define BYTES_FROM(first) (~0u << (first))

static const char too_short[] = "the request has no such byte";

static const struct product_rule rules[] = {
	{{{KIND, SHORT_KINDS}, {PART_OF_IT, ~BIT(0)}}, too_short},
	{{{KIND, SHORT_KINDS}, {BYTE, BYTES_FROM(sizeof(struct attach_request))}}, too_short},
	{{{KIND, BIT(KIND_MAP) | BIT(KIND_UNMAP)}, {PART_OF_IT, BIT(2)}}, too_short},
	{{{KIND, BIT(KIND_MAP)}, {PART_OF_IT, BIT(1)},
	  {BYTE, BYTES_FROM(sizeof(struct map_request) - PART_BYTES)}}, too_short},
	{{{KIND, BIT(KIND_UNMAP)}, {PART_OF_IT, BIT(1)},
	  {BYTE, BYTES_FROM(sizeof(struct unmap_request) - PART_BYTES)}}, too_short},
};

/* A part that is cut, or that has the end of a page, in front of byte number @at. */
static struct part_layout cut_at(uint32_t at, unsigned int how)
{
	static const enum piece_order orders[] = {
		[IN_TWO] = PIECES_ADJACENT, [APART] = PIECES_APART, [BACKWARDS] = PIECES_BACKWARDS,
	};

	if (how == PAGE_END)
		return (struct part_layout){.before_page_end = at};
	return (struct part_layout){.cut = {at, 0}, .order = orders[how]};
}

/* The tail is what comes last in the writable part. */
static struct part_layout cut_tail(uint32_t writable, unsigned int tail, unsigned int how)
{
	uint32_t before = writable - TAIL_SIZE;

	if (tail == TAIL_BYTES)
		return (struct part_layout){.cut = {before + 1, 1}, .order = PIECES_APART};
	return cut_at(before + (tail == TAIL_WHOLE ? 0 : tail), how);
}

/* Send it in this layout, and judge what came of it. */
static void send(struct source_line at, const struct judged_request *r, const struct request_layout *layout)
{
	struct batch *batch = batch_new();

	if (!batch_add(batch, &r->head, r->readable, r->writable, layout))
		return not_applicable("the queue has %u descriptors", iommu.requests.size);
	batch_send(batch);
	judged_request_judge(at, r, batch_reply(batch, 0));
}

static void play(struct source_line at, const cell_t cell)
{
	struct request_layout layout = {.direct = cell[LIST] == IN_RING};
	struct judged_request r;

	if (!judged_request_prepare(at, cell[KIND], &r))
		return;
	layout.readable = cut_at(cell[PART_OF_IT] * PART_BYTES + cell[BYTE], cell[HOW]);
	layout.writable = cut_tail(r.writable, cell[TAIL], cell[HOW]);
	send(at, &r, &layout);
}

static const struct product cuts = {
	.name = "cuts",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* GEN-FRAME-1 (MUST NOT): No assumption on how a buffer is cut into descriptors */
TEST(GEN_FRAME_1, attach_is_cut_at_each_byte, NEEDS_DOMAIN)
{
	PRODUCT(&cuts, KIND, BIT(KIND_ATTACH));
}

TEST(GEN_FRAME_1, detach_is_cut_at_each_byte, NEEDS_DOMAIN)
{
	PRODUCT(&cuts, KIND, BIT(KIND_DETACH));
}

TEST(GEN_FRAME_1, map_is_cut_at_each_byte, NEEDS_DOMAIN)
{
	PRODUCT(&cuts, KIND, BIT(KIND_MAP));
}

TEST(GEN_FRAME_1, unmap_is_cut_at_each_byte, NEEDS_DOMAIN)
{
	PRODUCT(&cuts, KIND, BIT(KIND_UNMAP));
}

TEST(GEN_FRAME_1, probe_is_cut_at_each_byte, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	PRODUCT(&cuts, KIND, BIT(KIND_PROBE));
}

/*
 * The answer to PROBE, the only one that is longer than a tail.
 */

enum { ROW, ROW_BYTE, ROW_HOW, ROW_LIST };

#define ROW_BYTES 32

static const char *const rows[] = {
	"bytes 0 to 31", "bytes 32 to 63", "bytes 64 to 95", "bytes 96 to 127", "bytes 128 to 159",
	"bytes 160 to 191", "bytes 192 to 223", "bytes 224 to 255", "bytes 256 to 287", "bytes 288 to 319",
	"bytes 320 to 351", "bytes 352 to 383", "bytes 384 to 415", "bytes 416 to 447", "bytes 448 to 479",
	"bytes 480 to 511", "bytes 512 to 543",
};

static const char *row_unmet(unsigned int row)
{
	return row * ROW_BYTES >= iommu.config.probe_size + TAIL_SIZE ? "the answer is shorter" : NULL;
}

static const struct dimension answer_dimensions[] = {
	[ROW] = {"row", rows, ARRAY_SIZE(rows), row_unmet},
	[ROW_BYTE] = {"byte", bytes, ROW_BYTES, NULL},
	[ROW_HOW] = {"way", ways, ARRAY_SIZE(ways), NULL},
	[ROW_LIST] = {"list", lists, ARRAY_SIZE(lists), list_unmet},
};

static void play_answer(struct source_line at, const cell_t cell)
{
	struct request_layout layout = {.direct = cell[ROW_LIST] == IN_RING};
	uint32_t cut = cell[ROW] * ROW_BYTES + cell[ROW_BYTE];
	struct judged_request r;

	if (!judged_request_prepare(at, KIND_PROBE, &r))
		return;
	if (cut >= r.writable)
		return not_applicable("the answer has %u bytes", r.writable);
	layout.writable = cut_at(cut, cell[ROW_HOW]);
	send(at, &r, &layout);
}

static const struct product answer_cuts = {
	.name = "answer cuts",
	DIMENSION_TABLE(answer_dimensions),
	.play = play_answer,
};

TEST(GEN_FRAME_1, answer_to_probe_is_cut_at_each_byte, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	PRODUCT(&answer_cuts, EVERY_CELL);
}
