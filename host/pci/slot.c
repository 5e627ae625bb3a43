// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "host/pci/bridge.h"
#include "host/pci/slot.h"

/* In the PCI Express capability (PCIe 6.0, 7.5.3.2, 7.5.3.9 to 7.5.3.11). */
enum { FLAGS = 0x02, CAPABILITIES = 0x14, CONTROL = 0x18, STATUS = 0x1a };

enum { SLOT_IMPLEMENTED = 1 << 8 };
enum { BUTTON = 1 << 0, POWER_CONTROLLER = 1 << 1, HOT_PLUG = 1 << 6, NO_COMMAND_COMPLETED = 1 << 18,
       NUMBER_SHIFT = 19 };
enum { INDICATOR = 3 << 8, POWER_OFF = 1 << 10 };
enum { BUTTON_PRESSED = 1 << 0, PRESENCE_CHANGED = 1 << 3, PRESENT = 1 << 6 };

#define CLEARED_BY_ONES (BUTTON_PRESSED | PRESENCE_CHANGED)

static void show_status(struct slot *slot)
{
	function_set(&slot->port, slot->at + STATUS, 2, slot->status);
}

static void set_power(struct slot *slot, bool on)
{
	if (!slot->device || on == (slot->bus.functions[0] != NULL))
		return;
	if (on)
		bus_plug(&slot->bus, slot->device);
	if (on || slot->pressed)
		slot->changed(slot, on);
	if (on)
		return;
	slot->bus.functions[0] = NULL;
	if (!slot->pressed)
		return;
	slot->device->bus = NULL;
	slot->device = NULL;
	slot->pressed = false;
	slot->status = (slot->status & ~PRESENT) | PRESENCE_CHANGED;
}

/* What was written to the status is there by now: ones that clear. */
static void config_access(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	struct slot *slot = (struct slot *)f;

	if (!write || offset + width <= slot->at + CONTROL || offset >= slot->at + STATUS + 2)
		return;
	if (offset + width > slot->at + STATUS)
		slot->status &= ~(function_get(f, slot->at + STATUS, 2) & CLEARED_BY_ONES);
	set_power(slot, !(function_get(f, slot->at + CONTROL, 2) & POWER_OFF));
	show_status(slot);
}

static const struct function_ops ops = {.config_access = config_access};

void slot_init(struct slot *slot, unsigned int number, void (*changed)(struct slot *slot, bool power))
{
	struct function *f = &slot->port;

	bridge_init(f, &slot->bus, PCI_PORT_ROOT);
	f->ops = &ops;
	slot->changed = changed;
	slot->at = bridge_express(f);
	function_set(f, slot->at + FLAGS, 2, function_get(f, slot->at + FLAGS, 2) | SLOT_IMPLEMENTED);
	function_set(f, slot->at + CAPABILITIES, 4,
		     BUTTON | POWER_CONTROLLER | HOT_PLUG | NO_COMMAND_COMPLETED | number << NUMBER_SHIFT);
	function_set(f, slot->at + CONTROL, 2, INDICATOR | POWER_OFF);
	function_allow(f, slot->at + CONTROL, 2, INDICATOR | POWER_OFF);
	function_allow(f, slot->at + STATUS, 2, CLEARED_BY_ONES);
}

void slot_insert(struct slot *slot, struct function *device)
{
	slot->device = device;
	slot->status |= PRESENT | PRESENCE_CHANGED;
	show_status(slot);
}

void slot_press(struct slot *slot)
{
	slot->pressed = true;
	slot->status |= BUTTON_PRESSED;
	show_status(slot);
}
