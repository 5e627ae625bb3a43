// SPDX-License-Identifier: BSD-3-Clause
/*
 * Words of cells, and which of them this device and machine can have. What a device may refuse is tried
 * once: a covering selection then goes without it, in place of cells that are skipped.
 */
#include <stdio.h>

#include "driver/iova.h"
#include "judge/steps/bypass.h"
#include "tests/stale/scene.h"

const struct stale_way stale_ways[WAYS] = {
	[UNMAP_EACH] = {END_UNMAP_EACH, FROM_LEFT},
	[UNMAP_MORE] = {END_UNMAP_MORE, FROM_LEFT},
	[UNMAP_MANY] = {END_UNMAP_MANY, FROM_LEFT},
	[UNMAP_KICK] = {END_UNMAP_KICK, FROM_LEFT},
	[UNMAP_COUNTED] = {END_UNMAP_COUNTED, FROM_LEFT},
	[UNMAP_SPACE] = {END_UNMAP_SPACE, FROM_LEFT},
	[UNMAP_SPACE_RINGS] = {END_UNMAP_SPACE, FROM_RINGS},
	[MAP_ELSEWHERE] = {END_MAP_ELSEWHERE, FROM_LEFT},
	[MAP_AFTER_FAULT] = {END_MAP_AFTER_FAULT, FROM_LEFT},
	[MAP_TO_READ] = {END_MAP_TO_READ, FROM_LEFT},
	[MAP_TO_NOTHING] = {END_MAP_TO_NOTHING, FROM_LEFT},
	[DETACH] = {END_DETACH, FROM_LEFT},
	[DETACH_RINGS] = {END_DETACH, FROM_RINGS},
	[DETACH_SAME_ID] = {END_DETACH, FROM_SAME_ID},
	[DETACH_BYPASS] = {END_DETACH, FROM_BYPASS},
	[LEAVE_BYPASS] = {END_DETACH, FROM_LEFT},
	[LEAVE_BYPASS_RINGS] = {END_DETACH, FROM_RINGS},
	[LEAVE_BYPASS_SAME_ID] = {END_DETACH, FROM_SAME_ID},
	[MOVE_AWAY] = {END_MOVE, FROM_LEFT},
	[MOVE_RINGS] = {END_MOVE, FROM_RINGS},
	[MOVE_BACK] = {END_MOVE, FROM_SAME_ID},
	[MOVE_KIND] = {END_MOVE_KIND, FROM_LEFT},
	[MOVE_KIND_RINGS] = {END_MOVE_KIND, FROM_RINGS},
	[MOVE_KIND_BYPASS] = {END_MOVE_KIND, FROM_BYPASS},
	[CONFIG] = {END_CONFIG, FROM_LEFT},
	[CONFIG_RINGS] = {END_CONFIG, FROM_RINGS},
	[RESET] = {END_RESET, FROM_LEFT},
	[RESET_RINGS] = {END_RESET, FROM_RINGS},
	[RESET_SAME_ID] = {END_RESET, FROM_SAME_ID},
	[RESET_BYPASS] = {END_RESET, FROM_BYPASS},
	[RESET_LEFT] = {END_RESET_LEFT, FROM_LEFT},
	[RESET_LEFT_BYPASS] = {END_RESET_LEFT, FROM_BYPASS},
};

const char *const stale_way_words[WAYS] = {
	[UNMAP_EACH] = "unmap of each",
	[UNMAP_MORE] = "unmap of each and more",
	[UNMAP_MANY] = "unmap of all in one",
	[UNMAP_KICK] = "unmap of each in one kick",
	[UNMAP_COUNTED] = "unmap of each among 4096",
	[UNMAP_SPACE] = "unmap of the whole space",
	[UNMAP_SPACE_RINGS] = "unmap of the whole space and rings again",
	[MAP_ELSEWHERE] = "map to other memory",
	[MAP_AFTER_FAULT] = "blocked and map to other memory",
	[MAP_TO_READ] = "map to read only",
	[MAP_TO_NOTHING] = "map without rights",
	[DETACH] = "detach",
	[DETACH_RINGS] = "detach and rings again",
	[DETACH_SAME_ID] = "detach and the same id again",
	[DETACH_BYPASS] = "detach into bypass",
	[LEAVE_BYPASS] = "detach from bypass",
	[LEAVE_BYPASS_RINGS] = "detach from bypass and rings again",
	[LEAVE_BYPASS_SAME_ID] = "detach from bypass and the same id again",
	[MOVE_AWAY] = "move",
	[MOVE_RINGS] = "move and rings again",
	[MOVE_BACK] = "move and back again",
	[MOVE_KIND] = "move to the other kind",
	[MOVE_KIND_RINGS] = "move to the other kind and rings again",
	[MOVE_KIND_BYPASS] = "move into bypass",
	[CONFIG] = "bypass switched off",
	[CONFIG_RINGS] = "bypass switched off and rings again",
	[RESET] = "device reset",
	[RESET_RINGS] = "device reset and rings again",
	[RESET_SAME_ID] = "device reset and the same id again",
	[RESET_BYPASS] = "device reset into bypass",
	[RESET_LEFT] = "device reset and no driver",
	[RESET_LEFT_BYPASS] = "device reset into bypass and no driver",
};

const char *const stale_kinds[KINDS] = {
	[KIND_NORMAL] = "normal domain",
	[KIND_BYPASS] = "bypass domain",
	[KIND_NONE] = "bypass without a domain",
	[KIND_UNNAMED] = "bypass since a reset",
};

const char *const stale_whos[WHOS] = {
	[WHO_ONLY] = "only member",
	[WHO_FIRST] = "first of three",
	[WHO_SECOND] = "second of three",
	[WHO_LAST] = "last of three",
	[WHO_LATER] = "joined later",
	[WHO_FIRST_STAYS] = "first when the last has left",
	[WHO_SECOND_STAYS] = "second when the first has moved",
	[WHO_LAST_STAYS] = "last when the first has left",
	[WHO_FIRST_STAYS_2] = "first when the second has left",
	[WHO_LAST_STAYS_2] = "last when the second has left",
};

/* Whether ATTACH is refused with UNSUPP, which it may be for some combinations (5.13.6.3.2). */
static bool is_unsupported(uint32_t domain, const struct endpoint *ep)
{
	struct reply reply = attach(domain, ep->id, 0);

	return reply.delivered && reply.status == STATUS_UNSUPP;
}

static bool refuses_sharing(void)
{
	struct endpoint *both[2];
	static bool known, refuses;
	uint32_t domain;

	if (known || stale_candidates(both, 2) < 2 || !take_domain(&domain))
		return refuses;
	refuses = !is_unsupported(domain, both[0]) && is_unsupported(domain, both[1]);
	known = true;
	iommu_detach_all();
	return refuses;
}

static bool refuses_moving(void)
{
	static bool known, refuses;
	uint32_t from, to;

	if (known || !take_domain(&from) || !take_domain(&to))
		return refuses;
	refuses = !is_unsupported(from, endpoint(0)) && is_unsupported(to, endpoint(0));
	known = true;
	iommu_detach_all();
	return refuses;
}

static const char *no_bypass_config(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ? NULL : "needs feature BYPASS_CONFIG";
}

static const char *no_move(void)
{
	if (iommu.config.domain_start == iommu.config.domain_end)
		return "the domain range has too few ids";
	return refuses_moving() ? "the device does not move endpoints" : NULL;
}

/* There a mapping and bypass have to be told apart: memory of ours lies at the address that was mapped. */
static const char *no_way_into_bypass(void)
{
	const uint8_t *page;

	if (!set_unattached_bypass(true))
		return "unattached endpoints never bypass";
	page = memory_above(0, iommu.page, iommu.page);
	return page && iova_is_free(phys(page), iommu.page) ? NULL :
	       "memory cannot be mapped at its own address";
}

/* Where it goes on in bypass, only rings out of reach keep it from reaching what lies there. */
static const char *no_rings(void)
{
	return endpoint(0)->dma.ops->queues ? NULL : "needs an endpoint with rings";
}

const char *stale_way_unmet(unsigned int way)
{
	const char *unmet = NULL;

	if (BIT(way) & (CONFIGS | LEAVES_BYPASS | MOVES_KIND))
		unmet = no_bypass_config();
	if (!unmet && (BIT(way) & (MOVES | MOVES_KIND)))
		unmet = no_move();
	if (!unmet && (BIT(way) & TO_BYPASS))
		unmet = no_way_into_bypass();
	if (!unmet && way == MOVE_KIND)
		unmet = no_rings();
	return unmet;
}

const char *stale_kind_unmet(unsigned int kind)
{
	if (kind == KIND_BYPASS)
		return no_bypass_config();
	if (kind != KIND_NORMAL && !set_unattached_bypass(true))
		return "unattached endpoints never bypass";
	return NULL;
}

const char *stale_who_unmet(unsigned int who)
{
	struct endpoint *found[MAX_MEMBERS];
	unsigned int needed = who == WHO_ONLY ? 1 : who == WHO_LATER ? 2 : 3;

	if (stale_candidates(found, needed) < needed)
		return "needs more endpoints that do DMA behind the IOMMU";
	if (who == WHO_SECOND_STAYS && no_move())
		return no_move();
	return needed > 1 && refuses_sharing() ? "the device does not let endpoints share a domain" : NULL;
}
