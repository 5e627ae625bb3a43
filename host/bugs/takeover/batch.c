// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what requests behind one notification have to do with each other.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* The rest is left until the next one. */
static void serve_some(struct vdev *dev, unsigned int queue)
{
	static struct chain chain;

	if (queue != REQUEST_QUEUE)
		return right_ops->notified(dev, queue);
	for (uint64_t left = mutant_number(); left && vdev_is_running(dev); left--) {
		if (!vring_pop(dev, &dev->queues[queue], &chain))
			break;
		request_serve(&chain);
	}
	vring_flush(dev, &dev->queues[queue]);
}

/* Properties of all replies, on top of each other. */

static uint8_t properties[REPLY_MAX];

static void serve_with_clean_buffer(struct vdev *dev, unsigned int queue)
{
	memset(properties, 0, sizeof(properties));
	right_ops->notified(dev, queue);
}

static uint32_t list_length(const uint8_t *bytes, uint32_t size)
{
	struct property_head head;
	uint32_t at = 0;

	while (at + sizeof(head) <= size) {
		memcpy(&head, bytes + at, sizeof(head));
		if (!head.type)
			break;
		at += sizeof(head) + head.length;
	}
	return min(at, size);
}

static void reply_over_old(const struct chain *chain, const struct model_request *r, const struct decision *d,
			   struct iommu_reply *reply)
{
	(void)chain;
	if (r->head.type != REQUEST_PROBE || d->answer != STATUS_OK)
		return;
	memcpy(properties, reply->bytes, list_length(reply->bytes, reply->tail));
	memcpy(reply->bytes, properties, reply->tail);
}

/* The last MAP since the notification; virt_end is 0 if there was none. */
static struct map_request last_map;

static void serve_with_maps(struct vdev *dev, unsigned int queue)
{
	last_map.virt_end = 0;
	right_ops->notified(dev, queue);
}

static bool extend(const struct map_request *r)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (m->mappings[i].domain != r->domain || m->mappings[i].end != last_map.virt_end)
			continue;
		m->mappings[i].end = r->virt_end;
		iotlb_forget_all();
		return true;
	}
	return false;
}

static bool map_on(const struct model_request *r)
{
	bool extended;

	if (r->head.type != REQUEST_MAP)
		return false;
	extended = last_map.virt_end && last_map.domain == r->map.domain && last_map.flags == r->map.flags &&
		   last_map.virt_end + 1 == r->map.virt_start && extend(&r->map);
	last_map = r->map;
	return extended;
}

/* A DETACH that waits for what comes next. */

static struct model_request left;
static bool has_left;

static void carry_out_detach(void)
{
	if (has_left)
		request_execute(&left);
	has_left = false;
}

static bool is_return(const struct model_request *r)
{
	return r->head.type == REQUEST_ATTACH && r->attach.endpoint == left.detach.endpoint &&
	       r->attach.domain == left.detach.domain &&
	       model_rule_applies(&ref_iommu.model, RULE_ATTACH_AGAIN, r);
}

static bool read_after_detach(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (has_left && !is_return(r))
		carry_out_detach();
	return false;
}

static bool put_detach_off(const struct model_request *r)
{
	if (r->head.type == REQUEST_DETACH) {
		left = *r;
		has_left = true;
		return true;
	}
	if (!has_left)
		return false;
	has_left = false;
	return true;
}

static void serve_with_detach(struct vdev *dev, unsigned int queue)
{
	right_ops->notified(dev, queue);
	carry_out_detach();
}

/* used.len of the first buffer since the notification. */

static uint32_t first_used;
static bool has_first;

static void serve_with_first(struct vdev *dev, unsigned int queue)
{
	has_first = false;
	right_ops->notified(dev, queue);
}

static void reply_with_first_used(const struct chain *chain, const struct model_request *r,
				  const struct decision *d, struct iommu_reply *reply)
{
	(void)chain, (void)r, (void)d;
	if (!has_first)
		first_used = reply->used;
	has_first = true;
	reply->used = first_used;
}

/* UNMAPs of one domain that wait for the next, and the one that they make together. */

#define MAX_UNMAPS VDEV_QUEUE_SIZE

static struct chain unmaps[MAX_UNMAPS];
static struct model_request joined;
static unsigned int unmap_count;
static bool joined_is_done;
static struct decision joined_decision;

static void carry_out_joined(void)
{
	unsigned int count = unmap_count;

	unmap_count = 0;
	joined_is_done = false;
	for (unsigned int i = 0; i < count; i++) {
		request_process(&unmaps[i], &joined);
		joined_is_done = true;
	}
	joined_is_done = false;
}

static void decide_once(const struct model_request *r, struct decision *d)
{
	(void)r;
	if (joined_is_done)
		*d = (struct decision){joined_decision.answer, false};
	joined_decision = *d;
}

static bool can_join(const struct model_request *r)
{
	return r->head.type == REQUEST_UNMAP && r->readable == sizeof(r->unmap) &&
	       r->writable == sizeof(struct request_tail);
}

static void join(const struct chain *chain, const struct model_request *r)
{
	if (!unmap_count)
		joined = *r;
	joined.unmap.virt_start = min(joined.unmap.virt_start, r->unmap.virt_start);
	joined.unmap.virt_end = max(joined.unmap.virt_end, r->unmap.virt_end);
	unmaps[unmap_count++] = *chain;
}

static bool read_and_join(const struct chain *chain, struct model_request *r)
{
	bool joins = can_join(r);

	if (unmap_count && (!joins || unmap_count == MAX_UNMAPS || r->unmap.domain != joined.unmap.domain))
		carry_out_joined();
	if (joins)
		join(chain, r);
	return joins;
}

static void serve_with_unmaps(struct vdev *dev, unsigned int queue)
{
	right_ops->notified(dev, queue);
	if (queue != REQUEST_QUEUE || !unmap_count)
		return;
	carry_out_joined();
	vring_flush(dev, &dev->queues[queue]);
}

/* The loop is left after a request of unknown type. */

static bool leaves;

static bool read_and_leave(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	leaves = model_rule_applies(&ref_iommu.model, RULE_UNKNOWN_TYPE, r);
	return false;
}

static void serve_up_to_unknown(struct vdev *dev, unsigned int queue)
{
	static struct chain chain;

	if (queue != REQUEST_QUEUE)
		return right_ops->notified(dev, queue);
	for (leaves = false; !leaves && vdev_is_running(dev);) {
		if (!vring_pop(dev, &dev->queues[queue], &chain))
			break;
		request_serve(&chain);
	}
	vring_flush(dev, &dev->queues[queue]);
}

bool batch_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_BATCH_LIMIT, {0}, {.notified = serve_some}},
		{MUTANT_BATCH_PROBE_BUFFER_REUSED, {.reply_ready = reply_over_old},
		 {.notified = serve_with_clean_buffer}},
		{MUTANT_BATCH_MAPS_COALESCED, {.request_execute = map_on}, {.notified = serve_with_maps}},
		{MUTANT_BATCH_DETACH_ATTACH_ELIDED,
		 {.request_read = read_after_detach, .request_execute = put_detach_off},
		 {.notified = serve_with_detach}},
		{MUTANT_BATCH_USED_LEN_OF_FIRST, {.reply_ready = reply_with_first_used},
		 {.notified = serve_with_first}},
		{MUTANT_BATCH_UNMAPS_JOINED,
		 {.request_read = read_and_join, .request_decided = decide_once},
		 {.notified = serve_with_unmaps}},
		{MUTANT_UNKNOWN_TYPE_ENDS_BATCH, {.request_read = read_and_leave},
		 {.notified = serve_up_to_unknown}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
