// SPDX-License-Identifier: BSD-3-Clause
/*
 * A table in which requests find their domains: by id modulo its size, from there on to the first place that
 * is empty. The end of a domain empties its place, so that those behind it are lost. The model knows a lost
 * domain by its id, and what a request makes in its place by another one.
 */
#include "host/bugs/takeover/takeover.h"
#include "host/bugs/upkeep/upkeep.h"

#define MOST_BUCKETS 256

static struct {
	bool used;
	uint32_t id, known_as;
} buckets[MOST_BUCKETS];

static uint32_t asked;	/* the domain of the request under way */

/* The bucket of a domain, or the first empty one where it could be; N if neither is there. */
static unsigned int bucket_of(uint32_t id)
{
	unsigned int size = mutant_number(), at = id % size;

	for (unsigned int i = 0; i < size; i++, at = (at + 1) % size)
		if (!buckets[at].used || buckets[at].id == id)
			return at;
	return size;
}

static uint32_t unused_id(const struct model *m)
{
	uint32_t id = m->offered & VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) ? m->config.domain_end :
										UINT32_MAX;

	while (bug_count_members(id))
		id--;
	return id;
}

static uint32_t find_domain(uint32_t id)
{
	unsigned int at = bucket_of(id);

	if (at < mutant_number() && buckets[at].used)
		return buckets[at].known_as;
	return bug_count_members(id) ? unused_id(&ref_iommu.model) : id;
}

static bool names_domain(const struct model_request *r)
{
	return r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH ||
	       r->head.type == REQUEST_MAP || r->head.type == REQUEST_UNMAP;
}

static bool read(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	asked = r->map.domain;
	if (names_domain(r))
		r->map.domain = find_domain(asked);
	return false;
}

static void empty_places(void)
{
	for (unsigned int i = 0; i < mutant_number(); i++)
		buckets[i].used &= bug_count_members(buckets[i].known_as) > 0;
}

static void reply_ready(const struct chain *chain, const struct model_request *r, const struct decision *d,
			struct iommu_reply *reply)
{
	unsigned int at;

	(void)chain, (void)d, (void)reply;
	empty_places();
	if (r->head.type != REQUEST_ATTACH || !bug_is_member(r->attach.endpoint, r->attach.domain))
		return;
	at = bucket_of(asked);
	if (at == mutant_number() || buckets[at].used)
		return;
	buckets[at].used = true;
	buckets[at].id = asked;
	buckets[at].known_as = r->attach.domain;
}

static void reset(struct vdev *dev)
{
	right_ops->reset(dev);
	empty_places();
}

bool buckets_install(void)
{
	static const struct takeover row = {
		MUTANT_DOMAIN_TABLE_HOLES,
		{.request_read = read, .reply_ready = reply_ready},
		{.reset = reset},
	};

	return takeover_use(&row, 1);
}
