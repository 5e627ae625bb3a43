/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs that take functions over from the device: a row for each names those that are replaced. What is not
 * wrong in them goes on to the right ones.
 */
#ifndef TAKEOVER_H
#define TAKEOVER_H

#include "host/bugs/mutant.h"
#include "host/iommu/hooks.h"
#include "host/iommu/parts.h"

/* NULL: as the device has it. power_on() is not to be replaced. */
struct takeover {
	enum mutant_id mutant;
	struct iommu_hooks hooks;
	struct vdev_ops ops;
};

/* Take over what the active mutant's row of @count rows says. Returns false if it has none. */
bool takeover_use(const struct takeover *rows, unsigned int count);

/* The same with a row of its own. */
void takeover_install(const struct takeover *row);

/* What was taken over from. */
extern const struct vdev_ops *right_ops;

/* The topics. Each function takes over for its mutants; returns false if none of them is active. */
bool stale_install(void);
bool permission_install(void);
bool width_install(void);
bool domain_id_install(void);
bool storage_install(void);
bool order_install(void);
bool batch_install(void);
bool framing_install(void);
bool answers_install(void);
bool member_install(void);
bool region_install(void);
bool place_install(void);
bool session_install(void);
bool report_install(void);
bool migration_install(void);
bool machine_reset_install(void);
bool in_flight_install(void);
bool hot_plug_install(void);
bool other_cpu_install(void);

/*
 * Look-ups.
 */

/* Return the endpoint if it is attached, to a domain that is no bypass domain, else NULL. */
const struct model_endpoint *bug_find_translated(uint32_t endpoint);

/* Return the endpoint if it is attached, else NULL. */
const struct model_endpoint *bug_find_attached(uint32_t endpoint);

/* Return true if the endpoint is attached to @domain. */
bool bug_is_member(uint32_t endpoint, uint32_t domain);

/* Return how many endpoints are attached to @domain. */
unsigned int bug_count_members(uint32_t domain);

/* Return how many mappings @domain has. */
unsigned int bug_count_mappings(uint32_t domain);

/* Return the first mapping of @domain that holds @address, or NULL. */
const struct model_mapping *bug_find_mapping(uint32_t domain, uint64_t address);

/* Return what the address is mapped to, whatever accesses that allows; NULL if it is not translated so. */
const struct model_mapping *bug_find_target(const struct access *a);

/* Return true if the mapping is in @r's domain, and within its range. */
bool bug_is_covered(const struct model_mapping *mapping, const struct unmap_request *r);

/* Return true if @upper begins where @lower ends, in both address spaces. */
bool bug_continues(const struct model_mapping *lower, const struct model_mapping *upper);

/* Return the length of a mapping, or of the range of a request, in granules. */
uint64_t bug_count_pages(uint64_t start, uint64_t end);

/* Remove a mapping, or all of a domain, also from the cache. Others change places. */
void bug_drop_mapping(unsigned int index);
void bug_drop_domain(uint32_t domain);

/* Set @extent to what the mapping says. */
void bug_set_extent(struct model_extent *extent, const struct model_mapping *mapping);

/* For the hook of an access: have the model be asked about each. */
bool bug_access_uncached(struct access *a, struct model_extent *extent);

/* Translate an access as if the endpoint were as @state says. */
bool bug_translate_as(const struct access *a, const struct model_endpoint *state,
		      struct model_extent *extent, uint8_t *reason);

/* Return what would be decided on a request if there was no such rule. */
struct decision bug_decide_without(enum model_rule_id rule, const struct model_request *r);

/*
 * member.c: the order in which the members of a domain joined. To be brought up to date before each request
 * that is carried out.
 */
void bug_update_joined(void);

/* Return how many members of its domain joined before an endpoint that is attached. */
unsigned int bug_joined_before(const struct model_endpoint *ep);

#endif
