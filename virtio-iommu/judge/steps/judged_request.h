/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request of each kind, accepted, refused or not parsed, with what shows whether it was carried out: for
 * tests of the ways in which requests reach the device.
 */
#ifndef STEPS_JUDGED_REQUEST_H
#define STEPS_JUDGED_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "judge/verdict.h"

enum request_kind {
	/* Accepted. */
	KIND_ATTACH,
	KIND_DETACH,
	KIND_MAP,
	KIND_UNMAP,
	KIND_PROBE,

	/* Refused. */
	KIND_ATTACH_NOBODY,
	KIND_DETACH_NOBODY,
	KIND_MAP_FLAG,
	KIND_MAP_NOWHERE,
	KIND_UNMAP_NOWHERE,
	KIND_UNMAP_HALF,
	KIND_PROBE_NOBODY,

	/* Not parsed. */
	KIND_UNKNOWN_TYPE,
	KIND_TOO_SHORT,

	REQUEST_KINDS
};

/* Words for each kind, as values of a dimension (product.h). */
extern const char *const request_kind_words[REQUEST_KINDS];

/* Why the device or the machine cannot have requests of this kind, or NULL. */
const char *request_kind_unmet(unsigned int kind);

struct judged_request {
	enum request_kind kind;

	/* What it is about: an endpoint, its domain if there is one, a page and the page after it. */
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;

	/* The readable part of it, and the sizes in bytes of both. */
	union {
		struct request_head head;
		struct attach_request attach;
		struct detach_request detach;
		struct map_request map;
		struct unmap_request unmap;
		struct probe_request probe;
	};
	uint32_t readable, writable;

	uint8_t status;	/* that it should have; of KIND_UNMAP_HALF: as when it is sent alone (DEV-UNMAP-5) */
	const uint8_t *properties;	/* of PROBE: all that is written for it when it is sent alone */
};

/*
 * Bring about what a request of this kind is about, with endpoint(0). Return false, with a verdict, if
 * that does not work.
 */
bool judged_request_prepare(struct source_line at, enum request_kind kind, struct judged_request *r);

/* Write the request of @r->kind about what the fields in front of it name. */
void judged_request_ask(struct judged_request *r);

/* Judge the answer, and by DMA that what it says was done was done, and else nothing. */
void judged_request_judge(struct source_line at, const struct judged_request *r, const struct reply *reply);

#endif
