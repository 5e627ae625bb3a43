// SPDX-License-Identifier: BSD-3-Clause
/*
 * What each notification shows, in each way in which it can be seen, and what clears it (virtio 1.4,
 * 4.1.4.5.1, 4.1.5.1.2, 4.2.2): twice, so that what was cleared is set again.
 */
#include "driver/message.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/notification.h"
#include "judge/steps/restart.h"
#include "pci/pci.h"
#include "time.h"
#include "util.h"
#include "virtio/pci_layout.h"

enum { WHAT, CLEAR, OTHERS };
enum { BY_READ, BY_RESET };
enum { ALONE, SHARED, OTHERS_GONE };

/* What is notified. */
enum happening { REQUEST_USED, REPORT_USED, RESET_NEEDED };

/*
 * Where it is seen: ISR status or InterruptStatus; the bit of the PCI status; a message. Whether the ISR
 * status shows a configuration change beside the message, too, is said in two ways (4.1.4.5.1, 4.1.5.1.3).
 */
enum sign { STATUS, PCI_STATUS_BIT, MESSAGE };

enum {
	REQUEST_IN_STATUS, REPORT_IN_STATUS, RESET_IN_STATUS,
	REQUEST_IN_PCI_STATUS, REPORT_IN_PCI_STATUS, RESET_IN_PCI_STATUS,
	REQUEST_IN_MESSAGE, REPORT_IN_MESSAGE, RESET_IN_MESSAGE,
};

static const char *const whats[] = {
	"used request in interrupt status", "used report in interrupt status",
	"needed reset in interrupt status", "used request in pci status", "used report in pci status",
	"needed reset in pci status", "message of a used request", "message of a used report",
	"message of a needed reset",
};

static const struct {
	enum happening event;
	enum sign sign;
} meaning[] = {
	[REQUEST_IN_STATUS] = {REQUEST_USED, STATUS},
	[REPORT_IN_STATUS] = {REPORT_USED, STATUS},
	[RESET_IN_STATUS] = {RESET_NEEDED, STATUS},
	[REQUEST_IN_PCI_STATUS] = {REQUEST_USED, PCI_STATUS_BIT},
	[REPORT_IN_PCI_STATUS] = {REPORT_USED, PCI_STATUS_BIT},
	[RESET_IN_PCI_STATUS] = {RESET_NEEDED, PCI_STATUS_BIT},
	[REQUEST_IN_MESSAGE] = {REQUEST_USED, MESSAGE},
	[REPORT_IN_MESSAGE] = {REPORT_USED, MESSAGE},
	[RESET_IN_MESSAGE] = {RESET_NEEDED, MESSAGE},
};

static const char *const clears[] = {"cleared by a read", "cleared by a device reset"};
static const char *const others[] = {"vector alone", "vector of all events", "vector that others have left"};

static const char *what_unmet(unsigned int what)
{
	enum sign sign = meaning[what].sign;

	if (sign == PCI_STATUS_BIT && !iommu.dev.pci)
		return "needs an IOMMU on PCI";
	if (sign == MESSAGE && !(has_msix(iommu.dev.pci) && messages_can_be_seen()))
		return "needs MSI-X of the IOMMU and a doorbell for messages";
	return NULL;
}

static const struct dimension dimensions[] = {
	[WHAT] = {"what", whats, ARRAY_SIZE(whats), what_unmet},
	[CLEAR] = {"clear", clears, ARRAY_SIZE(clears), NULL},
	[OTHERS] = {"others", others, ARRAY_SIZE(others), NULL},
};

#define MESSAGES (BIT(REQUEST_IN_MESSAGE) | BIT(REPORT_IN_MESSAGE) | BIT(RESET_IN_MESSAGE))

static const struct product_rule rules[] = {
	{{{WHAT, ~MESSAGES}, {OTHERS, ~BIT(ALONE)}}, "there are no vectors"},
	{{{CLEAR, BIT(BY_RESET)}, {OTHERS, ~BIT(ALONE)}}, "who shared the vector has no part in it"},
};

struct watch {
	struct source_line at;
	enum happening event;
	enum sign sign;
	const struct msix *msix;
	struct msi_message message;	/* of the event, by MESSAGE */
	unsigned int others;
};

static void assign_vector(unsigned int event, uint16_t vector)
{
	if (event == RESET_NEEDED)
		virtio_pci_config_vector(&iommu.dev, vector);
	else
		virtio_pci_queue_vector(&iommu.dev, event, vector);
}

/* Of events other than the one that is looked for. */
static void assign_others(const struct watch *w, uint16_t vector)
{
	for (unsigned int event = REQUEST_USED; event <= RESET_NEEDED; event++)
		if (event != w->event)
			assign_vector(event, vector);
}

/* For a message the device has MSI-X, and the event has a vector, alone or not. */
static bool start(struct watch *w)
{
	if (w->sign != MESSAGE)
		return restart_device(w->at, iommu.wanted);
	if (!message_set(w->msix, 0, &w->message)) {
		skip("the interrupt controller has no message left");
		return false;
	}
	if (!prepare_device(w->at, iommu.wanted))
		return false;
	assign_vector(w->event, 0);
	assign_others(w, w->others == ALONE ? VIRTIO_NO_VECTOR : 0);
	if (w->others == OTHERS_GONE)
		assign_others(w, VIRTIO_NO_VECTOR);
	iommu_start();
	iommu.altered = true;
	return true;
}

/* Let it happen. Return false, with the reason, if this device does not let it. */
static bool raise_report(struct watch *w)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;
	bool reported;

	if (!map_one_page(w->at, &s))
		return false;
	fault = fault_above(&s);
	ring_want_interrupt(&iommu.events, true);
	reported = find_report(w->at, &fault, &event);
	ring_want_interrupt(&iommu.events, false);
	if (!reported)
		silent("the device reports no fault");
	return reported && detach_endpoint(w->at, s.ep, s.domain);
}

static bool raise(struct watch *w)
{
	struct reply reply;

	switch (w->event) {
	case REQUEST_USED:
		ring_want_interrupt(&iommu.requests, true);
		reply = attach(iommu.config.domain_start, UINT32_MAX, 0);
		ring_want_interrupt(&iommu.requests, false);
		return reply.used;
	case REPORT_USED:
		return raise_report(w);
	default:
		if (break_request_queue())
			return true;
		silent("the device does not ask for a reset when a driver breaks the ring");
		return false;
	}
}

static bool interrupt_status_bit(void)
{
	return pci_read16(iommu.dev.pci, PCI_STATUS) & 1 << 3;
}

static uint8_t wait_status(uint8_t bit)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint8_t seen = take_interrupts();

	while (!(seen & bit) && !deadline_over(&deadline))
		seen |= take_interrupts();
	return seen;
}

/*
 * A function without a pin has no INTx: that the bit stays 0 there is what PCI says, that it is set is
 * 4.1.4.5.1.
 */
static void expect_pci_status(struct watch *w)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	bool pin = pci_read8(iommu.dev.pci, PCI_INTERRUPT_PIN), set;

	do
		set = interrupt_status_bit();
	while (!set && !deadline_over(&deadline));
	if (!pin)
		info(w->at, "the device has no INTx, and Interrupt Status is %u", set);
	else
		expect_eq(w->at, set, 1, "Interrupt Status of the PCI status, after the event");
}

static void expect_sign(struct watch *w)
{
	uint8_t bit = w->event == RESET_NEEDED ? VIRTIO_CONFIG_CHANGE : VIRTIO_USED_BUFFER;

	if (w->sign == PCI_STATUS_BIT)
		expect_pci_status(w);
	else if (w->sign == STATUS)
		expect_eq(w->at, wait_status(bit) & bit, bit, "interrupt status after the event");
	else if (!message_comes(&w->message))
		judge(BY_LEVEL, w->at, "the message of the event arrives", "message %#x did not come",
		      w->message.data);
}

/*
 * Nothing says that the ISR status of virtio-pci is cleared by a device reset; MMIO-5 says it of virtio-
 * mmio.
 */
static bool expect_cleared_by_reset(struct watch *w)
{
	uint8_t left;

	if (!reset_device(w->at))
		return false;
	left = take_interrupts();
	if (left && iommu.dev.pci)
		info(w->at, "the ISR status is %#x after a device reset", left);
	else
		expect_eq(w->at, left, 0, "InterruptStatus after a device reset");
	return true;
}

static bool expect_cleared(struct watch *w, unsigned int clear)
{
	if (clear == BY_RESET)
		return expect_cleared_by_reset(w);
	take_interrupts();
	expect_eq(w->at, take_interrupts(), 0, "interrupt status when it is read again");
	if (w->sign == PCI_STATUS_BIT)
		expect_eq(w->at, interrupt_status_bit(), 0,
			  "Interrupt Status after a read of the ISR status");
	return true;
}

static void play(struct source_line at, const cell_t cell)
{
	struct watch w = {.at = at, .event = meaning[cell[WHAT]].event, .sign = meaning[cell[WHAT]].sign,
			  .others = cell[OTHERS]};

	w.msix = w.sign == MESSAGE ? messages_on(iommu.dev.pci) : NULL;
	for (unsigned int round = 0; round < 2 && no_defect_so_far(); round++) {
		if (!start(&w))
			return;
		take_interrupts();
		if (!raise(&w))
			return (void)restart_device(at, iommu.wanted);
		expect_sign(&w);
		if (!expect_cleared(&w, cell[CLEAR]))
			return;
	}
	restart_device(at, iommu.wanted);
}

static const struct product interrupts = {
	.name = "interrupts",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/*
 * Messages that are held back (PCI 3.0, 6.8.2 and 6.8.3): none is sent while its vector is masked, or the
 * function with all of them. What is due shows in the Pending Bit Array, and is sent when neither is masked,
 * as the entry is then: it may change while it is masked.
 */

enum { MASKED_EVENT, MASKED_BY, CHANGED };
enum { BOTH_QUEUES = RESET_NEEDED + 1 };
enum { BY_VECTOR, BY_FUNCTION, BY_BOTH };
enum { NOT_CHANGED, CHANGED_BEFORE, CHANGED_WHEN_DUE, CHANGED_AND_UNMASKED };

static const char *const events[] = {
	[REQUEST_USED] = "used request", [REPORT_USED] = "used report", [RESET_NEEDED] = "needed reset",
	[BOTH_QUEUES] = "used request and report",
};
static const char *const masks[] = {"vector masked", "function masked", "both masked"};
static const char *const changes[] = {"the same message", "another message before",
				      "another message when it is due",
				      "another message unmasked before it is due"};

static const char *event_unmet(unsigned int event)
{
	struct msix msix;

	return event == BOTH_QUEUES && !(msix_open(&msix, iommu.dev.pci) && msix.count > 1) ?
	       "needs two vectors" : NULL;
}

static const struct dimension mask_dimensions[] = {
	[MASKED_EVENT] = {"event", events, ARRAY_SIZE(events), event_unmet},
	[MASKED_BY] = {"masked by", masks, ARRAY_SIZE(masks), NULL},
	[CHANGED] = {"changed", changes, ARRAY_SIZE(changes), NULL},
};

/* Of both queues the messages are those of vectors 0 and 1. */
struct held {
	struct watch w;
	unsigned int count;
	struct msi_message messages[2], old[2];
};

static void mask_function(const struct held *h, bool on)
{
	msix_mask_all(h->w.msix, on);
}

static void mask_vectors(const struct held *h, bool on)
{
	for (unsigned int i = 0; i < h->count; i++)
		msix_mask(h->w.msix, i, on);
}

static void (*const mask_steps[])(const struct held *h, bool on) = {mask_vectors, mask_function};

static bool start_held(struct held *h)
{
	if (!start(&h->w))
		return false;
	h->messages[0] = h->w.message;
	if (h->count == 1)
		return true;
	assign_vector(REPORT_USED, 1);
	if (message_set(h->w.msix, 1, &h->messages[1]))
		return true;
	skip("the interrupt controller has no message left");
	return false;
}

static bool raise_all(struct held *h)
{
	if (!raise(&h->w))
		return false;
	if (h->count == 1)
		return true;
	h->w.event = REPORT_USED;
	return raise(&h->w);
}

static bool change_messages(struct held *h)
{
	for (unsigned int i = 0; i < h->count; i++) {
		h->old[i] = h->messages[i];
		if (!message_change(h->w.msix, i, &h->messages[i])) {
			skip("the interrupt controller has no message left");
			return false;
		}
	}
	return true;
}

/* Twice: to read it changes nothing. */
static void expect_pending(struct held *h, bool due)
{
	for (unsigned int i = 0; i < 2 * h->count; i++)
		expect_eq(h->w.at, msix_is_pending(h->w.msix, i / 2), due, "pending bit of vector %u, %s",
			  i / 2, due ? "whose message is held back" : "when its message was sent");
}

static void expect_none(struct held *h)
{
	bool came = !message_stays_away(&h->messages[0], event_count());

	if (came || (h->count > 1 && msi_arrived(&h->messages[1])))
		judge(BY_LEVEL, h->w.at, "no message while it is masked", "one arrives");
}

static void expect_sent(struct held *h)
{
	for (unsigned int i = 0; i < h->count; i++) {
		if (!message_comes(&h->messages[i]))
			judge(BY_LEVEL, h->w.at, "the message that was due, when it is unmasked",
			      "none arrives of vector %u", i);
		if (h->old[i].address && msi_arrived(&h->old[i]))
			judge(BY_LEVEL, h->w.at, "the message as it is in the table when it is unmasked",
			      "the one from before the change arrives");
	}
	expect_pending(h, false);
}

/* Both: one after the other, and the message comes with the last. */
static void expect_held_until_unmasked(struct held *h, unsigned int by)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mask_steps); i++) {
		if (by != BY_BOTH && by != i)
			continue;
		expect_none(h);
		expect_pending(h, true);
		mask_steps[i](h, false);
	}
	expect_sent(h);
}

static void mask(const struct held *h, unsigned int by, bool on)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mask_steps); i++)
		if (by == BY_BOTH || by == i)
			mask_steps[i](h, on);
}

/* Change the message of an event that is to come, and let it come when nothing is masked any more. */
static void play_unmasked(struct held *h, unsigned int by)
{
	if (!change_messages(h))
		return;
	mask(h, by, false);
	if (raise_all(h))
		expect_sent(h);
}

static void play_held(struct held *h, unsigned int by, unsigned int changed)
{
	if ((changed != CHANGED_BEFORE || change_messages(h)) && raise_all(h) &&
	    (changed != CHANGED_WHEN_DUE || change_messages(h)))
		expect_held_until_unmasked(h, by);
}

static void play_masks(struct source_line at, const cell_t cell)
{
	bool both = cell[MASKED_EVENT] == BOTH_QUEUES;
	struct held h = {.w = {.at = at, .event = both ? REQUEST_USED : cell[MASKED_EVENT], .sign = MESSAGE},
			 .count = 1 + both};

	h.w.msix = messages_on(iommu.dev.pci);
	if (!start_held(&h))
		return;
	mask(&h, cell[MASKED_BY], true);
	if (cell[CHANGED] == CHANGED_AND_UNMASKED)
		play_unmasked(&h, cell[MASKED_BY]);
	else
		play_held(&h, cell[MASKED_BY], cell[CHANGED]);
	restart_device(at, iommu.wanted);
}

static const struct product masked_messages = {
	.name = "masked messages",
	DIMENSION_TABLE(mask_dimensions),
	.play = play_masks,
};

/* PCI-1 (MUST): PCI/PCIe-conformant interface */
TEST(PCI_1, masked_message_of_each_event_is_kept, NEEDS_DMA | NEEDS_MSIX)
{
	PRODUCT(&masked_messages, EVERY_CELL);
}

/* PCI-ISR-3 (MUST): MSI-X off: ISR bit 0 set before a used notification */
TEST(PCI_ISR_3, used_buffer_of_either_queue_sets_bit_0, NEEDS_DMA | NEEDS_PCI)
{
	PRODUCT(&interrupts, WHAT, BIT(REQUEST_IN_STATUS) | BIT(REPORT_IN_STATUS));
}

/* PCI-ISR-2 (MUST): ISR bit 1 set before a config-change notification */
TEST(PCI_ISR_2, need_of_a_reset_sets_bit_1_each_time, NEEDS_PCI)
{
	PRODUCT(&interrupts, WHAT, BIT(RESET_IN_STATUS));
}

/* PCI-ISR-4 (MUST): MSI-X off: PCI Status.Interrupt = OR of ISR bits */
TEST(PCI_ISR_4, interrupt_status_follows_each_event, NEEDS_DMA | NEEDS_PCI)
{
	PRODUCT(&interrupts, WHAT, BIT(REQUEST_IN_PCI_STATUS) | BIT(REPORT_IN_PCI_STATUS) |
				   BIT(RESET_IN_PCI_STATUS));
}

/* PCI-MSIX-4 (MUST): Any event maps to any valid vector */
TEST(PCI_MSIX_4, each_event_sends_its_message, NEEDS_DMA | NEEDS_MSIX)
{
	PRODUCT(&interrupts, WHAT, MESSAGES);
}

/* MMIO-3 (MUST): InterruptStatus bit set from event until acknowledged */
TEST(MMIO_3, each_event_is_shown_until_acknowledged, NEEDS_DMA | NEEDS_MMIO)
{
	PRODUCT(&interrupts, WHAT, BIT(REQUEST_IN_STATUS) | BIT(REPORT_IN_STATUS) | BIT(RESET_IN_STATUS));
}
