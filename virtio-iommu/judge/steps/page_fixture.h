/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The set-up that most tests of mappings start from.
 */
#ifndef STEPS_PAGE_FIXTURE_H
#define STEPS_PAGE_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/verdict.h"

/* An attached endpoint and one mapped page, with a free page on either side. */
struct page_fixture {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;		/* of the mapped page; window of 3 pages around it */
	uint8_t *target;	/* its memory; 3 watched pages around it */
};

/* Attach endpoint(0) to a fresh domain and map one page, for reads and writes. For use in REQUIRE(). */
bool map_one_page(struct source_line at, struct page_fixture *s);

/* Like map_one_page(), with these permissions. */
bool map_one_page_as(struct source_line at, struct page_fixture *s, uint32_t flags);

/* The same, where endpoint, domain and places are chosen already. */
bool attach_with_page(struct source_line at, const struct page_fixture *s, uint32_t flags);

/*
 * Attach again to a domain that had ended, and map the private page: that MAP fails if old mappings
 * survived. Return false, with a verdict, if it does not get this far.
 */
bool expect_reattach_empty(struct source_line at, const struct page_fixture *s);

#endif
