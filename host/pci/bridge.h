/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host bridges, ports and PCIe-to-PCI bridges (PCI-to-PCI Bridge 1.2; PCIe 6.0, 7.5).
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/pci/bus.h"
#include "host/pci/function.h"

/* Make the host bridge that shows on a bus for a root complex. */
void host_bridge_init(struct function *f);

/* Make a bridge with @below as the bus behind it. @port_type is one of PCI_PORT_ROOT and so on. */
void bridge_init(struct function *f, struct bus *below, uint8_t port_type);

/* Return where the PCI Express capability of @bridge is. */
unsigned int bridge_express(const struct function *bridge);

/* Return the number of the bus behind @bridge, 0 if it is not numbered yet. */
uint8_t bridge_secondary(const struct function *bridge);

/* Return true if @bridge passes on configuration accesses to a bus, or accesses to memory at @address. */
bool bridge_forwards_bus(const struct function *bridge, uint8_t number);
bool bridge_forwards_memory(const struct function *bridge, uint64_t address);

/* Return true if what comes from behind @bridge arrives under an id of the bridge's own (PCIe-to-PCI). */
bool bridge_takes_ownership(const struct function *bridge);

#endif
