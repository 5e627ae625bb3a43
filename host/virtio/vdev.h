/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio device, from its own side (virtio 1.4, chapters 2 and 4). The kinds of devices (host/devices,
 * host/iommu) bring their operations; status, features, queues and interrupts are here.
 */
#ifndef VDEV_H
#define VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/machine/clock.h"
#include "host/pci/function.h"
#include "host/pci/port.h"
#include "host/virtio/steps.h"
#include "host/virtio/vmsix.h"
#include "virtio/virtio.h"

#define VDEV_QUEUES 2
#define VDEV_QUEUE_SIZE 256	/* what is offered, if no personality says otherwise */

/* One used element or descriptor, and what it stands for. */
struct used {
	uint16_t id;
	uint16_t count;		/* buffers */
	uint16_t slots;		/* their descriptors in the ring */
	uint32_t length;
};

#define VQUEUE_HELD 16

/* One virtqueue as the driver set it up, and how far the device has come. */
struct vqueue {
	uint16_t max, size;
	bool enabled;
	uint64_t desc, driver, device;	/* addresses as the device uses them */
	uint16_t next_avail, next_used;	/* split: indexes; packed: slots */
	uint16_t vector;
	bool avail_wrap, used_wrap;	/* packed: the wrap counters there */
	struct used batch;		/* IN_ORDER: used, and not told yet */
	bool batch_full;		/* its last buffer was used completely */
	struct used held[VQUEUE_HELD];	/* to be told, the last one first */
	unsigned int held_count;
	bool resetting;			/* a slow reset of the queue goes on */
	bool notifies_late;		/* a notification is still to be sent */
};

/* What makes a device of one kind. */
struct vdev_ops {
	unsigned int queues;	/* up to VDEV_QUEUES */

	/* The driver reset the device; its virtio state is back to the start already. Or NULL. */
	void (*reset)(struct vdev *dev);

	/* The driver has set FEATURES_OK, and it sticks. Or NULL. */
	void (*features_ok)(struct vdev *dev);

	/* Buffers may be available. Only while the device may use its queues. */
	void (*notified)(struct vdev *dev, unsigned int queue);

	/* The driver wrote to device configuration. Or NULL: nothing there can be written. */
	void (*config_write)(struct vdev *dev, unsigned int offset, unsigned int width,
			     uint32_t value);
};

struct vdev {
	struct function function;	/* first: see vdev_of(); only on PCI */
	uint64_t registers;		/* where they are on MMIO; 0: on PCI */
	const struct port *port;	/* by which it reaches memory, from who plugs it in */
	const struct vdev_steps *steps;
	const struct vdev_ops *ops;
	uint32_t type;
	uint16_t class_code;
	uint64_t offered, accepted;	/* features; what the driver has written so far */
	uint32_t device_select, driver_select;
	uint16_t queue_select, msix_config;
	uint8_t status, isr, generation;
	unsigned int queue_count;
	struct vqueue queues[VDEV_QUEUES];
	const uint8_t *config;		/* device configuration */
	uint32_t config_size;
	unsigned int access_window;	/* the capability for access by configuration space */
	unsigned int express;		/* the capability that has a function level reset; 0: there is none */
	struct vmsix msix;
	bool silent;			/* does nothing any more, and does not say so */
	struct timer reset, suspension, notification;	/* slow ones that go on */
};

/*
 * Make a device that is not plugged in yet. @type is its device ID (chapter 5), @class_code that of its PCI
 * function. Features that all devices here have are added to @offered. @config belongs to the caller, who may
 * change it.
 */
void vdev_init(struct vdev *dev, const struct vdev_ops *ops, uint32_t type, uint16_t class_code,
	       uint64_t offered, const void *config, uint32_t config_size);

/* Make @dev's PCI function, with its BARs and capabilities: it can then be plugged into a bus. */
void vdev_pci_init(struct vdev *dev);

/* It is pulled out of its bus: nothing that it was about to do comes. It can be made again. */
void vdev_unplug(struct vdev *dev);

/* Plug @dev into virtio-mmio, at the next free address. */
void vdev_mmio_plug(struct vdev *dev);

/* Return the device on MMIO that has its registers at @address, NULL if there is none. */
struct vdev *vdev_mmio_find(uint64_t address);

/* Read or write a register on MMIO. @offset is that in the device's registers, @width 1, 2 or 4. */
static inline uint32_t vdev_mmio_read(struct vdev *dev, unsigned int offset, unsigned int width)
{
	return dev->steps->mmio_read(dev, offset, width);
}

static inline void vdev_mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	dev->steps->mmio_write(dev, offset, width, value);
}

/* Return the device with this PCI function. */
static inline struct vdev *vdev_of(struct function *f)
{
	return (struct vdev *)f;
}

/* Return true if both sides have agreed on @feature. */
static inline bool vdev_has(const struct vdev *dev, unsigned int feature)
{
	return (dev->status & VIRTIO_FEATURES_OK) && (dev->accepted >> feature & 1);
}

/* Return true between SUSPEND and DRIVER_OK (3.4). */
static inline bool vdev_is_suspended(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_SUSPEND) && (dev->status & VIRTIO_SUSPEND) &&
	       !(dev->status & VIRTIO_DRIVER_OK);
}

/* Called while the guest polls: do what was put off. By itself the device puts nothing off. */
static inline void vdev_idle(struct vdev *dev)
{
	dev->steps->idle(dev);
}

/* Return true between DRIVER_OK and the next reset, unless the device is broken. */
static inline bool vdev_is_running(const struct vdev *dev)
{
	return dev->steps->is_running(dev);
}

/* Enter the state of an error that only a reset can mend (2.1.2), and tell the driver of it. */
static inline void vdev_break(struct vdev *dev)
{
	dev->steps->break_down(dev);
}

enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };	/* the bits of the ISR status (4.1.4.5) */

/* Interrupt the driver: by the message of @vector if MSI-X is on, else by the bit @cause. */
static inline void vdev_interrupt(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	dev->steps->interrupt(dev, cause, vector);
}

#endif
