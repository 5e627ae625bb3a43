/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Before the end: members of a domain, or endpoints without one, reach ranges of memory. After it: where
 * they are, and what they are to reach there.
 */
#ifndef STALE_SCENE_H
#define STALE_SCENE_H

#include "judge/test.h"
#include "tests/stale/cells.h"

#define MAX_MEMBERS 3

/* Eight bytes of a range. */
struct spot {
	unsigned int range;
	uint64_t offset;
};

/* What counts as a large range. */
#define LARGE_RANGE (4ull << 20)

/* The one that a cell names, and others that are drawn. */
#define MAX_SPOTS 4

struct scene {
	unsigned int way, kind;		/* of the cell; KIND_UNNAMED is KIND_NONE after a reset */
	bool unnamed;
	unsigned int end, from;		/* of the way */
	uint32_t seed;			/* for what is drawn; the same in each run of the cell */

	struct endpoint *members[MAX_MEMBERS], *who;
	unsigned int member_count, leaver;	/* @leaver: who leaves before the end, MAX_MEMBERS: nobody */
	bool leaver_moves;
	uint32_t domain;

	/* Range i begins at iova + i * stride; its memory is one of @chunks adjacent ones, which repeat. */
	unsigned int count, chunks;
	uint64_t size, stride, iova;
	uint8_t *memory, *other;	/* @other: for END_MAP_ELSEWHERE */
	bool own_address;		/* at each iova lies memory of ours, too */
	struct spot spots[MAX_SPOTS];
	unsigned int spot_count;

	/* Behind the ranges, in a normal domain: a page that stays mapped, and two that the end maps. */
	uint64_t beside;
	uint8_t *beside_memory;

	/* Attached to a domain of its own, with a page at the first spot; or NULL. */
	struct endpoint *bystander;
	uint32_t bystander_domain;
	uint64_t bystander_iova;
	uint8_t *bystander_page;

	/* Since the end: @who has a domain, and its rings are mapped there. */
	bool attached, rings;
	uint32_t now;
};

/* Endpoints that count, byte-exact ones first, each with an id of its own. Return how many. */
unsigned int stale_candidates(struct endpoint **found, unsigned int most);

/* A scene of the cell, with members and who of them tries. @seed: what is drawn; the same each time. */
struct scene scene_of(const cell_t cell, uint32_t seed);

/* Take memory and addresses for @count ranges of @size bytes. Return why there are none, or NULL. */
const char *scene_lay_out(struct scene *s, unsigned int count, uint64_t size);

/* Return true if this page of the ranges can be mapped: in bypass they are memory, wherever that is. */
bool scene_can_map(const struct scene *s, uint64_t page);

/* Add a spot, and watch what may change there. */
void scene_add_spot(struct scene *s, struct spot spot);

/*
 * Attach, map, and let each member reach the first spot by @access (MAP_READ | MAP_WRITE); then @who all
 * ranges and all spots. False, and the cell is judged, if it does not get this far.
 */
bool scene_begin(struct source_line at, struct scene *s, unsigned int who, uint32_t access);

/* The parts of it: attachments without any range, for other things to be reached. */
bool scene_attach(struct source_line at, struct scene *s, unsigned int who);
bool scene_attach_later(struct source_line at, struct scene *s, unsigned int who);

/* An offset in the middle of a range. */
uint64_t scene_middle(const struct scene *s);

/* The answer is OK, else judge with @otherwise. Return true if so. */
bool scene_is_done(struct source_line at, enum verdict otherwise, struct reply reply);

uint64_t spot_iova(const struct scene *s, const struct spot *spot);
uint8_t *spot_memory(const struct scene *s, const struct spot *spot, uint8_t *chunks);

/*
 * MAP all ranges to @chunks. Return the status of the first that is not OK, 0xff if one does not come back.
 */
uint8_t scene_map(const struct scene *s, uint8_t *chunks, uint32_t flags);
bool scene_map_or_skip(struct source_line at, const struct scene *s, uint8_t *chunks, uint32_t flags);

/* @who reaches what was mapped so. */
bool expect_beside(struct source_line at, const struct scene *s, unsigned int page);

/* Accesses of 8 bytes that arrive; @otherwise if not. */
bool expect_reached(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint32_t access,
		    uint64_t iova, uint8_t *memory);

/*
 * ATTACH @who to the domain @now. False, and the cell is judged, if that is refused. Endpoints may be
 * inseparable (5.13.6.3): then a domain that is not that of the others is refused.
 */
bool scene_go_to(struct source_line at, const struct scene *s, uint32_t flags);

/*
 * After the end, let @who try something: attach it, unless it is, to a fresh domain or to that of the same
 * id, and map its rings. False, and the cell is judged, if that is refused.
 */
bool scene_return(struct source_line at, struct scene *s);

#endif
