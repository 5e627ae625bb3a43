/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots whose device comes and goes while the machine runs: native PCI Express hot-plug (PCIe 6.0, 6.7). The
 * events are looked for, no interrupt is taken.
 */
#ifndef LIB_PCI_SLOT_H
#define LIB_PCI_SLOT_H

#include <stdbool.h>

#include "error.h"
#include "pci/pci.h"

/* Return the first port of a root bus whose slot is hot-plug capable and empty, NULL if there is none. */
struct pci_dev *pci_find_empty_slot(struct pci *pci);

/* Return the Physical Slot Number that @port shows. */
unsigned int pci_slot_number(const struct pci_dev *port);

/* Return true if there is a device in the slot of @port, with power or without. */
bool pci_slot_is_occupied(const struct pci_dev *port);

/*
 * Switch the power of the slot on and set the device up that is in it: function 0 alone, which is left
 * disabled. Return that, which stays in @pci. NULL if there is none, or it does not answer within 2 s, or it
 * finds no room.
 */
struct pci_dev *pci_slot_open(struct pci *pci, struct pci_dev *port, struct error *error);

/*
 * Wait until somebody presses the attention button, switch the power off, and wait until the device has gone,
 * for 2 s each. Return false with @error if that does not come. The function is to be used no more.
 */
bool pci_slot_close(struct pci *pci, struct pci_dev *port, struct error *error);

#endif
