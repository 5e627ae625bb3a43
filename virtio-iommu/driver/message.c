// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "pci/pci.h"
#include "time.h"

#include "driver/iommu.h"
#include "driver/message.h"
#include "driver/timing.h"
#include "driver/trace.h"

#define MAX_SENDERS 4

static struct msix senders[MAX_SENDERS];
static unsigned int sender_count;

bool has_msix(struct pci_dev *pci)
{
	struct msix ignored;

	return pci && msix_open(&ignored, pci);
}

bool messages_can_be_seen(void)
{
	struct msi_message message;
	static bool asked, seen;

	if (!asked)
		seen = msi_alloc(&message, iommu.dev.pci ? pci_requester_id(iommu.dev.pci) : 0);
	asked = true;
	return seen;
}

const struct msix *messages_on(struct pci_dev *pci)
{
	struct msix *msix = &senders[sender_count];

	if (sender_count == MAX_SENDERS || !msix_open(msix, pci))
		return NULL;
	sender_count++;
	trace_msix(senders, sender_count);
	for (unsigned int i = 0; i < msix->count; i++)
		msix_mask(msix, i, true);
	msix_enable(msix, true);
	return msix;
}

bool message_set(const struct msix *msix, unsigned int vector, struct msi_message *message)
{
	if (!msi_alloc(message, pci_requester_id(msix->pci)))
		return false;
	msix_set(msix, vector, message);
	return true;
}

bool message_change(const struct msix *msix, unsigned int vector, struct msi_message *message)
{
	if (!msi_alloc(message, pci_requester_id(msix->pci)))
		return false;
	msix_write(msix, vector, message);
	return true;
}

/* A message, to the interrupt controller or to a word of memory. */
struct awaited {
	const struct msi_message *message;	/* or NULL */
	const volatile uint32_t *word;
	uint32_t data;
};

static bool has_come(const struct awaited *awaited)
{
	return awaited->message ? msi_arrived(awaited->message) : *awaited->word == awaited->data;
}

/* Tell how the wait for a message ended that began at @start. */
static bool note_end(const struct awaited *awaited, bool came, uint64_t start)
{
	trace("message %#x: %s within %lu us", awaited->message ? awaited->message->data : awaited->data,
	      came ? "came" : "did not come", time_us() - start);
	return came;
}

static bool comes(const struct awaited *awaited)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint64_t start = time_us();

	while (!has_come(awaited))
		if (deadline_over(&deadline))
			return note_end(awaited, has_come(awaited), start);
	timing_note_since(TIMED_NOTIFICATION, start);
	return note_end(awaited, true, start);
}

static bool stays_away(const struct awaited *awaited, uint16_t events)
{
	struct deadline deadline = deadline_in(timing_quiet_us(TIMED_NOTIFICATION));
	uint64_t start = time_us();

	while (!has_come(awaited))
		if (event_count() != events || deadline_over(&deadline))
			return !note_end(awaited, has_come(awaited), start);
	return !note_end(awaited, true, start);
}

bool message_comes(const struct msi_message *message)
{
	return comes(&(struct awaited){.message = message});
}

bool message_stays_away(const struct msi_message *message, uint16_t events)
{
	return stays_away(&(struct awaited){.message = message}, events);
}

bool word_comes(const volatile uint32_t *word, uint32_t data)
{
	return comes(&(struct awaited){.word = word, .data = data});
}

bool word_stays_away(const volatile uint32_t *word, uint32_t data, uint16_t events)
{
	return stays_away(&(struct awaited){.word = word, .data = data}, events);
}

void messages_disable(void)
{
	while (sender_count)
		msix_enable(&senders[--sender_count], false);
	trace_msix(senders, 0);
}
