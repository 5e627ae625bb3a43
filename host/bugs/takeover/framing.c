// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs that show when a request or its reply is cut into descriptors somewhere.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "host/virtio/access.h"
#include "util.h"

/* Bytes of a request that the device looks at. */
#define LONGEST sizeof(struct probe_request)

static void drop_bytes(struct model_request *r, uint32_t from)
{
	if (from < LONGEST)
		memset((uint8_t *)r + from, 0, LONGEST - from);
}

static bool read_first_pieces(const struct chain *chain, struct model_request *r)
{
	uint32_t size = 0;

	for (unsigned int i = 0; i < chain->readable.count && i < mutant_number(); i++)
		size += chain->readable.pieces[i].length;
	drop_bytes(r, size);
	return false;
}

static bool has_cut_at(const struct chain *chain, uint32_t offset)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < chain->readable.count; i++) {
		if (at == offset)
			return i;
		at += chain->readable.pieces[i].length;
	}
	return false;
}

static bool read_behind_cut(const struct chain *chain, struct model_request *r)
{
	uint32_t at = mutant_number(), size = min(r->readable, LONGEST);
	uint8_t *bytes = (uint8_t *)r;

	if (at >= size || !has_cut_at(chain, at))
		return false;
	memmove(bytes + at, bytes + at + 1, size - at - 1);
	bytes[size - 1] = 0;
	return false;
}

#define HOST_PAGE 4096

/* What lies behind the end of a page is read from its start. */
static bool read_one_page(const struct chain *chain, struct model_request *r)
{
	uint8_t *bytes = (uint8_t *)r, *end = bytes + min(r->readable, LONGEST);

	for (unsigned int i = 0; i < chain->readable.count; i++) {
		uint64_t address = chain->readable.pieces[i].address, page = align_down(address, HOST_PAGE);

		for (uint32_t at = 0; at < chain->readable.pieces[i].length && bytes < end; at++)
			if (!access_memory(&ref_iommu.vdev, page + (address + at) % HOST_PAGE, bytes++, 1,
					   false))
				return true;
	}
	return false;
}

/* The first descriptor alone, if it is long enough. */
static bool read_first_alone(const struct chain *chain, struct model_request *r)
{
	uint32_t first = chain->readable.count ? chain->readable.pieces[0].length : 0;

	if (first < mutant_number() || first >= r->readable)
		return false;
	drop_bytes(r, first);
	r->readable = first;
	return false;
}

/* Too little for a head. */
static bool read_head_in_one(const struct chain *chain, struct model_request *r)
{
	if (chain->readable.count && chain->readable.pieces[0].length < sizeof(r->head))
		*r = (struct model_request){.writable = r->writable};
	return false;
}

static uint32_t last_length(const struct chain *chain)
{
	return chain->writable.pieces[chain->writable.count - 1].length;
}

/* The tail is written by itself, from @from of its bytes on, and then what is in front of it. */
static void write_tail(const struct chain *chain, struct iommu_reply *reply, uint32_t at)
{
	static const uint8_t zeroes[sizeof(struct request_tail)];
	uint32_t end = reply->tail + sizeof(struct request_tail);

	chain_write(&ref_iommu.vdev, chain, at, zeroes, end - at);
	chain_write(&ref_iommu.vdev, chain, at, reply->bytes + reply->tail, 1);
	reply->length = reply->tail;
}

static void reply_in_last(const struct chain *chain, const struct model_request *r, const struct decision *d,
			  struct iommu_reply *reply)
{
	(void)r, (void)d;
	if (!reply->length || last_length(chain) >= sizeof(struct request_tail) || !last_length(chain) ||
	    reply->tail + sizeof(struct request_tail) != chain->writable.size)
		return;
	write_tail(chain, reply, chain->writable.size - last_length(chain));
}

static void reply_in_first(const struct chain *chain, const struct model_request *r, const struct decision *d,
			   struct iommu_reply *reply)
{
	(void)d;
	if (!reply->length || r->head.type != REQUEST_PROBE)
		return;
	write_tail(chain, reply, reply->tail);
	reply->length = min(reply->tail, chain->writable.pieces[0].length);
}

/* The whole tail goes to the start of the last descriptor, which is too short for it. */
static void reply_over_end(const struct chain *chain, const struct model_request *r, const struct decision *d,
			   struct iommu_reply *reply)
{
	struct request_tail tail;

	(void)r, (void)d;
	if (!reply->length || last_length(chain) >= sizeof(tail) ||
	    reply->tail + sizeof(tail) != chain->writable.size)
		return;
	memcpy(&tail, reply->bytes + reply->tail, sizeof(tail));
	access_memory(&ref_iommu.vdev, chain->writable.pieces[chain->writable.count - 1].address, &tail,
		      sizeof(tail), true);
	reply->length = reply->tail;
}

/* The used length counts properties that were not written. */
static void reply_without_properties(const struct chain *chain, const struct model_request *r,
				     const struct decision *d, struct iommu_reply *reply)
{
	if (r->head.type != REQUEST_PROBE || d->answer != STATUS_NOENT || !reply->length)
		return;
	chain_write(&ref_iommu.vdev, chain, reply->tail, reply->bytes + reply->tail,
		    sizeof(struct request_tail));
	reply->length = 0;
}

bool framing_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_READABLE_PIECES_MAX, {.request_read = read_first_pieces}, {0}},
		{MUTANT_CUT_SKIPS_BYTE_AT, {.request_read = read_behind_cut}, {0}},
		{MUTANT_PAGE_CROSS_WRAPS, {.request_read = read_one_page}, {0}},
		{MUTANT_FRAMING_HEAD, {.request_read = read_first_alone}, {0}},
		{MUTANT_HEAD_PIECE_SHORT, {.request_read = read_head_in_one}, {0}},
		{MUTANT_TAIL_NOT_SPLITTABLE, {.reply_ready = reply_over_end}, {0}},
		{MUTANT_PROBE_FAILED_USED_LEN, {.reply_ready = reply_without_properties}, {0}},
		{MUTANT_TAIL_IN_LAST_DESCRIPTOR, {.reply_ready = reply_in_last}, {0}},
		{MUTANT_PROBE_FIRST_PIECE_ONLY, {.reply_ready = reply_in_first}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
