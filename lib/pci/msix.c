// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "pci/msi.h"
#include "pci/msix.h"
#include "pci/pci.h"
#include "register.h"
#include "util.h"

/* The capability. */
enum {
	CONTROL = 2, CONTROL_SIZE = 0x7ff, CONTROL_MASK = 1 << 14, CONTROL_ENABLE = 1 << 15,
	TABLE = 4, PENDING = 8, BAR_MASK = 7,
};

/* An entry of the table. */
enum { ADDRESS = 0, ADDRESS_HIGH = 4, DATA = 8, VECTOR_CONTROL = 12, MASKED = 1 };

static void *map(struct pci_dev *pci, uint32_t place, uint64_t size)
{
	return pci_map_bar(pci, place & BAR_MASK, place & ~(uint32_t)BAR_MASK, size);
}

bool msix_open(struct msix *msix, struct pci_dev *pci)
{
	unsigned int cap = pci_find_capability(pci, PCI_CAP_MSIX, 0);

	if (!cap)
		return false;
	msix->pci = pci;
	msix->capability = cap;
	msix->count = (pci_read16(pci, cap + CONTROL) & CONTROL_SIZE) + 1;
	msix->table = map(pci, pci_read32(pci, cap + TABLE), msix->count * MSIX_ENTRY_SIZE);
	msix->pending = map(pci, pci_read32(pci, cap + PENDING), align_up(msix->count, 64u) / 8);
	return msix->table;
}

static void write_control(const struct msix *msix, uint16_t bits, uint16_t value)
{
	uint16_t control = pci_read16(msix->pci, msix->capability + CONTROL);

	pci_write16(msix->pci, msix->capability + CONTROL, (control & ~bits) | value);
}

void msix_enable(const struct msix *msix, bool on)
{
	write_control(msix, CONTROL_ENABLE | CONTROL_MASK, on ? CONTROL_ENABLE : 0);
}

void msix_mask_all(const struct msix *msix, bool masked)
{
	write_control(msix, CONTROL_MASK, masked ? CONTROL_MASK : 0);
}

void msix_write(const struct msix *msix, unsigned int vector, const struct msi_message *message)
{
	volatile uint8_t *entry = msix->table + vector * MSIX_ENTRY_SIZE;

	register_write32(entry + ADDRESS, message->address);
	register_write32(entry + ADDRESS_HIGH, message->address >> 32);
	register_write32(entry + DATA, message->data);
}

void msix_set(const struct msix *msix, unsigned int vector, const struct msi_message *message)
{
	msix_mask(msix, vector, true);
	msix_write(msix, vector, message);
	msix_mask(msix, vector, false);
}

bool msix_is_pending(const struct msix *msix, unsigned int vector)
{
	return msix->pending && (register_read32(msix->pending + vector / 32 * 4) >> vector % 32 & 1);
}

void msix_mask(const struct msix *msix, unsigned int vector, bool masked)
{
	register_write32(msix->table + vector * MSIX_ENTRY_SIZE + VECTOR_CONTROL, masked ? MASKED : 0);
}
