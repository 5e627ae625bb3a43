// SPDX-License-Identifier: BSD-3-Clause
/*
 * A reset of the machine from outside, while the device is in use. The test begins again in the next boot,
 * and knows by the note what there was before.
 */
#include <stdlib.h>
#include <string.h>

#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/machine_event.h"
#include "judge/steps/mapping.h"
#include "judge/test.h"
#include "pci/pci.h"

#define NEEDS_RESET (NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_EXACT | NEEDS_OPERATOR)

/* Return the next number of a note, whose numbers follow its first word. */
static uint64_t next_number(const char **note)
{
	const char *blank = strchr(*note, ' ');

	*note = blank ? blank + 1 : "";
	return strtoul(*note, NULL, 0);
}

/* What both boots have in the same place, as they take it first. */
struct stage {
	struct endpoint *passing, *mapped;	/* in a bypass domain; in one with a mapping */
	uint64_t iova;
	uint8_t *target;
};

static struct stage set_stage(void)
{
	return (struct stage){endpoint(0), endpoint(1), iova_window(2), watched_pages(2)};
}

/* In use: an endpoint in each kind of domain, and bypass not as at power-on. */
static void leave_behind(struct source_line at, const struct stage *s)
{
	uint32_t domain = fresh_domain(), second = fresh_domain();
	struct reply reply;

	if (!write_bypass(at, !iommu.initial_bypass) || !attach_bypass(at, s->passing, second) ||
	    !attach_with_dma(at, s->mapped, domain))
		return;
	reply = map_page(domain, s->iova, s->target, MAP_RW);
	if (expect_status(at, SET_UP, &reply, STATUS_OK) &&
	    expect_writes(at, SET_UP, s->mapped, s->iova, s->target, 8))
		reset_by_operator(at, "kept %u %u %#lx %#lx %u", domain, second, s->iova, phys(s->target),
				  iommu.initial_bypass);
}

/*
 * The mapping is not there, also for who comes to a domain of the old name. To be asked before other domains
 * come and go: one of them may have that name, too.
 */
static void expect_empty(struct source_line at, const struct stage *s, uint32_t domain)
{
	struct reply reply;

	if (!attach_with_dma(at, s->mapped, domain))
		return;
	expect_write_blocked(at, s->mapped, s->iova, 8);
	expect_read_blocked(at, s->mapped, s->iova, s->target, 8);
	reply = map_page(domain, s->iova, s->target, MAP_RW);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_writes(at, BY_LEVEL, s->mapped, s->iova, s->target, 8);
	detach_endpoint(at, s->mapped, domain);
}

static void expect_nothing_left(struct source_line at, const struct stage *s, const char *note)
{
	uint32_t domain = next_number(&note), second = next_number(&note);
	bool same = next_number(&note) == s->iova && next_number(&note) == phys(s->target);

	if (!same)
		return judge(VERDICT_ERROR, at, "both boots lay memory out in the same way", "they do not");
	expect_eq(at, iommu.initial_bypass, next_number(&note), "bypass as it was at power-on");
	expect_eq(at, endpoint_wrote_first(), iommu.initial_bypass, "a write before any driver came arrived");
	expect_no_domain(at, domain);
	expect_no_domain(at, second);
	expect_empty(at, s, domain);
	expect_unattached(at, s->passing);
	expect_unattached(at, s->mapped);
}

/* PLAT-RST-1 (PLATFORM): After a reset of the machine no endpoint is attached, no mapping is left, and ... */
TEST(PLAT_RST_1, nothing_is_left_of_the_boot_before, NEEDS_RESET | NEEDS_BYPASS_CONFIG)
{
	struct stage s = set_stage();

	if (resumed_note())
		expect_nothing_left(AT, &s, resumed_note());
	else
		leave_behind(AT, &s);
}

/* Each endpoint has a page of its own at the same address. */
static bool enter_each(struct source_line at, const struct stage *s, enum verdict otherwise)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t domain = fresh_domain();
		struct reply reply = attach(domain, endpoint(i)->id, 0);

		if (i && otherwise == SET_UP && is_refusal(&reply))
			silent_rest("the device does not keep these endpoints in domains of their own");
		if (!expect_status(at, otherwise, &reply, STATUS_OK) || !enable_dma(at, endpoint(i), domain))
			return false;
		reply = map_page(domain, s->iova, s->target + i * iommu.page, MAP_RW);
		if (!expect_status(at, otherwise, &reply, STATUS_OK))
			return false;
	}
	return true;
}

static void expect_each(struct source_line at, const struct stage *s, enum verdict otherwise)
{
	if (!enter_each(at, s, otherwise))
		return;
	for (unsigned int i = 0; i < 2; i++)
		expect_writes(at, otherwise, endpoint(i), s->iova, s->target + i * iommu.page, 8);
}

static bool is_behind_bridge(const struct endpoint *ep)
{
	return ep->place.pci && ep->place.pci->bridge;
}

/* Return the id of the endpoint behind the bridge at @bdf, 0 if there is none. */
static uint32_t id_behind(uint16_t bdf)
{
	struct endpoint *ep;

	for (unsigned int i = 0; (ep = endpoint(i)); i++)
		if (is_behind_bridge(ep) && ep->place.pci->bridge->bdf == bdf)
			return ep->id;
	return 0;
}

/* Return the direction in which the buses do not have their numbers now. */
static const char *other_direction(void)
{
	const struct pci_dev *a = endpoint(0)->place.pci->bridge, *b = endpoint(1)->place.pci->bridge;

	return (a->bdf < b->bdf) == (a->secondary < b->secondary) ? "down" : "up";
}

/* PLAT-RST-2 (PLATFORM): After a reset of the machine an endpoint id leads to the function that has it ... */
/* Who keeps what belongs to a number over the reset attaches the one that had it before. */
TEST(PLAT_RST_2, ids_follow_the_new_bus_numbers, NEEDS_RESET | NEEDS_BRIDGED_ENDPOINT)
{
	struct stage s = set_stage();
	const char *note = resumed_note();
	uint16_t bdf;

	if (!is_behind_bridge(endpoint(0)) || !is_behind_bridge(endpoint(1)))
		SKIP("needs two endpoints behind bridges");
	bdf = endpoint(0)->place.pci->bridge->bdf;
	if (!note) {
		expect_each(AT, &s, SET_UP);
		if (no_defect_so_far())
			reset_by_operator(AT, "%s %#x %#x", other_direction(), bdf, id_behind(bdf));
		return;
	}
	bdf = next_number(&note);
	if (id_behind(bdf) == next_number(&note))
		SKIP("the buses have the numbers of the boot before");
	expect_each(AT, &s, BY_LEVEL);
}
