// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what the device takes for a request, of what it writes of its answer and when, and of how long it
 * goes on to serve requests.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "host/machine/clock.h"
#include "host/virtio/access.h"
#include "util.h"

static struct vqueue *request_queue(void)
{
	return &ref_iommu.vdev.queues[REQUEST_QUEUE];
}

/* A tail that is not written where it should be: with whatever status the request gets. */

static bool has_spare_tail(const struct chain *chain, const struct model_request *r)
{
	struct model_request whole = *r;

	whole.readable -= min(whole.readable, sizeof(struct request_tail));
	whole.writable = sizeof(struct request_tail);
	return !chain->writable.count && r->readable > sizeof(struct request_tail) &&
	       decide(&whole).answer != ANSWER_UNWRITTEN;
}

/* The end of the readable part is taken for the tail. */
static bool answer_in_readable(const struct chain *chain, struct model_request *r)
{
	struct chain turned = *chain;
	uint32_t skip = r->readable - sizeof(struct request_tail);
	struct request_tail tail = {0};
	struct decision d;

	if (!has_spare_tail(chain, r))
		return false;
	r->readable = skip;
	r->writable = sizeof(struct request_tail);
	d = decide(r);
	if (d.acts)
		request_execute(r);
	tail.status = d.answer;
	turned.writable = chain->readable;
	chain_write(&ref_iommu.vdev, &turned, skip, &tail, sizeof(tail));
	vring_push(&ref_iommu.vdev, request_queue(), chain, sizeof(tail));
	return true;
}

/* The tail is built over the head of the request. */
static void reply_over_head(const struct chain *chain, const struct model_request *r,
			    const struct decision *d, struct iommu_reply *reply)
{
	(void)chain;
	if (reply->length && d->answer != STATUS_OK)
		memcpy(reply->bytes + reply->tail + 1, r->head.reserved, sizeof(r->head.reserved));
}

/* Places for requests in work, of which those that are not parsed give none back. */

static uint64_t lost;

static void count_lost(const struct model_request *r, struct decision *d)
{
	(void)r;
	lost += d->answer == ANSWER_UNWRITTEN;
}

static void serve_with_places(struct vdev *dev, unsigned int queue)
{
	if (queue != REQUEST_QUEUE || lost < mutant_number())
		right_ops->notified(dev, queue);
}

static void reset_places(struct vdev *dev)
{
	lost = 0;
	right_ops->reset(dev);
}

/* Notifications in a row that found nothing. */

static uint64_t idle;

static bool count_served(const struct chain *chain, struct model_request *r)
{
	(void)chain, (void)r;
	idle = 0;
	return false;
}

static void serve_unless_idle(struct vdev *dev, unsigned int queue)
{
	if (queue != REQUEST_QUEUE)
		return right_ops->notified(dev, queue);
	if (idle >= mutant_number())
		return;
	idle++;
	right_ops->notified(dev, queue);
}

static void reset_idle(struct vdev *dev)
{
	idle = 0;
	right_ops->reset(dev);
}

/* Tails that are written when their buffers were used already. */

static struct {
	struct chain chain;
	struct request_tail tail;
} late[VDEV_QUEUE_SIZE];
static unsigned int late_count, served;

static void write_late(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < late_count; i++)
		chain_write(&ref_iommu.vdev, &late[i].chain, 0, &late[i].tail, sizeof(late[i].tail));
	late_count = 0;
}

static struct timer writer = {.expire = write_late};

static void reply_later(const struct chain *chain, const struct model_request *r, const struct decision *d,
			struct iommu_reply *reply)
{
	(void)r, (void)d;
	if (!served++ || reply->tail || !reply->length || late_count == VDEV_QUEUE_SIZE)
		return;
	late[late_count].chain = *chain;
	memcpy(&late[late_count++].tail, reply->bytes, sizeof(struct request_tail));
	reply->length = 0;
	timer_start(&writer, mutant_number());
}

static void serve_first_at_once(struct vdev *dev, unsigned int queue)
{
	served = 0;
	right_ops->notified(dev, queue);
}

static void reset_writer(struct vdev *dev)
{
	timer_stop(&writer);
	late_count = 0;
	right_ops->reset(dev);
}

/* What is not written has the used length of what was served before it. */

static uint32_t last_used;

static void reply_with_last(const struct chain *chain, const struct model_request *r,
			    const struct decision *d, struct iommu_reply *reply)
{
	(void)chain, (void)d;
	if (model_rule_applies(&ref_iommu.model, RULE_UNKNOWN_TYPE, r))
		reply->used = last_used;
	last_used = reply->used;
}

static void serve_with_none_before(struct vdev *dev, unsigned int queue)
{
	last_used = 0;
	right_ops->notified(dev, queue);
}

/* A tail that has less room than it takes begins in front of it. */
static void reply_in_front(const struct chain *chain, const struct model_request *r, const struct decision *d,
			   struct iommu_reply *reply)
{
	struct request_tail tail = {STATUS_INVAL, {0}};
	const struct chain_part *part = &chain->writable;
	unsigned int last = part->count ? part->count - 1 : 0;

	(void)r;
	if (d->answer != ANSWER_UNWRITTEN || !part->size || part->size >= sizeof(tail))
		return;
	access_memory(&ref_iommu.vdev,
		      part->pieces[last].address + part->pieces[last].length - sizeof(tail), &tail,
		      sizeof(tail), true);
	reply->used = part->size;
}

bool answers_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_REPLY_INTO_READABLE, {.request_read = answer_in_readable}, {0}},
		{MUTANT_UNKNOWN_TYPE_LAST_LENGTH, {.reply_ready = reply_with_last},
		 {.notified = serve_with_none_before}},
		{MUTANT_TAIL_IN_FRONT_OF_ROOM, {.reply_ready = reply_in_front}, {0}},
		{MUTANT_TAIL_RESERVED_OF_HEAD, {.reply_ready = reply_over_head}, {0}},
		{MUTANT_UNPARSED_KEEP_PLACES, {.request_decided = count_lost},
		 {.notified = serve_with_places, .reset = reset_places}},
		{MUTANT_IDLE_NOTIFICATIONS_END_SERVICE, {.request_read = count_served},
		 {.notified = serve_unless_idle, .reset = reset_idle}},
		{MUTANT_STATUS_BEHIND_USED, {.reply_ready = reply_later},
		 {.notified = serve_first_at_once, .reset = reset_writer}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
