/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps of tests about faults and their reports (virtio 1.4, 5.13.6.9).
 */
#ifndef STEPS_FAULT_H
#define STEPS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "judge/steps/page_fixture.h"
#include "judge/verdict.h"

/* An access that is blocked, and what a report says of it. */
struct fault {
	struct endpoint *ep;
	uint32_t access;	/* MAP_READ or MAP_WRITE */
	uint64_t iova;
	uint32_t size;
	uint8_t *secret;	/* what a read must not see */
	uint8_t reason;
	const struct page_fixture *fixture;	/* that it is in, or NULL */
};

/* Return a write to the page above that of the fixture. */
struct fault fault_above(const struct page_fixture *s);

/* Do the access, and judge that it is blocked. */
void provoke(struct source_line at, const struct fault *fault);

/*
 * Write next to the page of the fixture, and judge nothing: no request is sent meanwhile. Above and below it
 * in @turn, as a device may leave out a fault that is like the last one.
 */
void fault_alone(const struct page_fixture *s, unsigned int turn);

/* Wait: a device may report no more than so often (AMB-15). The pause is the longer the larger @try is. */
void pause_for_report(unsigned int try);

/*
 * Give a device what it may need to report another fault (AMB-15): pause_for_report();
 * the endpoint attached anew if the fault is in a fixture; later a fault of another kind in between.
 */
void encourage(struct source_line at, const struct fault *fault, unsigned int try);

/*
 * Provoke the fault, and wait for the first report of the endpoint. A device may drop some (AMB-15), or be
 * late: then it is tried several times, with encourage(), for a report that can be of this fault. Return
 * false if none comes. One that cannot be of this fault is given if there was no other.
 */
bool find_report(struct source_line at, const struct fault *fault, struct event *event);

/* Like find_report(), of a device that has reported such a fault before: as long as a hiccup takes. */
bool await_report(struct source_line at, const struct fault *fault, struct event *event);

/* Like find_report(), for a report of whatever endpoint. */
bool find_any_report(struct source_line at, const struct fault *fault, struct event *event);

/* Like find_report(); where none comes the test is skipped. */
bool report_or_skip(struct source_line at, const struct fault *fault, struct event *event);

/*
 * Make a page fixture, and a fault above it that the device is seen to report. Return false, with a verdict
 * or a skip, if there is none.
 */
bool make_reporting_fixture(struct source_line at, struct page_fixture *s, struct fault *fault);

/* The same for who needs neither: return true if the device reports faults. */
bool reports_faults(struct source_line at);

/*
 * Like make_reporting_fixture(), for a device that is seen to report one fault after the other, without
 * another ATTACH.
 */
bool make_steady_fixture(struct source_line at, struct page_fixture *s, struct fault *fault);

/* Judge what a report says of an access: its length and bytes, reserved ones too, its address, its reason. */
void expect_whole(struct source_line at, const struct event *event);
void expect_address(struct source_line at, const struct event *event, uint64_t first, uint64_t last);
void expect_reason(struct source_line at, const struct event *event, uint8_t reason);

/* A report need not tell the direction of the access (MAP_READ, MAP_WRITE); what it tells must be so. */
void expect_direction(struct source_line at, const struct event *event, uint32_t access);

/*
 * No event buffer was used twice, and nothing written next to one or to one that was taken back. True if
 * so.
 */
bool expect_no_events_breach(struct source_line at);

#endif
