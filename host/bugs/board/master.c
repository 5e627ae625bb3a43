// SPDX-License-Identifier: BSD-3-Clause
/*
 * Endpoints that get by the IOMMU once they were made bus masters a second time.
 */
#include "host/board/board.h"
#include "host/bugs/board/parts.h"
#include "host/bugs/mutant.h"
#include "host/iommu/hooks.h"
#include "host/pci/bus.h"

static struct master {
	const struct board_port *port;
	const struct function_ops *right;
	struct function_ops ops;
	bool is_set, was_set;	/* now, and at any time */
	bool past;
} masters[MAX_HOST_ENDPOINTS];
static unsigned int master_count;

static struct master *find_master(const struct function *f)
{
	for (unsigned int i = 0; i < master_count; i++)
		if (masters[i].port->function == f)
			return &masters[i];
	return NULL;
}

static bool is_master(const struct function *f)
{
	return function_get(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

static void config_access(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	struct master *m = find_master(f);

	if (m->right->config_access)
		m->right->config_access(f, offset, width, write);
	m->past |= m->was_set && !m->is_set && is_master(f);
	m->is_set = is_master(f);
	m->was_set |= m->is_set;
}

/* Functions are found once their buses have numbers. */
void bug_watch_master(const struct board_port *port)
{
	struct function *f;
	struct master *m;

	if (!mutant(MUTANT_BME_TOGGLE) || board_port_registers(port) || find_master(port->function))
		return;
	f = bus_find(function_bdf(port->function));
	if (f != port->function)
		return;
	m = &masters[master_count++];
	*m = (struct master){port, f->ops, *f->ops, is_master(f), is_master(f), false};
	m->ops.config_access = config_access;
	f->ops = &m->ops;
}

bool bug_is_past_iommu(const struct board_port *port)
{
	const struct master *m = find_master(port->function);

	return m && m->past;
}

/* It is brought back. */
static bool attach(const struct model_request *r)
{
	uint32_t id;

	for (unsigned int i = 0; i < master_count; i++)
		if (r->head.type == REQUEST_ATTACH && board_endpoint_id(masters[i].port, &id) &&
		    id == r->attach.endpoint)
			masters[i].past = false;
	return false;
}

void bugs_in_masters(void)
{
	if (mutant(MUTANT_BME_TOGGLE))
		iommu_hooks.request_execute = attach;
}
