/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where messages of devices arrive: lib/pci/msi.h from the other side.
 */
#ifndef DOORBELL_H
#define DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether @phys is the doorbell; if so, @data has arrived. */
bool doorbell_write(uint64_t phys, uint32_t data);

#endif
