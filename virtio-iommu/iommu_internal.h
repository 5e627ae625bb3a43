/* SPDX-License-Identifier: BSD-3-Clause */
/* What iommu.c, request.c and event.c do for each other. */
#ifndef IOMMU_INTERNAL_H
#define IOMMU_INTERNAL_H

/* Allocate buffers; once, before the first iommu_restart(). */
void requests_init(void);
void events_init(void);

/* Give all event buffers to a freshly enabled event queue. */
void events_post(void);

#endif
