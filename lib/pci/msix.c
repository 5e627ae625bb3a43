// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "pci/msi.h"
#include "pci/msix.h"
#include "pci/pci.h"
#include "register.h"

/* The capability. */
enum { CONTROL = 2, CONTROL_SIZE = 0x7ff, CONTROL_ENABLE = 1 << 15, TABLE = 4, TABLE_BAR = 7 };

/* An entry of the table. */
enum { ADDRESS = 0, ADDRESS_HIGH = 4, DATA = 8, VECTOR_CONTROL = 12, MASKED = 1 };

bool msix_open(struct msix *msix, struct pci_dev *pci)
{
	unsigned int cap = pci_find_capability(pci, PCI_CAP_MSIX, 0);
	uint32_t table;

	if (!cap)
		return false;
	table = pci_read32(pci, cap + TABLE);
	msix->pci = pci;
	msix->capability = cap;
	msix->count = (pci_read16(pci, cap + CONTROL) & CONTROL_SIZE) + 1;
	msix->table = pci_map_bar(pci, table & TABLE_BAR, table & ~(uint32_t)TABLE_BAR,
				  msix->count * MSIX_ENTRY_SIZE);
	return msix->table;
}

void msix_enable(const struct msix *msix, bool on)
{
	uint16_t control = pci_read16(msix->pci, msix->capability + CONTROL);

	control = on ? control | CONTROL_ENABLE : control & ~CONTROL_ENABLE;
	pci_write16(msix->pci, msix->capability + CONTROL, control);
}

void msix_set(const struct msix *msix, unsigned int vector, const struct msi_message *message)
{
	volatile uint8_t *entry = msix->table + vector * MSIX_ENTRY_SIZE;

	msix_mask(msix, vector, true);
	register_write32(entry + ADDRESS, message->address);
	register_write32(entry + ADDRESS_HIGH, message->address >> 32);
	register_write32(entry + DATA, message->data);
	msix_mask(msix, vector, false);
}

void msix_mask(const struct msix *msix, unsigned int vector, bool masked)
{
	register_write32(msix->table + vector * MSIX_ENTRY_SIZE + VECTOR_CONTROL, masked ? MASKED : 0);
}
