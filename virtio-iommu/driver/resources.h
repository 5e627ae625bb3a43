/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much the device holds and has held at a time: domains, mappings, their bytes. No text says for how much
 * it has to have room, so it may refuse with NOMEM what goes beyond that; not what it had room for before,
 * nor one domain and one page.
 */
#ifndef DRIVER_RESOURCES_H
#define DRIVER_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

/* Note that a request of @size readable bytes was answered with OK. */
void resources_note(const void *readable, uint32_t size);

/* Note that the device is reset. */
void resources_reset(void);

/* Return true if a driver MUST NOT send such a request to a device that holds this. */
bool resources_forbid(const void *readable, uint32_t size, uint32_t writable);

/* Return true if the device never had room for as much as it holds and what the request asks for. */
bool resources_may_lack(const void *readable, uint32_t size);

#endif
