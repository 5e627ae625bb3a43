/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints behind the IOMMU that can do DMA for us.
 */
#ifndef DRIVER_ENDPOINT_H
#define DRIVER_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "dma/dma.h"
#include "driver/timing.h"
#include "pci/location.h"

#define MAX_ENDPOINTS 16

/* Bytes of the private page of a master in memory: a multiple of every granule up to MAX_GRANULE. */
#define PRIVATE_PAGE 65536

struct topology;

struct endpoint {
	uint32_t id;
	struct device_location place;
	struct dma_master dma;
	uint64_t page_iova;	/* where a normal domain maps the private page of the master */
	bool has_page_iova;	/* there is room for it */
	bool attachable;	/* a stand-in: its id was seen to be */
	struct timing timing;	/* of good accesses */
};

/* Return the time in us after which an access that reports nothing counts as blocked (driver/timing.h). */
uint64_t quiet_us(const struct endpoint *ep);

/* Note that a good access took @microseconds, for quiet_us(). */
void access_took(struct endpoint *ep, uint64_t microseconds);

/* Return true if there was one in this boot. */
bool has_worked(const struct endpoint *ep);

/*
 * Open all masters at @locations that @topology puts behind IOMMU number @iommu_index, and print one line
 * for each. Exact ones come first, then others that write on demand, then input-driven ones, then slow ones.
 */
void endpoints_open(const struct device_location *locations, unsigned int location_count,
		    const struct topology *topology, unsigned int iommu_index);

/* If there is no master at all, let an id stand in for one, which is nobody's as yet. */
void endpoints_stand_in(void);

/*
 * Give the stand-in the id of the first function that the firmware lists and that can be attached. Return
 * false if there is none. Nothing is sent before the first call: a device that does not reset itself is then
 * as it is at power-on for the first test. For use between tests.
 */
bool stand_in_is_attachable(void);

/*
 * Let endpoint(0) write before any driver has touched the IOMMU. If the write is @allowed, it is given all
 * the time that it takes.
 */
void endpoints_early_write(bool allowed);

/* Return true if the write of endpoints_early_write() arrived in memory. */
bool endpoint_wrote_first(void);

/*
 * Choose where private pages will be mapped. For use after iommu_open() and reserved_init(). Where the input
 * range is small each has the size of a page, or there is no room for it.
 */
void endpoints_choose_iovas(void);

/* Return how many bytes of a private page a normal domain maps: PRIVATE_PAGE, or a page. */
uint64_t private_page_size(void);

/* Return true if what the endpoint does shows in memory: it is no stand-in. */
bool does_dma(const struct endpoint *ep);

/* Return the number of endpoints behind the IOMMU, the stand-in included. */
unsigned int endpoint_count(void);

/* Return endpoint number @index, in the order of endpoints_open(). NULL past the end. */
struct endpoint *endpoint(unsigned int index);

/* Return true if the device takes long for each access. */
bool is_slow(const struct endpoint *ep);

/* Return true if the device writes only when input arrives from outside the guest. It may never write. */
bool is_input_driven(const struct endpoint *ep);

/* Return true if the device is neither slow nor input-driven: tests can rely on its writes. */
bool writes_on_demand(const struct endpoint *ep);

/* Return the first endpoint whose master has this name (struct dma_ops), NULL if there is none. */
struct endpoint *endpoint_named(const char *master);

/* Find all ids anew: a bus has another number. Return false if an endpoint is not behind the IOMMU now. */
bool endpoints_find_ids(void);

/* Find the id of what is, or would be, behind @port. Return false if that is not behind the IOMMU. */
bool endpoint_id_behind(const struct pci_dev *port, uint32_t *id);

/*
 * A device has come behind a port: make it the last endpoint, with @page, of PRIVATE_PAGE bytes, as its
 * private one. Return NULL if it is no master, or not behind the IOMMU. There is one such endpoint at a time.
 */
struct endpoint *endpoint_came(struct pci_dev *pci, void *page);

/* It has gone: the last endpoint is one no more, and is not accessed. */
void endpoint_gone(void);

/* Return the first exact endpoint on another bus than 0, NULL if there is none. */
struct endpoint *endpoint_bridged(void);

/*
 * Return the first exact master that no table puts behind an IOMMU, NULL if there is none. Its id is the
 * requester id that it would have behind one, or 0 on MMIO, where there is no such id.
 */
struct endpoint *endpoint_outside(void);

/* Return true if @id lies outside of all ranges that the firmware lists: no endpoint can have it. */
bool endpoint_id_is_unlisted(uint32_t id);

/* Return such an id, the last one that there is: of no endpoint. */
uint32_t nobodys_id(void);

/* Stop all masters and address them by guest-physical addresses again. */
void endpoints_quiesce(void);

#endif
