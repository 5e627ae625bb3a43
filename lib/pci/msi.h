/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message-signalled interrupts, polled: messages arrive in the machine's interrupt controller and are
 * looked for there. No interrupt is ever taken. Each machine supplies these functions.
 */
#ifndef LIB_PCI_MSI_H
#define LIB_PCI_MSI_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/* What a device is told to write: 32 bits at an address, guest-physical unless it is translated. */
struct msi_message {
	uint64_t address;
	uint32_t data;
	uint32_t interrupt;	/* its number in the controller */
};

/* Find the controller and make it ready. Takes memory from the arena for the whole run. */
void msi_init(const struct boot_info *boot);

/*
 * Fill @message with one that has not arrived, for the function whose requester id is @requester. Return
 * false if there is no controller for messages, or if it has no interrupt left.
 */
bool msi_alloc(struct msi_message *message, uint16_t requester);

/* Return true if @message has arrived since msi_alloc() gave it out. */
bool msi_arrived(const struct msi_message *message);

#endif
