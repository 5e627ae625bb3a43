/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that functions send by MSI-X while a test runs.
 */
#ifndef DRIVER_MESSAGE_H
#define DRIVER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/msi.h"
#include "pci/msix.h"

struct pci_dev;

/* Enable MSI-X of @pci, until the end of the test. NULL if it has none, or too many functions use it. */
const struct msix *messages_on(struct pci_dev *pci);

/* Set up a new message for vector number @vector. Return false if the controller has none left. */
bool message_set(const struct msix *msix, unsigned int vector, struct msi_message *message);

/* The same for one that may be masked, and stays so. */
bool message_change(const struct msix *msix, unsigned int vector, struct msi_message *message);

/* Wait for @message. Return true if it has arrived. */
bool message_comes(const struct msi_message *message);

/*
 * Return true if @message does not arrive during a short wait. A fault report ends the wait: @events is what
 * event_count() was before the access.
 */
bool message_stays_away(const struct msi_message *message, uint16_t events);

/*
 * The same of a message to memory: its data are written to @word, which had another value. A VMM may send
 * messages to nothing but its interrupt controller.
 */
bool word_comes(const volatile uint32_t *word, uint32_t data);
bool word_stays_away(const volatile uint32_t *word, uint32_t data, uint16_t events);

/* Return true if the machine's interrupt controller shows messages. */
bool messages_can_be_seen(void);

/* Return true if @pci, which may be NULL, has MSI-X. */
bool has_msix(struct pci_dev *pci);

/* Disable MSI-X wherever messages_on() enabled it. */
void messages_disable(void);

#endif
