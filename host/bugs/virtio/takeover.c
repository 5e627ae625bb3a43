// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/virtio/takeover.h"

const struct function_ops *right_function;

static struct vring_format split, packed;

static const struct vring_format *format(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_RING_PACKED) ? &packed : &split;
}

#define TAKE(to, from, member) ((to).member = (from).member ? (from).member : (to).member)

static void take_format(struct vring_format *to, const struct vring_format *from)
{
	TAKE(*to, *from, available);
	TAKE(*to, *from, walk);
	TAKE(*to, *from, read_desc);
	TAKE(*to, *from, taken);
	TAKE(*to, *from, put);
	TAKE(*to, *from, wants_interrupt);
}

static void take_steps(struct vdev *dev, const struct vdev_steps *from)
{
	static struct vdev_steps steps;

	steps = *dev->steps;
	TAKE(steps, *from, write_status);
	TAKE(steps, *from, accept);
	TAKE(steps, *from, features_fit);
	TAKE(steps, *from, reset_function);
	TAKE(steps, *from, idle);
	TAKE(steps, *from, is_running);
	TAKE(steps, *from, interrupt);
	TAKE(steps, *from, enable_queue);
	TAKE(steps, *from, reset_queue);
	TAKE(steps, *from, notification);
	TAKE(steps, *from, config_read);
	TAKE(steps, *from, config_write);
	TAKE(steps, *from, mmio_write);
	TAKE(steps, *from, enter_table);
	TAKE(steps, *from, push);
	TAKE(steps, *from, flush);
	steps.format = format;
	dev->steps = &steps;
}

static void take_function(struct vdev *dev, const struct function_ops *from)
{
	static struct function_ops ops;

	if (dev->registers)
		return;
	right_function = dev->function.ops;
	ops = *right_function;
	TAKE(ops, *from, read);
	TAKE(ops, *from, write);
	TAKE(ops, *from, config_access);
	dev->function.ops = &ops;
}

bool bug_virtio_takeover(struct vdev *dev, const struct virtio_takeover *rows, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!mutant(rows[i].mutant))
			continue;
		split = vring_split;
		packed = vring_packed;
		take_format(&split, &rows[i].split);
		take_format(&packed, &rows[i].packed);
		take_steps(dev, &rows[i].steps);
		take_function(dev, &rows[i].function);
		return true;
	}
	return false;
}
