/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where messages of devices arrive: lib/pci/msi.h from the other side.
 */
#ifndef DOORBELL_H
#define DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Deliver the message @data if @phys is the doorbell. Returns false if it is not. */
bool doorbell_write(uint64_t phys, uint32_t data);

#endif
