// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/vdev.h"
#include "host/machine/fatal.h"
#include "host/bugs/bugs.h"
#include "host/machine/personality.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"

#define VENDOR 0x1af4
#define DEVICE_BASE 0x1040	/* 4.1.2 */

#define FEATURES                                                                                  \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) |            \
	 VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

struct vdev *vdev_of(struct function *f)
{
	return (struct vdev *)f;
}

void vdev_reset_queue(struct vqueue *queue)
{
	*queue = (struct vqueue){.max = queue->max, .size = queue->max, .vector = NO_VECTOR,
				 .avail_wrap = true, .used_wrap = true};
}

/* What a queue keeps over a reset that is not complete. */
static void bug_keep(struct vdev *dev, struct vqueue *queue, const struct vqueue *old)
{
	if (vdev_bug(dev, MUTANT_RESET_KEEPS_USED_INDEX))
		queue->next_used = old->next_used;
	if (vdev_bug(dev, MUTANT_RESET_KEEPS_VECTORS))
		queue->vector = old->vector;
	if (vdev_bug(dev, MUTANT_RESET_KEEPS_AVAILABLE_INDEX))
		queue->next_avail = old->next_avail;
	if (vdev_bug(dev, MUTANT_RESET_KEEPS_QUEUE_ENABLE) ||
	    (vdev_bug(dev, MUTANT_MMIO_RESET_KEEPS_READY) && queue != dev->queues))
		queue->enabled = old->enabled;
	if (vdev_bug(dev, MUTANT_RESET_LEAVES_QUEUES_RUNNING) && old->enabled)
		*queue = *old;
}

static void clear(struct vdev *dev)
{
	dev->accepted = 0;
	dev->device_select = dev->driver_select = 0;
	dev->queue_select = 0;
	dev->msix_config = NO_VECTOR;
	dev->status &= (vdev_bug(dev, MUTANT_RESET_KEEPS_FAILED) ? VIRTIO_FAILED : 0) |
		       (vdev_bug(dev, MUTANT_BROKEN_FOR_GOOD) ? VIRTIO_NEEDS_RESET : 0);
	dev->silent = false;
	dev->isr = 0;
	bug_forget_ring(dev);
	for (unsigned int i = 0; i < dev->queue_count; i++) {
		struct vqueue old = dev->queues[i];

		vdev_reset_queue(&dev->queues[i]);
		bug_keep(dev, &dev->queues[i], &old);
	}
}

void vdev_init(struct vdev *dev, const struct vdev_ops *ops, uint32_t type, uint16_t class_code,
	       uint64_t offered, const void *config, uint32_t config_size)
{
	function_init(&dev->function, &vdev_pci_ops, VENDOR, DEVICE_BASE + type, class_code);
	dev->ops = ops;
	dev->type = type;
	dev->offered = offered | FEATURES;
	dev->config = config;
	dev->config_size = config_size;
	dev->queue_count = ops->queues;
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].max = VDEV_QUEUE_SIZE;
	clear(dev);
	vdev_pci_init(dev);
}

bool vdev_has(const struct vdev *dev, unsigned int feature)
{
	return (dev->status & VIRTIO_FEATURES_OK) && (dev->accepted >> feature & 1);
}

bool vdev_is_suspended(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_SUSPEND) && (dev->status & VIRTIO_SUSPEND) &&
	       !(dev->status & VIRTIO_DRIVER_OK);
}

bool vdev_is_frozen(const struct vdev *dev)
{
	return vdev_is_suspended(dev) && !vdev_bug(dev, MUTANT_SUSPENDED_TAKES_CONFIG);
}

bool vdev_is_running(const struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_USED_BEFORE_DRIVER_OK) && (dev->status & VIRTIO_FEATURES_OK))
		return !(dev->status & VIRTIO_NEEDS_RESET);
	if (vdev_bug(dev, MUTANT_RESET_LEAVES_QUEUES_RUNNING) && !dev->status)
		return true;
	if (vdev_bug(dev, MUTANT_SUSPENDED_SERVES) && vdev_is_suspended(dev))
		return true;
	return (dev->status & VIRTIO_DRIVER_OK) && !(dev->status & VIRTIO_NEEDS_RESET) &&
	       !dev->silent;
}

/* The vector of an event that has none, or another one. */
static uint16_t bug_vector(const struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (vector == NO_VECTOR && cause == ISR_QUEUE && vdev_bug(dev, MUTANT_QUEUE_WITHOUT_VECTOR_SENDS))
		return 0;
	if (vector == NO_VECTOR && cause == ISR_CONFIG && vdev_bug(dev, MUTANT_CONFIG_WITHOUT_VECTOR_SENDS))
		return 0;
	if (cause == ISR_QUEUE && vdev_bug(dev, MUTANT_MSIX_ALL_QUEUES_AS_FIRST))
		return dev->queues[0].vector;
	return vdev_bug(dev, MUTANT_MSIX_FIRST_VECTOR_ONLY) && vector != NO_VECTOR ? 0 : vector;
}

void vdev_interrupt(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (vdev_bug(dev, MUTANT_NEVER_INTERRUPTS))
		return;
	if (vmsix_is_enabled(dev))
		return vmsix_send(dev, bug_vector(dev, cause, vector));
	dev->isr |= vdev_bug(dev, MUTANT_ISR_WRONG_BIT) ? ISR_CONFIG : cause;
}

void vdev_break(struct vdev *dev)
{
	bool running = dev->status & VIRTIO_DRIVER_OK;

	if (vdev_bug(dev, MUTANT_BREAKS_SILENTLY)) {
		dev->silent = true;
		return;
	}
	dev->status |= VIRTIO_NEEDS_RESET;
	if (running && !vdev_bug(dev, MUTANT_BREAKS_UNTOLD))
		vdev_interrupt(dev, vdev_bug(dev, MUTANT_BREAKS_AS_QUEUE) ? ISR_QUEUE : ISR_CONFIG,
			       dev->msix_config);
}

/* Sets that are refused or taken by mistake. */
static bool bug_features(const struct vdev *dev, bool *refused)
{
	static unsigned int rounds;
	uint64_t version = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);

	if (vdev_bug(dev, MUTANT_UNOFFERED_FEATURES_ACCEPTED) ||
	    vdev_bug(dev, MUTANT_VERSION_1_NOT_OFFERED))
		return true;
	*refused = (vdev_bug(dev, MUTANT_FEATURES_OK_WEARS_OUT) && ++rounds > 8) ||
		   (vdev_bug(dev, MUTANT_FEATURES_OK_NEEDS_PROBE) &&
		    !(dev->accepted >> VIRTIO_IOMMU_F_PROBE & 1)) ||
		   (vdev_bug(dev, MUTANT_FEATURES_OK_NEEDS_TWO) &&
		    dev->accepted == (version | VIRTIO_FEATURE(VIRTIO_F_RING_RESET)));
	return *refused;
}

static uint64_t needed(const struct vdev *dev)
{
	uint64_t platform = VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
			    VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM);

	if (dev->type != VIRTIO_TYPE_IOMMU || !personality->insists)
		platform = 0;
	return VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | (dev->offered & platform);
}

/* Any subset of what is offered will do, but this device has no legacy interface (6.2). */
static bool features_fit(const struct vdev *dev)
{
	bool refused = false;

	if (bug_features(dev, &refused))
		return !refused;
	return !(dev->accepted & ~dev->offered) && !(needed(dev) & ~dev->accepted);
}

/* Requests are done as they are taken, so that none is in work. */
static void suspend(struct vdev *dev)
{
	dev->status |= VIRTIO_SUSPEND;
	dev->status &= ~VIRTIO_DRIVER_OK;
	bug_suspended(dev);
}

static void resume(struct vdev *dev)
{
	dev->status |= VIRTIO_DRIVER_OK;
	dev->status &= ~VIRTIO_SUSPEND;
	bug_resumed(dev);
}

/* The bits SUSPEND and DRIVER_OK of a device that has both sides of 3.4. Returns what is left. */
static uint8_t suspend_or_resume(struct vdev *dev, uint8_t added)
{
	bool running = (dev->status & VIRTIO_DRIVER_OK) && !(dev->status & VIRTIO_NEEDS_RESET);

	if (vdev_is_suspended(dev) && (added & VIRTIO_DRIVER_OK)) {
		if (!bug_stays_as_it_is(dev))
			resume(dev);
		return added & ~VIRTIO_DRIVER_OK;
	}
	if (!(added & VIRTIO_SUSPEND) || bug_suspends_early(dev))
		return added;
	if (vdev_has(dev, VIRTIO_F_SUSPEND) && running && !bug_stays_as_it_is(dev))
		suspend(dev);
	return added & ~VIRTIO_SUSPEND;
}

/* The driver sets bits; only a reset clears them (2.1.1). */
void vdev_write_status(struct vdev *dev, uint8_t value)
{
	uint8_t added = value & ~dev->status & ~VIRTIO_NEEDS_RESET;

	if ((value & VIRTIO_DRIVER_OK) && !((value | dev->status) & VIRTIO_FEATURES_OK))
		bug_ends(dev, MUTANT_EARLY_DRIVER_OK_ENDS);

	if (!value && vdev_bug(dev, MUTANT_RESET_NEEDS_DRIVER_OK) && !(dev->status & VIRTIO_DRIVER_OK))
		return;
	if (!value) {
		clear(dev);
		if (dev->ops->reset)
			dev->ops->reset(dev);
		return;
	}
	if ((added & VIRTIO_FEATURES_OK) && (bug_refuses(dev) || !features_fit(dev)))
		added &= ~VIRTIO_FEATURES_OK;
	dev->status |= suspend_or_resume(dev, added);
	if ((added & VIRTIO_FEATURES_OK) && dev->ops->features_ok)
		dev->ops->features_ok(dev);
}

static bool is_usable(const struct vdev *dev, const struct vqueue *queue)
{
	return queue->enabled || (vdev_bug(dev, MUTANT_MMIO_NOT_READY_SERVED) && queue->desc);
}

/* Notifications that nothing is behind are harmless (2.7.10). */
void vdev_notify(struct vdev *dev, unsigned int queue, uint16_t position)
{
	if (queue >= dev->queue_count || !vdev_is_running(dev) || !is_usable(dev, &dev->queues[queue]))
		return;
	if (vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA) &&
	    !vring_ends_at(dev, &dev->queues[queue], position))
		fatal("virtio: queue %u: next_off %#x of the notification is not where the next buffer "
		      "will be (2.8.21)", queue, position);
	dev->ops->notified(dev, queue);
}
