/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message-signalled interrupts, polled: the machine's interrupt controller as the place where messages
 * arrive. No interrupt is ever taken. Each machine supplies it.
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
	uint32_t interrupt;	/* the controller's number of it */
};

/* Find the controller and make it ready. Takes memory from the arena for ever. */
void msi_init(const struct boot_info *boot);

/*
 * A message that has not arrived, for the function with @requester as its requester id. False if
 * there is no controller for messages, or if it has no interrupt left.
 */
bool msi_alloc(struct msi_message *message, uint16_t requester);

/* Whether the message has come since msi_alloc(). */
bool msi_arrived(const struct msi_message *message);

#endif
