// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "driver/batch.h"
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/reserved.h"
#include "driver/trace.h"
#include "judge/accesses.h"
#include "judge/effect.h"
#include "judge/oracle.h"
#include "judge/replies.h"
#include "memory.h"
#include "pci/pci.h"
#include "sequences/asked.h"
#include "sequences/player.h"
#include "util.h"

static struct {
	struct model *model;
	uint8_t *memory;
	bool hurry;
	struct trouble trouble;
	struct model_request unsettled;	/* nothing is left open where it has no byte */
	struct place places[PLAYER_PLACES];
	unsigned int place_count;	/* of all so far */
} player;

static bool is_edge(const uint8_t *at)
{
	uint64_t offset = phys(at) & (iommu.page - 1);

	return offset < WATCH_EDGE || offset >= iommu.page - WATCH_EDGE;
}

void player_open(void)
{
	player.model = oracle();
	player.memory = watched_pages(PLAYER_PAGES);
	for (size_t i = 0; i < PLAYER_PAGES * iommu.page; i++)
		if (!is_edge(player.memory + i))
			player.memory[i] = 1 + (i * 31 + i / iommu.page * 7) % 63;
}

void player_close(void)
{
	request_framing((struct framing){0});
}

struct step_memory player_memory(void)
{
	return (struct step_memory){phys(player.memory), PLAYER_PAGES * iommu.page};
}

const struct model *player_model(void)
{
	return player.model;
}

const struct trouble *player_trouble(void)
{
	return &player.trouble;
}

void player_hurry(bool hurry)
{
	player.hurry = hurry;
}

static bool may_write_bypass(void)
{
	return iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG);
}

static void forget_attachments(void)
{
	model_reset(player.model);
	player.model->accepted = iommu.dev.accepted;
	player.unsettled.readable = 0;
}

/* Without what sequences change of the driver. iommu.dead is set if that fails. */
static void use_usual_driver(void)
{
	request_framing((struct framing){0});
	if (iommu.altered || iommu.dev.accepted != iommu.wanted)
		iommu_restart(iommu.wanted);
}

void player_begin(void)
{
	endpoints_quiesce();
	use_usual_driver();
	iommu_detach_all();
	if (may_write_bypass() && iommu_bypass() != iommu.initial_bypass)
		iommu_set_bypass(iommu.initial_bypass);
	event_drain();
	forget_attachments();
	player.model->config.bypass = iommu.initial_bypass;
	player.place_count = 0;
}

const struct place *player_place(unsigned int index)
{
	unsigned int held = min(player.place_count, PLAYER_PLACES);

	return index < held ? &player.places[(player.place_count - 1 - index) % PLAYER_PLACES] : NULL;
}

/* Memory that the endpoint has once reached by this page: what a stale translation leads to. */
static uint8_t *old_memory(const struct step *s, uint64_t address)
{
	const struct place *place;

	for (unsigned int i = 0; (place = player_place(i)); i++)
		if (place->endpoint == s->endpoint && !((place->iova ^ address) & -iommu.page))
			return (uint8_t *)align_down((uintptr_t)place->memory, iommu.page) +
			       (address & (iommu.page - 1));
	return NULL;
}

static enum played wrong(enum verdict verdict, const char *expected, const char *seen)
{
	player.trouble.verdict = verdict;
	snprintf(player.trouble.expected, sizeof(player.trouble.expected), "%s", expected);
	snprintf(player.trouble.seen, sizeof(player.trouble.seen), "%s", seen);
	return PLAYED_WRONG;
}

/*
 * Requests.
 */

static uint32_t id_of(const struct step *s)
{
	return s->by_id ? s->by_id : endpoint(s->endpoint)->id;
}

static bool is_move(const struct step *s)
{
	return s->kind == STEP_ATTACH || s->kind == STEP_DETACH;
}

static struct model_request map_request_of(const struct step *s, uint64_t number)
{
	struct step_memory memory = player_memory();
	uint64_t size = s->end - s->start + 1, at = s->phys;

	if (number && at - memory.start < memory.size)
		at = memory.start + (at - memory.start + number * size) % (memory.size - size + 1);
	return map_of(s->domain, s->start + number * s->stride, s->end + number * s->stride,
		      (const void *)(uintptr_t)align_down(at, number ? iommu.page : 1), s->flags);
}

struct model_request player_request(const struct step *s)
{
	const struct endpoint someone = {.id = s->kind == STEP_MAP || s->kind == STEP_UNMAP ? 0 : id_of(s)};
	struct model_request r;

	switch (s->kind) {
	case STEP_ATTACH:
		r = attach_of(s->domain, &someone);
		r.attach.flags = s->flags;
		r.attach.reserved[0] = s->reserved;
		return r;
	case STEP_DETACH:
		r = detach_of(s->domain, &someone);
		r.detach.reserved[0] = s->reserved;
		return r;
	case STEP_MAP:
		return map_request_of(s, 0);
	case STEP_UNMAP:
		r = unmap_of(s->domain, s->start, s->end);
		r.unmap.reserved[0] = s->reserved;
		return r;
	default:
		r = (struct model_request){.probe = {{.type = REQUEST_PROBE}, someone.id, {s->reserved}}};
		r.readable = sizeof(r.probe);
		r.writable = model_reply_size(player.model, REQUEST_PROBE);
		return r;
	}
}

/* How moves and shared domains are refused is a matter of DEV-ATTACH-5 and -9, and of the machine. */
static bool is_refused_attach(uint64_t rules, const struct model_request *r, const struct reply *reply)
{
	return r->head.type == REQUEST_ATTACH && reply->status == STATUS_UNSUPP &&
	       (rules & (1ull << RULE_ATTACH_MOVE | 1ull << RULE_ATTACH_SHARE | 1ull << RULE_ATTACH_KIND) ||
		others_are_elsewhere(r->attach.endpoint, r->attach.domain));
}

static bool is_alone(const struct model_endpoint *ep)
{
	const struct model *m = player.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		const struct model_endpoint *other = &m->endpoints[i];

		if (other != ep && other->attached && other->domain == ep->domain)
			return false;
	}
	return true;
}

/* What is no memory of ours, or reserved for another endpoint, a device may refuse to map. */
static bool is_odd_range(const struct model_request *r)
{
	struct step_memory memory = player_memory();
	uint64_t size = r->map.virt_end - r->map.virt_start;

	return r->head.type == REQUEST_MAP && (r->map.phys_start - memory.start >= memory.size ||
					       size >= memory.size - (r->map.phys_start - memory.start) ||
					       reserved_overlaps(r->map.virt_start, r->map.virt_end));
}

/*
 * A status that breaks a SHOULD is a matter of DEV-MAP-4 and DEV-UNMAP-3 where there is no domain, and of
 * AMB-5 where the endpoint is in it already.
 */
static bool may_break_should(uint64_t rules)
{
	return rules & (1ull << RULE_MAP_DOMAIN | 1ull << RULE_UNMAP_DOMAIN | 1ull << RULE_ATTACH_AGAIN);
}

static bool is_tolerated(uint64_t rules, const struct model_request *r, const struct reply *reply)
{
	struct model_outcome outcome = model_outcome_of(rules);

	if (reply->no_room || is_refused_attach(rules, r, reply) || is_odd_range(r))
		return is_refusal(reply);
	if (!reply->delivered)
		return outcome.allowed & ANSWER(ANSWER_UNWRITTEN);
	if (may_break_should(rules) && outcome.allowed & ANSWER(reply->status))
		return true;
	return is_refusal(reply) && outcome.allowed & ANSWER(reply->status) &&
	       outcome.expected & ANSWER_REFUSED;
}

/*
 * A refused ATTACH may have detached (AMB-6), one to the endpoint's own domain may have emptied that or
 * changed its kind (AMB-5), and a DETACH from a domain that the endpoint is not in may have been carried out
 * (AMB-7).
 */
static bool leaves_open(const struct model_endpoint *ep, const struct model_request *r,
			const struct reply *reply)
{
	if (!ep || !ep->attached)
		return false;
	if (r->head.type == REQUEST_DETACH)
		return ep->domain != r->detach.domain && reply->status != STATUS_INVAL;
	return r->head.type == REQUEST_ATTACH &&
	       (!is_ok(reply) || (ep->domain == r->attach.domain && is_alone(ep)));
}

static void note_open(const struct model_request *r, const struct reply *reply)
{
	const struct model_endpoint *ep = model_endpoint(player.model, r->attach.endpoint);

	if (leaves_open(ep, r, reply))
		player.unsettled = detach_of(ep->domain, &(struct endpoint){.id = ep->id});
}

/* What is left open is no more after a DETACH. */
static void settle(void)
{
	struct model_request r = player.unsettled;

	if (!r.readable)
		return;
	player.unsettled.readable = 0;
	request_raw(&r, r.readable, r.writable);
	model_leave(player.model, r.detach.endpoint);
}

static enum played judge_reply(const struct model_request *r, const struct reply *reply)
{
	uint64_t rules = model_rules_about(player.model, r);
	struct model_outcome outcome = model_outcome_of(rules);
	uint32_t answer = reply->delivered ? reply->status : ANSWER_UNWRITTEN;
	char expected[100], status[40];

	asked_note(rules);
	outcome_words(&outcome, expected, sizeof(expected));
	if (!reply->used)
		return wrong(VERDICT_FAIL, expected, "the request does not come back");
	if (reply->breach)
		return wrong(VERDICT_FAIL, expected, reply->breach);
	note_open(r, reply);
	if (is_ok(reply))
		model_apply(player.model, r);
	if (answer < 32 && (outcome.expected & ANSWER(answer) || is_tolerated(rules, r, reply)))
		return PLAYED_WELL;
	snprintf(status, sizeof(status), "status %s", status_name(reply->status));
	return wrong(answer < 32 && outcome.allowed & ANSWER(answer) ? VERDICT_WARN : VERDICT_FAIL, expected,
		     reply->delivered ? status : "no status");
}

/* A device may ask for a reset after what a driver MUST NOT send (2.1.2). */
static bool is_given_up(void)
{
	if (!virtio_needs_reset(&iommu.dev) || !iommu.broke_rules)
		return false;
	iommu_restart(iommu.wanted);
	forget_attachments();
	return true;
}

static enum played send(const struct model_request *r)
{
	struct reply reply = request_raw(r, r->readable, r->writable);

	return is_given_up() ? PLAYED_OUT : judge_reply(r, &reply);
}

/* UNMAP with reserved bytes set may have been carried out or not (5.13.6.6.2): after this one it is. */
static enum played play_request(const struct step *s)
{
	struct model_request r = player_request(s);
	enum played played = send(&r);

	if (played != PLAYED_WELL || s->kind != STEP_UNMAP || !s->reserved)
		return played;
	r.unmap.reserved[0] = 0;
	return send(&r);
}

static enum played judge_batch(struct batch *batch, const struct model_request *requests)
{
	enum played played = PLAYED_WELL;

	if (!batch_send(batch))
		return is_given_up() ? PLAYED_OUT : wrong(VERDICT_FAIL, "all requests come back", "not so");
	for (unsigned int i = 0; i < batch_count(batch) && played == PLAYED_WELL; i++)
		played = judge_reply(&requests[i], batch_reply(batch, i));
	return played;
}

static enum played send_together(const struct model_request *requests, unsigned int count)
{
	size_t mark = arena_mark();
	struct batch *batch = batch_new();
	enum played played;

	for (unsigned int i = 0; i < count; i++)
		batch_add(batch, &requests[i], requests[i].readable, requests[i].writable, NULL);
	played = judge_batch(batch, requests);
	arena_release(mark);
	return played;
}

/* As many requests as the queue takes behind one notification. */
static enum played play_many(const struct step *s)
{
	struct model_request requests[PLAYER_TOGETHER];
	unsigned int room = min(batch_capacity(), PLAYER_TOGETHER);
	enum played played = PLAYED_WELL;

	for (uint64_t done = 0; done < s->count && played == PLAYED_WELL;) {
		unsigned int count = 0;

		while (count < room && done < s->count)
			requests[count++] = map_request_of(s, done++);
		played = send_together(requests, count);
	}
	return played;
}

static enum played play_together(const struct step *steps, unsigned int count)
{
	struct model_request requests[PLAYER_TOGETHER];

	for (unsigned int i = 0; i < count; i++)
		requests[i] = player_request(&steps[i]);
	return send_together(requests, count);
}

/*
 * Accesses.
 */

static bool translate(const struct step *s, uint32_t access, uint64_t address, struct model_extent *extent)
{
	uint8_t reason;

	return model_translate(player.model, endpoint(s->endpoint)->id, address, access, extent, &reason);
}

/* Reads of what is mapped for writes alone may work (DEV-MAP-7). */
static bool may_pass(const struct step *s, uint64_t address, struct model_extent *extent)
{
	return s->kind == STEP_READ && translate(s, MAP_WRITE, address, extent);
}

static bool is_ours(uint64_t address, uint64_t size)
{
	struct step_memory memory = player_memory();

	return address - memory.start < memory.size && size <= memory.size - (address - memory.start);
}

static bool overlaps_part(const struct access_part *parts, unsigned int count, const uint8_t *at, size_t size)
{
	for (unsigned int i = 0; i < count; i++)
		if (parts[i].fate != PART_BLOCKED && at < parts[i].memory + parts[i].size &&
		    parts[i].memory < at + size)
			return true;
	return false;
}

/* The part at @address, in one page. Return false if it would reach what is not ours. */
static bool make_part(const struct step *s, uint64_t address, struct access_part *part)
{
	struct model_extent extent;
	bool passes = translate(s, s->kind == STEP_WRITE ? MAP_WRITE : MAP_READ, address, &extent);
	uint64_t target;

	part->fate = passes ? PART_MOVED : may_pass(s, address, &extent) ? PART_OPEN : PART_BLOCKED;
	target = extent.phys + (address - extent.start);
	part->size = min(s->start + s->size - address, iommu.page - (address & (iommu.page - 1)));
	part->memory = part->fate == PART_BLOCKED ? old_memory(s, address) :
						    (uint8_t *)(uintptr_t)target;
	return part->fate == PART_BLOCKED || is_ours(target, part->size);
}

/* Where a part is blocked the others may move or not. */
static unsigned int make_parts(const struct step *s, struct access_part *parts)
{
	uint64_t address = s->start, done = 0;
	unsigned int count = 0, blocked = 0;

	for (; done < s->size; done += parts[count++].size) {
		if (count == PLAYER_ACCESS_PAGES || !make_part(s, address + done, &parts[count]) ||
		    (parts[count].fate != PART_BLOCKED &&
		     overlaps_part(parts, count, parts[count].memory, parts[count].size)))
			return 0;
		blocked += parts[count].fate != PART_MOVED;
	}
	for (unsigned int i = 0; i < count; i++)
		if (blocked && parts[i].fate == PART_MOVED)
			parts[i].fate = PART_OPEN;
	return count;
}

/*
 * Bytes that were never read before, so that none can be seen that an endpoint has kept. Of few ones
 * some are by chance the same: what is watched changes by itself.
 */
static void make_new(struct access_part *part)
{
	static uint64_t state = 1;

	if (part->size < sizeof(uint64_t) && part->fate == PART_BLOCKED &&
	    !(part->memory && is_watched(part->memory, part->size)))
		part->memory = NULL;
	for (size_t i = 0; part->memory && i < part->size; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		if (!is_edge(part->memory + i))
			part->memory[i] = 1 + (state >> 33) % 63;
	}
}

static const struct model_endpoint *self(const struct step *s)
{
	return model_endpoint(player.model, endpoint(s->endpoint)->id);
}

/* One in each page of an access. */
static void note_places(const struct step *s, struct access_parts all)
{
	uint64_t iova = s->start;

	for (unsigned int i = 0; i < all.count; iova += all.parts[i++].size)
		if (all.parts[i].size >= sizeof(uint64_t))
			player.places[player.place_count++ % PLAYER_PLACES] =
				(struct place){s->endpoint, self(s)->domain, iova, all.parts[i].memory};
}

static bool reaches_rings(const struct step *s, uint64_t iova)
{
	const struct dma_master *dma = &endpoint(s->endpoint)->dma;
	uint64_t last = iova + private_page_size() - 1, target;
	struct model_extent extent;

	if (!translate(s, MAP_WRITE, iova, &extent))
		return false;
	target = extent.phys + (iova - extent.start);
	return target == phys(dma->page) && extent.end >= last && extent.flags & MAP_READ;
}

/* The endpoint's rings are mapped where they are needed, and not yet. Return false if they cannot be. */
static bool show_rings(const struct step *s)
{
	struct endpoint *ep = endpoint(s->endpoint);
	bool is_normal = self(s)->attached && !self(s)->bypass;
	uint64_t iova = is_normal ? ep->page_iova : phys(ep->dma.page);
	struct model_request r = map_of(self(s)->domain, iova, iova + private_page_size() - 1, ep->dma.page,
					MAP_RW);

	if (!reaches_rings(s, iova) && is_normal) {
		struct reply reply = request_raw(&r, r.readable, r.writable);

		if (is_ok(&reply) && model_outcome(player.model, &r).expected & ANSWER(STATUS_OK))
			model_apply(player.model, &r);
	}
	if (!reaches_rings(s, iova))
		return false;
	dma_set_page_iova(&ep->dma, iova);
	return true;
}

static enum played judge_effect(const struct effect *effect, bool passes)
{
	const char *expected = passes ? "all bytes move as they are mapped" :
					"no byte moves that is not mapped";
	char seen[100];

	if (effect->stray || effect->leaked) {
		snprintf(seen, sizeof(seen), effect->stray ? "memory at %#lx changed" :
							     "it read the bytes at %#lx",
			 phys(effect->stray ? effect->stray : effect->leaked));
		return wrong(VERDICT_FAIL, expected, seen);
	}
	if (passes && !effect->exact)
		return wrong(VERDICT_WARN, expected,
			     effect->done ? "the access moves other bytes" : "the access is refused");
	return PLAYED_WELL;
}

/* What a report says, if one comes (AMB-15). */
static enum played judge_report(const struct step *s)
{
	const struct fault_record *record;
	struct event event;

	if (events_overdue() || !event_wait(&event))
		return PLAYED_WELL;
	record = &event.record;
	if (record->endpoint != endpoint(s->endpoint)->id)
		return wrong(VERDICT_FAIL, "a report names the endpoint", "it names another one");
	if (record->flags & FAULT_ADDRESS &&
	    record->address - s->start >= s->size)
		return wrong(VERDICT_FAIL, "a report has an address of the access", "it has another one");
	if (record->reason != FAULT_UNKNOWN &&
	    record->reason != (self(s)->attached ? FAULT_MAPPING : FAULT_DOMAIN))
		return wrong(VERDICT_FAIL, "a report has the reason of the fault", "it has another one");
	return PLAYED_WELL;
}

static enum played play_access(const struct step *s)
{
	struct access_part parts[PLAYER_ACCESS_PAGES];
	struct access_parts all = {parts, make_parts(s, parts)};
	struct endpoint *ep = endpoint(s->endpoint);
	bool passes = all_parts_are(all, PART_MOVED);
	struct effect effect;
	enum played played;

	if (!all.count || !show_rings(s))
		return PLAYED_NOT;
	if (s->report && all_parts_are(all, PART_BLOCKED))
		event_settle();
	for (unsigned int i = 0; s->kind == STEP_READ && i < all.count; i++)
		make_new(&parts[i]);
	set_timeout(ep, !passes || player.hurry);
	effect = s->kind == STEP_WRITE ? write_parts(ep, s->start, all) : read_parts(ep, s->start, all);
	if (is_given_up())
		return PLAYED_OUT;
	played = judge_effect(&effect, passes);
	if (played == PLAYED_WELL && passes)
		note_places(s, all);
	if (played == PLAYED_WELL && s->report && all_parts_are(all, PART_BLOCKED))
		played = judge_report(s);
	return played;
}

/*
 * The other steps.
 */

static enum played play_bypass(const struct step *s)
{
	uint8_t seen;

	iommu_set_bypass(s->value);
	seen = iommu_bypass();
	if (seen != (s->value & 1))
		return wrong(VERDICT_FAIL, "config.bypass reads as it was written", "another value");
	player.model->config.bypass = seen;
	return PLAYED_WELL;
}

/* That no endpoint is attached after a reset is a matter of N-RST-1: here it is so after these DETACHes. */
static void detach_all(void)
{
	const struct model *m = player.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		struct model_request r = detach_of(m->endpoints[i].domain,
						   &(struct endpoint){.id = m->endpoints[i].id});

		if (m->endpoints[i].attached)
			request_raw(&r, r.readable, r.writable);
	}
}

/* A subset of features may be refused (GEN-FEAT-2). */
static bool restart_with(uint64_t features, uint16_t size)
{
	struct iommu_rings usual = iommu.rings;
	bool is_up;

	iommu.rings.size = size ? size : usual.size;
	is_up = iommu_restart(features);
	iommu.rings = usual;
	iommu.altered = size;
	return is_up || (features != iommu.wanted && iommu_restart(iommu.wanted));
}

/* That config.bypass is what it was before is a matter of DEV-CFG-4. */
static enum played play_reset(const struct step *s)
{
	uint8_t before = player.model->config.bypass;

	if (!restart_with(s->features ? s->features : iommu.wanted, s->size))
		return wrong(VERDICT_FAIL, "the device comes up after a reset", "it does not");
	detach_all();
	forget_attachments();
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		player.model->config.bypass = iommu_bypass();
	if (player.model->config.bypass != before && player.model->config.bypass != iommu.initial_bypass)
		return wrong(VERDICT_FAIL, "config.bypass is as it was before the reset, or at power-on",
			     "another value");
	return PLAYED_WELL;
}

static enum played play_reset_endpoint(const struct step *s)
{
	dma_stop(&endpoint(s->endpoint)->dma);
	return PLAYED_WELL;
}

/* The IOMMU does not forget where the function is attached. */
static enum played play_reset_function(const struct step *s)
{
	dma_stop(&endpoint(s->endpoint)->dma);
	return pci_reset(endpoint(s->endpoint)->place.pci) ? PLAYED_WELL : PLAYED_NOT;
}

static enum played play_framing(const struct step *s)
{
	request_framing((struct framing){{s->readable_first, s->readable_next},
					 {s->writable_first, 0}});
	return PLAYED_WELL;
}

static enum played (*const plays[STEP_KINDS])(const struct step *s) = {
	[STEP_ATTACH] = play_request, [STEP_DETACH] = play_request, [STEP_MAP] = play_request,
	[STEP_UNMAP] = play_request, [STEP_PROBE] = play_request, [STEP_BYPASS] = play_bypass,
	[STEP_RESET] = play_reset, [STEP_RESET_ENDPOINT] = play_reset_endpoint,
	[STEP_RESET_FUNCTION] = play_reset_function, [STEP_FRAMING] = play_framing,
	[STEP_WRITE] = play_access, [STEP_READ] = play_access,
};

static bool covers_some(const struct model_request *r)
{
	const struct model *m = player.model;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == r->unmap.domain && m->mappings[i].start >= r->unmap.virt_start &&
		    m->mappings[i].end <= r->unmap.virt_end)
			return true;
	return false;
}

/* A cut beside mappings that are covered is a matter of DEV-UNMAP-6. */
static bool is_open(const struct model_request *r)
{
	return model_rule_applies(player.model, RULE_UNMAP_SPLIT, r) && covers_some(r);
}

static bool is_sensible_access(const struct step *s)
{
	const struct endpoint *ep = endpoint(s->endpoint);

	if (!ep || is_slow(ep) || !s->size || s->size > ep->dma.max_bytes || s->start + s->size < s->start)
		return false;
	return ep->dma.ops->exact;
}

/* Return true if the step says something now. */
static bool makes_sense(const struct step *s)
{
	struct model_request r;

	if (is_access(s))
		return is_sensible_access(s);
	if (s->kind == STEP_BYPASS)
		return may_write_bypass();
	if (s->kind == STEP_RESET)
		return !(s->features & ~iommu.offered);
	if (s->kind == STEP_FRAMING)
		return true;
	if (!s->by_id && !endpoint(s->endpoint))
		return false;
	if (s->kind == STEP_RESET_ENDPOINT)
		return true;
	if (s->kind == STEP_RESET_FUNCTION)
		return endpoint(s->endpoint)->dma.ops->exact && !is_slow(endpoint(s->endpoint)) &&
		       pci_can_reset(endpoint(s->endpoint)->place.pci);
	if (s->kind == STEP_MAP && s->count > 1 && s->end < s->start)
		return false;
	r = player_request(s);
	return !is_open(&r);
}

static void trace_step(const struct step *s)
{
	char words[STEP_WORDS];

	if (trace_is_on())
		trace("step: %s%s", s->together ? "& " : "", step_words(s, player_memory(), words,
									sizeof(words)));
}

static bool touches(const struct step *s, uint32_t domain)
{
	const struct model_endpoint *ep = is_move(s) ? model_endpoint(player.model, id_of(s)) : NULL;

	return s->kind != STEP_PROBE && (s->domain == domain || (ep && ep->attached && ep->domain == domain));
}

static bool share_domain(const struct step *a, const struct step *b)
{
	const struct model_endpoint *ep = is_move(a) ? model_endpoint(player.model, id_of(a)) : NULL;

	return a->kind != STEP_PROBE &&
	       (touches(b, a->domain) || (ep && ep->attached && touches(b, ep->domain)));
}

/*
 * In which order a device does what is in flight at a time is open (AMB-13). Who is elsewhere decides about
 * ATTACH where endpoints cannot be told apart (DEV-ATTACH-5).
 */
static bool depend(const struct step *a, const struct step *b)
{
	if (is_move(a) && is_move(b) && (id_of(a) == id_of(b) || a->kind != b->kind))
		return true;
	return share_domain(a, b) && (is_move(a) || is_move(b) || (a->start <= b->end && b->start <= a->end));
}

/* What is left open is known of the last of a group alone. */
static bool may_stay_open(const struct step *s)
{
	const struct model_endpoint *ep = is_move(s) ? model_endpoint(player.model, id_of(s)) : NULL;

	return ep && ep->attached && (s->kind == STEP_ATTACH || ep->domain != s->domain);
}

/* The model tells what the step means when @count others have gone before it. */
static bool goes_with(const struct step *steps, unsigned int count)
{
	const struct step *s = &steps[count];

	if (!s->together || !is_request(s) || s->reserved || s->count > 1 || !makes_sense(s) ||
	    may_stay_open(s - 1))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (depend(&steps[i], s))
			return false;
	return true;
}

static unsigned int count_together(const struct step *steps, unsigned int room)
{
	unsigned int count = 1, most = min(room, min(PLAYER_TOGETHER, batch_capacity()));

	if (!is_request(steps) || steps->reserved || steps->count > 1)
		return 1;
	while (count < most && goes_with(steps, count))
		count++;
	return count;
}

/* A device may give up when its rings are out of reach, whether it is told to look or not. */
static void stop_out_of_reach(void)
{
	for (unsigned int i = 0; i < endpoint_count(); i++) {
		const struct step access = {.endpoint = i};

		if (endpoint(i)->dma.running && !reaches_rings(&access, endpoint(i)->dma.page_iova))
			dma_stop(&endpoint(i)->dma);
	}
}

static enum played play(const struct step *steps, unsigned int count)
{
	if (count > 1)
		return play_together(steps, count);
	return steps->kind == STEP_MAP && steps->count > 1 ? play_many(steps) : plays[steps->kind](steps);
}

enum played player_play(const struct step *steps, unsigned int room, unsigned int *count)
{
	enum played played;

	*count = 1;
	if (!makes_sense(steps))
		return PLAYED_NOT;
	*count = count_together(steps, room);
	for (unsigned int i = 0; i < *count; i++)
		trace_step(&steps[i]);
	played = play(steps, *count);
	if (played == PLAYED_WELL)
		settle();
	if (!iommu.dead)
		stop_out_of_reach();
	return played;
}
