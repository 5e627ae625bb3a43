/* SPDX-License-Identifier: BSD-3-Clause */
/* The places of the mutants that any virtio device could be. Each does nothing unless one is active. */
#ifndef BUGS_VDEV_H
#define BUGS_VDEV_H

#include "host/virtio/vdev.h"

/* The driver resets a queue: true if nothing happens. It was reset. It is enabled. */
bool bug_queue_reset(struct vdev *dev, struct vqueue *queue);
void bug_queue_was_reset(struct vdev *dev, struct vqueue *queue, const struct vqueue *old);
void bug_queue_enable(struct vdev *dev, struct vqueue *queue);

/* What queue_enable and queue_reset show. */
bool bug_shows_enabled(const struct vdev *dev, const struct vqueue *queue);
bool bug_shows_resetting(const struct vdev *dev, const struct vqueue *queue, bool resetting);

/* SUSPEND is taken too early. A write of the status neither suspends nor resumes. */
bool bug_suspends_early(const struct vdev *dev);
bool bug_stays_as_it_is(const struct vdev *dev);

/* It was done. */
void bug_suspended(struct vdev *dev);
void bug_resumed(struct vdev *dev);

/* The function and its capabilities, and a read of configuration space. */
void bug_capabilities(struct vdev *dev);
void bug_config_read(struct vdev *dev, unsigned int offset);

/* The driver writes a word of features: true if that is all. FEATURES_OK: true if it is refused. */
bool bug_accept(const struct vdev *dev, uint32_t word, uint64_t *accepted);
bool bug_refuses(const struct vdev *dev);

#endif
