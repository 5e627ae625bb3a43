// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of any virtio device on PCI: the reset of one queue, suspending, capabilities.
 */
#include "host/bugs/vdev.h"
#include "host/bugs/mutant.h"
#include "host/virtio/vdev_capabilities.h"

bool bug_queue_reset(struct vdev *dev, struct vqueue *queue)
{
	if (vdev_bug(dev, MUTANT_QUEUE_RESET_LEAVES_RUNNING))
		queue->hidden = true;
	return queue->hidden || vdev_bug(dev, MUTANT_QUEUE_RESET_IGNORED);
}

void bug_queue_was_reset(struct vdev *dev, struct vqueue *queue, const struct vqueue *old)
{
	queue->before = (struct vqueue_setup){old->size, old->desc, old->driver, old->device};
	if (vdev_bug(dev, MUTANT_QUEUE_RESET_KEEPS_USED_INDEX))
		queue->next_used = old->next_used;
	if (vdev_bug(dev, MUTANT_QUEUE_RESET_KEEPS_AVAILABLE_INDEX))
		queue->next_avail = old->next_avail;
}

void bug_queue_enable(struct vdev *dev, struct vqueue *queue)
{
	const struct vqueue_setup *before = &queue->before;

	queue->hidden = false;
	if (before->size && vdev_bug(dev, MUTANT_REENABLED_WITH_OLD_SIZE))
		queue->size = before->size;
	if (!before->size || !vdev_bug(dev, MUTANT_REENABLED_WITH_OLD_ADDRESSES))
		return;
	queue->desc = before->desc;
	queue->driver = before->driver;
	queue->device = before->device;
}

bool bug_shows_enabled(const struct vdev *dev, const struct vqueue *queue)
{
	return !queue->hidden &&
	       (queue->enabled ||
		(queue->before.size && vdev_bug(dev, MUTANT_QUEUE_RESET_KEEPS_ENABLE)));
}

bool bug_shows_resetting(const struct vdev *dev, const struct vqueue *queue, bool resetting)
{
	if (vdev_bug(dev, MUTANT_QUEUE_RESET_HIDDEN))
		return false;
	if (queue->enabled)
		return resetting || vdev_bug(dev, MUTANT_QUEUE_RESET_SHOWN_ENABLED);
	return vdev_bug(dev, queue->before.size ? MUTANT_QUEUE_RESET_SHOWN_FOR_GOOD :
						  MUTANT_QUEUE_RESET_SHOWN_AT_START);
}

bool bug_suspends_early(const struct vdev *dev)
{
	return vdev_bug(dev, MUTANT_SUSPEND_BEFORE_DRIVER_OK) && !(dev->status & VIRTIO_DRIVER_OK);
}

bool bug_stays_as_it_is(const struct vdev *dev)
{
	return vdev_bug(dev, vdev_is_suspended(dev) ? MUTANT_RESUME_IGNORED : MUTANT_SUSPEND_IGNORED);
}

void bug_suspended(struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_SUSPEND_DROPS_BUFFER))
		dev->queues[0].next_avail++;
}

void bug_resumed(struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_RESUME_LOSES_MAPPINGS))
		dev->ops->reset(dev);
}

/* Structures of types that there are already, which a driver does not use. */
static void second_structures(struct vdev *dev)
{
	unsigned int cap;

	if (vdev_bug(dev, MUTANT_COMMON_UNALIGNED))
		vdev_add_structure(dev, TYPE_COMMON, 2, 0);
	if (vdev_bug(dev, MUTANT_DEVICE_CONFIG_UNALIGNED))
		vdev_add_structure(dev, TYPE_DEVICE, 2, 0);
	if (!vdev_bug(dev, MUTANT_NOTIFY_UNALIGNED) && !vdev_bug(dev, MUTANT_NOTIFY_LENGTH_1) &&
	    !vdev_bug(dev, MUTANT_NOTIFY_DATA_UNALIGNED) && !vdev_bug(dev, MUTANT_NOTIFY_DATA_LENGTH_2))
		return;
	cap = vdev_add_structure(dev, TYPE_NOTIFY, vdev_bug(dev, MUTANT_NOTIFY_UNALIGNED) ? 1 :
				 vdev_bug(dev, MUTANT_NOTIFY_DATA_UNALIGNED) ? 2 : 0, 4);
	function_set(&dev->function, cap + CAP_STRUCTURE_LENGTH, 4,
		     vdev_bug(dev, MUTANT_NOTIFY_LENGTH_1) ? 1 :
		     vdev_bug(dev, MUTANT_NOTIFY_DATA_LENGTH_2) ? 2 : 64);
}

static void spoil(struct function *f, uint8_t type, unsigned int offset, unsigned int width,
		  uint32_t value)
{
	unsigned int cap = vdev_find_structure(f, type);

	if (cap)
		function_set(f, cap + offset, width, value);
}

void bug_capabilities(struct vdev *dev)
{
	struct function *f = &dev->function;

	second_structures(dev);
	if (vdev_bug(dev, MUTANT_VENDOR_OTHER))
		function_set(f, PCI_VENDOR_ID, 2, 0x1af3);
	if (vdev_bug(dev, MUTANT_DEVICE_ID_OF_DRAFT))
		function_set(f, PCI_DEVICE_ID, 2, 0x1014);
	if (vdev_bug(dev, MUTANT_DEVICE_ID_OTHER_TYPE))
		function_set(f, PCI_DEVICE_ID, 2, 0x1040 + dev->type + 1);
	if (vdev_bug(dev, MUTANT_NO_COMMON))
		spoil(f, TYPE_COMMON, CAP_TYPE, 1, TYPE_NONE);
	if (vdev_bug(dev, MUTANT_NO_NOTIFY))
		spoil(f, TYPE_NOTIFY, CAP_TYPE, 1, TYPE_NONE);
	if (vdev_bug(dev, MUTANT_NOTIFY_DATA_MULTIPLIER_2))
		spoil(f, TYPE_NOTIFY, CAP_NOTIFY_MULTIPLIER, 4, 2);
	if (vdev_bug(dev, MUTANT_NOTIFY_DATA_AREA_TOO_SHORT))
		spoil(f, TYPE_NOTIFY, CAP_STRUCTURE_LENGTH, 4, 6);
	if (vdev_bug(dev, MUTANT_SHARED_MEMORY_OUTSIDE))
		spoil(f, TYPE_SHARED_MEMORY, CAP_LENGTH_HIGH, 4, 1);
	if (vdev_bug(dev, MUTANT_SHARED_MEMORY_SAME_ID))
		spoil(f, TYPE_SHARED_MEMORY, CAP_ID, 1, 1);
	if (vdev_bug(dev, MUTANT_VENDOR_DATA_OF_VIRTIO))
		spoil(f, TYPE_VENDOR, CAP_VENDOR_ID, 2, 0x1af4);
	if (vdev_bug(dev, MUTANT_VENDOR_DATA_LENGTH_7))
		spoil(f, TYPE_VENDOR, CAP_LENGTH, 1, 7);
}

static void list_until_driver_ok(struct vdev *dev, uint8_t type)
{
	if (dev->status & VIRTIO_DRIVER_OK)
		spoil(&dev->function, type, CAP_TYPE, 1, TYPE_NONE);
	else
		spoil(&dev->function, TYPE_NONE, CAP_TYPE, 1, type);
}

void bug_config_read(struct vdev *dev, unsigned int offset)
{
	unsigned int cap = vdev_find_structure(&dev->function, TYPE_VENDOR);

	if (vdev_bug(dev, MUTANT_COMMON_LISTED_UNTIL_DRIVER_OK))
		list_until_driver_ok(dev, TYPE_COMMON);
	if (vdev_bug(dev, MUTANT_NOTIFY_LISTED_UNTIL_DRIVER_OK))
		list_until_driver_ok(dev, TYPE_NOTIFY);
	if (vdev_bug(dev, MUTANT_VENDOR_DATA_COUNTS) && cap && offset >= cap && offset < cap + 8)
		dev->function.config[cap + 6]++;
}

bool bug_accept(const struct vdev *dev, uint32_t word, uint64_t *accepted)
{
	uint64_t offered = dev->driver_select ? dev->offered >> 32 : dev->offered;

	if (!vdev_bug(dev, MUTANT_UNOFFERED_BIT_DROPS_WORD) || !(word & ~(uint32_t)offered))
		return false;
	*accepted &= dev->driver_select ? UINT32_MAX : ~(uint64_t)UINT32_MAX;
	return true;
}

/* A device that was once told too little never gets over it. */
bool bug_refuses(const struct vdev *dev)
{
	static bool offended, endpoint_offended;

	if (dev->type == VIRTIO_TYPE_BLOCK)
		endpoint_offended |= !(dev->accepted >> VIRTIO_F_ACCESS_PLATFORM & 1);
	if (dev->type == VIRTIO_TYPE_IOMMU && mutant(MUTANT_VERSION_1_NEVER_AGAIN))
		offended |= !(dev->accepted >> VIRTIO_F_VERSION_1 & 1);
	if (dev->type == VIRTIO_TYPE_IOMMU && mutant(MUTANT_ORDER_PLATFORM_NEVER_AGAIN))
		offended |= !(dev->accepted >> VIRTIO_F_ORDER_PLATFORM & 1);
	return dev->type == VIRTIO_TYPE_BLOCK ? mutant(MUTANT_ENDPOINT_REFUSES_FOR_GOOD) && endpoint_offended
					      : dev->type == VIRTIO_TYPE_IOMMU && offended;
}
