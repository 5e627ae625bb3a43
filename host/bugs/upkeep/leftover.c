// SPDX-License-Identifier: BSD-3-Clause
/*
 * A bug of the place that requests are read to: it keeps what earlier ones have left there.
 */
#include <string.h>

#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

#define SHORTEST 12	/* head, domain and one field more */

static bool read(const struct chain *chain, struct model_request *r)
{
	static uint8_t kept[sizeof(struct probe_request)];
	uint32_t size = model_request_size(&ref_iommu.model, r->head.type), sent = r->readable;
	uint8_t *bytes = (uint8_t *)r;

	(void)chain;
	memcpy(kept, bytes, min(sent, sizeof(kept)));
	if (sent >= size || sent < SHORTEST || size - sent > mutant_number())
		return false;
	memcpy(bytes + sent, kept + sent, size - sent);
	r->readable = size;
	return false;
}

bool leftover_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_SHORT_REQ_LEFTOVER, {.request_read = read}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
