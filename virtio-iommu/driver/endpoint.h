/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints behind the IOMMU that can do DMA for us.
 */
#ifndef DRIVER_ENDPOINT_H
#define DRIVER_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "dma/dma.h"
#include "location.h"

#define MAX_ENDPOINTS 16

/* What a normal domain maps for a master: a multiple of every granule up to 64 KiB. */
#define PRIVATE_PAGE 65536

struct topology;

struct endpoint {
	uint32_t id;
	struct device_location place;
	struct dma_master dma;
	uint64_t page_iova;	/* where a normal domain shows the private page of the master */
	uint64_t usual_us;	/* what good accesses take, the slow ones of late */
};

/* How long to wait for an access that should be blocked, of which nobody may tell. */
uint64_t quiet_us(const struct endpoint *ep);

/* A good access took so long. */
void access_took(struct endpoint *ep, uint64_t microseconds);

/*
 * Open all masters at @locations that @topology puts behind IOMMU number @iommu_index, and print one line
 * for each. Byte-exact ones come first, then those that write by themselves, then those that are fed,
 * slow ones last.
 */
void endpoints_open(const struct device_location *locations, unsigned int location_count,
		    const struct topology *topology, unsigned int iommu_index);

/*
 * Let one endpoint write before any driver has touched the IOMMU. @allowed: it should arrive, so that
 * it is given all the time it takes.
 */
void endpoints_early_write(bool allowed);

/* Whether that write arrived. */
bool endpoint_wrote_first(void);

/* Choose where private pages are mapped. After iommu_open() and reserved_init(). */
void endpoints_choose_iovas(void);

unsigned int endpoint_count(void);

/* Number @index in the order above, NULL past the end. */
struct endpoint *endpoint(unsigned int index);

/* A master that takes long for each access. */
bool is_slow(const struct endpoint *ep);

/* A master whose writes come from outside of the machine: maybe there are none. */
bool is_input_driven(const struct endpoint *ep);

/* Neither of both: what tests can count on. */
bool writes_on_demand(const struct endpoint *ep);

/* The first with this kind of master, NULL if there is none. */
struct endpoint *endpoint_named(const char *master);

/* The first exact one behind a bridge or on another root bus, NULL if there is none. */
struct endpoint *endpoint_bridged(void);

/*
 * The first exact one that no table puts behind an IOMMU, NULL if there is none. Its id is its BDF,
 * which is what it would be if one did, or 0 for one on MMIO, which has no such id.
 */
struct endpoint *endpoint_outside(void);

/* Ids that no endpoint can have: outside of all ranges that the firmware lists. */
bool endpoint_id_is_unlisted(uint32_t id);

/* Stop all masters and address them by guest-physical addresses again. */
void endpoints_quiesce(void);

#endif
