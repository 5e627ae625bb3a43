// SPDX-License-Identifier: BSD-3-Clause
/*
 * The pieces of one buffer.
 */
#include "host/virtio/vring_format.h"
#include "util.h"

/* Readable elements come first; more than 2^32 bytes are not allowed (2.7.4.2, 2.7.5). */
bool chain_add(struct chain *chain, const struct ring_desc *desc)
{
	struct chain_part *part = desc->flags & DESC_WRITE ? &chain->writable : &chain->readable;

	if (part == &chain->readable && chain->writable.count)
		return false;
	if (part->count == CHAIN_PIECES || part->size + desc->length < part->size)
		return false;
	part->pieces[part->count].address = desc->address;
	part->pieces[part->count++].length = desc->length;
	part->size += desc->length;
	return true;
}

typedef bool (*access_function)(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write);

static bool copy(struct vdev *dev, const struct chain_part *part, uint32_t offset, uint8_t *bytes,
		 uint32_t size, bool write, access_function access)
{
	for (unsigned int i = 0; i < part->count && size; i++) {
		uint32_t length = part->pieces[i].length, chunk;

		if (offset >= length) {
			offset -= length;
			continue;
		}
		chunk = min(length - offset, size);
		if (!access(dev, part->pieces[i].address + offset, bytes, chunk, write))
			return false;
		bytes += chunk;
		size -= chunk;
		offset = 0;
	}
	return true;
}

bool chain_read(struct vdev *dev, const struct chain *chain, uint32_t offset, void *bytes,
		uint32_t size)
{
	return copy(dev, &chain->readable, offset, bytes, size, false, access_memory);
}

bool chain_write(struct vdev *dev, const struct chain *chain, uint32_t offset, const void *bytes,
		 uint32_t size)
{
	return copy(dev, &chain->writable, offset, (uint8_t *)bytes, size, true, access_memory);
}

bool chain_try_read(struct vdev *dev, const struct chain *chain, uint32_t offset, void *bytes,
		    uint32_t size)
{
	return copy(dev, &chain->readable, offset, bytes, size, false, access_try);
}

bool chain_try_write(struct vdev *dev, const struct chain *chain, uint32_t offset, const void *bytes,
		     uint32_t size)
{
	return copy(dev, &chain->writable, offset, (uint8_t *)bytes, size, true, access_try);
}
