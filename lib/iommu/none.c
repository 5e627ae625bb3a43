// SPDX-License-Identifier: BSD-3-Clause
/*
 * No IOMMU, and one that is left as it is at power-on and translates nothing: the same to us.
 */
#include <stddef.h>

#include "iommu/iommu.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"

static struct iommu_unit *open_kind(const struct unit_ops *ops, const struct pci_dev *dev, uint32_t *id)
{
	struct iommu_unit *unit = arena_alloc(sizeof(*unit), sizeof(uint64_t));

	unit->ops = ops;
	unit->can = (struct iommu_capabilities){
		.page_sizes = UINT64_MAX & -4096ull, .iova_bits = 64, .write_only = true, .identity = true,
		.bypass = true,
	};
	*id = pci_requester_id(dev);
	return unit;
}

static struct iommu_unit *none_open(struct platform *platform, const struct pci_dev *dev,
				    uint32_t *id, struct error *error)
{
	(void)platform;
	(void)error;
	return open_kind(&unit_none, dev, id);
}

static struct iommu_unit *bypass_open(struct platform *platform, const struct pci_dev *dev,
				      uint32_t *id, struct error *error)
{
	(void)platform;
	(void)error;
	return open_kind(&unit_bypass, dev, id);
}

static bool none_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			 uint32_t *id)
{
	(void)unit;
	(void)platform;
	*id = pci_requester_id(dev);
	return true;
}

static bool none_init_domain(struct iommu_domain *domain)
{
	(void)domain;
	return true;
}

static bool none_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	(void)unit;
	(void)id;
	(void)domain;
	return true;
}

static bool none_detach(struct iommu_unit *unit, uint32_t id)
{
	(void)id;
	return error_set(&unit->error, "%s: nothing blocks a requester", unit->ops->name);
}

static bool none_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
		     unsigned int rights)
{
	(void)domain;
	return iova == pa && size && rights;
}

static bool none_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	(void)domain;
	(void)iova;
	return size;
}

#define DEFINE_KIND(kind)				\
	const struct unit_ops unit_##kind = {		\
		.name = #kind,				\
		.open = kind##_open,			\
		.find_id = none_find_id,		\
		.init_domain = none_init_domain,	\
		.attach = none_attach,			\
		.detach = none_detach,			\
		.map = none_map,			\
		.unmap = none_unmap,			\
	}

DEFINE_KIND(none);
DEFINE_KIND(bypass);
