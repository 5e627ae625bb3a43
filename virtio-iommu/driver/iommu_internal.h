/* SPDX-License-Identifier: BSD-3-Clause */
/* For the sources of iommu.h: iommu.c, request.c, domains.c and event.c. */
#ifndef DRIVER_IOMMU_INTERNAL_H
#define DRIVER_IOMMU_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Allocate buffers: once, before the first iommu_restart(). */
void requests_init(void);
void events_init(void);

/* Make all event buffers available in an event queue that was just enabled. */
void events_post(void);

/* Note that a request of @size readable bytes was answered; with status OK if @ok. */
void domains_note(const void *readable, uint32_t size, bool ok);

/* Note that requests are to be sent, one of which a driver MUST NOT send if @broken (iommu.broke_rules). */
void request_note_rules(bool broken);

/* Note that the device is reset: no endpoint is attached. */
void domains_reset(void);

#endif
