// SPDX-License-Identifier: BSD-3-Clause
#include "driver/iova.h"
#include "driver/resources.h"
#include "driver/trace.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "tests/stale/scene.h"
#include "util.h"

/*
 * Chunks of memory that ranges share: a prime, so that no pattern of ranges falls together with one of them.
 */
#define MOST_CHUNKS 31
#define MOST_CHUNK_PAGES 35	/* each is watched: MAX_WATCHED of watch.c */

/* Ranges are mapped in an order that is neither up nor down; prime to all counts. */
#define STRIDE 7

/* Pages in front of and behind the ranges: for UNMAP of more, and those of struct scene's beside. */
#define FRONT_PAGES 1
#define BESIDE_PAGES 3

/* Domains at a time: of the members, of the bystander, and that of the way back. */
#define DOMAINS_WITH_BYSTANDER 4

/* For a member that leaves. */
#define NOBODY MAX_MEMBERS

unsigned int stale_candidates(struct endpoint **found, unsigned int most)
{
	unsigned int count = 0;
	struct endpoint *ep;

	for (unsigned int i = 0; count < most && (ep = endpoint(i)); i++) {
		bool alias = false;

		for (unsigned int j = 0; j < count; j++)
			alias = alias || found[j]->id == ep->id;
		if (!alias && writes_on_demand(ep))
			found[count++] = ep;
	}
	return count;
}

/* Exact ones change places from cell to cell: the first endpoint is not always the first member. */
static unsigned int rotated(struct endpoint **found, uint32_t by)
{
	struct endpoint *all[MAX_ENDPOINTS];
	unsigned int count = stale_candidates(all, MAX_ENDPOINTS), exact = 0;

	while (exact < count && all[exact]->dma.ops->exact)
		exact++;
	for (unsigned int i = 0; i < count; i++)
		found[i] = all[i < exact ? (i + by) % exact : i];
	return count;
}

static void choose_members(struct scene *s, unsigned int who)
{
	static const struct {
		unsigned int members, who, leaver;
	} roles[WHOS] = {
		[WHO_ONLY] = {1, 0, NOBODY}, [WHO_FIRST] = {3, 0, NOBODY}, [WHO_SECOND] = {3, 1, NOBODY},
		[WHO_LAST] = {3, 2, NOBODY}, [WHO_LATER] = {2, 1, NOBODY},
		[WHO_FIRST_STAYS] = {3, 0, 2}, [WHO_SECOND_STAYS] = {3, 1, 0}, [WHO_LAST_STAYS] = {3, 2, 0},
		[WHO_FIRST_STAYS_2] = {3, 0, 1}, [WHO_LAST_STAYS_2] = {3, 2, 1},
	};
	struct endpoint *found[MAX_ENDPOINTS];
	unsigned int count = rotated(found, s->seed);
	uint32_t ids = iommu.config.domain_end - iommu.config.domain_start;

	s->member_count = roles[who].members;
	memcpy(s->members, found, s->member_count * sizeof(found[0]));
	s->who = s->members[roles[who].who];
	s->leaver = roles[who].leaver;
	s->leaver_moves = who == WHO_SECOND_STAYS;
	if (count > s->member_count && ids >= DOMAINS_WITH_BYSTANDER - 1 && arena_room() > 8 * iommu.page)
		s->bystander = found[s->member_count];
}

struct scene scene_of(const cell_t cell, uint32_t seed)
{
	const struct stale_way *way = &stale_ways[cell[WAY]];
	struct scene s = {
		.way = cell[WAY], .kind = cell[KIND], .end = way->end, .from = way->from, .seed = seed};

	s.unnamed = s.kind == KIND_UNNAMED;
	if (s.unnamed)
		s.kind = KIND_NONE;
	choose_members(&s, cell[WHO]);
	return s;
}

uint64_t spot_iova(const struct scene *s, const struct spot *spot)
{
	return s->iova + spot->range * s->stride + spot->offset;
}

uint8_t *spot_memory(const struct scene *s, const struct spot *spot, uint8_t *chunks)
{
	return chunks + spot->range % s->chunks * s->size + spot->offset;
}

/* Addresses far from any memory and register, if the input range has some; else any that are free. */
static bool find_addresses(uint64_t size, uint64_t *start)
{
	static const uint64_t from[] = {1ull << 38, 1ull << 36, 1ull << 40, 0};

	for (unsigned int i = 0; i < ARRAY_SIZE(from); i++)
		if (iova_find(from[i], size, start))
			return true;
	return false;
}

/* What a large page or block of a table may be: it shows only where both addresses agree in these bits. */
#define BLOCK (2ull << 20)

/* Half of what is left at most: the rest is for targets, and for what the accesses themselves need. */
static uint8_t *memory_for(uint64_t size)
{
	return size + iommu.page <= arena_room() / 2 ? arena_alloc_uninit(size, iommu.page) : NULL;
}

/*
 * Where it can be, the addresses are those of memory of ours: what is not translated is seen, and there is
 * something to reach in bypass.
 */
static const char *take_addresses(struct scene *s)
{
	uint64_t size = s->count * s->stride + (FRONT_PAGES + BESIDE_PAGES) * iommu.page, start;
	uint8_t *window = memory_for(size);

	start = phys(window);
	s->own_address = window && iova_is_free(start, size);
	if (!s->own_address && s->from == FROM_BYPASS)
		return "there is no memory at the addresses of all ranges";
	if (!s->own_address && !find_addresses(size, &start))
		return "the input range has no room for all ranges";
	iova_take(start, size);
	s->iova = start + FRONT_PAGES * iommu.page;
	s->beside = s->iova + s->count * s->stride;
	return NULL;
}

/*
 * One page more than is mapped: what is watched in the middle of a page ends in the next one. Of ranges that
 * a block may be part of every other one lies in its block as the memory does.
 */
static uint8_t *memory_for_chunks(const struct scene *s)
{
	uint64_t size = s->chunks * s->size + iommu.page;
	bool aligned = s->kind == KIND_NORMAL && s->size > iommu.page && (s->seed >> 16 & 1);
	uint8_t *memory = aligned ? memory_for(size + BLOCK) : NULL;

	return memory ? memory + (s->iova - phys(memory)) % BLOCK : memory_for(size);
}

#define NO_MEMORY "there is no memory for the ranges"

static const char *take_memory(struct scene *s)
{
	unsigned int most = MOST_CHUNK_PAGES * iommu.page / s->size;

	s->chunks = min(s->count, min(max(most, 1u), MOST_CHUNKS));
	s->memory = memory_for_chunks(s);
	s->other = BIT(s->way) & REMAPS_ELSEWHERE ? memory_for_chunks(s) : s->memory;
	if (!s->memory || !s->other)
		return NO_MEMORY;
	s->beside_memory = memory_for(BESIDE_PAGES * iommu.page);
	if (!s->beside_memory)
		return NO_MEMORY;
	watch_pages(s->beside_memory, BESIDE_PAGES);
	if (s->size <= MOST_CHUNK_PAGES * iommu.page)
		watch_pages(s->memory, s->chunks * s->size / iommu.page);
	return NULL;
}

bool scene_can_map(const struct scene *s, uint64_t page)
{
	return s->kind == KIND_NORMAL || iova_is_free(page, iommu.page);
}

/* In bypass the ranges are pages of memory themselves. */
static const char *take_bypassed_memory(struct scene *s)
{
	s->chunks = s->count;
	s->memory = s->other = memory_for_chunks(s);
	s->iova = phys(s->memory);
	return s->memory ? NULL : NO_MEMORY;
}

const char *scene_lay_out(struct scene *s, unsigned int count, uint64_t size)
{
	const char *unmet;

	s->count = count;
	s->size = size;
	s->stride = size + (s->end == END_UNMAP_MORE ? iommu.page : 0);
	if (s->kind != KIND_NORMAL)
		return take_bypassed_memory(s);
	unmet = take_addresses(s);
	return unmet ? unmet : take_memory(s);
}

/* At either end of its page, or in the middle, where the watched page ends in the next one. */
static void watch_spot(uint8_t *memory)
{
	uint64_t offset = phys(memory) % iommu.page;
	bool edge = offset < WATCH_EDGE || offset >= iommu.page - WATCH_EDGE;

	watch_pages(edge ? memory - offset : memory, 1);
}

void scene_add_spot(struct scene *s, struct spot spot)
{
	s->spots[s->spot_count++] = spot;
	watch_spot(spot_memory(s, &spot, s->memory));
	if (s->other != s->memory)
		watch_spot(spot_memory(s, &spot, s->other));
	if (s->own_address)
		watch_spot((uint8_t *)spot_iova(s, &spot));
}

/* What an access breaks that does not reach what it may: N-MAP-1 is isolation, N-BYP-1 has no keyword. */
static enum verdict scene_unreached(const struct scene *s)
{
	return s->kind == KIND_NORMAL ? VERDICT_FAIL : VERDICT_WARN;
}

bool expect_reached(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint32_t access,
		    uint64_t iova, uint8_t *memory)
{
	if ((access & MAP_READ) && !expect_reads(at, otherwise, ep, iova, memory, 8))
		return false;
	return !(access & MAP_WRITE) || expect_writes(at, otherwise, ep, iova, memory, 8);
}

/* A master that is not exact cannot read: it warms up by what it can. */
static uint32_t access_of(const struct endpoint *ep, uint32_t access)
{
	return ep->dma.ops->exact ? access : MAP_WRITE;
}

/*
 * Something to be read, other than what was there before; no byte is 0, nor one of the pattern of a master.
 */
static void plant(uint8_t *memory)
{
	static uint64_t last;
	uint64_t bytes;

	if (is_watched(memory, sizeof(bytes)))
		return;
	last += 0x0123456789abcdef;
	bytes = (last & 0x3f3f3f3f3f3f3f3f) | 0x4040404040404040;
	memcpy(memory, &bytes, sizeof(bytes));
}

static bool reaches_spot(struct source_line at, const struct scene *s, struct endpoint *ep, uint32_t access,
			 const struct spot *spot)
{
	uint8_t *memory = spot_memory(s, spot, s->memory);

	plant(memory);
	return expect_reached(at, scene_unreached(s), ep, access_of(ep, access), spot_iova(s, spot), memory);
}

bool scene_is_done(struct source_line at, enum verdict otherwise, struct reply reply)
{
	return expect_status(at, otherwise, &reply, STATUS_OK);
}

static bool map_rings_at(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint32_t domain,
			 uint64_t iova)
{
	dma_set_page_iova(&ep->dma, iova);
	return scene_is_done(at, otherwise,
			     map_range(domain, iova, private_page_size(), ep->dma.page, MAP_RW));
}

static bool map_rings(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint32_t domain)
{
	return map_rings_at(at, otherwise, ep, domain, ep->page_iova);
}

static bool is_unsupported(const struct reply *reply)
{
	return reply->delivered && !reply->breach && reply->status == STATUS_UNSUPP;
}

static bool attach_member(struct source_line at, const struct scene *s, struct endpoint *ep)
{
	uint32_t flags = s->kind == KIND_BYPASS ? ATTACH_BYPASS : 0;
	struct reply reply;

	if (s->kind == KIND_NONE)
		return true;
	reply = attach(s->domain, ep->id, flags);
	if (is_unsupported(&reply) && ep != s->members[0]) {
		silent("the device does not let as many endpoints share a domain");
		return false;
	}
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK) &&
	       (s->kind == KIND_BYPASS || map_rings(at, VERDICT_ERROR, ep, s->domain));
}

static bool is_later(const struct scene *s, unsigned int who, unsigned int member)
{
	return who == WHO_LATER && member == s->member_count - 1;
}

bool scene_attach(struct source_line at, struct scene *s, unsigned int who)
{
	if (s->kind != KIND_NONE)
		s->domain = fresh_domain();
	for (unsigned int i = 0; i < s->member_count; i++)
		if (!is_later(s, who, i) && !attach_member(at, s, s->members[i]))
			return false;
	s->attached = s->rings = true;
	s->now = s->domain;
	return true;
}

bool scene_attach_later(struct source_line at, struct scene *s, unsigned int who)
{
	return who != WHO_LATER || attach_member(at, s, s->who);
}

static bool is_inseparable(const struct reply *reply, const struct endpoint *ep, uint32_t domain)
{
	return is_unsupported(reply) && others_are_elsewhere(ep->id, domain);
}

/*
 * Its rings are at the address of those of @who, if that has a table. They are what either reaches last and
 * first, so that whatever is remembered of one access counts in the next one.
 */
static uint64_t bystander_rings(const struct scene *s)
{
	return s->kind == KIND_NORMAL ? s->who->page_iova : s->bystander->page_iova;
}

/* Where it may not have a domain of its own, or there is no room for one, there is none. */
static bool place_bystander(struct source_line at, struct scene *s)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, s->bystander->id, 0);

	if (reply.no_room || is_inseparable(&reply, s->bystander, domain)) {
		s->bystander = NULL;
		return true;
	}
	s->bystander_domain = domain;
	s->bystander_page = watched_pages(1);
	s->bystander_iova = align_down(spot_iova(s, &s->spots[0]), iommu.page);
	if (!scene_can_map(s, s->bystander_iova))
		s->bystander_iova = iova_window(1);
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK) &&
	       map_rings_at(at, VERDICT_ERROR, s->bystander, domain, bystander_rings(s)) &&
	       scene_is_done(at, VERDICT_ERROR,
			     map_page(domain, s->bystander_iova, s->bystander_page, MAP_RW)) &&
	       expect_writes(at, VERDICT_FAIL, s->bystander, s->bystander_iova, s->bystander_page, 8);
}

static void fill_map_requests(const struct scene *s, struct map_request *requests, uint8_t *chunks,
			      uint32_t flags)
{
	for (unsigned int i = 0; i < s->count; i++) {
		struct spot start = {i * STRIDE % s->count, 0};

		requests[i] = (struct map_request){
			{.type = REQUEST_MAP}, s->domain, spot_iova(s, &start),
			spot_iova(s, &start) + s->size - 1, phys(spot_memory(s, &start, chunks)), flags};
	}
}

uint8_t scene_map(const struct scene *s, uint8_t *chunks, uint32_t flags)
{
	struct map_request *requests = arena_alloc_uninit(s->count * sizeof(*requests), 8);

	fill_map_requests(s, requests, chunks, flags);
	return map_batch(requests, s->count);
}

/* Return true if the device never had room for one range more. */
static bool may_lack_room(const struct scene *s)
{
	struct map_request request = {
		{.type = REQUEST_MAP}, s->domain, s->iova, s->iova + s->size - 1, 0, MAP_RW};

	return resources_may_lack(&request, sizeof(request));
}

/* How many mappings there is room for, and of which flags, is the device's own affair. */
bool scene_map_or_skip(struct source_line at, const struct scene *s, uint8_t *chunks, uint32_t flags)
{
	uint8_t status = scene_map(s, chunks, flags);

	if (status == STATUS_NOMEM && may_lack_room(s))
		silent("the device has no room for the ranges of a cell: %u", s->count);
	else if (status != STATUS_OK && status != UINT8_MAX && flags != MAP_RW)
		silent("the device does not map with flags %#x", flags);
	else if (status != STATUS_OK)
		judge(VERDICT_ERROR, at, "MAP is OK", "of %u one has status %s", s->count,
		      status_name(status));
	return status == STATUS_OK;
}

bool expect_beside(struct source_line at, const struct scene *s, unsigned int page)
{
	return expect_writes(at, BY_LEVEL, s->who, s->beside + page * iommu.page,
			     s->beside_memory + page * iommu.page, 8);
}

static bool map_all(struct source_line at, const struct scene *s)
{
	return s->kind != KIND_NORMAL ||
	       (scene_is_done(at, VERDICT_ERROR, map_page(s->domain, s->beside, s->beside_memory, MAP_RW)) &&
		scene_map_or_skip(at, s, s->memory, MAP_RW));
}

/*
 * The middle of a page, of a few pages; of a large range a page that is neither at its start nor at a
 * multiple of a larger page.
 */
uint64_t scene_middle(const struct scene *s)
{
	if (s->size == iommu.page)
		return s->size / 2;
	return s->size >= LARGE_RANGE ? LARGE_RANGE / 2 + 8192 : align_down(s->size / 2, iommu.page);
}

/* Ranges that one access reaches, in 8 bytes of each. */
struct group {
	unsigned int count;
	uint64_t iovas[DMA_MAX_PLACES];
	uint8_t *memory[DMA_MAX_PLACES];
};

/* Of a large range, not the start is reached first. */
static struct spot first_reached(const struct scene *s, unsigned int range)
{
	return (struct spot){range, s->size >= LARGE_RANGE ? scene_middle(s) : 0};
}

/* As many as there is different memory for. */
static struct group group_from(const struct scene *s, unsigned int first)
{
	struct group g = {.count = min(s->count - first, min(s->chunks, s->who->dma.max_places))};

	for (unsigned int i = 0; i < g.count; i++) {
		struct spot spot = first_reached(s, first + i);

		g.iovas[i] = spot_iova(s, &spot);
		g.memory[i] = spot_memory(s, &spot, s->memory);
		plant(g.memory[i]);
	}
	return g;
}

static bool read_group(struct dma_master *dma, const struct group *g)
{
	uint8_t seen[DMA_MAX_PLACES * 8];
	bool ok = dma_read_places(dma, g->iovas, g->count, seen, 8) == DMA_DONE;

	for (unsigned int i = 0; i < g->count; i++)
		ok = ok && !memcmp(seen + i * 8, g->memory[i], 8);
	return ok;
}

static bool write_group(struct dma_master *dma, const struct group *g)
{
	uint8_t before[DMA_MAX_PLACES][8];
	bool ok;

	for (unsigned int i = 0; i < g->count; i++)
		memcpy(before[i], g->memory[i], 8);
	ok = dma_write_places(dma, g->iovas, g->count, 8) == DMA_DONE;
	for (unsigned int i = 0; i < g->count; i++) {
		ok = ok && dma_is_pattern(dma, g->memory[i], i * 8, 8);
		memcpy(g->memory[i], before[i], 8);
	}
	return ok;
}

/* Such an access is judged by the bytes at its places alone. */
static bool reach_group(struct source_line at, const struct scene *s, uint32_t access, const struct group *g)
{
	struct dma_master *dma = &s->who->dma;

	set_timeout(s->who, false);
	if ((!(access & MAP_READ) || read_group(dma, g)) && (!(access & MAP_WRITE) || write_group(dma, g)))
		return true;
	judge(scene_unreached(s), at, "what is mapped, or in bypass, is reached",
	      "endpoint %#x does not reach all of 8 bytes each at %u places, %#lx to %#lx", s->who->id,
	      g->count, g->iovas[0], g->iovas[g->count - 1]);
	return false;
}

/* Of thousands some have to do. */
static unsigned int reached_step(const struct scene *s)
{
	return 1 + s->count / 1000;
}

static bool reach_groups(struct source_line at, const struct scene *s, uint32_t access)
{
	struct group g;

	trace("endpoint %#x reaches %u ranges", s->who->id, s->count);
	for (unsigned int i = 0; i < s->count; i += g.count * reached_step(s)) {
		g = group_from(s, i);
		if (!reach_group(at, s, access, &g))
			return false;
	}
	return true;
}

static bool reach_ranges(struct source_line at, const struct scene *s, uint32_t access)
{
	if (s->who->dma.max_places)
		return reach_groups(at, s, access);
	for (unsigned int i = 0; i < s->count; i += reached_step(s)) {
		struct spot spot = first_reached(s, i);

		if (!reaches_spot(at, s, s->who, access, &spot))
			return false;
	}
	return true;
}

/* Last of all, so that the least of caches has them. */
static bool reach_spots(struct source_line at, const struct scene *s, uint32_t access)
{
	if (s->kind == KIND_NORMAL && !expect_beside(at, s, 0))
		return false;
	for (unsigned int i = s->spot_count; i--;)
		if (!reaches_spot(at, s, s->who, access, &s->spots[i]))
			return false;
	return true;
}

static bool others_reach(struct source_line at, const struct scene *s, uint32_t access)
{
	for (unsigned int i = 0; i < s->member_count; i++)
		if (s->members[i] != s->who && !reaches_spot(at, s, s->members[i], access, &s->spots[0]))
			return false;
	return true;
}

/* Another member leaves, by DETACH or for another domain. */
static bool let_leave(struct source_line at, struct scene *s)
{
	struct reply reply;
	uint32_t id;

	if (s->leaver == NOBODY)
		return true;
	id = s->members[s->leaver]->id;
	reply = s->leaver_moves ? attach(fresh_domain(), id, 0) : detach(s->domain, id);
	if (is_unsupported(&reply)) {
		silent("the device does not move endpoints so");
		return false;
	}
	for (unsigned int i = s->leaver + 1; i < s->member_count; i++)
		s->members[i - 1] = s->members[i];
	s->member_count--;
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK);
}

bool scene_begin(struct source_line at, struct scene *s, unsigned int who, uint32_t access)
{
	return scene_attach(at, s, who) && (!s->bystander || place_bystander(at, s)) && map_all(at, s) &&
	       others_reach(at, s, access) && scene_attach_later(at, s, who) && reach_ranges(at, s, access) &&
	       reach_spots(at, s, access) && let_leave(at, s);
}

bool scene_go_to(struct source_line at, const struct scene *s, uint32_t flags)
{
	struct reply reply = attach(s->now, s->who->id, flags);

	if (is_inseparable(&reply, s->who, s->now))
		silent("the device does not let these endpoints be in different domains");
	else if (is_unsupported(&reply) && (BIT(s->way) & (MOVES | MOVES_KIND)))
		silent("the device does not move endpoints so");
	else
		return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	return false;
}

bool scene_return(struct source_line at, struct scene *s)
{
	if (!iommu_is_up() && !iommu_restart(iommu.wanted)) {
		judge(VERDICT_FAIL, at, "the device comes back after a reset", "device_status %s",
		      device_status_now());
		return false;
	}
	if (!s->attached) {
		s->now = s->from == FROM_SAME_ID ? s->domain : fresh_domain();
		s->attached = scene_go_to(at, s, 0);
	}
	/* Refused, where what was mapped there lives on. */
	if (s->attached && !s->rings)
		s->rings = map_rings(at, BY_LEVEL, s->who, s->now);
	return s->rings;
}
