/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A MAP in descriptors of the test's own, for tests of how buffers are read: a byte of it that is lost, or
 * read from elsewhere, shows in the answer, in memory, or in the UNMAP of what it has mapped.
 */
#ifndef STEPS_SHOWN_MAP_H
#define STEPS_SHOWN_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/steps/page_fixture.h"
#include "judge/verdict.h"
#include "virtio/ring.h"

/* Of the page after that of the fixture. Both parts may lie anywhere, in memory of the test's own. */
struct shown_map {
	const struct page_fixture *s;
	uint8_t *request;	/* sizeof(struct map_request) */
	struct request_tail *tail;
};

/* Return one in memory that is new. */
struct shown_map shown_map(const struct page_fixture *s);

/* Write the request, and no status, to where the pointers lead. */
void shown_map_fill(const struct shown_map *m);

/* Return the readable bytes [from, to) and the writable ones of the request as a piece of a buffer. */
struct ring_piece shown_map_readable(const struct shown_map *m, uint32_t from, uint32_t to);
struct ring_piece shown_map_writable(const struct shown_map *m, uint32_t from, uint32_t to);

/*
 * Make the buffer @id with it available, alone. It comes back with OK, the page is mapped, and it is unmapped
 * again. Return true if so. @when: the circumstances, in printf form.
 */
bool expect_shown_map(struct source_line at, int id, const struct shown_map *m, const char *when, ...)
	__attribute__((format(printf, 4, 5)));

#endif
