/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory in which a byte that should not change is seen.
 *
 * Pages are watched at both ends, or as a whole: the first and last bytes of each, or all, hold canaries that
 * differ from address to address.
 */
#ifndef JUDGE_WATCH_H
#define JUDGE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

/* Bytes watched at each end of a page. */
#define WATCH_EDGE 16

/*
 * @count watched pages of RAM (of iommu.page bytes, aligned to it), adjacent, for this test. What lies
 * between their ends is of no known value.
 * Accesses of a test go to within WATCH_EDGE of a page's ends.
 */
uint8_t *watched_pages(unsigned int count);

/* Like watched_pages(), but each byte is watched: for accesses of whole pages. */
uint8_t *filled_pages(unsigned int count);

/* The page at this guest-physical address, watched from now on; NULL if it is no memory that is free. */
uint8_t *watched_page_at(uint64_t address);

/* Watch @count adjacent pages that the caller has allocated. */
void watch_pages(uint8_t *pages, unsigned int count);

/* Watch no page any more. */
void unwatch_all(void);

/* New bytes everywhere, so that one seen before cannot be taken for one seen now. */
void change_canaries(void);

/* Return true if these bytes are watched, all of them in one page. */
bool is_watched(const uint8_t *at, size_t size);

/*
 * Some of the bytes of an access, and the memory that is behind them; of blocked ones, that would be behind
 * them if they were not.
 */
struct access_part {
	uint8_t *memory;	/* NULL: none of ours */
	size_t size;
	enum part_fate {
		PART_BLOCKED,	/* no byte may be moved */
		PART_OPEN,	/* either way is right */
		PART_MOVED,	/* all bytes are to be moved */
	} fate;
};

/* A list of them: all bytes of an access, one part after another. */
struct access_parts {
	const struct access_part *parts;
	unsigned int count;
};

#define ACCESS_PARTS(array) ((struct access_parts){array, ARRAY_SIZE(array)})

/* The bytes of the part may be written. */
static inline bool part_may_change(const struct access_part *part)
{
	return part->memory && part->fate != PART_BLOCKED;
}

/* Return true if each part has this fate. */
bool all_parts_are(struct access_parts all, enum part_fate fate);

/* Return the first watched byte that is not what we put there and that no part covers, or NULL. */
const uint8_t *find_stray(struct access_parts all);

#endif
