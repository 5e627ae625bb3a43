/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs of rings: what those of both formats share.
 */
#ifndef BUGS_RINGS_H
#define BUGS_RINGS_H

#include "host/bugs/virtio/virtio.h"
#include "host/virtio/vring_format.h"

/* The walk over a buffer's descriptors that is under way. */
struct bug_walk {
	struct chain *chain;
	uint32_t table_size, in_table;	/* of the last table; its descriptors that were read */
	uint32_t last_index;
	bool begun;
	uint16_t first_id;		/* packed */
	unsigned int with_id;		/* pieces up to a table's first entry with an id; 0: none has one */
	bool all_writable;		/* as the table's own descriptor says */
};

extern struct bug_walk bug_walk;

/* Begin a walk in a ring of @size; note and change a descriptor that was read; change the whole buffer. */
void bug_begin_walk(struct chain *chain, uint16_t size);
void bug_read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
		   struct ring_desc *desc);
void bug_end_walk(struct chain *chain);

/* Enter an indirect table, see struct vdev_steps. */
bool bug_enter_table(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc);

/* Keep the first @count pieces of a buffer. */
void bug_shorten(struct chain *chain, unsigned int count);

/* Return what is put in place of @used. */
struct used bug_used(const struct vdev *dev, const struct vqueue *queue, const struct used *used);

/* Write a used element that was kept back. */
void bug_write_late(struct vdev *dev);

/* Return the formats with bugs. */
const struct vring_format *bug_split(void);
const struct vring_format *bug_packed(void);

#endif
