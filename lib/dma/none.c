// SPDX-License-Identifier: BSD-3-Clause
#include "dma/dma.h"
#include "memory.h"

static bool start(struct dma_master *master)
{
	(void)master;
	return false;
}

static void stop(struct dma_master *master)
{
	(void)master;
}

static const struct dma_ops none = {.name = "none", .start = start, .stop = stop};

void dma_open_none(struct dma_master *master, void *page)
{
	*master = (struct dma_master){.ops = &none, .page = page, .page_iova = phys(page)};
}

bool dma_is_none(const struct dma_master *master)
{
	return master->ops == &none;
}
