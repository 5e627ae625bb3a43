// SPDX-License-Identifier: BSD-3-Clause
#include "host/board/hooks.h"

static bool endpoint_id(const struct board_port *port, bool found, uint32_t *id)
{
	(void)port, (void)id;
	return found;
}

static void viot_written(struct viot *viot)
{
	(void)viot;
}

static void tree(void *fdt)
{
	(void)fdt;
}

static void nothing(void)
{
}

struct board_hooks board_hooks = {
	.endpoint_id = endpoint_id,
	.viot_written = viot_written,
	.tree_ends = tree,
	.tree_written = tree,
	.machine_reset = nothing,
	.machine_restarted = nothing,
};
