// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "judge/accesses.h"
#include "judge/expect.h"
#include "judge/replies.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/judged_request.h"
#include "judge/steps/mapping.h"
#include "memory.h"

/* No endpoint has this id. */
#define NOBODY UINT32_MAX

/* A flag of MAP, and a type of request, that no version of the standard has. */
#define UNKNOWN_FLAG (1u << 31)
#define UNKNOWN_TYPE 0x7f

static uint32_t probe_reply_size(void)
{
	return iommu.config.probe_size + TAIL_SIZE;
}

/*
 * What is there before. The second page is mapped wherever there is a domain: it is reached before and
 * after.
 */

static bool prepare_nothing(struct source_line at, struct judged_request *r)
{
	(void)at;
	r->domain = fresh_domain();
	return true;
}

static bool require_ok(struct source_line at, struct reply reply)
{
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool prepare_domain(struct source_line at, struct judged_request *r)
{
	r->domain = fresh_domain();
	return attach_with_dma(at, r->ep, r->domain) &&
	       require_ok(at, map_page(r->domain, r->iova + iommu.page, r->target + iommu.page, MAP_RW));
}

static bool prepare_mapping(struct source_line at, struct judged_request *r)
{
	return prepare_domain(at, r) && require_ok(at, map_page(r->domain, r->iova, r->target, MAP_RW)) &&
	       expect_writes(at, SET_UP, r->ep, r->iova, r->target, 8);
}

static bool prepare_large_mapping(struct source_line at, struct judged_request *r)
{
	struct reply alone;

	r->domain = fresh_domain();
	if (!attach_with_dma(at, r->ep, r->domain) ||
	    !require_ok(at, map_range(r->domain, r->iova, 2 * iommu.page, r->target, MAP_RW)))
		return false;
	alone = unmap_page(r->domain, r->iova);
	if (is_refusal(&alone))
		r->status = alone.status;
	return expect_writes(at, SET_UP, r->ep, r->iova, r->target, 8);
}

static bool prepare_properties(struct source_line at, struct judged_request *r)
{
	struct reply reply = probe(r->ep->id);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return false;
	r->properties = memcpy(arena_alloc_uninit(reply.writable, 1), reply.bytes, reply.writable);
	return true;
}

/*
 * The requests.
 */

static void ask_attach(struct judged_request *r)
{
	r->attach = (struct attach_request){{.type = REQUEST_ATTACH}, r->domain, r->ep->id, 0, {0}};
	r->readable = sizeof(r->attach);
}

static void ask_attach_nobody(struct judged_request *r)
{
	ask_attach(r);
	r->attach.endpoint = NOBODY;
}

static void ask_detach(struct judged_request *r)
{
	r->detach = (struct detach_request){{.type = REQUEST_DETACH}, r->domain, r->ep->id, {0}};
	r->readable = sizeof(r->detach);
}

static void ask_detach_nobody(struct judged_request *r)
{
	ask_detach(r);
	r->detach.endpoint = NOBODY;
}

static void ask_map(struct judged_request *r)
{
	r->map = (struct map_request){{.type = REQUEST_MAP}, r->domain, r->iova, r->iova + iommu.page - 1,
				      phys(r->target), MAP_RW};
	r->readable = sizeof(r->map);
}

static void ask_map_flag(struct judged_request *r)
{
	ask_map(r);
	r->map.flags |= UNKNOWN_FLAG;
}

static void ask_unmap(struct judged_request *r)
{
	r->unmap = (struct unmap_request){{.type = REQUEST_UNMAP}, r->domain, r->iova,
					  r->iova + iommu.page - 1, {0}};
	r->readable = sizeof(r->unmap);
}

static void ask_probe(struct judged_request *r)
{
	r->probe = (struct probe_request){{.type = REQUEST_PROBE}, r->ep->id, {0}};
	r->readable = sizeof(r->probe);
	r->writable = probe_reply_size();
}

static void ask_probe_nobody(struct judged_request *r)
{
	ask_probe(r);
	r->probe.endpoint = NOBODY;
}

static void ask_unknown(struct judged_request *r)
{
	ask_map(r);
	r->head.type = UNKNOWN_TYPE;
}

/* The last byte of the flags is missing. */
static void ask_too_short(struct judged_request *r)
{
	ask_map(r);
	r->readable--;
}

/*
 * What shows that a request was carried out (@done), or that it was not.
 */

static void expect_page(struct source_line at, const struct judged_request *r)
{
	expect_writes(at, BY_LEVEL, r->ep, r->iova, r->target, 8);
	expect_writes(at, BY_LEVEL, r->ep, r->iova + iommu.page - 1, r->target + iommu.page - 1, 1);
	if (r->ep->dma.ops->exact)
		expect_reads(at, BY_LEVEL, r->ep, r->iova, r->target, 8);
}

static void expect_no_page(struct source_line at, const struct judged_request *r)
{
	expect_write_blocked(at, r->ep, r->iova, 8);
	if (r->ep->dma.ops->exact)
		expect_read_blocked(at, r->ep, r->iova, r->target, 8);
}

static bool expect_ok(struct source_line at, struct reply reply)
{
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* The domain takes mappings, and they are the endpoint's. */
static void judge_attach(struct source_line at, const struct judged_request *r, bool done)
{
	if (!done) {
		expect_no_domain(at, r->domain);
		return;
	}
	if (!expect_ok(at, map_private_page(r->domain, r->ep)) ||
	    !expect_ok(at, map_page(r->domain, r->iova, r->target, MAP_RW)))
		return;
	dma_set_page_iova(&r->ep->dma, r->ep->page_iova);
	expect_page(at, r);
	expect_write_blocked(at, r->ep, r->iova + iommu.page, 8);
}

/* It was the only member. Attached again, so that it reaches its rings, it finds the page gone. */
static void judge_detach(struct source_line at, const struct judged_request *r, bool done)
{
	if (!done)
		return expect_page(at, r);
	if (!expect_no_domain(at, r->domain) || !attach_with_dma(at, r->ep, r->domain))
		return;
	expect_no_page(at, r);
	if (expect_ok(at, map_page(r->domain, r->iova, r->target, MAP_RW)))
		expect_page(at, r);
}

/* The second page tells a dead endpoint from one that is blocked. */
static void judge_pages(struct source_line at, const struct judged_request *r, bool mapped)
{
	if (mapped)
		expect_page(at, r);
	else
		expect_no_page(at, r);
	expect_writes(at, BY_LEVEL, r->ep, r->iova + iommu.page, r->target + iommu.page, 8);
}

static void judge_map(struct source_line at, const struct judged_request *r, bool done)
{
	judge_pages(at, r, done);
}

static void judge_unmap(struct source_line at, const struct judged_request *r, bool done)
{
	judge_pages(at, r, !done);
}

static void judge_no_change(struct source_line at, const struct judged_request *r, bool done)
{
	(void)done;
	judge_pages(at, r, true);
}

static void judge_no_domain(struct source_line at, const struct judged_request *r, bool done)
{
	(void)done;
	expect_no_domain(at, r->domain);
}

const char *const request_kind_words[REQUEST_KINDS] = {
	[KIND_ATTACH] = "attach",
	[KIND_DETACH] = "detach",
	[KIND_MAP] = "map",
	[KIND_UNMAP] = "unmap",
	[KIND_PROBE] = "probe",
	[KIND_ATTACH_NOBODY] = "attach of nobody",
	[KIND_DETACH_NOBODY] = "detach of nobody",
	[KIND_MAP_FLAG] = "map with an unknown flag",
	[KIND_MAP_NOWHERE] = "map in no domain",
	[KIND_UNMAP_NOWHERE] = "unmap in no domain",
	[KIND_UNMAP_HALF] = "unmap of half a mapping",
	[KIND_PROBE_NOBODY] = "probe of nobody",
	[KIND_UNKNOWN_TYPE] = "unknown type",
	[KIND_TOO_SHORT] = "map cut short",
};

/* In place of a status: the request is not parsed. */
#define UNPARSED 0xff

static const struct {
	bool (*prepare)(struct source_line at, struct judged_request *r);
	void (*ask)(struct judged_request *r);
	uint8_t status;
	void (*judge)(struct source_line at, const struct judged_request *r, bool done);	/* or NULL */
} kinds[REQUEST_KINDS] = {
	[KIND_ATTACH] = {prepare_nothing, ask_attach, STATUS_OK, judge_attach},
	[KIND_DETACH] = {prepare_mapping, ask_detach, STATUS_OK, judge_detach},
	[KIND_MAP] = {prepare_domain, ask_map, STATUS_OK, judge_map},
	[KIND_UNMAP] = {prepare_mapping, ask_unmap, STATUS_OK, judge_unmap},
	[KIND_PROBE] = {prepare_properties, ask_probe, STATUS_OK, NULL},
	[KIND_ATTACH_NOBODY] = {prepare_nothing, ask_attach_nobody, STATUS_NOENT, judge_no_domain},
	[KIND_DETACH_NOBODY] = {prepare_mapping, ask_detach_nobody, STATUS_NOENT, judge_no_change},
	[KIND_MAP_FLAG] = {prepare_domain, ask_map_flag, STATUS_INVAL, judge_map},
	[KIND_MAP_NOWHERE] = {prepare_nothing, ask_map, STATUS_NOENT, judge_no_domain},
	[KIND_UNMAP_NOWHERE] = {prepare_nothing, ask_unmap, STATUS_NOENT, judge_no_domain},
	[KIND_UNMAP_HALF] = {prepare_large_mapping, ask_unmap, STATUS_RANGE, judge_unmap},
	[KIND_PROBE_NOBODY] = {prepare_nothing, ask_probe_nobody, STATUS_NOENT, NULL},
	[KIND_UNKNOWN_TYPE] = {prepare_domain, ask_unknown, UNPARSED, judge_map},
	[KIND_TOO_SHORT] = {prepare_domain, ask_too_short, UNPARSED, judge_map},
};

const char *request_kind_unmet(unsigned int kind)
{
	bool nobody = kind == KIND_ATTACH_NOBODY || kind == KIND_DETACH_NOBODY || kind == KIND_PROBE_NOBODY;

	if ((kind == KIND_PROBE || kind == KIND_PROBE_NOBODY) && !iommu_offers(VIRTIO_IOMMU_F_PROBE))
		return "needs feature PROBE";
	if (nobody && !endpoint_id_is_unlisted(NOBODY))
		return "the firmware lists endpoint id 0xffffffff";
	return NULL;
}

bool judged_request_prepare(struct source_line at, enum request_kind kind, struct judged_request *r)
{
	*r = (struct judged_request){.kind = kind, .ep = endpoint(0), .iova = iova_window(2),
				     .target = watched_pages(2), .status = kinds[kind].status};
	if (!kinds[kind].prepare(at, r))
		return false;
	judged_request_ask(r);
	return true;
}

void judged_request_ask(struct judged_request *r)
{
	r->writable = TAIL_SIZE;
	kinds[r->kind].ask(r);
}

/* A device need not have room (5.13.6, NOMEM), nor keep endpoints apart (5.13.6.3, UNSUPP). */
static bool is_excused(const struct judged_request *r, const struct reply *reply)
{
	bool told = reply->delivered && !reply->breach;

	return told && ((reply->status == STATUS_NOMEM && (r->kind == KIND_ATTACH || r->kind == KIND_MAP)) ||
			(reply->status == STATUS_UNSUPP && r->kind == KIND_ATTACH &&
			 others_are_elsewhere(r->ep->id, r->domain)));
}

/* The tail is where it always is: a device that finds it there may refuse the request instead. */
static bool is_refused(const struct judged_request *r, const struct reply *reply)
{
	return r->kind == KIND_TOO_SHORT && reply->used && !reply->breach && reply->delivered &&
	       reply->status != STATUS_OK && reply->status <= STATUS_NOMEM;
}

static void judge_answer(struct source_line at, const struct judged_request *r, const struct reply *reply)
{
	if (is_excused(r, reply) || is_refused(r, reply))
		info(at, "%s: %s", request_kind_words[r->kind], status_name(reply->status));
	else if (kinds[r->kind].status == UNPARSED)
		expect_unwritten(at, reply);
	else	/* that a MAP is done where nothing is against it is a SHOULD, what it reaches is not */
		expect_status(at, r->kind == KIND_MAP ? VERDICT_WARN : BY_LEVEL, reply, r->status);
}

void judged_request_judge(struct source_line at, const struct judged_request *r, const struct reply *reply)
{
	judge_answer(at, r, reply);
	if (!reply->used)
		return;
	if (r->properties && is_ok(reply))
		expect_bytes(at, reply->bytes, r->properties, reply->writable,
			     "answer to a PROBE, as when it is sent alone");
	if (kinds[r->kind].judge)
		kinds[r->kind].judge(at, r, is_ok(reply));
}
