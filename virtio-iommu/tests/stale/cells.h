/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words for cells about what was reached once and has ended: how it was reached, what has ended it, who
 * tries again and from where.
 */
#ifndef STALE_CELLS_H
#define STALE_CELLS_H

#include "judge/product.h"

/* What is reached. */
enum { KIND_NORMAL, KIND_BYPASS, KIND_NONE, KIND_UNNAMED, KINDS };

/* How it ends. */
enum {
	END_UNMAP_EACH,		/* a request for each range */
	END_UNMAP_MORE,		/* the same, and free pages on either side */
	END_UNMAP_MANY,		/* one request for all of them */
	END_UNMAP_KICK,		/* a request for each, and others, behind one notification */
	END_UNMAP_COUNTED,	/* a request for each, and more, so that their number is a power of two */
	END_UNMAP_SPACE,	/* one request for all there is, rings too */
	END_MAP_ELSEWHERE,	/* UNMAP, then MAP to other memory */
	END_MAP_AFTER_FAULT,	/* the same, and in between it is tried in vain */
	END_MAP_TO_READ,	/* UNMAP, then MAP with fewer rights */
	END_MAP_TO_NOTHING,
	END_DETACH,
	END_MOVE,		/* ATTACH to another domain */
	END_MOVE_KIND,		/* and of the other kind */
	END_CONFIG,		/* config.bypass is written */
	END_RESET,		/* of the device; a driver comes back */
	END_RESET_LEFT,		/* none does */
	ENDS
};

/* From where it is tried again: DETACH and the like take the rings of an endpoint away as well. */
enum {
	FROM_LEFT,	/* from where the end has left the endpoint */
	FROM_RINGS,	/* in a domain that maps its rings and nothing else */
	FROM_SAME_ID,	/* in such a domain with the id of the one that has ended */
	FROM_BYPASS,	/* in bypass */
};

/*
 * An end, and from where it is tried again: one dimension, for only where there are rings anything is tried.
 */
enum {
	UNMAP_EACH, UNMAP_MORE, UNMAP_MANY, UNMAP_KICK, UNMAP_COUNTED,
	UNMAP_SPACE, UNMAP_SPACE_RINGS,
	MAP_ELSEWHERE, MAP_AFTER_FAULT, MAP_TO_READ, MAP_TO_NOTHING,
	DETACH, DETACH_RINGS, DETACH_SAME_ID, DETACH_BYPASS,
	LEAVE_BYPASS, LEAVE_BYPASS_RINGS, LEAVE_BYPASS_SAME_ID,
	MOVE_AWAY, MOVE_RINGS, MOVE_BACK,
	MOVE_KIND, MOVE_KIND_RINGS, MOVE_KIND_BYPASS,
	CONFIG, CONFIG_RINGS,
	RESET, RESET_RINGS, RESET_SAME_ID, RESET_BYPASS,
	RESET_LEFT, RESET_LEFT_BYPASS,
	WAYS
};

struct stale_way {
	uint8_t end, from;
};

extern const struct stale_way stale_ways[WAYS];

/* By end, and those that go on in bypass, or with the id of the domain. */
#define UNMAPS                                                                                    \
	(BIT(UNMAP_EACH) | BIT(UNMAP_MORE) | BIT(UNMAP_MANY) | BIT(UNMAP_KICK) | BIT(UNMAP_COUNTED))
#define UNMAPS_OF_SPACE (BIT(UNMAP_SPACE) | BIT(UNMAP_SPACE_RINGS))
#define REMAPS_ELSEWHERE (BIT(MAP_ELSEWHERE) | BIT(MAP_AFTER_FAULT))
#define REMAPS (REMAPS_ELSEWHERE | BIT(MAP_TO_READ) | BIT(MAP_TO_NOTHING))
#define DETACHES (BIT(DETACH) | BIT(DETACH_RINGS) | BIT(DETACH_SAME_ID) | BIT(DETACH_BYPASS))
#define LEAVES_BYPASS (BIT(LEAVE_BYPASS) | BIT(LEAVE_BYPASS_RINGS) | BIT(LEAVE_BYPASS_SAME_ID))
#define MOVES (BIT(MOVE_AWAY) | BIT(MOVE_RINGS) | BIT(MOVE_BACK))
#define MOVES_KIND (BIT(MOVE_KIND) | BIT(MOVE_KIND_RINGS) | BIT(MOVE_KIND_BYPASS))
#define CONFIGS (BIT(CONFIG) | BIT(CONFIG_RINGS))
#define RESETS                                                                                    \
	(BIT(RESET) | BIT(RESET_RINGS) | BIT(RESET_SAME_ID) | BIT(RESET_BYPASS) | BIT(RESET_LEFT) | \
	 BIT(RESET_LEFT_BYPASS))
#define TO_BYPASS                                                                                 \
	(BIT(DETACH_BYPASS) | BIT(MOVE_KIND_BYPASS) | BIT(RESET_BYPASS) | BIT(RESET_LEFT_BYPASS))
#define LAST_MEMBER_LEAVES (BIT(DETACH_SAME_ID) | BIT(LEAVE_BYPASS_SAME_ID) | BIT(MOVE_BACK))

/* Who tries, of the members of a domain. Of some of them another member has left before the end. */
enum {
	WHO_ONLY, WHO_FIRST, WHO_SECOND, WHO_LAST, WHO_LATER,
	WHO_FIRST_STAYS, WHO_SECOND_STAYS, WHO_LAST_STAYS,
	WHO_FIRST_STAYS_2, WHO_LAST_STAYS_2,	/* it was the one in the middle */
	WHOS
};

/* The first dimensions of each product here. */
enum { WAY, KIND, WHO, SHARED_DIMENSIONS };

extern const char *const stale_way_words[WAYS], *const stale_kinds[KINDS], *const stale_whos[WHOS];

/* Reasons why this device and machine cannot have a value, or NULL. */
const char *stale_way_unmet(unsigned int way);
const char *stale_kind_unmet(unsigned int kind);
const char *stale_who_unmet(unsigned int who);

#define STAYS_2 (BIT(WHO_FIRST_STAYS_2) | BIT(WHO_LAST_STAYS_2))
#define STAYS (BIT(WHO_FIRST_STAYS) | BIT(WHO_SECOND_STAYS) | BIT(WHO_LAST_STAYS) | STAYS_2)
#define NO_DOMAIN (BIT(KIND_NONE) | BIT(KIND_UNNAMED))
#define NOT_NORMAL (BIT(KIND_BYPASS) | NO_DOMAIN)

/* Rules about these dimensions, for the table of a product. */
#define STALE_RULES                                                                               \
	{{{KIND, NOT_NORMAL}, {WAY, UNMAPS | UNMAPS_OF_SPACE | REMAPS}}, "nothing is mapped there"}, \
	{{{KIND, NOT_NORMAL}, {WAY, DETACHES | MOVES}}, "there is no normal domain to leave"},    \
	{{{KIND, ~BIT(KIND_BYPASS)}, {WAY, LEAVES_BYPASS}}, "there is no bypass domain to leave"}, \
	{{{KIND, ~NO_DOMAIN}, {WAY, CONFIGS}}, "config.bypass is not for who is attached"},  \
	{{{KIND, NO_DOMAIN}, {WAY, RESETS}}, "config.bypass outlives a reset"},                   \
	{{{KIND, NOT_NORMAL}, {WAY, TO_BYPASS}}, "in bypass all memory is reached as before"},    \
	{{{KIND, BIT(KIND_NORMAL)}, {WAY, BIT(MOVE_KIND_RINGS)}}, "a bypass domain maps nothing"}, \
	{{{KIND, NO_DOMAIN}, {WHO, BIT(WHO_LATER) | STAYS}}, "there is no domain to join or leave"}, \
	{{{WHO, STAYS_2}, {WAY, ~(UNMAPS | BIT(MAP_TO_READ))}}, "who has left is forgotten in one way"}, \
	{{{WAY, LAST_MEMBER_LEAVES}, {WHO, ~BIT(WHO_ONLY)}}, "the others keep the domain"}

#endif
