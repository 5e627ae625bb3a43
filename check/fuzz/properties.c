// SPDX-License-Identifier: BSD-3-Clause
/*
 * The properties of a PROBE reply, and the addresses that the tests choose by them. The input is 9
 * bytes, the granule and the address to start from, and then the properties.
 */
#include <string.h>

#include "driver/endpoint.h"
#include "fuzz.h"
#include "driver/iommu.h"
#include "driver/iova.h"
#include "driver/reserved.h"

struct iommu iommu;
static struct reply reply;

unsigned int endpoint_count(void)
{
	return 2;
}

struct endpoint *endpoint(unsigned int index)
{
	static struct endpoint endpoints[2] = {{.id = 1}, {.id = 2}};

	return index < endpoint_count() ? &endpoints[index] : NULL;
}

uint64_t private_page_size(void)
{
	return iommu.page;
}

bool does_dma(const struct endpoint *ep)
{
	(void)ep;
	return true;
}

struct reply probe(uint32_t id)
{
	(void)id;
	return reply;
}

static void check_regions(void)
{
	for (unsigned int i = 0; reserved_region(i); i++) {
		const struct reserved_region *region = reserved_region(i);

		if (region->start <= region->end)
			HOLDS(reserved_overlaps(region->end, region->end));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint64_t page = 4096ull << take8(&input) % 20, start = 0, found;
	uint8_t *bytes;

	for (unsigned int i = 0; i < sizeof(start); i++)
		start = start << 8 | take8(&input);
	bytes = malloc(input.left);
	memcpy(bytes, input.at, input.left);
	iommu.page = page;
	iommu.config.input_end = UINT64_MAX;
	iommu.config.probe_size = input.left;
	iommu.dev.accepted = VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE);
	reply = (struct reply){
		.used = true, .delivered = true, .status = STATUS_OK, .bytes = bytes};
	reserved_init();
	check_regions();
	if (iova_find(start, page, &found))
		HOLDS(found % page == 0 && found >= start && iova_is_free(found, page));
	if (iova_find_below(start, page, &found))
		HOLDS(found % page == 0 && iova_is_free(found, page));
	free(bytes);
	return 0;
}
