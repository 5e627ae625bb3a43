/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs that any virtio device could have. Only the IOMMU has them: when it is plugged in, it gets steps that
 * look at the active mutant and call the generic ones (host/virtio/steps.h).
 */
#ifndef BUGS_VIRTIO_H
#define BUGS_VIRTIO_H

#include "host/bugs/mutant.h"
#include "host/virtio/vdev.h"

/* Replace steps of the IOMMU. */
void bugs_in_status(struct vdev_steps *steps);
void bugs_in_config(struct vdev_steps *steps);
void bugs_in_queues(struct vdev_steps *steps);
void bugs_in_rings(struct vdev_steps *steps);
void bugs_in_mmio(struct vdev_steps *steps);

/* Replace the operations of its PCI function; spoil the function's registers and capabilities. */
void bugs_in_pci(struct vdev *dev, struct vdev_steps *steps);
void bugs_in_capabilities(struct vdev *dev);

/* Return the first capability of @type, 0 if there is none. TYPE_NONE is reserved. */
enum { TYPE_NONE = 0x7f };
unsigned int bug_find_structure(const struct function *f, uint8_t type);

/* Replace steps of an endpoint that is a virtio device. */
void bugs_in_endpoint(struct vdev *dev);

/* Return true if the endpoint has found *@phys and the *@length bytes from there on before. */
bool bug_finds_early(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length);

/* Send a message the way that the last one has gone. Returns false if it has to be translated. */
bool bug_routes_message(struct vdev *dev, uint64_t address, uint32_t data);

/* Replace the port of any device, and the board's steps on the way of an access. */
void bugs_in_port(struct vdev *dev);
void bugs_in_board(void);

/* A device that was once told too little never gets over it. Returns true if it refuses FEATURES_OK. */
bool bug_is_offended(const struct vdev *dev);

/* What bugs remember of a queue of the IOMMU, until it is reset. */
struct queue_memory {
	bool hidden;			/* it says that it was reset, and runs */
	bool was_reset;			/* with RING_RESET, on PCI, after it was set up like this: */
	uint16_t size;
	uint64_t desc, driver, device;
	bool served;			/* a buffer was taken since the queue was last found empty */
	bool was_put;			/* packed: a used descriptor was written, at: */
	uint64_t last_put;
};

struct queue_memory *bug_memory_of(const struct vdev *dev, const struct vqueue *queue);

/* Forget all about a queue, and all that there is to forget at a reset of the device. */
void bug_forget_queue(const struct vdev *dev, const struct vqueue *queue);
void bug_mmio_forget(void);

/* A reset of the device is over: rings of before may still be written. */
void bug_note_rings(const struct vdev *old);

/* What registers show on both transports, and one that keeps 8 bits only. */
uint32_t bug_shown_features(const struct vdev *dev, uint32_t value);
uint32_t bug_shown_size(struct vdev *dev, uint32_t value);
uint32_t bug_shown_generation(struct vdev *dev);
void bug_select_queue(struct vdev *dev);

/* End the process as a VMM would whose assertion fails, or hang and then do so. */
void bug_end(const char *why) __attribute__((noreturn));
void bug_hang(void) __attribute__((noreturn));

#endif
