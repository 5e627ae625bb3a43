// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/replies.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/out_of_reach.h"

/* The range of domains may have one id, and endpoints may be inseparable (5.13.4, 5.13.6.3). */
static bool attach_elsewhere(struct source_line at, const struct endpoint *ep, uint32_t *domain)
{
	struct reply reply;

	if (!take_domain(domain))
		return false;
	reply = attach(*domain, ep->id, 0);
	if (reply.delivered && reply.status == STATUS_UNSUPP && others_are_elsewhere(ep->id, *domain))
		return false;
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK);
}

void expect_out_of_reach(struct source_line at, struct endpoint *ep, uint64_t iova, uint8_t *target)
{
	struct reply reply;
	uint32_t domain;

	if (!attach_elsewhere(at, ep, &domain) || !enable_dma(at, ep, domain))
		return;
	expect_write_blocked(at, ep, iova, 8);
	if (ep->dma.ops->exact)
		expect_read_blocked(at, ep, iova, target, 8);
	reply = map_page(domain, iova, target, MAP_RW);
	if (expect_status(at, VERDICT_ERROR, &reply, STATUS_OK))
		expect_writes(at, VERDICT_ERROR, ep, iova, target, 8);
}
