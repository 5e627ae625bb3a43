/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slot: a port of a root complex with native hot-plug (PCIe 6.0, 6.7). A device is on its bus while the
 * slot has power.
 */
#ifndef SLOT_H
#define SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "host/pci/bus.h"

struct slot {
	struct function port;		/* first */
	struct bus bus;
	struct function *device;	/* in it, with power or without */
	bool pressed;			/* the button, to take the device out */
	unsigned int at;		/* its capability */
	uint16_t status;

	/* The device has power now, or is about to lose it and to go. */
	void (*changed)(struct slot *slot, bool power);
};

/* Make an empty slot that shows @number, not plugged in yet. */
void slot_init(struct slot *slot, unsigned int number, void (*changed)(struct slot *slot, bool power));

/* Put a device into the empty slot, which is without power. */
void slot_insert(struct slot *slot, struct function *device);

/* Press the attention button, to take the device out. */
void slot_press(struct slot *slot);

#endif
