// SPDX-License-Identifier: BSD-3-Clause
/*
 * Keep track of domains, and hand out ids that tests may take for new ones. The range may have few ids,
 * or a single one (5.13.4).
 */
#include <stddef.h>

#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "driver/resources.h"

/* What we have attached, to be able to undo it: even after a reset, as some devices keep it. */
#define MAX_ATTACHMENTS 64

static struct attachment {
	uint32_t domain, endpoint;
	bool old;	/* made before a reset */
} attachments[MAX_ATTACHMENTS];
static unsigned int attachment_count;

/* Ids that were handed out and that no request has named yet; of very many, the last ones. */
#define MAX_HANDED_OUT 32

static uint32_t handed_out[MAX_HANDED_OUT];
static unsigned int handed_out_count;

static void forget_endpoint(uint32_t endpoint)
{
	for (unsigned int i = 0; i < attachment_count; i++)
		if (attachments[i].endpoint == endpoint)
			attachments[i--] = attachments[--attachment_count];
}

/* DETACH from another domain than the endpoint's may be answered with OK: it stays where it is (AMB-7). */
static void forget_attachment(uint32_t domain, uint32_t endpoint)
{
	for (unsigned int i = 0; i < attachment_count; i++)
		if (attachments[i].endpoint == endpoint && attachments[i].domain == domain)
			attachments[i--] = attachments[--attachment_count];
}

static void track(const struct attach_request *request)
{
	if (request->head.type == REQUEST_DETACH)
		forget_attachment(request->domain, request->endpoint);
	if (request->head.type != REQUEST_ATTACH)
		return;
	forget_endpoint(request->endpoint);
	if (attachment_count < MAX_ATTACHMENTS)
		attachments[attachment_count++] =
			(struct attachment){request->domain, request->endpoint, false};
}

static bool has_member(uint32_t domain)
{
	for (unsigned int i = 0; i < attachment_count; i++)
		if (attachments[i].domain == domain && !attachments[i].old)
			return true;
	return false;
}

bool others_are_elsewhere(uint32_t endpoint, uint32_t domain)
{
	for (unsigned int i = 0; i < attachment_count; i++)
		if (attachments[i].endpoint != endpoint && attachments[i].domain != domain &&
		    !attachments[i].old)
			return true;
	return false;
}

static void forget_handed_out(uint32_t domain)
{
	for (unsigned int i = 0; i < handed_out_count; i++)
		if (handed_out[i] == domain)
			handed_out[i--] = handed_out[--handed_out_count];
}

/* PROBE has no domain: an endpoint is in its place. */
void domains_note(const void *readable, uint32_t size, bool ok)
{
	const struct attach_request *request = readable;

	if (size < sizeof(*request) || request->head.type == REQUEST_PROBE)
		return;
	if (ok)
		track(request);
	forget_handed_out(request->domain);
}

void domains_reset(void)
{
	handed_out_count = 0;
	resources_reset();
	for (unsigned int i = 0; i < attachment_count; i++)
		attachments[i].old = true;
}

void iommu_detach_all(void)
{
	while (attachment_count && !iommu.dead) {
		struct attachment last = attachments[attachment_count - 1];

		detach(last.domain, last.endpoint);
		forget_endpoint(last.endpoint);
	}
	handed_out_count = 0;
}

static bool is_free(uint32_t domain)
{
	for (unsigned int i = 0; i < handed_out_count; i++)
		if (handed_out[i] == domain)
			return false;
	return !has_member(domain);
}

static uint32_t last_index;	/* of the id that was handed out last, from domain_start on */

/*
 * Find the next free id in turn. At most MAX_HANDED_OUT + MAX_ATTACHMENTS ids are in use: one more try finds
 * a free one.
 */
static bool next_free(uint32_t *domain, uint32_t *index)
{
	uint64_t count = (uint64_t)iommu.config.domain_end - iommu.config.domain_start + 1;

	for (uint64_t i = 1; i <= count && i <= MAX_HANDED_OUT + MAX_ATTACHMENTS + 1; i++) {
		*index = (last_index + i) % count;
		*domain = iommu.config.domain_start + *index;
		if (is_free(*domain))
			return true;
	}
	return false;
}

bool peek_fresh_domain(uint32_t *domain)
{
	uint32_t index;

	return next_free(domain, &index);
}

bool take_domain(uint32_t *domain)
{
	bool found = next_free(domain, &last_index);

	if (handed_out_count == MAX_HANDED_OUT)
		forget_handed_out(handed_out[0]);
	handed_out[handed_out_count++] = *domain;
	return found;
}
