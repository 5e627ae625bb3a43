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

/* What shows on a bus for a root complex. */
void host_bridge_init(struct function *f);

/* @port_type is one of PCI_PORT_ROOT and so on. @below becomes the bus behind it. */
void bridge_init(struct function *f, struct bus *below, uint8_t port_type);

uint8_t bridge_secondary(const struct function *bridge);
bool bridge_forwards_bus(const struct function *bridge, uint8_t number);
bool bridge_forwards_memory(const struct function *bridge, uint64_t address);

/* What comes from behind it arrives under an id of its own. */
bool bridge_takes_ownership(const struct function *bridge);

#endif
