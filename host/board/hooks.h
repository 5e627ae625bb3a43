/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places at which something else may interfere with the machine around the IOMMU. What is here by
 * itself does nothing.
 */
#ifndef BOARD_HOOKS_H
#define BOARD_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/board/port.h"
#include "host/board/viot.h"

struct board_hooks {
	/* A device is an endpoint of the IOMMU, or not. Returns what counts in place of @found. */
	bool (*endpoint_id)(const struct board_port *port, bool found, uint32_t *id);

	/* The VIOT is written. Whoever changes it seals it again. */
	void (*viot_written)(struct viot *viot);

	/* The device tree is written but for the end of its root; it is written, and may be opened again. */
	void (*tree_ends)(void *fdt);
	void (*tree_written)(void *fdt);

	/* The machine is about to be reset; after that it is there again. */
	void (*machine_reset)(void);
	void (*machine_restarted)(void);
};

extern struct board_hooks board_hooks;

#endif
