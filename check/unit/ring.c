// SPDX-License-Identifier: BSD-3-Clause
/*
 * Rings of both formats against a device that is played by hand. Most tests run over each format,
 * with and without indirect tables.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

#define SIZE 8

#define PACKED VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)
#define INDIRECT VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC)
#define EVENT_IDX VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)
#define IN_ORDER VIRTIO_FEATURE(VIRTIO_F_IN_ORDER)

static struct ring ring;
static uint8_t *memory;

/* Of the device, for packed rings. */
static uint16_t used_slot;
static bool used_wrap;

static void start_sized(uint16_t size, uint64_t features)
{
	size_t bytes = ring_bytes(size, features);

	free(memory);
	memory = aligned_alloc(16, (bytes + 15) & ~15ul);
	memset(memory, 0xee, bytes);
	used_slot = 0;
	used_wrap = true;
	ring_init(&ring, size, memory, 0, features);
}

static void start(uint64_t features)
{
	start_sized(SIZE, features);
}

static void use_packed(uint32_t id, uint32_t length, uint16_t slots)
{
	volatile struct packed_desc *desc = &ring.packed[used_slot];

	desc->id = id;
	desc->length = length;
	desc->flags = used_wrap ? DESC_AVAIL | DESC_USED : 0;
	used_slot += slots;
	if (used_slot >= ring.size) {
		used_slot -= ring.size;
		used_wrap = !used_wrap;
	}
}

/* The device gives back @count buffers, the last of which has @id; they took so many @slots. */
static void use_batch(uint32_t id, uint32_t length, uint16_t count, uint16_t slots)
{
	uint16_t index;

	if (ring_has(&ring, VIRTIO_F_RING_PACKED))
		return use_packed(id, length, slots);
	index = ring.used->index;
	ring.used->elements[index % ring.size].id = id;
	ring.used->elements[index % ring.size].length = length;
	ring.used->index = index + count;
}

static void use(uint32_t id, uint32_t length)
{
	use_batch(id, length, 1, id < ring.size && ring.chain[id] ? ring.chain[id] : 1);
}

static int add(unsigned int count)
{
	struct ring_piece pieces[2 * SIZE];

	for (unsigned int i = 0; i < count; i++)
		pieces[i] = (struct ring_piece){0x1000 * (i + 1), 16 + i, i == count - 1};
	return ring_add(&ring, pieces, count);
}

/* Sizes and places of 2.7: descriptors 16 bytes each, available ring 6 + 2n, used ring 6 + 8n. */
static void split_layout(void)
{
	start(0);
	CHECK(ring_bytes(SIZE, 0) >= 16 * SIZE + (6 + 2 * SIZE + 2) + (6 + 8 * SIZE));
	CHECK_EQ((uint8_t *)ring.avail - memory, 16 * SIZE);
	CHECK_EQ((uintptr_t)ring.used % 4, 0);
	CHECK((uint8_t *)ring.used >= (uint8_t *)ring.avail + 6 + 2 * SIZE);
	CHECK_EQ(ring.avail->flags, AVAIL_NO_INTERRUPT);
	CHECK_EQ(ring.used->index, 0);
	for (unsigned int i = 0; i < 16 * SIZE; i++)
		CHECK_EQ(memory[i], 0);
	CHECK_EQ(ring_bytes(SIZE, INDIRECT) - ring_bytes(SIZE, 0), 16 * SIZE * SIZE);
}

/* 2.8: a descriptor ring, and two structures of 4 bytes. */
static void packed_layout(void)
{
	start(PACKED);
	CHECK_EQ((uint8_t *)ring.packed - memory, 0);
	CHECK_EQ((uint8_t *)ring.driver_events - memory, 16 * SIZE);
	CHECK_EQ((uint8_t *)ring.device_events - memory, 16 * SIZE + 4);
	CHECK_EQ(ring.driver_events->flags, EVENTS_DISABLE);
	for (unsigned int i = 0; i < 16 * SIZE; i++)
		CHECK_EQ(memory[i], 0);
}

static void split_chain(void)
{
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
}

/* The first flags come last; the wrap counter turns behind the last slot. */
static void packed_chain(void)
{
	struct ring_reply reply;
	int first, second;

	start(PACKED);
	first = add(6);
	CHECK_EQ(ring.packed[0].flags, 0);
	CHECK_EQ(ring.packed[1].flags, DESC_NEXT | DESC_AVAIL);
	CHECK_EQ(ring.packed[5].flags, DESC_WRITE | DESC_AVAIL);
	CHECK_EQ(ring.packed[5].id, first);
	CHECK_EQ(ring.packed[5].length, 21);
	CHECK_EQ(ring_position(&ring), 0x8000);
	ring_publish(&ring, first);
	CHECK_EQ(ring.packed[0].flags, DESC_NEXT | DESC_AVAIL);
	CHECK_EQ(ring_position(&ring), 0x8006);
	use(first, 9);
	CHECK_EQ(ring_pending(&ring), 1);
	CHECK(ring_take(&ring, &reply) && reply.valid && reply.length == 9);
	ring_publish(&ring, second = add(3));
	CHECK_EQ(ring.packed[6].flags, DESC_NEXT | DESC_AVAIL);
	CHECK_EQ(ring.packed[0].flags, DESC_WRITE | DESC_USED);
	CHECK_EQ(ring_position(&ring), 1);
	CHECK(second != first);
}

static void tables(void)
{
	const struct ring_desc *split;
	const struct packed_desc *packed;

	start(INDIRECT);
	CHECK_EQ(add(SIZE), 0);
	CHECK_EQ(ring.desc[0].flags, DESC_INDIRECT);
	CHECK_EQ(ring.desc[0].length, 16 * SIZE);
	split = (const void *)(uintptr_t)ring.desc[0].address;
	CHECK(split[0].flags == DESC_NEXT && split[0].next == 1 && split[0].length == 16);
	CHECK(split[SIZE - 1].flags == DESC_WRITE && split[SIZE - 1].next != 0);
	CHECK_EQ(ring.free_count, SIZE - 1);
	start(INDIRECT | PACKED);
	CHECK_EQ(add(3), 0);
	CHECK_EQ(ring.head_flags[0], DESC_INDIRECT | DESC_AVAIL);
	packed = (const void *)(uintptr_t)ring.packed[0].address;
	CHECK(packed[0].flags == 0 && packed[0].id == 0 && packed[0].length == 16);
	CHECK(packed[2].flags == DESC_WRITE && packed[2].address == 0x3000);
	for (unsigned int i = 1; i < SIZE; i++)
		CHECK(add(2) > 0);
	CHECK_EQ(add(2), -1);
	CHECK_EQ(add(1), -1);
}

static void one_buffer(void)
{
	struct ring_reply reply;
	int id = add(3);

	ring_publish(&ring, id);
	CHECK(!ring_take(&ring, &reply));
	CHECK_EQ(ring_pending(&ring), 0);
	use(id, 12);
	CHECK_EQ(ring_pending(&ring), 1);
	CHECK(ring_take(&ring, &reply));
	CHECK(reply.valid);
	CHECK_EQ(reply.id, id);
	CHECK_EQ(reply.length, 12);
	CHECK(!ring_take(&ring, &reply));
	CHECK_EQ(ring.free_count, SIZE);
	CHECK_EQ(ring.taken, 1);
}

static void full(void)
{
	bool tables = ring_has(&ring, VIRTIO_F_INDIRECT_DESC);

	CHECK_EQ(add(0), -1);
	CHECK_EQ(add(SIZE + 1), -1);
	CHECK_EQ(add(SIZE - 2), 0);
	CHECK_EQ(add(3), tables ? 1 : -1);
	CHECK(add(2) >= 0);
	while (add(1) >= 0)
		;
	CHECK_EQ(ring.free_count, 0);
	CHECK_EQ(add(1), -1);
}

/* Buffers come back in another order; none is lost and none handed out twice. */
static void out_of_order(void)
{
	struct ring_reply reply;
	int ids[4];
	bool seen[SIZE] = {false};

	for (unsigned int i = 0; i < 4; i++)
		ring_publish(&ring, ids[i] = add(2));
	for (unsigned int i = 4; i-- > 0;) {
		use(ids[i], i);
		CHECK(ring_take(&ring, &reply) && reply.valid);
		CHECK_EQ(reply.id, ids[i]);
	}
	for (unsigned int i = 0; i < SIZE; i++) {
		int id = add(1);

		CHECK(id >= 0 && id < SIZE && !seen[id]);
		seen[id % SIZE] = true;
	}
}

/* More buffers than 16 bits count, and in packed rings a number of slots that the size is no multiple of. */
static void wrap(void)
{
	struct ring_reply reply;

	for (unsigned int i = 0; i < 70000; i++) {
		int id = add(1 + i % 3);

		ring_publish(&ring, id);
		use(id, i & 0xff);
		if (!ring_take(&ring, &reply) || !reply.valid || reply.length != (i & 0xff)) {
			CHECK_EQ(i, 70000);
			return;
		}
	}
	CHECK_EQ(ring.taken, 70000 & 0xffff);
	CHECK_EQ(ring.free_count, SIZE);
}

/* What a broken device names is told apart, and changes nothing here. */
static void bogus_ids(void)
{
	static const uint16_t ids[] = {3, SIZE, 0x7fff, 0xffff};
	uint16_t left;
	struct ring_reply reply;

	ring_publish(&ring, add(2));
	left = ring.free_count;
	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		use(ids[i], 4);
		CHECK(ring_take(&ring, &reply));
		CHECK(!reply.valid);
		CHECK_EQ(reply.id, ids[i]);
	}
	CHECK_EQ(ring.free_count, left);
	use(0, 4);
	CHECK(ring_take(&ring, &reply) && reply.valid);
	use(0, 4);
	CHECK(ring_take(&ring, &reply) && !reply.valid);
	CHECK_EQ(ring.free_count, SIZE);
}

/* The buffers are remembered outside of what the device can write. */
static void scribbled_table(void)
{
	struct ring_reply reply;
	int id;

	ring_publish(&ring, id = add(4));
	memset((void *)ring.desc, 0xff, 16 * SIZE);
	use(id, 0);
	CHECK(ring_take(&ring, &reply) && reply.valid);
	CHECK_EQ(ring.free_count, SIZE);
	CHECK(add(SIZE) >= 0);
}

/* One used buffer for three; those in front count as written to completely. */
static void batch(void)
{
	struct ring_reply reply;
	uint16_t slots;
	int ids[4];

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < 4; i++)
			ring_publish(&ring, ids[i] = add(2));
		slots = ring.chain[ids[0]];
		use_batch(ids[2], 5, 3, 3 * slots);
		use(ids[3], 6);
		for (unsigned int i = 0; i < 4; i++) {
			CHECK(ring_take(&ring, &reply) && reply.valid);
			CHECK_EQ(reply.id, ids[i]);
			CHECK_EQ(reply.length, i < 2 ? 17 : i + 3);
		}
		CHECK(!ring_take(&ring, &reply));
		CHECK_EQ(ring.free_count, SIZE);
	}
}

/* In ring order, as IN_ORDER wants it from split rings (2.7.9). */
static void in_ring_order(void)
{
	struct ring_reply reply;

	start(IN_ORDER);
	for (unsigned int i = 0; i < 30; i++) {
		int id = add(1);

		CHECK_EQ(id, i % SIZE);
		ring_publish(&ring, id);
		use(id, 0);
		CHECK(ring_take(&ring, &reply) && reply.valid);
	}
}

static void publish(unsigned int count)
{
	struct ring_reply reply;

	for (unsigned int i = 0; i < count; i++) {
		int id = add(1);

		ring_publish(&ring, id);
		use(id, 0);
		CHECK(ring_take(&ring, &reply));
	}
}

/* Without EVENT_IDX a flag tells whether notifications are wanted. */
static void flags_suppress(void)
{
	start(0);
	CHECK(ring_wants_notification(&ring));
	ring.used->flags = USED_NO_NOTIFY;
	CHECK(!ring_wants_notification(&ring));
	start(PACKED);
	CHECK(ring_wants_notification(&ring));
	ring.device_events->flags = EVENTS_DISABLE;
	CHECK(!ring_wants_notification(&ring));
}

/* With it a position: a notification is wanted when that is passed, also where it wraps. */
static void events_suppress(bool packed)
{
	for (unsigned int at = 0; at < 2 * SIZE; at++) {
		start(EVENT_IDX | (packed ? PACKED : 0));
		if (packed) {
			ring.device_events->flags = EVENTS_DESC;
			ring.device_events->position = at % SIZE | (at / SIZE % 2 ? 0 : 0x8000);
		} else {
			*(volatile uint16_t *)&ring.used->elements[SIZE] = at;
		}
		for (unsigned int sent = 0; sent < (packed ? SIZE : at) && sent + 3 <= at; sent += 3) {
			publish(3);
			CHECK(!ring_wants_notification(&ring));
		}
		if (packed && at >= SIZE)
			continue;
		publish(3);
		CHECK(ring_wants_notification(&ring));
		publish(1);
		CHECK(!ring_wants_notification(&ring));
	}
}

static void positions(void)
{
	start(0);
	publish(3);
	CHECK_EQ(ring_position(&ring), 3);
	start(PACKED);
	publish(SIZE);
	CHECK_EQ(ring_position(&ring), 0);
	publish(SIZE + 1);
	CHECK_EQ(ring_position(&ring), 1 | 0x8000);
}

static void interrupts(void)
{
	start(0);
	ring_want_interrupt(&ring, true);
	CHECK_EQ(ring.avail->flags, 0);
	start(EVENT_IDX);
	publish(2);
	CHECK_EQ(ring.avail->flags, 0);
	ring_want_interrupt(&ring, true);
	CHECK_EQ(ring.avail->heads[SIZE], 2);
	start(PACKED);
	ring_want_interrupt(&ring, true);
	CHECK_EQ(ring.driver_events->flags, EVENTS_ENABLE);
}

/* Sizes of 1 and of no power of two, for which packed rings are made. */
static void any_size(void)
{
	struct ring_reply reply;

	for (uint16_t size = 1; size < 12; size++) {
		start_sized(size, PACKED);
		for (unsigned int i = 0; i < 100; i++) {
			int id = add(1 + i % size);

			CHECK(id >= 0);
			ring_publish(&ring, id);
			use(id, i);
			CHECK(ring_take(&ring, &reply) && reply.valid && reply.length == i);
		}
	}
}

int main(void)
{
	static void (*const over_each[])(void) = {
		one_buffer, full, out_of_order, wrap, bogus_ids, scribbled_table};
	static const uint64_t formats[] = {0, PACKED, INDIRECT, PACKED | INDIRECT, EVENT_IDX};

	split_layout();
	packed_layout();
	split_chain();
	packed_chain();
	tables();
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int j = 0; j < sizeof(over_each) / sizeof(over_each[0]); j++) {
			start(formats[i]);
			over_each[j]();
		}
	for (unsigned int i = 0; i < 5; i++) {
		start(formats[i] | IN_ORDER);
		batch();
	}
	in_ring_order();
	flags_suppress();
	events_suppress(false);
	events_suppress(true);
	positions();
	interrupts();
	any_size();
	free(memory);
	return unit_end("ring");
}
