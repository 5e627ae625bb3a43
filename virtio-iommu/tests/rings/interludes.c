// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a driver does besides, between the turns of its queues: no write or read of a register that is about
 * something else moves the positions in a ring (virtio 1.4, 2.1, 2.7.13, 2.7.14).
 */
#include "driver/timing.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/restart.h"
#include "util.h"

enum { QUEUE, INTERLUDE };
enum { STATUS_WRITTEN, STATUS_READ, QUEUES_READ, FEATURES_READ, CONFIG_READ, BYPASS_WRITTEN, NOTIFIED };

static const char *const queues[] = {"request queue", "event queue"};
static const char *const interludes[] = {
	"status written again", "status read", "queues looked at", "features looked at",
	"configuration read", "bypass written again", "notified for nothing",
};

static const char *interlude_unmet(unsigned int interlude)
{
	return interlude == BYPASS_WRITTEN && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ?
	       "needs feature BYPASS_CONFIG" : NULL;
}

static const struct dimension dimensions[] = {
	[QUEUE] = {"queue", queues, ARRAY_SIZE(queues), NULL},
	[INTERLUDE] = {"interlude", interludes, ARRAY_SIZE(interludes), interlude_unmet},
};

static const struct product_rule rules[] = {
	{{{QUEUE, BIT(EVENT_QUEUE)}, {INTERLUDE, ~(BIT(STATUS_WRITTEN) | BIT(NOTIFIED))}},
	 "faults take long"},
};

/* A status that is written as it reads clears no bit (2.1.1). */
static void play_interlude(unsigned int interlude)
{
	const struct virtio_transport *transport = iommu.dev.transport;
	uint8_t status = transport->status(&iommu.dev);
	struct iommu_config config;

	switch (interlude) {
	case STATUS_WRITTEN:
		return transport->set_status(&iommu.dev, status);
	case QUEUES_READ:
		for (uint16_t queue = 0; queue < 2; queue++) {
			transport->queue_max(&iommu.dev, queue);
			transport->queue_enabled(&iommu.dev, queue);
		}
		return;
	case FEATURES_READ:
		transport->offered(&iommu.dev, 1);
		transport->offered(&iommu.dev, 0);
		return;
	case CONFIG_READ:
		return iommu_read_config(&config);
	case BYPASS_WRITTEN:
		return iommu_set_bypass(iommu_bypass());
	case NOTIFIED:
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		virtio_notify(&iommu.dev, EVENT_QUEUE);
		return;
	}
}

/* The device goes on: one buffer of the queue is used. */
static void turn(struct source_line at, unsigned int queue, const struct fault *fault, const char *when)
{
	struct event event;

	if (queue == REQUEST_QUEUE)
		expect_queue_works(at, when);
	else if (find_report(at, fault, &event))
		expect_whole(at, &event);
	else
		judge(BY_LEVEL, at, "faults are reported as before", "no event within %lu us, %s",
		      timing_quiet_us(TIMED_REPORT), when);
}

/* Requests over the end of the queue; one fault, as there has been one in the fixture. */
static void play(struct source_line at, const cell_t cell)
{
	unsigned int turns = cell[QUEUE] == REQUEST_QUEUE ? iommu.requests.size + 3 : 1;
	struct page_fixture s;
	struct fault fault;

	if (cell[QUEUE] == EVENT_QUEUE && !make_reporting_fixture(at, &s, &fault))
		return;
	for (unsigned int i = 0; i < turns && no_defect_so_far(); i++) {
		play_interlude(cell[INTERLUDE]);
		turn(at, cell[QUEUE], &fault, interludes[cell[INTERLUDE]]);
	}
	expect_eq(at, ring_pending(&iommu.requests), 0, "more used requests");
	if (!no_defect_so_far())
		restart_device(at, iommu.wanted);
}

static const struct product product = {
	.name = "interludes",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, queues_go_on_whatever_the_driver_does_besides, NEEDS_DMA)
{
	PRODUCT(&product, EVERY_CELL);
}
