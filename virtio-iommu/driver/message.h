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

/* MSI-X of @pci, on until the end of the test. NULL if it has none, or too many functions have it on. */
const struct msix *messages_on(struct pci_dev *pci);

/* A new message for vector @vector of the function, which it sends as the controller wants it. */
bool message_set(const struct msix *msix, unsigned int vector, struct msi_message *message);

bool message_comes(const struct msi_message *message);

/*
 * Whether it does not come, as far as a short wait shows. The wait ends with a fault report, if
 * event_count() was @events before.
 */
bool message_stays_away(const struct msi_message *message, uint16_t events);

/* Whether messages can be seen, and which functions can send some; @pci may be NULL. */
bool messages_can_be_seen(void);
bool has_msix(struct pci_dev *pci);

/* Clean-up: MSI-X off wherever it was turned on. */
void messages_disable(void);

#endif
