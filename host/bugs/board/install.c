// SPDX-License-Identifier: BSD-3-Clause
/*
 * From the hooks of the board to its bugs.
 */
#include <stdio.h>
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

/* The numbers of the buses behind bridges of a root bus, by the bridge's slot: now, and before a reset. */
static uint8_t bus_numbers[BUS_SLOTS], old_numbers[BUS_SLOTS];

/* In the environment of the next process: these numbers, two digits each. */
static const char buses[] = "VIRTIO_IOMMU_BUSES";

static void keep_buses(void)
{
	char text[2 * BUS_SLOTS + 1];

	for (unsigned int i = 0; i < BUS_SLOTS; i++)
		snprintf(text + 2 * i, 3, "%02x", bus_numbers[i]);
	setenv(buses, text, 1);
}

static void find_buses(void)
{
	const char *text = getenv(buses);
	unsigned int number;

	for (unsigned int i = 0; text && i < BUS_SLOTS; i++)
		if (sscanf(text + 2 * i, "%2x", &number) == 1)
			old_numbers[i] = number;
	unsetenv(buses);
}

/* Return the id as it would be with the bus number of before a reset. */
static uint32_t id_of_before(const struct function *f, uint32_t id)
{
	unsigned int slot = f->bus->bridge->device;

	bus_numbers[slot] = function_bdf(f) >> 8;
	if (!old_numbers[slot] || !mutant(MUTANT_MACHINE_RESET_KEEPS_BUSES))
		return id;
	return id + ((uint32_t)old_numbers[slot] << 8) - (function_bdf(f) & 0xff00);
}

static bool endpoint_id(const struct board_port *port, bool found, uint32_t *id)
{
	bool outside = mutant(MUTANT_OUTSIDE_TRANSLATED) || mutant(MUTANT_OUTSIDE_TRANSLATED_FDT);

	bug_watch_master(port);
	if (found && mutant(MUTANT_RID_BUS_EARLY) && is_below_bridge(port))
		*id = early_id(port->function);
	if (found && is_below_bridge(port))
		*id = id_of_before(port->function, *id);
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
	if (mutant(MUTANT_MACHINE_RESET_KEEPS_BUSES))
		keep_buses();
	bug_machine_reset();
	if (mutant(MUTANT_MACHINE_RESET_KEEPS_BYPASS))
		setenv(variable, ref_iommu.model.config.bypass ? "1" : "0", 1);
}

static void machine_restarted(void)
{
	const char *bypass = getenv(variable);

	find_buses();
	bug_machine_restarted();
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
