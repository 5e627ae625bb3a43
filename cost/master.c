// SPDX-License-Identifier: BSD-3-Clause
#include "console.h"
#include "master.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "util.h"

/* A multiple of every granule that a virtio-iommu may have here. */
#define PRIVATE_PAGE 65536

static bool open_device(struct master *master, struct pci_dev *dev)
{
	struct device_location location = {.pci = dev};
	size_t mark = arena_mark();
	struct error error;
	bool ok = dma_open(&master->dma, &location, arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE), &error) &&
		  master->dma.ops->exact;

	if (error.text[0])
		printf("# %s not usable: %s\n", location_name(&location), error.text);
	if (!ok)
		arena_release(mark);
	master->dev = dev;
	return ok;
}

/* Find the unit of the first master, or the id of a further one. */
static bool find_unit(struct master *masters, unsigned int number, struct platform *platform,
		      const struct unit_ops *kind, struct error *error)
{
	struct master *master = &masters[number];

	if (!number)
		master->unit = kind->open(platform, master->dev, &master->id, error);
	else if (unit_find_id(masters->unit, platform, master->dev, &master->id))
		master->unit = masters->unit;
	return master->unit;
}

unsigned int masters_open(struct master *masters, struct platform *platform, const struct unit_ops *kind,
			  struct error *error)
{
	struct pci *pci = &platform->pci;
	unsigned int count = 0;

	for (unsigned int i = 0; i < pci->device_count && count < MASTERS_MOST; i++) {
		masters[count].unit = NULL;
		if (!open_device(&masters[count], &pci->devices[i]))
			continue;
		if (find_unit(masters, count, platform, kind, error))
			count++;
		else if (!count)
			return 0;
	}
	if (!count)
		error_set(error, "no master on PCI writes and reads what it is told to");
	return count;
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
