/* SPDX-License-Identifier: BSD-3-Clause */
/* What iommu.c, request.c, domains.c and event.c do for each other. */
#ifndef DRIVER_IOMMU_INTERNAL_H
#define DRIVER_IOMMU_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Allocate buffers; once, before the first iommu_restart(). */
void requests_init(void);
void events_init(void);

/* Give all event buffers to a freshly enabled event queue. */
void events_post(void);

/* A request of @size readable bytes came back, @ok: with status OK. The device was reset. */
void domains_note(const void *readable, uint32_t size, bool ok);
void domains_reset(void);

#endif
