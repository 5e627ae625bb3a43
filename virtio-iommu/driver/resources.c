// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "driver/iommu.h"
#include "driver/resources.h"
#include "standard/model.h"
#include "util.h"

/* Only attachments and mappings count. */
static struct model held;

struct amount {
	unsigned int mappings;
	uint64_t bytes;
};

static struct amount now;

/* At one time each. */
static struct amount most_mappings, most_bytes;
static unsigned int most_domains;
static uint64_t longest;	/* mapping */

/* Return false for what does not change what is held. */
static bool parse(const void *readable, uint32_t size, struct model_request *r)
{
	static const uint32_t sizes[] = {
		[REQUEST_ATTACH] = sizeof(struct attach_request),
		[REQUEST_DETACH] = sizeof(struct detach_request),
		[REQUEST_MAP] = sizeof(struct map_request),
		[REQUEST_UNMAP] = sizeof(struct unmap_request),
	};

	memset(r, 0, sizeof(*r));
	memcpy(r, readable, min(size, sizeof(struct map_request)));
	return r->head.type >= REQUEST_ATTACH && r->head.type <= REQUEST_UNMAP && size >= sizes[r->head.type];
}

static uint64_t saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t length_of(const struct map_request *r)
{
	return saturated(r->virt_end - r->virt_start, 1);
}

/* With @domain, whether it exists or not. */
static unsigned int count_domains_with(uint32_t domain)
{
	unsigned int count = 1;

	for (unsigned int i = 0; i < held.endpoint_count; i++) {
		const struct model_endpoint *ep = &held.endpoints[i];
		bool first = ep->attached && ep->domain != domain;

		for (unsigned int j = 0; j < i && first; j++)
			first = !held.endpoints[j].attached || held.endpoints[j].domain != ep->domain;
		count += first;
	}
	return count;
}

static void note_endpoint(uint32_t id)
{
	if (!model_endpoint(&held, id) && held.endpoint_count < MODEL_MAX_ENDPOINTS)
		held.endpoints[held.endpoint_count++] = (struct model_endpoint){.id = id};
}

/* The domain that a sole member has left does not count: it is gone before the next one is there. */
static void note_attach(const struct attach_request *r)
{
	most_domains = max(most_domains, count_domains_with(r->domain));
}

static void note_map(const struct map_request *r)
{
	now.bytes = saturated(now.bytes, length_of(r));
	longest = max(longest, length_of(r));
	if (held.mapping_count > most_mappings.mappings)
		most_mappings = (struct amount){held.mapping_count, now.bytes};
	if (now.bytes > most_bytes.bytes)
		most_bytes = (struct amount){held.mapping_count, now.bytes};
}

/* What has gone may have been any of them. */
static void count_bytes(void)
{
	now.bytes = 0;
	for (unsigned int i = 0; i < held.mapping_count; i++)
		now.bytes = saturated(now.bytes, saturated(held.mappings[i].end - held.mappings[i].start, 1));
}

void resources_note(const void *readable, uint32_t size)
{
	struct model_request r;

	if (!parse(readable, size, &r))
		return;
	if (r.head.type == REQUEST_ATTACH)
		note_endpoint(r.attach.endpoint);
	model_apply(&held, &r);
	if (r.head.type == REQUEST_ATTACH)
		note_attach(&r.attach);
	if (r.head.type == REQUEST_MAP)
		note_map(&r.map);
	else if (held.mapping_count < now.mappings)
		count_bytes();
	now.mappings = held.mapping_count;
}

void resources_reset(void)
{
	model_reset(&held);
	now = (struct amount){0, 0};
}

bool resources_forbid(const void *readable, uint32_t size, uint32_t writable)
{
	struct model_request r = {.readable = size, .writable = writable};

	memcpy(&r, readable, min(size, offsetof(struct model_request, readable)));
	held.offered = iommu.offered;
	held.accepted = iommu.dev.accepted;
	held.config = iommu.config;
	return model_forbids(&held, &r);
}

static bool fits_in(const struct amount *had, uint64_t length)
{
	return now.mappings < had->mappings && saturated(now.bytes, length) <= had->bytes;
}

/* One domain, and in it one page: a device without room for that can do nothing. */
static bool is_least(const struct model_request *r)
{
	if (r->head.type == REQUEST_ATTACH)
		return count_domains_with(r->attach.domain) == 1;
	return !now.mappings && length_of(&r->map) <= iommu.page;
}

bool resources_may_lack(const void *readable, uint32_t size)
{
	struct model_request r;

	if (!parse(readable, size, &r) || is_least(&r))
		return false;
	if (r.head.type == REQUEST_ATTACH)
		return count_domains_with(r.attach.domain) > most_domains;
	return r.head.type == REQUEST_MAP &&
	       (length_of(&r.map) > longest ||
		!(fits_in(&most_mappings, length_of(&r.map)) || fits_in(&most_bytes, length_of(&r.map))));
}
