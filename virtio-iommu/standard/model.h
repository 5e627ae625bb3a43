/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-iommu of the standard (virtio 1.4, 5.13) as a program: its state, what requests do to
 * it, what an access of an endpoint gets, and for each request the answers that the text allows.
 *
 * Where the text leaves freedom, rules name sets of answers, and a device chooses. The model is plain data:
 * it allocates no memory and uses nothing of the machine. It is the heart of the reference device, and an
 * oracle for the tests.
 */
#ifndef STANDARD_MODEL_H
#define STANDARD_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/request.h"

#define MODEL_MAX_ENDPOINTS 16
#define MODEL_MAX_MAPPINGS 4096
#define MODEL_MAX_REGIONS 64

/*
 * State.
 */

/*
 * An endpoint. A domain exists as long as an endpoint is attached to it (5.13.6.3, 5.13.6.4), so it has
 * no object of its own.
 */
struct model_endpoint {
	uint32_t id;
	bool attached;
	uint32_t domain;	/* while attached */
	bool bypass;		/* while attached: the domain was made with ATTACH_BYPASS */
};

/* What one MAP request has made (5.13.6.5). */
struct model_mapping {
	uint32_t domain;
	uint64_t start, end;	/* inclusive */
	uint64_t phys;
	uint32_t flags;		/* MAP_READ, MAP_WRITE, MAP_MMIO */
};

/* A reserved region of one endpoint (5.13.6.8.1). */
struct model_region {
	uint32_t endpoint;
	uint8_t subtype;
	uint64_t start, end;	/* inclusive */
};

struct model {
	/* Properties of the device. */
	uint64_t offered;	/* features */
	struct iommu_config config;	/* only @bypass ever changes */
	bool write_implies_read;	/* endpoints may read what is mapped for writes (DEV-MAP-7) */
	struct model_region regions[MODEL_MAX_REGIONS];
	unsigned int region_count;

	/* State that requests and the driver change. */
	uint64_t accepted;	/* features; 0 until FEATURES_OK */
	struct model_endpoint endpoints[MODEL_MAX_ENDPOINTS];	/* all that exist */
	unsigned int endpoint_count;
	struct model_mapping mappings[MODEL_MAX_MAPPINGS];
	unsigned int mapping_count;
};

/*
 * Requests and rules.
 */

/* A request, and the sizes in bytes of its two parts. Bytes that were not sent are 0. */
struct model_request {
	union {
		struct request_head head;
		struct attach_request attach;
		struct detach_request detach;
		struct map_request map;
		struct unmap_request unmap;
		struct probe_request probe;
	};
	uint32_t readable, writable;
};

/* An answer is a status (STATUS_OK to STATUS_NOMEM), or that the buffer is used without a byte written. */
enum { ANSWER_UNWRITTEN = 16 };

/* Sets of answers: of one, of all refusals, and of all. */
#define ANSWER(x) (1u << (x))
#define ANSWER_REFUSED                                                                            \
	(ANSWER(STATUS_IOERR) | ANSWER(STATUS_UNSUPP) | ANSWER(STATUS_DEVERR) |                   \
	 ANSWER(STATUS_INVAL) | ANSWER(STATUS_RANGE) | ANSWER(STATUS_NOENT) |                     \
	 ANSWER(STATUS_FAULT) | ANSWER(STATUS_NOMEM))
#define ANSWER_ANY (ANSWER(STATUS_OK) | ANSWER_REFUSED | ANSWER(ANSWER_UNWRITTEN))

/*
 * The rules, in the order in which the reference device applies them; in which order a device does
 * is left open (AMB-9).
 */
enum model_rule_id {
	RULE_NONE,

	RULE_NO_HEAD,
	RULE_UNKNOWN_TYPE,
	RULE_TOO_SHORT,
	RULE_TOO_LONG,
	RULE_NO_TAIL,

	RULE_ATTACH_RESERVED,
	RULE_ATTACH_FLAGS,
	RULE_ATTACH_FLAG_DECLINED,
	RULE_ATTACH_DOMAIN_RANGE,
	RULE_ATTACH_ENDPOINT,
	RULE_ATTACH_KIND,
	RULE_ATTACH_FLIP,
	RULE_ATTACH_AGAIN,
	RULE_ATTACH_REGIONS,
	RULE_ATTACH_SHARE,
	RULE_ATTACH_MOVE,

	RULE_DETACH_ENDPOINT,
	RULE_DETACH_DOMAIN,

	RULE_MAP_DECLINED,
	RULE_MAP_FLAGS,
	RULE_MAP_FLAG_DECLINED,
	RULE_MAP_DOMAIN,
	RULE_MAP_BYPASS,
	RULE_MAP_ORDER,
	RULE_MAP_ALIGN,
	RULE_MAP_ONE_BYTE,
	RULE_MAP_INPUT_RANGE,
	RULE_MAP_REGION,
	RULE_MAP_OVERLAP,
	RULE_MAP_PHYS,
	RULE_MAP_PERMISSIONS,
	RULE_MAP_READ_ONLY,
	RULE_MAP_ROOM,

	RULE_UNMAP_DECLINED,
	RULE_UNMAP_RESERVED,
	RULE_UNMAP_DOMAIN,
	RULE_UNMAP_BYPASS,
	RULE_UNMAP_ORDER,
	RULE_UNMAP_ALIGN,
	RULE_UNMAP_INPUT_RANGE,
	RULE_UNMAP_SPLIT,

	RULE_PROBE_DECLINED,
	RULE_PROBE_ROOM,
	RULE_PROBE_ENDPOINT,

	MODEL_RULES
};

/* A rule about requests. */
struct model_rule {
	const char *requirement;	/* in requirements.tsv, or an ambiguity AMB-n */
	uint8_t type;			/* of the requests that the rule is about, 0: all types */
	uint8_t usual;			/* one of @expected: what the reference device answers */
	bool may_act;			/* a request that is refused may have been carried out */
	uint32_t allowed;		/* set of answers that break no MUST */
	uint32_t expected;		/* set of those among them that break no SHOULD either */
	bool (*applies)(const struct model *m, const struct model_request *r);
};

extern const struct model_rule model_rules[MODEL_RULES];

/* Return true if the rule says something about this request in this state. */
bool model_rule_applies(const struct model *m, enum model_rule_id rule,
			const struct model_request *r);

/* Return the rules that say something about this request in this state, as a set of 1 << id. */
uint64_t model_rules_about(const struct model *m, const struct model_request *r);

/* The answers that all rules together leave. */
struct model_outcome {
	uint32_t allowed, expected;	/* sets of answers, as in struct model_rule */
	bool may_act;			/* a request that is refused may have been carried out */
};

/* Return the outcome of a request that these rules are about; and of one in this state. */
struct model_outcome model_outcome_of(uint64_t rules);
struct model_outcome model_outcome(const struct model *m, const struct model_request *r);

/*
 * Return true if a driver MUST NOT send this request in this state. What the device does then is not said: it
 * may ask for a reset (2.1.2).
 */
bool model_forbids(const struct model *m, const struct model_request *r);

/* Do what the request does if it is answered with OK. With any other answer it does nothing. */
void model_apply(struct model *m, const struct model_request *r);

/* Detach an endpoint from its domain, which ends with its last endpoint. Do nothing if it is not attached. */
void model_leave(struct model *m, uint32_t endpoint);

/* Reset the device (5.13.5): no endpoint is attached, no feature accepted; config.bypass stays. */
void model_reset(struct model *m);

/*
 * Translation.
 */

/* A range of I/O virtual addresses that is translated in one way. */
struct model_extent {
	uint64_t start, end;	/* inclusive */
	uint64_t phys;		/* guest-physical address of @start */
	uint32_t flags;		/* accesses that are allowed: MAP_READ, MAP_WRITE */
};

/*
 * Translate an access of kind @access (MAP_READ or MAP_WRITE) at @address. Return true if it is allowed:
 * @extent holds @address. Return false if it faults: *@reason is FAULT_DOMAIN or FAULT_MAPPING.
 */
bool model_translate(const struct model *m, uint32_t endpoint, uint64_t address, uint32_t access,
		     struct model_extent *extent, uint8_t *reason);

/*
 * Look-ups.
 */

/* Return the smallest size and alignment of a mapping in bytes: the lowest bit of page_size_mask. */
uint64_t model_granule(const struct model *m);

/* Return the endpoint with this @id, NULL if there is none. */
const struct model_endpoint *model_endpoint(const struct model *m, uint32_t id);

/* Return the size in bytes of the readable part for a type, 0 for types that the device does not have. */
uint32_t model_request_size(const struct model *m, uint8_t type);

/* Return the size in bytes of the writable part for a type. */
uint32_t model_reply_size(const struct model *m, uint8_t type);

#endif
