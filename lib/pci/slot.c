// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "pci/pci.h"
#include "pci/slot.h"
#include "time.h"

/* Registers of the PCI Express capability (PCIe 6.0, 7.5.3.2, 7.5.3.9 to 7.5.3.11). */
enum { EXPRESS_FLAGS = 0x02, SLOT_CAPABILITIES = 0x14, SLOT_CONTROL = 0x18, SLOT_STATUS = 0x1a };

enum { SLOT_IMPLEMENTED = 1 << 8 };
enum { HAS_BUTTON = 1 << 0, HOT_PLUG_CAPABLE = 1 << 6, NO_COMMAND_COMPLETED = 1 << 18, NUMBER_SHIFT = 19 };
enum { INDICATOR_ON = 1 << 8, INDICATOR_OFF = 3 << 8, POWER_OFF = 1 << 10 };
enum { BUTTON_PRESSED = 1 << 0, PRESENCE_CHANGED = 1 << 3, COMMAND_COMPLETED = 1 << 4, PRESENT = 1 << 6 };

#define SLOT_TIMEOUT_US 2000000

static unsigned int slot_register(const struct pci_dev *port, unsigned int offset)
{
	return pci_find_capability(port, PCI_CAP_EXPRESS, 0) + offset;
}

static uint32_t capabilities(const struct pci_dev *port)
{
	return pci_read32(port, slot_register(port, SLOT_CAPABILITIES));
}

static uint16_t status(const struct pci_dev *port)
{
	return pci_read16(port, slot_register(port, SLOT_STATUS));
}

/* What has happened is written back to be seen again (RW1C). */
static void clear(const struct pci_dev *port, uint16_t bits)
{
	pci_write16(port, slot_register(port, SLOT_STATUS), bits);
}

/* Wait until @bits of the status are as @set says. */
static bool wait_status(const struct pci_dev *port, uint16_t bits, bool set)
{
	struct deadline deadline = deadline_in(SLOT_TIMEOUT_US);

	while ((bool)(status(port) & bits) != set)
		if (deadline_over(&deadline))
			return false;
	return true;
}

/* A port that completes commands takes the next one when it has (6.7.3.2). */
static bool command(const struct pci_dev *port, uint16_t value)
{
	clear(port, COMMAND_COMPLETED);
	pci_write16(port, slot_register(port, SLOT_CONTROL), value);
	return (capabilities(port) & NO_COMMAND_COMPLETED) || wait_status(port, COMMAND_COMPLETED, true);
}

static bool is_slot(const struct pci_dev *dev)
{
	return dev->header_type == 1 && dev->port_type == PCI_PORT_ROOT && !dev->bridge &&
	       (pci_read16(dev, slot_register(dev, EXPRESS_FLAGS)) & SLOT_IMPLEMENTED) &&
	       (capabilities(dev) & HOT_PLUG_CAPABLE);
}

struct pci_dev *pci_find_empty_slot(struct pci *pci)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (is_slot(&pci->devices[i]) && !pci_slot_is_occupied(&pci->devices[i]))
			return &pci->devices[i];
	return NULL;
}

unsigned int pci_slot_number(const struct pci_dev *port)
{
	return capabilities(port) >> NUMBER_SHIFT;
}

bool pci_slot_is_occupied(const struct pci_dev *port)
{
	return status(port) & PRESENT;
}

static bool slot_error(struct error *error, const struct pci_dev *port, const char *what)
{
	return error_set(error, "PCI " PCI_FORMAT ": slot %u: %s", PCI_ARGS(port->segment, port->bdf),
			 pci_slot_number(port), what);
}

static bool is_ready(struct pci *pci, struct pci_dev *port, struct error *error)
{
	struct deadline deadline = deadline_in(SLOT_TIMEOUT_US);

	while (!pci_find_behind(pci, port, error))
		if (error->text[0] || deadline_over(&deadline))
			return false;
	return true;
}

struct pci_dev *pci_slot_open(struct pci *pci, struct pci_dev *port, struct error *error)
{
	struct pci_dev *dev;

	error->text[0] = '\0';
	if (!wait_status(port, PRESENT, true))
		return slot_error(error, port, "nothing is in it"), NULL;
	clear(port, BUTTON_PRESSED | PRESENCE_CHANGED);
	if (!command(port, INDICATOR_ON))
		return slot_error(error, port, "power: no answer"), NULL;
	if (!is_ready(pci, port, error))
		return error->text[0] ? NULL : (slot_error(error, port, "the device does not answer"), NULL);
	dev = pci_find_behind(pci, port, error);
	if (!pci_place_behind(pci, port, error))
		return NULL;
	return dev->no_room ? slot_error(error, port, "the device finds no room"), NULL : dev;
}

bool pci_slot_close(struct pci *pci, struct pci_dev *port, struct error *error)
{
	if ((capabilities(port) & HAS_BUTTON) && !wait_status(port, BUTTON_PRESSED, true))
		return slot_error(error, port, "nobody presses the button");
	clear(port, BUTTON_PRESSED);
	if (!command(port, POWER_OFF | INDICATOR_OFF))
		return slot_error(error, port, "power: no answer");
	if (!wait_status(port, PRESENT, false))
		return slot_error(error, port, "the device does not go");
	clear(port, PRESENCE_CHANGED);
	pci_forget_behind(pci, port);
	return true;
}
