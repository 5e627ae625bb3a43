// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of descriptors, of rings that are broken, and of queues and features that outlive their end.
 */
#include "host/bugs/queues/queues.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"
#include "util.h"
#include "virtio/mmio_layout.h"

/* Descriptors that were read of the table that is walked through. */
static struct {
	unsigned int count;
	bool indirect;
} walked;

static bool walk_from_start(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	walked.count = walked.indirect = 0;
	return vring_split.walk(dev, queue, chain);
}

/* No longer than the table. */
static bool read_with_next(struct vdev *dev, const struct desc_table *table, uint32_t index,
			   struct ring_desc *desc)
{
	if (!vring_split.read_desc(dev, table, index, desc))
		return false;
	if (table->indirect != walked.indirect)
		walked.count = 0;
	walked.indirect = table->indirect;
	walked.count++;
	if (desc->next && walked.count < table->size && !(desc->flags & DESC_INDIRECT))
		desc->flags |= DESC_NEXT;
	return true;
}

/* Returns the number of descriptors in the table of the ring that are a buffer. */
static unsigned int count_descs(struct vdev *dev, const struct vqueue *queue, uint16_t head)
{
	struct desc_table table = {queue->desc, queue->size, false};
	struct ring_desc desc = {.next = head};
	unsigned int count = 0;

	do
		if (!vring_split.read_desc(dev, &table, desc.next, &desc))
			return 0;
	while (++count < queue->size && (desc.flags & DESC_NEXT));
	return count;
}

static void push_scrubbed(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	if (!vdev_has(dev, VIRTIO_F_RING_PACKED) && count_descs(dev, queue, chain->head) > 2)
		vring_store16(dev, queue->desc + chain->head * sizeof(struct ring_desc) +
			      offsetof(struct ring_desc, flags), 0);
	generic_push(dev, queue, chain, length);
}

static void keep_few_bits(const struct vdev *dev, struct chain *chain)
{
	if (dev->type == VIRTIO_TYPE_IOMMU)
		chain->writable.size &= (1u << mutant_number()) - 1;
}

static bool walk_in_few_bits(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool ok = vring_split.walk(dev, queue, chain);

	keep_few_bits(dev, chain);
	return ok;
}

static bool walk_packed_in_few_bits(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool ok = vring_packed.walk(dev, queue, chain);

	keep_few_bits(dev, chain);
	return ok;
}

static bool is_too_far(struct vdev *dev, const struct vqueue *queue)
{
	uint16_t index;

	return vring_load16(dev, queue->driver + AVAIL_INDEX, &index) &&
	       (uint16_t)(index - queue->next_avail) > queue->size;
}

static bool available_or_silent(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	bool broken = is_too_far(dev, queue);
	bool any = !broken && vring_split.available(dev, queue, chain);

	broken |= any && chain->head >= queue->size;
	if (broken)
		dev->status |= VIRTIO_NEEDS_RESET;
	return any && !broken;
}

static void reset_but_used(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	generic_reset_queue(dev, queue);
	queue->next_used = old.next_used;
	queue->used_wrap = old.used_wrap;
}

/*
 * Features of all sessions so far. What is read back is that of the last one.
 */

static uint64_t ever_accepted, written;

static void write_status_ors(struct vdev *dev, uint8_t value)
{
	bool settles = (value & VIRTIO_FEATURES_OK) && !(dev->status & VIRTIO_FEATURES_OK);

	if (settles) {
		written = dev->accepted;
		dev->accepted |= ever_accepted;
	}
	generic_write_status(dev, value);
	if (settles && (dev->status & VIRTIO_FEATURES_OK))
		ever_accepted = dev->accepted;
	else if (settles)
		dev->accepted = written;
}

static uint32_t read_written(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	const struct vdev *dev = vdev_of(f);

	if (bar == VDEV_BAR && offset == AREA_COMMON + COMMON_DRIVER_FEATURE && width == 4 &&
	    (dev->status & VIRTIO_FEATURES_OK))
		return vdev_feature_word(written, dev->driver_select);
	return right_function->read(f, bar, offset, width);
}

/*
 * Queues as they were when they were made ready on MMIO.
 */

static struct vqueue started[VDEV_QUEUES];

static void mmio_write_starts(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	const struct vqueue *queue = vdev_queue(dev);

	generic_mmio_write(dev, offset, width, value);
	if (offset == MMIO_QUEUE_READY && queue && queue->enabled)
		started[queue - dev->queues] = *queue;
}

static void copy_set_up(struct vqueue *to, const struct vqueue *from)
{
	to->enabled = from->enabled;
	to->size = from->size;
	to->desc = from->desc;
	to->driver = from->driver;
	to->device = from->device;
}

static void notification_of_started(struct vdev *dev, uint32_t value)
{
	uint16_t index = value;
	struct vqueue *queue = &dev->queues[index < dev->queue_count ? index : 0], shown = *queue;

	if (index >= dev->queue_count || queue->enabled)
		return generic_notification(dev, value);
	copy_set_up(queue, &started[index]);
	generic_notification(dev, value);
	copy_set_up(queue, &shown);
}

static void write_status_stops(struct vdev *dev, uint8_t value)
{
	for (unsigned int i = 0; i < VDEV_QUEUES && !value; i++)
		started[i].enabled = false;
	generic_write_status(dev, value);
}

static void reset_and_stop(struct vdev *dev, struct vqueue *queue)
{
	started[queue - dev->queues].enabled = false;
	generic_reset_queue(dev, queue);
}

bool descriptors_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_NEXT_WITHOUT_FLAG, .split = {.walk = walk_from_start, .read_desc = read_with_next}},
		{MUTANT_WRITABLE_LENGTH_BITS, .split = {.walk = walk_in_few_bits},
		 .packed = {.walk = walk_packed_in_few_bits}},
		{MUTANT_DESC_SCRUB, .steps = {.push = push_scrubbed}},
		{MUTANT_NEEDS_RESET_SILENT, .split = {.available = available_or_silent}},
		{MUTANT_RING_RESET_KEEPS_USED, .steps = {.reset_queue = reset_but_used}},
		{MUTANT_FEATURES_ORED, .steps = {.write_status = write_status_ors},
		 .function = {.read = read_written}},
		{MUTANT_QUEUE_READY_ZERO,
		 .steps = {.mmio_write = mmio_write_starts, .notification = notification_of_started,
			   .write_status = write_status_stops, .reset_queue = reset_and_stop}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
