// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "master.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "util.h"

/* A multiple of every granule that a virtio-iommu may have here. */
#define PRIVATE_PAGE 65536

_Static_assert(PRIVATE_PAGE >= DMA_DEEP_PAGE_BYTES, "masters are deep");

static bool open_device(struct master *master, struct pci_dev *dev)
{
	struct device_location location = {.pci = dev};
	size_t mark = arena_mark();
	struct error error;
	bool ok = dma_open(&master->dma, &location, arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE), &error);

	if (error.text[0])
		printf("# %s not usable: %s\n", location_name(&location), error.text);
	if (!ok)
		arena_release(mark);
	master->dma.deep = true;
	master->dev = dev;
	return ok;
}

unsigned int masters_open(struct master *masters, struct platform *platform)
{
	struct pci *pci = &platform->pci;
	unsigned int count = 0;

	for (unsigned int i = 0; i < pci->device_count && count < MASTERS_MOST; i++)
		if (open_device(&masters[count], &pci->devices[i]))
			count += count || masters[count].dma.ops->exact;
	return count;
}

unsigned int masters_open_unit(struct master *masters, unsigned int count, struct platform *platform,
			       const struct unit_ops *kind, struct error *error)
{
	unsigned int behind = 1;

	if (!count) {
		error_set(error, "no master on PCI writes and reads what it is told to");
		return 0;
	}
	masters->unit = kind->open(platform, masters->dev, &masters->id, error);
	if (!masters->unit)
		return 0;
	for (unsigned int i = 1; i < count; i++) {
		masters[i].unit = masters->unit;
		if (unit_find_id(masters->unit, platform, masters[i].dev, &masters[i].id))
			masters[behind++] = masters[i];
	}
	return behind;
}

struct master *masters_find(struct master *masters, unsigned int count, const char *kind,
			    unsigned int number)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(masters[i].dma.ops->name, kind) && !number--)
			return &masters[i];
	return NULL;
}

bool master_map_page(struct master *master, struct iommu_domain *domain)
{
	uint64_t page = phys(master->dma.page);

	return unit_map(domain, page, page, PRIVATE_PAGE, RIGHT_READ | RIGHT_WRITE) &&
	       unit_sync_map(domain, page, PRIVATE_PAGE);
}

struct iommu_domain *master_new_domain(struct master *master)
{
	struct iommu_domain *domain = unit_new_domain(master->unit);

	if (!domain || !unit_attach(master->unit, master->id, domain) || !master_map_page(master, domain))
		return NULL;
	return domain;
}

/* Above all memory that a machine of ours has. */
uint64_t master_free_iova(const struct master *master)
{
	return 1ull << (min(master->unit->can.iova_bits, 40) - 1);
}
