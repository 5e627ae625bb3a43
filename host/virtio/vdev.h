/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device side of virtio over PCI or MMIO (virtio 1.4, chapters 2 and 4): status, features, queues,
 * interrupts as registers show them.
 */
#ifndef VDEV_H
#define VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/pci/function.h"
#include "host/bugs/mutant.h"
#include "virtio/virtio.h"
#include "host/virtio/vmsix.h"

#define VDEV_QUEUES 2
#define VDEV_QUEUE_SIZE 256	/* what is offered, if no personality says otherwise */

struct vdev;

/* One used element or descriptor, and what it stands for. */
struct used {
	uint16_t id;
	uint16_t count;		/* buffers */
	uint16_t slots;		/* their descriptors in the ring */
	uint32_t length;
};

/* What the driver sets up of a queue. */
struct vqueue_setup {
	uint16_t size;
	uint64_t desc, driver, device;
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
	uint64_t last_put;		/* packed, for a bug: behind the last used descriptor's address */
	bool resetting;			/* a slow reset of the queue goes on */
	bool hidden;			/* a bug: runs, and says that it was reset */
	struct vqueue_setup before;	/* for bugs: the reset of the queue */
	bool served;			/* a buffer was taken since the queue was last found empty */
};

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
	struct function function;	/* first: see vdev_of(); not plugged in if on MMIO */
	uint64_t registers;		/* where they are on MMIO; 0: on PCI */
	const struct vdev_ops *ops;
	uint32_t type;
	uint64_t offered, accepted;	/* features; what the driver has written so far */
	uint32_t device_select, driver_select;
	uint16_t queue_select, msix_config;
	uint8_t status, isr, generation;
	unsigned int queue_count;
	struct vqueue queues[VDEV_QUEUES];
	const uint8_t *config;		/* device configuration */
	uint32_t config_size;
	unsigned int access_window;	/* the capability for access by configuration space */
	struct vmsix msix;
	bool silent;			/* does nothing any more, and does not say so */
};

/*
 * Fill in the function, its capabilities and the virtio state. @config is the owner's and may
 * change; features that all devices here have are added to @offered.
 */
void vdev_init(struct vdev *dev, const struct vdev_ops *ops, uint32_t type, uint16_t class_code,
	       uint64_t offered, const void *config, uint32_t config_size);

struct vdev *vdev_of(struct function *f);

/* The mutant is active, and this is the IOMMU: endpoints have no bugs. */
static inline bool vdev_bug(const struct vdev *dev, enum mutant_id id)
{
	return dev->type == VIRTIO_TYPE_IOMMU && mutant(id);
}

/* Both sides have agreed on the feature. */
bool vdev_has(const struct vdev *dev, unsigned int feature);

/* Between DRIVER_OK and the next reset, unless the device is broken. */
bool vdev_is_running(const struct vdev *dev);

/* Between SUSPEND and DRIVER_OK (3.4), where writes to its configuration are ignored, too. */
bool vdev_is_suspended(const struct vdev *dev);
bool vdev_is_frozen(const struct vdev *dev);

/* An error that only a reset can mend (2.1.2). */
void vdev_break(struct vdev *dev);

/* Interrupts: what the ISR status shows (4.1.4.5), or a message if MSI-X is on. */
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };
void vdev_interrupt(struct vdev *dev, uint8_t cause, uint16_t vector);

/* Whether the device may access memory: bus mastering, on PCI. */
bool vdev_is_master(const struct vdev *dev);

/* vdev_access.c, for both transports. Half of a 64-bit register, by its offset. */
uint32_t vdev_half(uint64_t value, unsigned int offset);
void vdev_set_half(uint64_t *value, unsigned int offset, uint32_t half);

uint32_t vdev_feature_word(uint64_t features, uint32_t select);

/* Bytes of device configuration behind those of the fields that the standard has by now. */
uint32_t vdev_later_bytes(const struct vdev *dev);
uint32_t vdev_offered_word(const struct vdev *dev);	/* the selected one */
void vdev_accept(struct vdev *dev, uint32_t word);

/* The selected queue, NULL if it does not exist; its size, or 0. */
struct vqueue *vdev_queue(struct vdev *dev);
uint16_t vdev_queue_size(struct vdev *dev);
void vdev_enable_queue(struct vdev *dev, struct vqueue *queue);

/* The driver wrote this to say that buffers are available (2.9). */
void vdev_notification(struct vdev *dev, uint32_t value);

/* Device configuration. */
uint8_t vdev_generation(struct vdev *dev);
uint32_t vdev_config_read(const struct vdev *dev, uint64_t offset, unsigned int width);
void vdev_config_write(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value);

/* Plug in on virtio-mmio; which device has registers at @address, NULL if none. */
void vdev_mmio_plug(struct vdev *dev);
struct vdev *vdev_mmio_find(uint64_t address);
uint32_t vdev_mmio_read(struct vdev *dev, unsigned int offset, unsigned int width);
void vdev_mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value);

/* Used by the transports. */
void vdev_write_status(struct vdev *dev, uint8_t value);
void vdev_reset_queue(struct vqueue *queue);
void vdev_notify(struct vdev *dev, unsigned int queue, uint16_t position);
extern const struct function_ops vdev_pci_ops;
void vdev_pci_init(struct vdev *dev);

#endif
