// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of features, status, reset and suspending, and of what the driver is told.
 */
#include "host/bugs/virtio/virtio.h"
#include "host/virtio/access.h"
#include "host/virtio/parts.h"

bool bug_is_offended(const struct vdev *dev)
{
	static bool iommu, disk;

	if (dev->type == VIRTIO_TYPE_BLOCK)
		disk |= !(dev->accepted >> VIRTIO_F_ACCESS_PLATFORM & 1);
	else if (mutant(MUTANT_VERSION_1_NEVER_AGAIN))
		iommu |= !(dev->accepted >> VIRTIO_F_VERSION_1 & 1);
	else if (mutant(MUTANT_ORDER_PLATFORM_NEVER_AGAIN))
		iommu |= !(dev->accepted >> VIRTIO_F_ORDER_PLATFORM & 1);
	return dev->type == VIRTIO_TYPE_BLOCK ? disk && mutant(MUTANT_ENDPOINT_REFUSES_FOR_GOOD) : iommu;
}

/* Sets that are refused, or taken by mistake. */
static bool features_fit(const struct vdev *dev)
{
	uint64_t version = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);

	if (bug_is_offended(dev))
		return false;
	if (mutant(MUTANT_FEATURES_OK_NEEDS_PROBE) && !(dev->accepted >> VIRTIO_IOMMU_F_PROBE & 1))
		return false;
	if (mutant(MUTANT_FEATURES_OK_NEEDS_TWO) &&
	    dev->accepted == (version | VIRTIO_FEATURE(VIRTIO_F_RING_RESET)))
		return false;
	return mutant(MUTANT_UNOFFERED_FEATURES_ACCEPTED) || mutant(MUTANT_VERSION_1_NOT_OFFERED) ||
	       generic_features_fit(dev);
}

static void accept(struct vdev *dev, uint32_t word)
{
	uint32_t offered = vdev_feature_word(dev->offered, dev->driver_select);

	if (mutant(MUTANT_FEATURE_WORD_2_IS_0) && dev->driver_select == 2)
		dev->driver_select = 0;
	generic_accept(dev, mutant(MUTANT_UNOFFERED_BIT_DROPS_WORD) && (word & ~offered) ? 0 : word);
}

/* Its queues run on, whatever device_status is. */
static bool never_resets(const struct vdev *dev)
{
	return mutant(MUTANT_RESET_DOES_NOTHING) && dev->type == VIRTIO_TYPE_IOMMU;
}

static bool is_running(const struct vdev *dev)
{
	if (mutant(MUTANT_USED_BEFORE_DRIVER_OK) && (dev->status & VIRTIO_FEATURES_OK))
		return !(dev->status & VIRTIO_NEEDS_RESET);
	return (mutant(MUTANT_RESET_LEAVES_QUEUES_RUNNING) && !dev->status) || never_resets(dev) ||
	       (mutant(MUTANT_SUSPENDED_SERVES) && vdev_is_suspended(dev)) || generic_is_running(dev);
}

static void break_down(struct vdev *dev)
{
	if (mutant(MUTANT_BREAKS_SILENTLY)) {
		dev->silent = true;
		return;
	}
	if (!mutant(MUTANT_BREAKS_UNTOLD) && !mutant(MUTANT_BREAKS_AS_QUEUE))
		return generic_break_down(dev);
	dev->status |= VIRTIO_NEEDS_RESET;
	if (mutant(MUTANT_BREAKS_AS_QUEUE) && (dev->status & VIRTIO_DRIVER_OK))
		vdev_interrupt(dev, ISR_QUEUE, dev->msix_config);
}

/* The vector of an event that has none, or another one. */
static uint16_t vector_for(const struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (vector == NO_VECTOR && mutant(cause == ISR_QUEUE ? MUTANT_QUEUE_WITHOUT_VECTOR_SENDS :
							       MUTANT_CONFIG_WITHOUT_VECTOR_SENDS))
		return 0;
	if (cause == ISR_QUEUE && mutant(MUTANT_MSIX_ALL_QUEUES_AS_FIRST))
		return dev->queues[0].vector;
	return mutant(MUTANT_MSIX_FIRST_VECTOR_ONLY) && vector != NO_VECTOR ? 0 : vector;
}

static void send_masked(struct vdev *dev, uint16_t vector)
{
	const struct vmsix_entry *entry = &dev->msix.table[vector % VMSIX_VECTORS];

	if (vector >= VMSIX_VECTORS || !(dev->msix.pending >> vector & 1))
		return;
	dev->msix.pending &= ~(1u << vector);
	access_message(dev, entry->address | (uint64_t)entry->address_high << 32, entry->data);
}

static void interrupt(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (mutant(MUTANT_NEVER_INTERRUPTS))
		return;
	vector = vector_for(dev, cause, vector);
	generic_interrupt(dev, mutant(MUTANT_ISR_WRONG_BIT) ? ISR_CONFIG : cause, vector);
	if (mutant(MUTANT_MSIX_MASK_IGNORED))
		send_masked(dev, vector);
}

/* What a reset that is not complete leaves of a queue. */
static void keep_queue(struct vdev *dev, struct vqueue *queue, const struct vqueue *old)
{
	if (mutant(MUTANT_RESET_KEEPS_USED_INDEX))
		queue->next_used = old->next_used;
	if (mutant(MUTANT_RESET_KEEPS_VECTORS))
		queue->vector = old->vector;
	if (mutant(MUTANT_RESET_KEEPS_AVAILABLE_INDEX))
		queue->next_avail = old->next_avail;
	if (mutant(MUTANT_RESET_KEEPS_QUEUE_ENABLE) ||
	    (mutant(MUTANT_MMIO_RESET_KEEPS_READY) && queue != dev->queues))
		queue->enabled = old->enabled;
	if (mutant(MUTANT_RESET_LEAVES_QUEUES_RUNNING) && old->enabled)
		*queue = *old;
}

static void reset(struct vdev *dev)
{
	struct vdev old = *dev;

	if (never_resets(dev)) {
		dev->status = 0;
		return;
	}
	if (mutant(MUTANT_RESET_NEEDS_DRIVER_OK) && !(dev->status & VIRTIO_DRIVER_OK))
		return;
	generic_write_status(dev, 0);
	if (mutant(MUTANT_RESET_KEEPS_FAILED))
		dev->status |= old.status & VIRTIO_FAILED;
	if (mutant(MUTANT_BROKEN_FOR_GOOD))
		dev->status |= old.status & VIRTIO_NEEDS_RESET;
	if (mutant(MUTANT_MMIO_RESET_KEEPS_INTERRUPT) && dev->registers)
		dev->isr = old.isr;
	bug_note_rings(&old);
	bug_mmio_forget();
	for (unsigned int i = 0; i < dev->queue_count; i++) {
		bug_forget_queue(dev, &dev->queues[i]);
		keep_queue(dev, &dev->queues[i], &old.queues[i]);
	}
}

/* Bits that are written without effect. */
static uint8_t ignored(const struct vdev *dev)
{
	if (vdev_is_suspended(dev))
		return mutant(MUTANT_RESUME_IGNORED) ? VIRTIO_DRIVER_OK : 0;
	return mutant(MUTANT_SUSPEND_IGNORED) ? VIRTIO_SUSPEND : 0;
}

static void set_bits(struct vdev *dev, uint8_t value)
{
	uint8_t old = dev->status;
	bool was_suspended = vdev_is_suspended(dev);

	value &= ~ignored(dev);
	if (mutant(MUTANT_RESUMED_BY_ANY_WRITE) && was_suspended)
		value |= VIRTIO_DRIVER_OK;
	if (value)
		generic_write_status(dev, value);
	if (mutant(MUTANT_SUSPEND_BEFORE_DRIVER_OK) && !(old & VIRTIO_DRIVER_OK))
		dev->status |= value & ~old & VIRTIO_SUSPEND;
	if (mutant(MUTANT_SUSPEND_DROPS_BUFFER) && !was_suspended && vdev_is_suspended(dev))
		dev->queues[0].next_avail++;
	if (mutant(MUTANT_RESUME_LOSES_MAPPINGS) && was_suspended && !vdev_is_suspended(dev))
		dev->ops->reset(dev);
}

static void write_status(struct vdev *dev, uint8_t value)
{
	if (mutant(MUTANT_EARLY_DRIVER_OK_ENDS) && (value & VIRTIO_DRIVER_OK) &&
	    !((value | dev->status) & VIRTIO_FEATURES_OK))
		bug_end("an assertion failed");
	if (value)
		set_bits(dev, value);
	else
		reset(dev);
}

void bugs_in_status(struct vdev_steps *steps)
{
	steps->write_status = write_status;
	steps->accept = accept;
	steps->features_fit = features_fit;
	steps->is_running = is_running;
	steps->break_down = break_down;
	steps->interrupt = interrupt;
}
