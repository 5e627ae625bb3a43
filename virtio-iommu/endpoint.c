// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "endpoint.h"
#include "iommu.h"
#include "memory.h"
#include "pci.h"
#include "reserved.h"
#include "topology.h"

/* Private pages lie below this address, if the input range reaches as far. */
#define PRIVATE_TOP (1ull << 39)
#define PRIVATE_SPACE (MAX_ENDPOINTS * PRIVATE_PAGE * 2ull)

static struct endpoint endpoints[MAX_ENDPOINTS];
static unsigned int count;
static struct endpoint outside;
static const struct topology *listed;

static bool open_endpoint(struct endpoint *ep, struct pci_dev *pci, uint32_t id)
{
	size_t mark = arena_mark();
	struct error error;
	bool ok = dma_open(&ep->dma, pci, arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE), &error);

	ep->id = id;
	ep->pci = pci;
	if (!ok)
		arena_release(mark);
	if (error.text[0])
		printf("# endpoint: " PCI_FORMAT " not usable: %s\n",
		       PCI_ARGS(pci->segment, pci->bdf), error.text);
	return ok;
}

static void open_outside(struct pci_dev *pci)
{
	if (endpoint_outside() || !open_endpoint(&outside, pci, pci_requester_id(pci)))
		return;
	printf("# outside: " PCI_FORMAT " %s\n", PCI_ARGS(pci->segment, pci->bdf),
	       outside.dma.ops->name);
}

bool is_slow(const struct endpoint *ep)
{
	return !strcmp(ep->dma.ops->name, "edu");
}

static unsigned int rank(const struct endpoint *ep)
{
	if (is_slow(ep))
		return 2;
	return !ep->dma.ops->exact;
}

static void swap(struct endpoint *a, struct endpoint *b)
{
	struct endpoint c = *a;

	*a = *b;
	*b = c;
}

static void sort_endpoints(void)
{
	for (unsigned int i = 1; i < count; i++)
		for (unsigned int j = i; j && rank(&endpoints[j - 1]) > rank(&endpoints[j]); j--)
			swap(&endpoints[j - 1], &endpoints[j]);
}

void endpoints_open(struct pci *pci, const struct topology *topology, unsigned int iommu_index)
{
	unsigned int index;
	uint32_t id;

	listed = topology;
	for (unsigned int i = 0; i < pci->device_count; i++) {
		struct pci_dev *dev = &pci->devices[i];

		if (!topology_pci_endpoint(topology, dev->segment, pci_requester_id(dev), &index, &id))
			open_outside(dev);
		else if (index == iommu_index && count < MAX_ENDPOINTS)
			count += open_endpoint(&endpoints[count], dev, id);
	}
	sort_endpoints();
	for (unsigned int i = 0; i < count; i++)
		printf("# endpoint: " PCI_FORMAT " id %#x %s\n",
		       PCI_ARGS(endpoints[i].pci->segment, endpoints[i].pci->bdf), endpoints[i].id,
		       endpoints[i].dma.ops->name);
}

void endpoints_place(void)
{
	uint64_t top = iommu.config.input_end < PRIVATE_TOP ? iommu.config.input_end + 1 : PRIVATE_TOP;
	uint64_t base = reserved_avoid((top - PRIVATE_SPACE) & -(uint64_t)PRIVATE_PAGE, PRIVATE_SPACE);

	for (unsigned int i = 0; i < count; i++)
		endpoints[i].page_iova = base + i * 2ull * PRIVATE_PAGE;
}

unsigned int endpoint_count(void)
{
	return count;
}

struct endpoint *endpoint(unsigned int index)
{
	return index < count ? &endpoints[index] : NULL;
}

struct endpoint *endpoint_named(const char *master)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(endpoints[i].dma.ops->name, master))
			return &endpoints[i];
	return NULL;
}

struct endpoint *endpoint_bridged(void)
{
	for (unsigned int i = 0; i < count; i++)
		if (endpoints[i].dma.ops->exact && endpoints[i].pci->bdf >> 8)
			return &endpoints[i];
	return NULL;
}

struct endpoint *endpoint_outside(void)
{
	return outside.dma.ops && outside.dma.ops->exact ? &outside : NULL;
}

bool missing_endpoint_id(uint32_t id)
{
	return !topology_id_is_listed(listed, id);
}

static void rest(struct dma_master *dma)
{
	if (dma->running)
		dma_stop(dma);
	dma->messages = false;
	dma_place(dma, phys(dma->page));
}

void endpoints_rest(void)
{
	for (unsigned int i = 0; i < count; i++)
		rest(&endpoints[i].dma);
	if (endpoint_outside())
		rest(&outside.dma);
}
