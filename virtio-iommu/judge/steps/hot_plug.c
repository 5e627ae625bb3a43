// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "driver/iommu.h"
#include "judge/steps/hot_plug.h"
#include "judge/steps/machine_event.h"
#include "memory.h"
#include "pci/slot.h"
#include "topology/firmware.h"

static struct {
	struct pci_dev *port;	/* NULL: nothing is in its slot */
	struct endpoint *ep;	/* NULL: it is no endpoint as yet */
	uint8_t *page;		/* of this test */
	uint32_t id;
	bool is_known, was_taken;	/* in this boot */
} slot;

/* A device may take ids for endpoints behind which there is nothing, and for ever those that were one. */
static void learn_id(void)
{
	uint32_t domain;
	struct reply reply;

	if (slot.is_known || !iommu_is_up() || !take_domain(&domain))
		return;
	reply = attach(domain, slot.id, 0);
	slot.is_known = true;
	slot.was_taken = is_ok(&reply);
	if (slot.was_taken)
		detach(domain, slot.id);
}

static bool find_slot(void)
{
	slot.port = pci_find_empty_slot(firmware.pci);
	if (slot.port && endpoint_id_behind(slot.port, &slot.id))
		return true;
	slot.port = NULL;
	skip("needs an empty slot for hot-plug behind the IOMMU");
	return false;
}

struct endpoint *plug_endpoint(struct source_line at)
{
	struct pci_dev *dev;
	struct error error;

	if (!find_slot())
		return NULL;
	learn_id();
	if (!plug_into_slot(at, pci_slot_number(slot.port)))
		return slot.port = NULL, NULL;
	dev = pci_slot_open(firmware.pci, slot.port, &error);
	if (!dev) {
		judge(VERDICT_ERROR, at, "the device in the slot works", "%s", error.text);
		return NULL;
	}
	if (!slot.page)
		slot.page = arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE);
	slot.ep = endpoint_came(dev, slot.page);
	if (!slot.ep)
		judge(VERDICT_ERROR, at, "the device in the slot does DMA for us", "no driver takes it");
	return slot.ep;
}

bool pull_endpoint(struct source_line at)
{
	struct error error;

	if (!pull_from_slot(at, pci_slot_number(slot.port)))
		return false;
	if (!pci_slot_close(firmware.pci, slot.port, &error)) {
		judge(VERDICT_ERROR, at, "the device leaves the slot", "%s", error.text);
		return false;
	}
	if (slot.ep)
		endpoint_gone();
	slot.ep = NULL;
	slot.port = NULL;
	return true;
}

uint32_t slot_id(void)
{
	return slot.id;
}

bool slot_id_was_taken(void)
{
	return slot.was_taken;
}

void slot_clear(struct source_line at)
{
	if (slot.port)
		pull_endpoint(at);
	slot.page = NULL;
}
