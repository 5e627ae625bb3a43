// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of accesses under way. An endpoint finds the memory of a buffer when it is notified, and moves
 * bytes later. Whatever takes that memory away in between has to make the endpoint forget what it has
 * found: each bug has its own way to miss some of it.
 */
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/takeover/takeover.h"
#include "host/bugs/flight/stretch.h"
#include "host/bugs/flight/flight.h"
#include "host/bugs/virtio/virtio.h"
#include "host/devices/blk.h"
#include "host/machine/clock.h"
#include "host/machine/ram.h"
#include "host/virtio/vring_format.h"
#include "util.h"

#define MAX_BUFFERS 16
#define MAX_STRETCHES 64

static struct buffer {
	struct vdev *dev;
	struct vqueue *queue;
	struct chain chain;
	struct stretch stretches[MAX_STRETCHES];
	unsigned int count;
} buffers[MAX_BUFFERS], served;		/* served: the one that is worked on */
static unsigned int buffer_count;

static void translate_part(struct buffer *b, const struct chain_part *part, uint32_t kind)
{
	for (unsigned int i = 0; i < part->count; i++)
		b->count += stretch_translate(&b->stretches[b->count], MAX_STRETCHES - b->count, b->dev,
					  part->pieces[i].address, part->pieces[i].length, kind);
}

/* Bytes of either area of a ring that is asked for by the device, at most: 2.7. */
static uint64_t area_size(const struct vqueue *queue)
{
	return 6 + 8 * queue->size;
}

/* What goes back to the driver, too, so that buffers in front of this one do not break the queue. */
static void translate_areas(struct buffer *b)
{
	b->count += stretch_translate(&b->stretches[b->count], MAX_STRETCHES - b->count, b->dev,
				      b->queue->device, area_size(b->queue), MAP_WRITE);
	b->count += stretch_translate(&b->stretches[b->count], MAX_STRETCHES - b->count, b->dev,
				      b->queue->driver, area_size(b->queue), MAP_READ);
}

/* Take what is available off the ring, while there is room. */
static void take_buffers(struct vdev *dev, struct vqueue *queue)
{
	const struct vdev_steps *steps = dev->steps;
	struct vdev_steps taking = *steps;

	taking.format = generic_format;
	dev->steps = &taking;
	while (buffer_count < MAX_BUFFERS && vring_pop(dev, queue, &buffers[buffer_count].chain)) {
		struct buffer *b = &buffers[buffer_count++];

		b->dev = dev;
		b->queue = queue;
		b->count = 0;
		translate_part(b, &b->chain.readable, MAP_READ);
		translate_part(b, &b->chain.writable, MAP_WRITE);
		translate_areas(b);
	}
	dev->steps = steps;
}

static void notification_takes_buffers(struct vdev *dev, uint32_t value)
{
	uint16_t index = value;

	served.count = 0;
	if (index < dev->queue_count && vdev_is_running(dev) && dev->queues[index].enabled)
		take_buffers(dev, &dev->queues[index]);
	generic_notification(dev, value);
}

static struct buffer *first_buffer(const struct vqueue *queue)
{
	for (unsigned int i = 0; i < buffer_count; i++)
		if (buffers[i].queue == queue)
			return &buffers[i];
	return NULL;
}

static void forget_buffer(struct buffer *b)
{
	unsigned int index = b - buffers;

	buffer_count--;
	for (unsigned int i = index; i < buffer_count; i++)
		buffers[i] = buffers[i + 1];
}

static bool buffer_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	(void)chain;
	served.count = 0;
	if (!first_buffer(queue))
		take_buffers(dev, queue);
	return first_buffer(queue);
}

static bool walk_buffer(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct buffer *b = first_buffer(queue);

	(void)dev;
	served = *b;
	*chain = b->chain;
	forget_buffer(b);
	return true;
}

static bool buffer_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	(void)dev, (void)queue, (void)chain;
	return true;
}

static const struct vring_format *format_of_buffers(const struct vdev *dev)
{
	static struct vring_format format;

	format = *generic_format(dev);
	format.available = buffer_available;
	format.walk = walk_buffer;
	format.taken = buffer_taken;
	return &format;
}

static void forget_buffers(const struct vdev *dev, const struct vqueue *queue)
{
	for (unsigned int i = buffer_count; i--;)
		if (buffers[i].dev == dev && (!queue || buffers[i].queue == queue))
			forget_buffer(&buffers[i]);
}

static void reset_queue_of_buffers(struct vdev *dev, struct vqueue *queue)
{
	forget_buffers(dev, queue);
	generic_reset_queue(dev, queue);
}

bool bug_finds_in_flight(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length)
{
	for (unsigned int i = 0; i < served.count; i++)
		if (stretch_find(&served.stretches[i], dev, address, phys, length))
			return true;
	return false;
}

/*
 * What is taken away, and who misses what of it.
 */

enum { UNMAPPED = 1, DETACHED = 2, MOVED = 4, BYPASS_OFF = 8, DEVICE_RESET = 16, ANY_ENDING = 31 };

struct ending {
	unsigned int kind;
	uint32_t domain, endpoint;	/* of whom it is taken: @endpoint for DETACHED and MOVED */
	uint64_t start, end;		/* for UNMAPPED; else all */
};

static uint32_t id_of(const struct buffer *b)
{
	uint32_t id = 0;

	bug_endpoint_id(b->dev, &id);
	return id;
}

static bool is_taken_from(const struct ending *e, const struct buffer *b)
{
	switch (e->kind) {
	case UNMAPPED:
		return bug_is_member(id_of(b), e->domain);
	case DETACHED:
	case MOVED:
		return id_of(b) == e->endpoint;
	case BYPASS_OFF:
		return !bug_find_attached(id_of(b));
	default:
		return true;
	}
}

static bool any(const struct ending *e, const struct buffer *b)
{
	(void)e, (void)b;
	return true;
}

/* How the range of an UNMAP lies to the mappings that it covers. */
static bool is_exact(const struct ending *e, const struct buffer *b)
{
	const struct model_mapping *first = bug_find_mapping(e->domain, e->start);
	const struct model_mapping *last = bug_find_mapping(e->domain, e->end);

	(void)b;
	return first && last && first->start == e->start && last->end == e->end;
}

static bool is_space(const struct ending *e)
{
	return e->end - e->start > ref_iommu.model.config.input_end / 2;
}

static bool is_larger(const struct ending *e, const struct buffer *b)
{
	return !is_exact(e, b) && !is_space(e);
}

static bool is_all(const struct ending *e, const struct buffer *b)
{
	(void)b;
	return is_space(e);
}

static bool is_not_first(const struct ending *e, const struct buffer *b)
{
	(void)e;
	return first_buffer(b->queue) != b;
}

static bool is_first(const struct ending *e, const struct buffer *b)
{
	return !is_not_first(e, b);
}

static bool is_not_last(const struct ending *e, const struct buffer *b)
{
	(void)e;
	for (const struct buffer *other = b + 1; other < buffers + buffer_count; other++)
		if (other->queue == b->queue)
			return true;
	return false;
}

/* The last writable byte of a disk's request is its status. */
static bool is_write(const struct ending *e, const struct buffer *b)
{
	(void)e;
	return b->chain.writable.size > 1;
}

static bool is_read(const struct ending *e, const struct buffer *b)
{
	return !is_write(e, b);
}

/* Of another endpoint than the first buffer of all, or than the last. */
static bool is_of_another(const struct ending *e, const struct buffer *b)
{
	(void)e;
	return b->dev != buffers[0].dev;
}

static bool is_of_first(const struct ending *e, const struct buffer *b)
{
	return buffer_count > 1 && buffers[buffer_count - 1].dev != buffers[0].dev && !is_of_another(e, b);
}

static bool is_last_member(const struct ending *e, const struct buffer *b)
{
	(void)b;
	return bug_count_members(e->domain) == 1;
}

static bool is_one_of_members(const struct ending *e, const struct buffer *b)
{
	return !is_last_member(e, b);
}

static const struct miss {
	enum mutant_id mutant;
	unsigned int endings;
	bool (*of)(const struct ending *e, const struct buffer *b);
} misses[] = {
	{MUTANT_INFLIGHT_TRANSLATED_EARLY, ANY_ENDING, any},
	{MUTANT_UNMAP_EXACT_UNDRAINED, UNMAPPED, is_exact},
	{MUTANT_UNMAP_MORE_UNDRAINED, UNMAPPED, is_larger},
	{MUTANT_UNMAP_ALL_UNDRAINED, UNMAPPED, is_all},
	{MUTANT_UNMAP_DRAINS_FIRST, UNMAPPED, is_not_first},
	{MUTANT_UNMAP_DRAINS_LAST, UNMAPPED, is_not_last},
	{MUTANT_UNMAP_DRAINS_WAITING, UNMAPPED, is_first},
	{MUTANT_UNMAP_DRAINS_READS, UNMAPPED, is_write},
	{MUTANT_UNMAP_DRAINS_WRITES, UNMAPPED, is_read},
	{MUTANT_UNMAP_DRAINS_ONE_MEMBER, UNMAPPED, is_of_another},
	{MUTANT_UNMAP_DRAINS_LATER_MEMBERS, UNMAPPED, is_of_first},
	{MUTANT_DETACH_UNDRAINED, DETACHED, any},
	{MUTANT_DETACH_UNDRAINED_FROM_OTHERS, DETACHED, is_one_of_members},
	{MUTANT_DETACH_OF_LAST_UNDRAINED, DETACHED, is_last_member},
	{MUTANT_DETACH_DRAINS_LAST, DETACHED, is_not_last},
	{MUTANT_DETACH_DRAINS_READS, DETACHED, is_write},
	{MUTANT_DETACH_DRAINS_WRITES, DETACHED, is_read},
	{MUTANT_MOVE_UNDRAINED, MOVED, any},
	{MUTANT_MOVE_DRAINS_WRITES, MOVED, is_read},
	{MUTANT_BYPASS_OFF_UNDRAINED, BYPASS_OFF, any},
	{MUTANT_BYPASS_OFF_DRAINS_ONE_ENDPOINT, BYPASS_OFF, is_of_another},
	{MUTANT_RESET_UNDRAINED, DEVICE_RESET, any},
	{MUTANT_RESET_DRAINS_ONE_ENDPOINT, DEVICE_RESET, is_of_another},
	{MUTANT_RESET_DRAINS_WAITING, DEVICE_RESET, is_first},
	{MUTANT_RESET_DRAINS_LAST, DEVICE_RESET, is_not_last},
};

/* These have no such miss: what they do is below. */
static bool finds_early(void)
{
	return mutant(MUTANT_ENDPOINT_RESET_UNDRAINED) || mutant(MUTANT_FUNCTION_RESET_UNDRAINED) ||
	       mutant(MUTANT_DETACH_CUTS_OTHERS_OFF);
}

static const struct miss *find_miss(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(misses); i++)
		if (mutant(misses[i].mutant))
			return &misses[i];
	return NULL;
}

static bool is_missed(const struct ending *e, const struct buffer *b)
{
	const struct miss *miss = find_miss();

	return miss && (miss->endings & e->kind) && miss->of(e, b);
}

static void forget_stretches(struct buffer *b, uint64_t start, uint64_t end)
{
	for (unsigned int i = b->count; i--;)
		if (b->stretches[i].start <= end && b->stretches[i].end >= start)
			b->stretches[i] = b->stretches[--b->count];
}

static void drain(const struct ending *e)
{
	for (unsigned int i = 0; i < buffer_count; i++)
		if (is_taken_from(e, &buffers[i]) && !is_missed(e, &buffers[i]))
			forget_stretches(&buffers[i], e->start, e->end);
}

/* Others of the domain lose what they have under way. */
static void cut_others_off(const struct ending *e)
{
	for (unsigned int i = buffer_count; i--;)
		if (id_of(&buffers[i]) != e->endpoint && bug_is_member(id_of(&buffers[i]), e->domain))
			forget_buffer(&buffers[i]);
}

static bool request_drains(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	struct ending e = {.domain = r->unmap.domain, .end = UINT64_MAX};

	if (r->head.type == REQUEST_UNMAP) {
		e.kind = UNMAPPED;
		e.start = r->unmap.virt_start;
		e.end = r->unmap.virt_end;
	} else if (ep && r->head.type != REQUEST_MAP) {
		e.kind = r->head.type == REQUEST_DETACH ? DETACHED : MOVED;
		e.endpoint = ep->id;
		e.domain = ep->domain;
	} else {
		return false;
	}
	drain(&e);
	if (e.kind == DETACHED && mutant(MUTANT_DETACH_CUTS_OTHERS_OFF))
		cut_others_off(&e);
	return false;
}

static void reset_drains(struct vdev *dev)
{
	drain(&(struct ending){.kind = DEVICE_RESET, .end = UINT64_MAX});
	right_ops->reset(dev);
}

static void config_write_drains(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	right_ops->config_write(dev, offset, width, value);
	if (!ref_iommu.model.config.bypass)
		drain(&(struct ending){.kind = BYPASS_OFF, .end = UINT64_MAX});
}

bool in_flight_install(void)
{
	static const struct takeover row = {
		.hooks = {.request_execute = request_drains},
		.ops = {.reset = reset_drains, .config_write = config_write_drains},
	};

	if (!find_miss() && !finds_early())
		return false;
	takeover_install(&row);
	return true;
}

/*
 * A reset of the endpoint that does not wait: what it was about to write comes later.
 */

#define MAX_LATE 16

/* Who resets a function waits for 100 ms. */
#define FUNCTION_LATE_US (6 * VBLK_SLOW_US)

static struct {
	uint64_t phys, length;
} late[MAX_LATE];
static unsigned int late_count;
static bool is_function_reset;

static void come_late(void *owner)
{
	(void)owner;
	for (; late_count; late_count--) {
		void *memory = ram_at(late[late_count - 1].phys, late[late_count - 1].length);

		if (memory)
			memset(memory, 0xee, late[late_count - 1].length);
	}
}

static void keep_for_later(const struct buffer *b)
{
	static struct timer timer = {.expire = come_late};

	for (unsigned int i = 0;
	     is_write(NULL, b) && i < b->chain.writable.count && late_count < MAX_LATE; i++) {
		uint64_t length;

		for (unsigned int k = 0; k < b->count; k++)
			if (stretch_find(&b->stretches[k], b->dev, b->chain.writable.pieces[i].address,
					 &late[late_count].phys, &length)) {
				late[late_count++].length = min(length, b->chain.writable.pieces[i].length);
				break;
			}
	}
	timer_start(&timer, is_function_reset ? FUNCTION_LATE_US : VBLK_SLOW_US);
}

static bool leaves_late(void)
{
	return mutant(MUTANT_ENDPOINT_RESET_UNDRAINED) ||
	       (mutant(MUTANT_FUNCTION_RESET_UNDRAINED) && is_function_reset);
}

static void reset_device_of_buffers(struct vdev *dev, uint8_t value)
{
	for (unsigned int i = 0; i < buffer_count && !value && leaves_late(); i++)
		if (buffers[i].dev == dev)
			keep_for_later(&buffers[i]);
	if (!value)
		forget_buffers(dev, NULL);
	generic_write_status(dev, value);
}

static void reset_function_of_buffers(struct vdev *dev)
{
	is_function_reset = true;
	generic_reset_function(dev);
	is_function_reset = false;
}

void bugs_in_flight(struct vdev_steps *steps)
{
	if (!find_miss() && !finds_early())
		return;
	steps->notification = notification_takes_buffers;
	steps->format = format_of_buffers;
	steps->reset_queue = reset_queue_of_buffers;
	steps->write_status = reset_device_of_buffers;
	steps->reset_function = reset_function_of_buffers;
}
