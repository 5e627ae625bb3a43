// SPDX-License-Identifier: BSD-3-Clause
/*
 * Addresses are drawn from few windows, so that mappings meet; memory from few pages, so that they share it.
 * After a change places are probed that were reached before: that finds what is stale.
 */
#include <string.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/iova.h"
#include "judge/watch.h"
#include "memory.h"
#include "random.h"
#include "sequences/asked.h"
#include "sequences/draw.h"
#include "sequences/player.h"
#include "util.h"

#define WINDOWS 6
#define WINDOW 12	/* pages */
#define DOMAINS 5
#define ENDPOINTS 4	/* of a round that share its domains */

static struct {
	uint64_t rng;
	bool illegal;
	uint64_t windows[WINDOWS];
	unsigned int window_count;
	uint32_t domains[DOMAINS];
	unsigned int endpoints;
	unsigned int probes;	/* to come after a change */
} chance;

static uint64_t draw_word(void)
{
	return random_next(&chance.rng);
}

static unsigned int draw(unsigned int below)
{
	return (draw_word() >> 16) % below;
}

static bool one_in(unsigned int count)
{
	return !draw(count);
}

static void seed_rng(uint64_t seed)
{
	chance.rng = random_state(seed);
	for (unsigned int i = 0; i < 4; i++)
		draw(2);
}

static void add_window(uint64_t from)
{
	uint64_t start;

	if (chance.window_count < WINDOWS && iova_find(from, WINDOW * iommu.page, &start))
		chance.windows[chance.window_count++] = start;
}

/* At the address of memory, low, across 4 GiB, anywhere, and just below a large power of two. */
static void choose_windows(void)
{
	uint64_t memory = player_memory().start, size = iommu.config.input_end - iommu.config.input_start;

	chance.window_count = 0;
	if (iova_is_free(memory, WINDOW * iommu.page))
		chance.windows[chance.window_count++] = memory;
	add_window(iommu.config.input_start);
	add_window((1ull << 32) - WINDOW / 2 * iommu.page);
	add_window(iommu.config.input_start + align_down(draw_word() % (size / 2 + 1), 1 << 21));
	add_window(align_down(iommu.config.input_end, iommu.page) - 2 * WINDOW * iommu.page);
}

/* Ids of domains and of endpoints may be the same numbers. */
static uint32_t draw_near(uint32_t first, uint32_t last)
{
	uint32_t id = endpoint(draw(chance.endpoints))->id;

	if (one_in(4) && id >= first && id <= last)
		return id;
	return first + (last - first) / 2 - draw(1 << 16) % ((last - first) / 2 + 1);
}

/* Near each other, the first and the last one, and one that differs in a high bit alone. */
static void choose_domains(void)
{
	uint32_t first = iommu.config.domain_start, last = iommu.config.domain_end;
	uint32_t near = draw_near(first, last);
	const uint32_t all[DOMAINS] = {near, min(near, last - 1) + 1, first, last, near ^ 1u << draw(32)};

	memcpy(chance.domains, all, sizeof(all));
	for (unsigned int i = 0; i < DOMAINS; i++)
		if (chance.domains[i] < first || chance.domains[i] > last)
			chance.domains[i] = near;
}

void draw_begin(uint64_t seed, bool illegal)
{
	unsigned int endpoints;

	seed_rng(seed);
	endpoints = 2 + draw(ENDPOINTS - 1);
	asked_begin();
	chance.illegal = illegal;
	chance.endpoints = min(endpoint_count(), endpoints);
	chance.probes = 0;
	choose_windows();
	choose_domains();
}

static uint64_t draw_page(void)
{
	if (!chance.window_count)
		return iommu.config.input_start;
	return chance.windows[draw(chance.window_count)] + draw(WINDOW) * iommu.page;
}

static uint64_t draw_memory(unsigned int pages)
{
	return player_memory().start + draw(PLAYER_PAGES - pages + 1) * iommu.page;
}

static uint32_t draw_domain(void)
{
	return chance.domains[one_in(4) ? draw(DOMAINS) : draw(2)];
}

static uint32_t draw_endpoint(void)
{
	return draw(chance.endpoints);
}

static const struct model_endpoint *self(uint32_t number)
{
	return model_endpoint(player_model(), endpoint(number)->id);
}

/* One that an endpoint is in, mostly. */
static uint32_t draw_living_domain(void)
{
	const struct model_endpoint *ep = self(draw_endpoint());

	return ep->attached && !one_in(16) ? ep->domain : draw_domain();
}

/* A mapping that is no private page, or NULL. */
static const struct model_mapping *draw_mapping(void)
{
	const struct model *m = player_model();
	uint64_t start = player_memory().start, size = player_memory().size;

	for (unsigned int try = 0; try < 4 && m->mapping_count; try++) {
		const struct model_mapping *mapping = &m->mappings[draw(m->mapping_count)];

		if (mapping->phys - start < size)
			return mapping;
	}
	return NULL;
}

/* Never the last byte of a page: the byte in front of a mapping is a matter of N-MAP-1. */
static unsigned int draw_offset(unsigned int size)
{
	unsigned int offset = draw(WATCH_EDGE - min(size, WATCH_EDGE - 1));

	return one_in(2) ? offset : (unsigned int)iommu.page - WATCH_EDGE + offset;
}

/*
 * Recipes of steps.
 */

static void draw_attach(struct step *s)
{
	*s = (struct step){.kind = STEP_ATTACH, .endpoint = draw_endpoint(), .domain = draw_domain()};
	if (iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG) && one_in(6))
		s->flags = ATTACH_BYPASS;
}

static void draw_detach(struct step *s)
{
	*s = (struct step){.kind = STEP_DETACH, .endpoint = draw_endpoint()};
	s->domain = self(s->endpoint)->attached && !one_in(8) ? self(s->endpoint)->domain : draw_domain();
}

static uint32_t draw_rights(void)
{
	static const uint32_t rights[] = {MAP_RW, MAP_RW, MAP_RW, MAP_READ, MAP_WRITE};

	return rights[draw(ARRAY_SIZE(rights))];
}

static void draw_map(struct step *s)
{
	unsigned int pages = 1 + draw(one_in(12) ? 24 : one_in(3) ? 6 : 2);

	*s = (struct step){.kind = STEP_MAP, .domain = draw_living_domain(), .start = draw_page(),
			   .phys = draw_memory(pages), .flags = draw_rights()};
	s->end = s->start + pages * iommu.page - 1;
}

/* Beside another one, in addresses, in memory, or both; or the same in another domain. */
static void draw_map_near(struct step *s)
{
	const struct model_mapping *old = draw_mapping();
	bool above = draw(2);
	uint64_t size;

	draw_map(s);
	if (!old)
		return;
	size = s->end - s->start;
	s->domain = one_in(3) ? s->domain : old->domain;
	s->start = s->domain != old->domain ? old->start : above ? old->end + 1 : old->start - size - 1;
	s->end = s->start + size;
	if (one_in(2) && old->phys + (old->end - old->start) - player_memory().start <
				 player_memory().size - size - 1)
		s->phys = above ? old->phys + (old->end - old->start) + 1 : old->phys;
}

/* Of 2 MiB to 64 GiB: what is behind its first pages is never accessed. */
static void draw_map_wide(struct step *s)
{
	uint64_t size = (2ull << 20) << draw(16), start;

	draw_map(s);
	s->phys = one_in(2) ? player_memory().start : align_down(player_memory().start, size);
	if (!iova_find(1ull << (30 + draw(8)), size, &start))
		return;
	start = align_up(start, size);
	if (!iova_is_free(start, size))
		return;
	s->start = start;
	s->end = start + size - 1;
}

static void draw_map_many(struct step *s)
{
	draw_map(s);
	s->count = 8 << draw(one_in(8) ? 8 : 3);
	s->stride = iommu.page << draw(3);
	if (chance.window_count)
		s->start = align_up(chance.windows[chance.window_count - 1] / 2, iommu.page);
	s->end = s->start + iommu.page - 1;
}

static void draw_unmap(struct step *s)
{
	const struct model_mapping *old = draw_mapping();

	*s = (struct step){.kind = STEP_UNMAP, .domain = draw_living_domain(), .start = draw_page()};
	s->end = s->start + (1 + draw(6)) * iommu.page - 1;
	if (!old || one_in(4))
		return;
	s->domain = old->domain;
	s->start = old->start - draw(2) * draw(3) * iommu.page;
	s->end = old->end + draw(2) * draw(3) * iommu.page;
}

/* From one mapping to another one, or all. */
static void draw_unmap_wide(struct step *s)
{
	const struct model_mapping *first = draw_mapping(), *last = draw_mapping();

	draw_unmap(s);
	if (!first || !last || one_in(4)) {
		s->start = iommu.config.input_start;
		s->end = iommu.config.input_end;
		return;
	}
	s->domain = first->domain;
	s->start = min(first->start, last->start);
	s->end = max(first->end, last->end);
}

static void draw_probe(struct step *s)
{
	*s = (struct step){.kind = STEP_PROBE, .endpoint = draw_endpoint()};
}

static void draw_bypass(struct step *s)
{
	*s = (struct step){.kind = STEP_BYPASS, .value = draw(2)};
}

/* What changes nothing of what requests mean. */
#define OF_QUEUES (VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | \
		   VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | VIRTIO_FEATURE(VIRTIO_F_IN_ORDER))

/* By the next driver, which is like this one, or has other queues. */
static void draw_reset(struct step *s)
{
	*s = (struct step){.kind = STEP_RESET};
	if (one_in(3))
		return;
	s->features = (iommu.wanted & ~OF_QUEUES) | (iommu.offered & OF_QUEUES & draw_word());
	s->size = one_in(2) ? 0 : 2 + draw(IOMMU_RING_SIZE - 1);
}

static void draw_reset_endpoint(struct step *s)
{
	*s = (struct step){.kind = STEP_RESET_ENDPOINT, .endpoint = draw_endpoint()};
}

static void draw_reset_function(struct step *s)
{
	*s = (struct step){.kind = STEP_RESET_FUNCTION, .endpoint = draw_endpoint()};
}

/* One descriptor for each part, or cuts anywhere; few, as a device may have no long chains (GEN-FRAME-2). */
static void draw_framing(struct step *s)
{
	*s = (struct step){.kind = STEP_FRAMING};
	if (one_in(4))
		return;
	s->readable_first = draw(sizeof(struct probe_request));
	s->readable_next = one_in(2) ? 0 : 10 + draw(20);
	s->writable_first = draw(one_in(2) ? 2 * TAIL_SIZE : PROBE_LEAST);
}

static void draw_access_kind(struct step *s)
{
	*s = (struct step){.kind = one_in(3) ? STEP_READ : STEP_WRITE, .endpoint = draw_endpoint()};
	s->size = 8;
	s->report = one_in(128);	/* it takes milliseconds to see that no other is under way */
}

/* In a mapping of the endpoint's domain, or at memory where it has none. */
static void draw_access(struct step *s)
{
	const struct model_mapping *at = draw_mapping();
	uint64_t pages;

	draw_access_kind(s);
	s->start = draw_memory(1) + draw_offset(s->size);
	if (!at || !self(s->endpoint)->attached || self(s->endpoint)->bypass)
		return;
	for (unsigned int try = 0; try < 4 && at && at->domain != self(s->endpoint)->domain; try++)
		at = draw_mapping();
	if (!at)
		return;
	pages = min((at->end - at->start) / iommu.page + 1, PLAYER_PAGES);
	s->start = align_down(at->start, iommu.page) + draw(pages) * iommu.page + draw_offset(s->size);
}

/* Anywhere in a window, mapped or not. */
static void draw_access_beside(struct step *s)
{
	draw_access_kind(s);
	s->start = draw_page() + draw_offset(s->size);
}

/* Over several pages. */
static void draw_access_long(struct step *s)
{
	draw_access(s);
	s->start = align_down(s->start, iommu.page) - (one_in(2) ? draw(3) * iommu.page : 0) + draw(2) * 8;
	s->size = 1 + draw((PLAYER_ACCESS_PAGES - 1) * iommu.page);
	if (one_in(3))
		s->size = 1 + draw(64);
}

/* What the endpoint reached there, it does not reach now. */
static bool is_gone(const struct place *place)
{
	struct model_extent extent;
	uint8_t reason;

	return !model_translate(player_model(), endpoint(place->endpoint)->id, place->iova, MAP_READ, &extent,
				&reason) ||
	       extent.phys + (place->iova - extent.start) != phys(place->memory);
}

/* One of the last places, or any; rather one that is gone. */
static const struct place *draw_place(void)
{
	const struct place *place = NULL;

	for (unsigned int try = 0; try < 4 && !(place && is_gone(place)); try++)
		place = player_place(one_in(2) ? draw(PLAYER_PLACES) : draw(8));
	return place;
}

static bool reaches_nothing(uint32_t number)
{
	return !self(number)->attached && !player_model()->config.bypass;
}

/* Where an endpoint has been: this one, or another one. One that reaches nothing comes back first. */
static void draw_access_again(struct step *s)
{
	const struct place *place = draw_place();

	draw_access(s);
	if (!place)
		return;
	s->endpoint = one_in(8) ? s->endpoint : place->endpoint;
	s->start = place->iova;
	s->size = 8;
	if (!reaches_nothing(s->endpoint) || !one_in(2))
		return;
	draw_attach(s);
	s->endpoint = place->endpoint;
	s->domain = one_in(2) ? place->domain : s->domain;
	chance.probes += 2;
}

static const struct recipe {
	void (*draw)(struct step *s);
	unsigned int share;
	bool changes;	/* what endpoints reach */
} recipes[] = {
	{draw_attach, 20, true},
	{draw_detach, 8, true},
	{draw_map, 50, true},
	{draw_map_near, 40, true},
	{draw_map_wide, 4, true},
	{draw_map_many, 2, true},
	{draw_unmap, 45, true},
	{draw_unmap_wide, 10, true},
	{draw_probe, 4, false},
	{draw_bypass, 4, true},
	{draw_reset, 2, true},
	{draw_reset_endpoint, 2, false},
	{draw_reset_function, 1, false},
	{draw_framing, 4, false},
	{draw_access, 80, false},
	{draw_access_beside, 5, false},
	{draw_access_long, 20, false},
	{draw_access_again, 20, false},
};

static const struct recipe *draw_recipe(void)
{
	unsigned int all = 0, drawn, i = 0;

	for (; i < ARRAY_SIZE(recipes); i++)
		all += recipes[i].share;
	drawn = draw(all);
	for (i = 0; drawn >= recipes[i].share; i++)
		drawn -= recipes[i].share;
	return &recipes[i];
}

/* A field that cannot be. */
static void spoil(struct step *s)
{
	switch (draw(6)) {
	case 0:
		s->reserved = s->kind == STEP_MAP ? 0 : 1 + draw(255);
		break;
	case 1:
		s->flags |= 1u << draw(32);
		break;
	case 2:
		s->start += 1 + draw(iommu.page - 1);
		break;
	case 3:
		s->end -= 2 * (s->end - s->start) + 1;
		break;
	case 4:
		s->domain = draw_word();
		break;
	case 5:
		if (s->kind == STEP_ATTACH || s->kind == STEP_DETACH || s->kind == STEP_PROBE)
			s->by_id = nobodys_id() ? nobodys_id() : s->by_id;
	}
}

/* Ranges that cannot be are fields that cannot be. */
static bool is_range(const struct step *s)
{
	uint64_t more = s->count > 1 ? (s->count - 1) * s->stride : 0;

	return s->start <= s->end && s->end <= iommu.config.input_end - more &&
	       s->start >= iommu.config.input_start;
}

static struct step draw_one(void)
{
	const struct recipe *recipe = chance.probes ? &recipes[ARRAY_SIZE(recipes) - 1] : draw_recipe();
	struct step s;

	recipe->draw(&s);
	if ((s.kind == STEP_MAP || s.kind == STEP_UNMAP) && !is_range(&s))
		draw_access(&s);
	chance.probes -= !!chance.probes;
	if (recipe->changes && one_in(3))
		chance.probes = 1 + draw(one_in(8) ? 24 : 3);
	if (chance.illegal && is_request(&s) && one_in(8))
		spoil(&s);
	s.together = is_request(&s) && !s.reserved;
	return s;
}

static unsigned int asked_before(const struct step *s)
{
	struct model_request r = player_request(s);

	return asked_times(model_rules_about(player_model(), &r));
}

/* Of two requests, the one that was asked less is drawn often. */
struct step draw_step(void)
{
	struct step a = draw_one(), b;

	if (!is_request(&a) || !one_in(4))
		return a;
	b = draw_one();
	return is_request(&b) && asked_before(&b) < asked_before(&a) ? b : a;
}

bool draw_goes_on(void)
{
	return one_in(8);
}
