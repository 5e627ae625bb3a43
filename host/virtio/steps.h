/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a virtio device, whatever its kind. By itself each device has the generic ones, which are
 * those of the standard. Who wants to look on, or to take a step over, gives a device other steps after it
 * was made (struct vdev), and calls the generic ones from there.
 */
#ifndef VDEV_STEPS_H
#define VDEV_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct chain;
struct desc_table;
struct ring_desc;
struct vdev;
struct vqueue;
struct vring_format;

struct vdev_steps {
	/* The driver writes device_status: it sets bits, or resets the device with 0 (2.1.1). */
	void (*write_status)(struct vdev *dev, uint8_t value);

	/* It writes the selected word of the features that it accepts. */
	void (*accept)(struct vdev *dev, uint32_t word);

	/* It sets FEATURES_OK. Return true if the device can work with what was accepted. */
	bool (*features_fit)(const struct vdev *dev);

	/* It resets the PCI function (PCIe 6.0, 6.6.2). */
	void (*reset_function)(struct vdev *dev);

	/* See vdev_idle(), vdev_is_running(), vdev_break() and vdev_interrupt(). */
	void (*idle)(struct vdev *dev);
	bool (*is_running)(const struct vdev *dev);
	void (*break_down)(struct vdev *dev);
	void (*interrupt)(struct vdev *dev, uint8_t cause, uint16_t vector);

	/* The driver enables a queue that it has set up, or resets one (2.6.1). */
	void (*enable_queue)(struct vdev *dev, struct vqueue *queue);
	void (*reset_queue)(struct vdev *dev, struct vqueue *queue);

	/* It says that buffers are available, as 2.9 has @value. */
	void (*notification)(struct vdev *dev, uint32_t value);

	/* It reads or writes device configuration. */
	uint32_t (*config_read)(const struct vdev *dev, uint64_t offset, unsigned int width);
	void (*config_write)(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value);

	/* It reads or writes a register on MMIO. On PCI the function has operations for that. */
	uint32_t (*mmio_read)(struct vdev *dev, unsigned int offset, unsigned int width);
	void (*mmio_write)(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value);

	/* Return the format that the driver has chosen for the rings. */
	const struct vring_format *(*format)(const struct vdev *dev);

	/*
	 * A buffer that is walked through goes on in the table that @desc leads to. Replace @table by that.
	 * Return false if it is not legal.
	 */
	bool (*enter_table)(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc);

	/* See vring_push() and vring_flush(). */
	void (*push)(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length);
	void (*flush)(struct vdev *dev, struct vqueue *queue);
};

/* status.c */
void generic_write_status(struct vdev *dev, uint8_t value);
bool generic_features_fit(const struct vdev *dev);
void generic_idle(struct vdev *dev);
bool generic_is_running(const struct vdev *dev);
void generic_break_down(struct vdev *dev);
void generic_interrupt(struct vdev *dev, uint8_t cause, uint16_t vector);

/* registers.c */
void generic_accept(struct vdev *dev, uint32_t word);
void generic_enable_queue(struct vdev *dev, struct vqueue *queue);
void generic_reset_queue(struct vdev *dev, struct vqueue *queue);
void generic_notification(struct vdev *dev, uint32_t value);
uint32_t generic_config_read(const struct vdev *dev, uint64_t offset, unsigned int width);
void generic_config_write(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value);

/* pci.c */
void generic_reset_function(struct vdev *dev);

/* mmio.c */
uint32_t generic_mmio_read(struct vdev *dev, unsigned int offset, unsigned int width);
void generic_mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value);

/* vring.c */
const struct vring_format *generic_format(const struct vdev *dev);
bool generic_enter_table(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc);
void generic_push(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length);
void generic_flush(struct vdev *dev, struct vqueue *queue);

#endif
