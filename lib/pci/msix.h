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

/* Bytes of an entry of the table. */
#define MSIX_ENTRY_SIZE 16

struct msix {
	struct pci_dev *pci;
	unsigned int capability;	/* offset in configuration space */
	unsigned int count;		/* of vectors, by Table Size */
	volatile uint8_t *table;	/* mapped */
	volatile uint8_t *pending;	/* the Pending Bit Array, NULL if it does not fit its BAR */
};

/* Find and map the table of @pci. Return false if it has no MSI-X, or the table does not fit its BAR. */
bool msix_open(struct msix *msix, struct pci_dev *pci);

/* Set or clear MSI-X Enable, and clear Function Mask. While enabled the function sends nothing by INTx. */
void msix_enable(const struct msix *msix, bool on);

/* Let vector number @vector, below count, send @message, and leave it masked or not, as it is. */
void msix_write(const struct msix *msix, unsigned int vector, const struct msi_message *message);

/* The same, and unmask it. */
void msix_set(const struct msix *msix, unsigned int vector, const struct msi_message *message);

/* Mask or unmask a vector. A masked one keeps its message pending until it is unmasked. */
void msix_mask(const struct msix *msix, unsigned int vector, bool masked);

/* Return true if the function shows that the message of a masked vector is due. */
bool msix_is_pending(const struct msix *msix, unsigned int vector);

/* Set or clear Function Mask, by which all vectors are masked beside what each is by itself. */
void msix_mask_all(const struct msix *msix, bool masked);

#endif
