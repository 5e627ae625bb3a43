/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IOMMUs of any kind behind one interface: who may reach which memory at which address.
 *
 * A unit is one IOMMU. It is opened with all requesters blocked that are behind it. A requester, known by its
 * id at the unit, is attached to a domain, which has mappings of its own; or to none, and then its DMA goes
 * untranslated; or detached, and blocked.
 *
 * A mapping is sure to work after unit_sync_map(), and sure to be gone after unit_invalidate(). Before that
 * it may be so, or not: this is what strategies of mapping choose between. Memory of emulated units is
 * coherent, whatever they say.
 *
 * Addresses and sizes are in bytes and multiples of 4096; I/O virtual addresses are those of a device. What
 * returns false has failed with unit.error set if the unit did not answer or refused what it should have
 * done.
 */
#ifndef LIB_IOMMU_IOMMU_H
#define LIB_IOMMU_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "iommu/table.h"

struct pci_dev;
struct platform;
struct iommu_unit;
struct iommu_domain;

/* How much of a domain one invalidation can be limited to. */
enum invalidation_unit {
	INVALIDATES_NOTHING,	/* no translation is cached */
	INVALIDATES_DOMAINS,
	INVALIDATES_PAGES,	/* one each */
	INVALIDATES_RANGES,
};

struct iommu_capabilities {
	uint64_t page_sizes;	/* of a mapping inside of the unit, as one bit each */
	unsigned int iova_bits;
	bool write_only;	/* a mapping can be written and not read */
	bool identity;		/* nothing is translated: only mappings to the same address */
	bool sync_map;		/* a mapping is not seen before unit_sync_map() */
	bool bypass;		/* requesters can be attached to no domain */
	enum invalidation_unit invalidates;
};

/* What was asked of a unit. In a virtual machine most accesses to registers leave the guest. */
struct iommu_counters {
	uint64_t register_reads, register_writes;
	uint64_t notifications;	/* those writes that made the unit look at a queue */
	uint64_t commands;	/* in a queue or by registers, those included that wait for others */
	uint64_t invalidations;	/* of cached translations */
};

/* A blocked access. */
struct iommu_fault {
	uint32_t id;		/* of the requester */
	uint64_t address;	/* I/O virtual, of the byte or of its page */
	unsigned int rights;	/* that the access needed: RIGHT_READ, RIGHT_WRITE; 0: nothing is said */
	const char *reason;
};

/* A kind of unit. */
struct unit_ops {
	const char *name;	/* one word */

	/*
	 * Find the unit in front of a PCI function and bring it up. The unit is on the arena, and the id of
	 * the function in *@id. Return NULL if there is none, or it cannot be used.
	 */
	struct iommu_unit *(*open)(struct platform *platform, const struct pci_dev *dev,
				   uint32_t *id, struct error *error);

	/* Find the id of a further function. Return false if it is not behind this unit. */
	bool (*find_id)(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			uint32_t *id);

	/* Make a domain. All of its fields but the driver's own are filled. */
	bool (*init_domain)(struct iommu_domain *domain);

	/* Attach a requester: to no domain if @domain is NULL. It may be attached. */
	bool (*attach)(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain);
	bool (*detach)(struct iommu_unit *unit, uint32_t id);

	bool (*map)(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
		    unsigned int rights);
	bool (*unmap)(struct iommu_domain *domain, uint64_t iova, uint64_t size);

	/* NULL: a mapping works at once. */
	bool (*sync_map)(struct iommu_domain *domain, uint64_t iova, uint64_t size);

	/* Of a size of 0: everything of the domain. NULL: nothing is cached. */
	bool (*invalidate)(struct iommu_domain *domain, uint64_t iova, uint64_t size);

	/* Take the oldest fault. Return false if there is none. NULL: faults are not reported. */
	bool (*take_fault)(struct iommu_unit *unit, struct iommu_fault *fault);
};

struct iommu_unit {
	const struct unit_ops *ops;
	struct iommu_capabilities can;
	struct iommu_counters counters;
	struct error error;	/* of the last call that failed; "" before */
	volatile uint8_t *registers;
	uint64_t base;		/* of the registers: guest-physical; 0: by a function on PCI */
	uint32_t domains;	/* that were made: their numbers are 1 to this */
};

/* The fields below @number are the driver's own. */
struct iommu_domain {
	struct iommu_unit *unit;
	uint32_t number;
	struct table table;
	uint64_t *context;	/* SMMUv3: the context descriptor */
};

extern const struct unit_ops unit_none, unit_bypass, unit_vtd, unit_vtd_registers, unit_smmuv3, unit_riscv;

/* Return the kind of unit of this name among those above, NULL if there is none. */
const struct unit_ops *unit_kind(const char *name);

/* Make a domain without mappings, on the arena. Return NULL if the unit takes no more. */
struct iommu_domain *unit_new_domain(struct iommu_unit *unit);

static inline bool unit_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
				uint32_t *id)
{
	return unit->ops->find_id(unit, platform, dev, id);
}

static inline bool unit_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	return unit->ops->attach(unit, id, domain);
}

static inline bool unit_detach(struct iommu_unit *unit, uint32_t id)
{
	return unit->ops->detach(unit, id);
}

/* Map; @rights are RIGHT_READ and RIGHT_WRITE. Return false if any of the range is mapped. */
static inline bool unit_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
			    unsigned int rights)
{
	return domain->unit->ops->map(domain, iova, pa, size, rights);
}

/* Wait until mappings of the range work, and all others of the domain that were made before. */
static inline bool unit_sync_map(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	return !domain->unit->ops->sync_map || domain->unit->ops->sync_map(domain, iova, size);
}

/* Unmap whole mappings: but what is cached of them may be used until it is invalidated. */
static inline bool unit_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	return domain->unit->ops->unmap(domain, iova, size);
}

/* Wait until nothing is cached of what was unmapped in the range. */
static inline bool unit_invalidate(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	return !domain->unit->ops->invalidate || domain->unit->ops->invalidate(domain, iova, size);
}

/* Like unit_invalidate(), of all of the domain. */
static inline bool unit_invalidate_all(struct iommu_domain *domain)
{
	return unit_invalidate(domain, 0, 0);
}

static inline bool unit_take_fault(struct iommu_unit *unit, struct iommu_fault *fault)
{
	return unit->ops->take_fault && unit->ops->take_fault(unit, fault);
}

#endif
