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

enum { WHAT, CLEAR };
enum { BY_READ, BY_RESET };

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
};

struct watch {
	struct source_line at;
	enum happening event;
	enum sign sign;
	const struct msix *msix;
	struct msi_message message;	/* of the event, by MESSAGE */
};

/* For a message the device has MSI-X, and the event alone has a vector. */
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
	virtio_pci_config_vector(&iommu.dev, w->event == RESET_NEEDED ? 0 : VIRTIO_NO_VECTOR);
	for (uint16_t queue = 0; queue < 2; queue++)
		virtio_pci_queue_vector(&iommu.dev, queue, w->event == queue ? 0 : VIRTIO_NO_VECTOR);
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
	struct watch w = {.at = at, .event = meaning[cell[WHAT]].event, .sign = meaning[cell[WHAT]].sign};

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
	.dimensions = dimensions,
	.dimension_count = ARRAY_SIZE(dimensions),
	.play = play,
};

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
	PRODUCT(&interrupts, WHAT, BIT(REQUEST_IN_MESSAGE) | BIT(REPORT_IN_MESSAGE) | BIT(RESET_IN_MESSAGE));
}

/* MMIO-3 (MUST): InterruptStatus bit set from event until acknowledged */
TEST(MMIO_3, each_event_is_shown_until_acknowledged, NEEDS_DMA | NEEDS_MMIO)
{
	PRODUCT(&interrupts, WHAT, BIT(REQUEST_IN_STATUS) | BIT(REPORT_IN_STATUS) | BIT(RESET_IN_STATUS));
}
