/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MSI-X of a PCI function (PCI 3.0, 6.8.2).
 */
#ifndef LIB_PCI_MSIX_H
#define LIB_PCI_MSIX_H

#include <stdbool.h>
#include <stdint.h>

struct pci_dev;
struct msi_message;

struct msix {
	struct pci_dev *pci;
	unsigned int capability;
	unsigned int count;		/* vectors, as Table Size says */
	volatile uint8_t *table;
};

/* False if the function has no MSI-X, or its table does not fit its BAR. */
bool msix_open(struct msix *msix, struct pci_dev *pci);

/* MSI-X Enable; nothing is sent by INTx while it is on. */
void msix_enable(const struct msix *msix, bool on);

/* What vector number @vector, below count, sends. It is unmasked. */
void msix_set(const struct msix *msix, unsigned int vector, const struct msi_message *message);

/* Masked, a vector keeps its message until it is unmasked. */
void msix_mask(const struct msix *msix, unsigned int vector, bool masked);

#endif
