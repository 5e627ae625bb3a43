// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many domains at a time (virtio 1.4, 5.13.6.3.2): each ATTACH that was not refused stays, whatever comes
 * after it. For how many there is room is the device's own affair. There are few endpoints that do DMA; but
 * any id that the device attaches makes a domain, whatever stands behind it (AMB-17).
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/test.h"
#include "memory.h"
#include "time.h"
#include "topology/firmware.h"
#include "util.h"

#define MOST_DOMAINS 24

/* Ids of each range that are tried, and how long. */
#define MOST_IDS 256
#define MOST_US 100000

struct inhabitant {
	uint32_t id, domain;
	struct endpoint *ep;	/* NULL: it does no DMA that we know of */
	uint8_t *target;
};

struct domains {
	uint64_t iova;		/* in each one another page is mapped there */
	struct inhabitant inhabitants[MOST_DOMAINS];
	unsigned int count;
};

static bool is_inhabitant(const struct domains *d, uint32_t id)
{
	for (unsigned int i = 0; i < d->count; i++)
		if (d->inhabitants[i].id == id)
			return true;
	return false;
}

static bool is_master(uint32_t id)
{
	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (endpoint(i)->id == id)
			return true;
	return false;
}

static bool map_in(struct source_line at, const struct domains *d, struct inhabitant *i)
{
	struct reply reply = map_page(i->domain, d->iova, i->target, MAP_RW);

	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* Where ATTACH is refused, or there is no id left for a domain, this one does not count. */
static void settle(struct source_line at, struct domains *d, uint32_t id, struct endpoint *ep)
{
	struct inhabitant i = {.id = id, .ep = ep};
	struct reply reply;

	if (!take_domain(&i.domain))
		return;
	reply = attach(i.domain, id, 0);
	if (!is_ok(&reply))
		return;
	i.target = watched_pages(1);
	if ((!ep || enable_dma(at, ep, i.domain)) && map_in(at, d, &i))
		d->inhabitants[d->count++] = i;
}

static void settle_range(struct source_line at, struct domains *d, const struct endpoint_range *r,
			 const struct deadline *deadline)
{
	uint32_t own = topology_iommu_id(firmware.topology, firmware.iommu);

	for (uint32_t i = 0; i < MOST_IDS && d->count < MOST_DOMAINS; i++) {
		uint32_t id = r->endpoint_first + i;

		if (deadline_passed(deadline) || endpoint_id_is_unlisted(id))
			return;
		if (id != own && !is_inhabitant(d, id))
			settle(at, d, id, NULL);
	}
}

/* First those that do DMA: theirs are the oldest domains. */
static void settle_all(struct source_line at, struct domains *d)
{
	const struct topology *t = firmware.topology;
	struct deadline deadline = deadline_in(MOST_US);

	for (unsigned int i = 0; i < endpoint_count() && d->count < MOST_DOMAINS; i++)
		if (writes_on_demand(endpoint(i)) && !is_inhabitant(d, endpoint(i)->id))
			settle(at, d, endpoint(i)->id, endpoint(i));
	for (unsigned int i = 0; i < t->range_count; i++)
		if (t->ranges[i].iommu == firmware.iommu)
			settle_range(at, d, &t->ranges[i], &deadline);
}

/* A member that does no DMA shows the domain by what can be asked of it. */
static void expect_settled(struct source_line at, const struct domains *d, const struct inhabitant *i)
{
	struct reply reply;

	if (i->ep) {
		expect_writes(at, BY_LEVEL, i->ep, d->iova, i->target, 8);
		expect_write_blocked(at, i->ep, d->iova + iommu.page, 8);
	}
	reply = unmap_page(i->domain, d->iova);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	reply = detach(i->domain, i->id);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, each_of_many_domains_stays_while_others_are_made, NEEDS_DOMAIN)
{
	struct domains d = {.iova = iova_window(2)};

	settle_all(AT, &d);
	if (d.count < 2)
		NOT_APPLICABLE("the device attaches no two ids to domains of their own");
	for (unsigned int i = 0; i < d.count; i++)
		expect_settled(AT, &d, &d.inhabitants[i]);
}

/* Attach ids that do no DMA to one domain. Return how many are in it. */
static unsigned int crowd(uint32_t domain, const struct endpoint_range *r, unsigned int room)
{
	uint32_t own = topology_iommu_id(firmware.topology, firmware.iommu);
	unsigned int count = 0;

	for (uint32_t i = 0; i < MOST_IDS && count < room; i++) {
		uint32_t id = r->endpoint_first + i;
		struct reply reply;

		if (endpoint_id_is_unlisted(id))
			break;
		if (id == own || is_master(id))
			continue;
		reply = attach(domain, id, 0);
		count += is_ok(&reply);
	}
	return count;
}

/* One after the other, those that do DMA last: for how many there is room is the device's own affair. */
TEST(DEV_ATTACH_12, last_of_many_members_is_translated, NEEDS_DMA)
{
	const struct topology *t = firmware.topology;
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	unsigned int count = 0;

	for (unsigned int i = 0; i < t->range_count; i++)
		if (t->ranges[i].iommu == firmware.iommu)
			count += crowd(domain, &t->ranges[i], MOST_DOMAINS - count);
	if (!count)
		SKIP("no id without an endpoint of ours can be attached");
	REQUIRE(attach_with_dma(AT, endpoint(0), domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	EXPECT_WRITES(endpoint(0), iova, target, 8);
	EXPECT_WRITE_BLOCKED(endpoint(0), iova + iommu.page, 8);
}
