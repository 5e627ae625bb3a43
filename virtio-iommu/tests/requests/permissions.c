// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the flags of a mapping permit, at each size and place of an access (virtio 1.4, 5.13.6.5).
 */
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { FLAGS, ACCESS, BYTES, PLACE };
enum { FLAGS_NONE, FLAGS_READ, FLAGS_WRITE, FLAGS_BOTH };
enum { ACCESS_READ, ACCESS_WRITE };

static const char *const flags[] = {"mapped without rights", "mapped to read", "mapped to write",
				    "mapped to read and write"};
static const char *const accesses[] = {"read", "written"};
static const char *const bytes[] = {"1 byte", "8 bytes", "16 bytes"};
static const char *const places[] = {"at the first byte", "at the last byte"};

static const struct dimension dimensions[] = {
	[FLAGS] = {"flags", flags, ARRAY_SIZE(flags)},
	[ACCESS] = {"access", accesses, ARRAY_SIZE(accesses)},
	[BYTES] = {"size", bytes, ARRAY_SIZE(bytes)},
	[PLACE] = {"place", places, ARRAY_SIZE(places)},
};

static void play(struct source_line at, const cell_t cell)
{
	static const uint32_t map_flags[] = {0, MAP_READ, MAP_WRITE, MAP_RW};
	static const uint32_t sizes[] = {1, 8, 16};
	uint32_t granted = map_flags[cell[FLAGS]], size = sizes[cell[BYTES]];
	uint64_t offset = cell[PLACE] ? iommu.page - size : 0;
	struct page_fixture s;

	if (!map_one_page_as(at, &s, granted))
		return;
	if (cell[ACCESS] == ACCESS_WRITE && (granted & MAP_WRITE))
		expect_writes(at, BY_LEVEL, s.ep, s.iova + offset, s.target + offset, size);
	else if (cell[ACCESS] == ACCESS_WRITE)
		expect_write_blocked(at, s.ep, s.iova + offset, size);
	else if (granted & MAP_READ)
		expect_reads(at, BY_LEVEL, s.ep, s.iova + offset, s.target + offset, size);
	else if (granted != MAP_WRITE)
		expect_read_blocked(at, s.ep, s.iova + offset, s.target + offset, size);
}

static const struct product permissions = {
	.name = "permissions",
	.dimensions = dimensions,
	.dimension_count = ARRAY_SIZE(dimensions),
	.play = play,
};

TEST(DEV_MAP_6, permissions_hold_at_each_size_and_place, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&permissions, EVERY_CELL);
}
