// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who joins a domain has all that is mapped there, as it is mapped (virtio 1.4, 5.13.6.3, 5.13.6.5). A device
 * with a table for each endpoint, or a VMM that tells somebody of each mapping, brings the newcomer up to
 * date: with all mappings, and each with its own flags.
 */
#include "driver/iova.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "memory.h"
#include "time.h"
#include "util.h"

enum { RIGHTS, COUNT, WHO, JOINS };
enum { COUNT_1, COUNT_40, COUNT_400, COUNT_2100, COUNTS };
enum { WHO_SECOND, WHO_THIRD };
enum { JOINS_FIRST, JOINS_AGAIN, JOINS_FROM_ANOTHER };

static const char *const rights[] = {"no right", "right r", "right w", "rights rw"};
static const char *const counts[COUNTS] = {"1 mapping", "40 mappings", "400 mappings", "2100 mappings"};
static const char *const whos[] = {"second of two", "third of three"};
static const char *const joins[] = {"never attached before", "attached once more", "out of another domain"};

static const unsigned int how_many[COUNTS] = {1, 40, 400, 2100};

/* The longest that the MAPs of a cell may take. */
#define MOST_US 1000000

static uint64_t request_us(void)
{
	uint64_t start = time_us();

	unmap(iommu.config.domain_start, 0, UINT64_MAX);
	return time_us() - start;
}

static const char *count_unmet(unsigned int count)
{
	uint64_t iova;

	if (!iova_find(0, (how_many[count] + 1) * iommu.page, &iova))
		return "the input range has no room for so many";
	return how_many[count] * request_us() > MOST_US ? "so many would take too long here" : NULL;
}

static bool is_candidate(unsigned int index)
{
	for (unsigned int i = 0; i < index; i++)
		if (endpoint(i)->id == endpoint(index)->id)
			return false;
	return writes_on_demand(endpoint(index));
}

/* Number @n of those with an id each, or NULL. */
static struct endpoint *candidate(unsigned int n)
{
	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (is_candidate(i) && !n--)
			return endpoint(i);
	return NULL;
}

static const char *who_unmet(unsigned int who)
{
	return candidate(who + 1) ? NULL : "needs as many endpoints that do DMA behind the IOMMU";
}

static const struct dimension dimensions[] = {
	[RIGHTS] = {"rights", rights, ARRAY_SIZE(rights), NULL},
	[COUNT] = {"how many", counts, COUNTS, count_unmet},
	[WHO] = {"who joins", whos, ARRAY_SIZE(whos), who_unmet},
	[JOINS] = {"comes", joins, ARRAY_SIZE(joins), NULL},
};

/* Memory pages, which repeat. */
#define CHUNKS 5

/*
 * Page i of the domain, from @iova on, is page i % CHUNKS of @memory; one more has all rights. The rings of
 * @who are mapped before it joins, too.
 */
struct scene {
	struct endpoint *first, *who;
	uint32_t domain, flags;
	unsigned int count;
	uint64_t iova;
	uint8_t *memory;
};

static struct scene make_scene(const cell_t cell)
{
	struct scene s = {.first = candidate(0), .who = candidate(cell[WHO] + 1), .domain = fresh_domain(),
			  .flags = cell[RIGHTS], .count = how_many[cell[COUNT]],
			  .memory = watched_pages(CHUNKS)};

	iova_find(0, (s.count + 1) * iommu.page, &s.iova);
	iova_take(s.iova, (s.count + 1) * iommu.page);
	return s;
}

static uint8_t *memory_of(const struct scene *s, unsigned int page)
{
	return s->memory + page % CHUNKS * iommu.page;
}

static bool map_all(struct source_line at, const struct scene *s)
{
	struct map_request *requests = arena_alloc((s->count + 1) * sizeof(*requests), 8);
	uint8_t status;

	for (unsigned int i = 0; i <= s->count; i++)
		requests[i] = (struct map_request){
			{.type = REQUEST_MAP}, s->domain, s->iova + i * iommu.page,
			s->iova + (i + 1) * iommu.page - 1, phys(memory_of(s, i)),
			i == s->count ? MAP_RW : s->flags};
	status = map_batch(requests, s->count + 1);
	if (status == STATUS_NOMEM)
		not_applicable("the device has no room for %u mappings", s->count + 1);
	else if (status != STATUS_OK && status != UINT8_MAX && s->flags != MAP_RW)
		not_applicable("the device does not map with flags %#x", s->flags);
	else if (status != STATUS_OK)
		judge(VERDICT_ERROR, at, "MAP is OK", "of %u one has status %s", s->count + 1,
		      status_name(status));
	return status == STATUS_OK;
}

static bool join(struct source_line at, const struct scene *s, const struct endpoint *ep)
{
	return attach_or_skip(at, ep, s->domain, "the device does not let endpoints share a domain, or move");
}

/* All are in the domain but @who, which has been there, or elsewhere, or nowhere. */
static bool prepare(struct source_line at, const struct scene *s, const cell_t cell)
{
	if (!attach_with_dma(at, s->first, s->domain) ||
	    (cell[WHO] == WHO_THIRD && !join(at, s, candidate(1))))
		return false;
	if (cell[JOINS] == JOINS_AGAIN)
		return join(at, s, s->who) && detach_endpoint(at, s->who, s->domain);
	return cell[JOINS] != JOINS_FROM_ANOTHER || attach_with_dma(at, s->who, fresh_domain());
}

/* WRITE may imply READ (DEV-MAP-7). */
static void expect_as_mapped(struct source_line at, const struct scene *s, unsigned int page, uint32_t flags)
{
	uint64_t iova = s->iova + page * iommu.page;
	uint8_t *memory = memory_of(s, page);

	if (flags & MAP_WRITE)
		expect_writes(at, BY_LEVEL, s->who, iova, memory, 8);
	else
		expect_write_blocked(at, s->who, iova, 8);
	if (!s->who->dma.ops->exact)
		return;
	if (flags & MAP_READ)
		expect_reads(at, BY_LEVEL, s->who, iova, memory, 8);
	else if (!flags)
		expect_read_blocked(at, s->who, iova, memory, 8);
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene(cell);

	if (!prepare(at, &s, cell) || !map_all(at, &s) || !enable_dma(at, s.who, s.domain) ||
	    !join(at, &s, s.who))
		return;
	expect_as_mapped(at, &s, 0, s.flags);
	if (s.count > 1) {
		expect_as_mapped(at, &s, s.count / 2, s.flags);
		expect_as_mapped(at, &s, s.count - 1, s.flags);
	}
	expect_as_mapped(at, &s, s.count, MAP_RW);
}

static const struct product joining = {
	.name = "joining",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* N-MAP-2 (ISOLATION): All attached endpoints see it, later joiners too */
TEST(N_MAP_2, who_joins_reaches_all_that_is_mapped, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	PRODUCT(&joining, RIGHTS, BIT(MAP_RW));
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
TEST(DEV_MAP_6, who_joins_does_not_write_what_is_mapped_to_read, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	PRODUCT(&joining, RIGHTS, BIT(MAP_READ));
}

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
TEST(N_MAP_4, who_joins_has_the_rights_of_each_mapping, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	PRODUCT(&joining, RIGHTS, BIT(0) | BIT(MAP_WRITE));
}
