/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device reaches memory through. Who plugs the device in gives it one, and so decides what its
 * addresses mean and what it may reach.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma {
	uint64_t address;
	bool write;
	bool physical;	/* no translation: @address is what the CPU uses for this memory (virtio 1.4, 6.1) */
};

struct port;

struct port_ops {
	/*
	 * Move @size bytes from memory to @bytes, or the other way with @dma->write. Returns false at the
	 * first byte that the device must not touch; those before it may have been moved.
	 */
	bool (*access)(const struct port *port, const struct dma *dma, void *bytes, size_t size);

	/* Write the 32 bits of a message. One that is blocked is lost, and the device is not told. */
	void (*message)(const struct port *port, const struct dma *dma, uint32_t data);
};

struct port {
	const struct port_ops *ops;
};

#endif
