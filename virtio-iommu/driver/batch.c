// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "memory.h"
#include "time.h"
#include "util.h"

#include "driver/batch.h"
#include "driver/iommu_internal.h"
#include "driver/resources.h"
#include "driver/timing.h"
#include "driver/trace.h"

#define PAGE 4096
#define ALIGN 16	/* of blocks and copies, so that they are compared by words */
#define GUARD 32	/* bytes watched before and after each part */
#define GAP 8		/* bytes between two pieces that are not adjacent */
#define GUARD_BYTE 0xc3
#define PIECES 128	/* of a part */

/* A part of a request in a block of memory. What no piece covers are guards. */
struct part {
	uint8_t *block;
	uint32_t block_size, size;
	struct part_layout layout;
	unsigned int count;	/* pieces */
};

struct request {
	struct part readable, writable;
	const uint8_t *bytes;	/* of the readable part */
	const uint8_t *sent;	/* what was in the readable block */
	int id;
	struct reply reply;
};

struct batch {
	unsigned int count;
	struct request requests[RING_MAX_SIZE];
};

/* A byte that the device did not write shows one of these. They alternate from request to request. */
static const uint8_t poisons[] = {0xa5, 0x5a};

unsigned int batch_capacity(void)
{
	return iommu.requests.tables ? iommu.requests.size : iommu.requests.size / 2;
}

struct batch *batch_new(void)
{
	struct batch *batch = arena_alloc_uninit(sizeof(*batch), sizeof(void *));

	batch->count = 0;
	return batch;
}

unsigned int batch_count(const struct batch *batch)
{
	return batch->count;
}

const struct reply *batch_reply(const struct batch *batch, unsigned int index)
{
	return &batch->requests[index].reply;
}

/* A piece of a part: @length bytes from number @start on, at @offset in the block. */
struct piece {
	uint32_t start, length, offset;
};

/* Return the length of the piece that begins at byte @start, which is not the end. */
static uint32_t piece_length(const struct part *part, unsigned int index, uint32_t start)
{
	uint32_t wanted = index ? part->layout.cut.next : part->layout.cut.first, left = part->size - start;

	return wanted && wanted < left && index < PIECES - 1 ? wanted : left;
}

static uint32_t piece_offset(const struct part *part, unsigned int index, const struct piece *piece)
{
	switch (part->layout.order) {
	case PIECES_APART:
		return GUARD + piece->start + index * GAP;
	case PIECES_BACKWARDS:
		return GUARD + part->size - (piece->start + piece->length) +
		       (part->count - 1 - index) * GAP;
	default:
		return GUARD + piece->start;
	}
}

/* Step @piece to number @index. Return false behind the last one. */
static bool next_piece(const struct part *part, unsigned int index, struct piece *piece)
{
	piece->start = index ? piece->start + piece->length : 0;
	if (piece->start == part->size)
		return false;
	piece->length = piece_length(part, index, piece->start);
	piece->offset = piece_offset(part, index, piece);
	return true;
}

static void allocate_block(struct part *part)
{
	uint32_t before = part->layout.before_page_end;

	part->block_size = GUARD + part->size + part->count * GAP + GUARD;
	if (!before)
		part->block = arena_alloc_uninit(part->block_size, ALIGN);
	else	/* the part begins GUARD bytes into the block */
		part->block = (uint8_t *)arena_alloc_uninit(PAGE + part->block_size, PAGE) + PAGE -
			      before % PAGE - GUARD;
	memset(part->block, GUARD_BYTE, part->block_size);
}

static void make_part(struct part *part, uint32_t size, const struct part_layout *layout)
{
	struct piece piece;

	*part = (struct part){.size = size, .layout = *layout};
	while (next_piece(part, part->count, &piece))
		part->count++;
	allocate_block(part);
}

static unsigned int describe_part(const struct part *part, bool writable, struct ring_piece *pieces)
{
	struct piece piece;
	unsigned int i;

	for (i = 0; next_piece(part, i, &piece); i++)
		pieces[i] = (struct ring_piece){phys(part->block) + piece.offset, piece.length, writable};
	return i;
}

static void scatter(const struct part *part, const uint8_t *bytes)
{
	struct piece piece;

	for (unsigned int i = 0; next_piece(part, i, &piece); i++)
		memcpy(part->block + piece.offset, bytes + piece.start, piece.length);
}

/* Take the bytes out of the block, and leave guards in their place. */
static uint8_t *gather(const struct part *part)
{
	uint8_t *bytes = arena_alloc_uninit(part->size, ALIGN);
	struct piece piece;

	for (unsigned int i = 0; next_piece(part, i, &piece); i++) {
		memcpy(bytes + piece.start, part->block + piece.offset, piece.length);
		memset(part->block + piece.offset, GUARD_BYTE, piece.length);
	}
	return bytes;
}

/* The first word is right, and each byte is the same as the one a word later. */
static bool is_guard(const uint8_t *block, uint32_t size)
{
	static const uint8_t word[] = {GUARD_BYTE, GUARD_BYTE, GUARD_BYTE, GUARD_BYTE,
				       GUARD_BYTE, GUARD_BYTE, GUARD_BYTE, GUARD_BYTE};

	return !memcmp(block, word, sizeof(word)) &&
	       !memcmp(block, block + sizeof(word), size - sizeof(word));
}

static void fill(struct request *r, const void *readable, uint32_t size, uint32_t writable,
		 const struct request_layout *layout)
{
	static unsigned int turn;
	uint8_t *poison = arena_alloc_uninit(writable, ALIGN);

	r->reply = (struct reply){.type = size ? *(const uint8_t *)readable : 0, .writable = writable,
				  .poison = poisons[turn++ % 2]};
	r->bytes = memcpy(arena_alloc_uninit(size, ALIGN), readable, size);
	make_part(&r->readable, size, &layout->readable);
	scatter(&r->readable, readable);
	r->sent = memcpy(arena_alloc_uninit(r->readable.block_size, ALIGN), r->readable.block,
			 r->readable.block_size);
	make_part(&r->writable, writable, &layout->writable);
	scatter(&r->writable, memset(poison, r->reply.poison, writable));
}

/* A request takes all or nothing. */
static int add_to_queue(const struct request *r, bool direct)
{
	static struct ring_piece pieces[2 * PIECES];
	struct ring *ring = &iommu.requests;
	uint8_t *tables = ring->tables;
	unsigned int count = describe_part(&r->readable, false, pieces);
	int id;

	count += describe_part(&r->writable, true, pieces + count);
	if (direct)
		ring->tables = NULL;
	id = ring_add(ring, pieces, count);
	ring->tables = tables;
	return id;
}

bool batch_add(struct batch *batch, const void *readable, uint32_t size, uint32_t writable,
	       const struct request_layout *layout)
{
	static const struct request_layout plain;
	struct request *r = &batch->requests[batch->count];

	if (batch->count == RING_MAX_SIZE)
		return false;
	if (!layout)
		layout = &plain;
	fill(r, readable, size, writable, layout);
	r->id = add_to_queue(r, layout->direct);
	batch->count += r->id >= 0;
	return r->id >= 0;
}

static const char *find_breach(const struct request *r, bool valid)
{
	if (!valid)
		return "the used element names a buffer that was not available";
	if (memcmp(r->readable.block, r->sent, r->readable.block_size))
		return "the device wrote to the readable part of the request, or next to it";
	if (!is_guard(r->writable.block, r->writable.block_size))
		return "the device wrote outside of the writable part of the request";
	if (r->reply.length > r->reply.writable)
		return "the used length is larger than the writable part";
	return NULL;
}

static void read_reply(struct request *r, const struct ring_reply *used)
{
	struct reply *reply = &r->reply;
	uint32_t at = reply->writable - TAIL_SIZE;

	reply->used = true;
	reply->length = used->length;
	reply->bytes = gather(&r->writable);
	reply->breach = find_breach(r, used->valid);
	if (reply->writable < TAIL_SIZE)
		return;
	reply->status = reply->bytes[at];
	reply->delivered = reply->length > at;
}

/* Return the request that has @id and is not used yet, NULL if there is none. */
static struct request *in_flight(struct batch *batch, uint32_t id)
{
	for (unsigned int i = 0; i < batch->count; i++)
		if ((uint32_t)batch->requests[i].id == id && !batch->requests[i].reply.used)
			return &batch->requests[i];
	return NULL;
}

/* Take the next used buffer. Return false if none comes. */
static bool take(struct batch *batch)
{
	struct ring_reply used;
	struct request *r;

	if (iommu_wait(&iommu.requests, &used, REPLY_TIMEOUT_US) != VIRTIO_USED)
		return false;
	r = in_flight(batch, used.id);
	if (!r)		/* nobody's: the one that it stands for does not come back */
		return false;
	read_reply(r, &used);
	if (batch->count > 1)
		trace_request(r->bytes, r->readable.size, r->writable.size);
	trace_reply(&r->reply);
	r->reply.no_room = is_no_room(&r->reply, r->bytes, r->readable.size);
	request_note_answer(r->bytes, r->readable.size, is_ok(&r->reply));
	return true;
}

static bool breaks_rules(const struct batch *batch)
{
	bool broken = false;

	for (unsigned int i = 0; i < batch->count && !broken; i++) {
		const struct request *r = &batch->requests[i];

		broken = resources_forbid(r->bytes, r->readable.size, r->writable.size);
	}
	return broken;
}

static void note_batch(const struct batch *batch)
{
	if (batch->count > 1)
		trace("%u requests at once", batch->count);
	else if (batch->count)
		trace_request(batch->requests[0].bytes, batch->requests[0].readable.size,
			      batch->requests[0].writable.size);
	request_note_rules(breaks_rules(batch));
}

void batch_publish(struct batch *batch)
{
	note_batch(batch);
	for (unsigned int i = 0; i < batch->count; i++)
		ring_publish(&iommu.requests, batch->requests[i].id);
}

bool batch_wait(struct batch *batch)
{
	bool all = true;

	for (unsigned int left = batch->count; left && all; left--)
		all = take(batch);
	iommu.dead = !all;
	return all;
}

bool batch_send(struct batch *batch)
{
	batch_publish(batch);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return batch_wait(batch);
}

bool batch_send_each(struct batch *batch)
{
	note_batch(batch);
	for (unsigned int i = 0; i < batch->count; i++) {
		ring_publish(&iommu.requests, batch->requests[i].id);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
	}
	return batch_wait(batch);
}
