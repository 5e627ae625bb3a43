// SPDX-License-Identifier: BSD-3-Clause
/*
 * From the hooks of the board to its bugs.
 */
#include <stdlib.h>

#include "host/board/board.h"
#include "host/board/hooks.h"
#include "host/bugs/board/parts.h"
#include "host/bugs/bugs.h"
#include "host/iommu/parts.h"
#include "host/pci/bus.h"

/* Of a function that is not behind the IOMMU. */
#define OUTSIDE_ID 0xffff0000

static bool is_below_bridge(const struct board_port *port)
{
	return !board_port_registers(port) && port->function->bus->bridge;
}

/* As long as no bus has a number. */
static uint32_t early_id(const struct function *f)
{
	bool alias = bus_requester(f) != function_bdf(f);

	return board_ranges[0].endpoint_first + (alias ? 0 : PCI_BDF(0, f->device, f->number));
}

static bool endpoint_id(const struct board_port *port, bool found, uint32_t *id)
{
	bool outside = mutant(MUTANT_OUTSIDE_TRANSLATED) || mutant(MUTANT_OUTSIDE_TRANSLATED_FDT);

	bug_watch_master(port);
	if (found && mutant(MUTANT_RID_BUS_EARLY) && is_below_bridge(port))
		*id = early_id(port->function);
	if (!found && outside)
		*id = OUTSIDE_ID;
	else if (mutant(MUTANT_BRIDGE_IDS_NOT_SHARED) && !board_port_registers(port))
		*id += function_bdf(port->function) - bus_requester(port->function);
	return found || outside;
}

/* In the environment of the next process: what config.bypass was before the reset. */
static const char variable[] = "VIRTIO_IOMMU_BYPASS";

static void machine_reset(void)
{
	if (mutant(MUTANT_MACHINE_RESET_KEEPS_BYPASS))
		setenv(variable, ref_iommu.model.config.bypass ? "1" : "0", 1);
}

static void machine_restarted(void)
{
	const char *bypass = getenv(variable);

	if (bypass)
		ref_iommu.model.config.bypass = atoi(bypass);
	if (mutant(MUTANT_MACHINE_RESET_SETS_BYPASS))
		ref_iommu.model.config.bypass = 1;
}

void bugs_install_board(void)
{
	bugs_in_endpoint_accesses();
	bugs_in_masters();
	board_hooks = (struct board_hooks){
		.endpoint_id = endpoint_id,
		.viot_written = bug_viot,
		.tree_ends = bug_add_node,
		.tree_written = bug_tree,
		.machine_reset = machine_reset,
		.machine_restarted = machine_restarted,
	};
}
