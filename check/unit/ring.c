// SPDX-License-Identifier: BSD-3-Clause
/*
 * Split rings against a device that is played by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "virtio/ring.h"

#define SIZE 8

static struct ring ring;
static uint8_t *memory;

static void start(uint64_t device_offset)
{
	free(memory);
	memory = aligned_alloc(16, (ring_bytes(SIZE) + 15) & ~15ul);
	memset(memory, 0xee, ring_bytes(SIZE));
	ring_init(&ring, SIZE, memory, device_offset);
}

/* The device gives back the buffer @id. */
static void use(uint32_t id, uint32_t length)
{
	uint16_t index = ring.used->index;

	ring.used->elements[index % SIZE].id = id;
	ring.used->elements[index % SIZE].length = length;
	ring.used->index = index + 1;
}

static int add(unsigned int count)
{
	struct ring_piece pieces[SIZE + 1];

	for (unsigned int i = 0; i < count; i++)
		pieces[i] = (struct ring_piece){0x1000 * (i + 1), 16 + i, i == count - 1};
	return ring_add(&ring, pieces, count);
}

/* Sizes and places of 2.7: descriptors 16 bytes each, available ring 6 + 2n, used ring 6 + 8n. */
static void layout(void)
{
	start(0);
	CHECK_EQ(ring_bytes(SIZE), 16 * SIZE + (6 + 2 * SIZE + 2) + (6 + 8 * SIZE));
	CHECK_EQ((uint8_t *)ring.avail - memory, 16 * SIZE);
	CHECK_EQ((uintptr_t)ring.used % 4, 0);
	CHECK((uint8_t *)ring.used >= (uint8_t *)ring.avail + 6 + 2 * SIZE);
	CHECK_EQ(ring.avail->flags, AVAIL_NO_INTERRUPT);
	CHECK_EQ(ring.used->index, 0);
	for (unsigned int i = 0; i < 16 * SIZE; i++)
		CHECK_EQ(memory[i], 0);
}

static void one_chain(void)
{
	struct ring_reply reply;
	int head;

	start(0);
	head = add(3);
	CHECK_EQ(head, 0);
	CHECK_EQ(ring.avail->index, 0);
	CHECK_EQ(ring.desc[0].address, 0x1000);
	CHECK_EQ(ring.desc[0].flags, DESC_NEXT);
	CHECK_EQ(ring.desc[0].next, 1);
	CHECK_EQ(ring.desc[1].length, 17);
	CHECK_EQ(ring.desc[2].flags, DESC_WRITE);
	ring_publish(&ring, head);
	CHECK_EQ(ring.avail->index, 1);
	CHECK_EQ(ring.avail->heads[0], 0);
	CHECK(!ring_take(&ring, &reply));
	use(head, 12);
	CHECK(ring_take(&ring, &reply));
	CHECK(reply.valid);
	CHECK_EQ(reply.id, 0);
	CHECK_EQ(reply.length, 12);
	CHECK(!ring_take(&ring, &reply));
	CHECK_EQ(ring.free_count, SIZE);
}

static void full(void)
{
	start(0);
	CHECK_EQ(add(0), -1);
	CHECK_EQ(add(SIZE + 1), -1);
	CHECK_EQ(add(SIZE - 2), 0);
	CHECK_EQ(add(3), -1);
	CHECK(add(2) >= 0);
	CHECK_EQ(ring.free_count, 0);
	CHECK_EQ(add(1), -1);
}

/* Chains come back in another order; none is lost and none handed out twice. */
static void out_of_order(void)
{
	struct ring_reply reply;
	int heads[4];
	bool seen[SIZE] = {false};

	start(0);
	for (unsigned int i = 0; i < 4; i++)
		ring_publish(&ring, heads[i] = add(2));
	for (unsigned int i = 4; i-- > 0;) {
		use(heads[i], i);
		CHECK(ring_take(&ring, &reply) && reply.valid);
		CHECK_EQ(reply.id, heads[i]);
	}
	for (unsigned int i = 0; i < SIZE; i++) {
		int head = add(1);

		CHECK(head >= 0 && head < SIZE && !seen[head]);
		seen[head % SIZE] = true;
	}
}

/* More buffers than 16 bits count. */
static void wrap(void)
{
	struct ring_reply reply;

	start(0);
	for (unsigned int i = 0; i < 70000; i++) {
		int head = add(2);

		ring_publish(&ring, head);
		use(head, i & 0xff);
		if (!ring_take(&ring, &reply) || !reply.valid || reply.length != (i & 0xff)) {
			CHECK_EQ(i, 70000);
			return;
		}
	}
	CHECK_EQ(ring.avail->index, 70000 & 0xffff);
}

/* What a broken device names is told apart, and changes nothing here. */
static void bogus_ids(void)
{
	static const uint32_t ids[] = {1, SIZE, 0xffff, 0xffffffff, 0x10000};
	struct ring_reply reply;

	start(0);
	ring_publish(&ring, add(2));
	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		use(ids[i], 4);
		CHECK(ring_take(&ring, &reply));
		CHECK(!reply.valid);
		CHECK_EQ(reply.id, ids[i]);
	}
	CHECK_EQ(ring.free_count, SIZE - 2);
	use(0, 4);
	use(0, 4);
	CHECK(ring_take(&ring, &reply) && reply.valid);
	CHECK(ring_take(&ring, &reply) && !reply.valid);
	CHECK_EQ(ring.free_count, SIZE);
}

/* The chains are remembered outside of what the device can write. */
static void scribbled_table(void)
{
	struct ring_reply reply;
	int head;

	start(0);
	ring_publish(&ring, head = add(4));
	memset((void *)ring.desc, 0xff, 16 * SIZE);
	use(head, 0);
	CHECK(ring_take(&ring, &reply) && reply.valid);
	CHECK_EQ(ring.free_count, SIZE);
	CHECK_EQ(add(SIZE), head);
}

int main(void)
{
	layout();
	one_chain();
	full();
	out_of_order();
	wrap();
	bogus_ids();
	scribbled_table();
	free(memory);
	return unit_end("ring");
}
