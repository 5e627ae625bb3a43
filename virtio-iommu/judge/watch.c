// SPDX-License-Identifier: BSD-3-Clause
#include "console.h"
#include "driver/iommu.h"
#include "judge/watch.h"
#include "memory.h"
#include "util.h"

#define MAX_WATCHED 256

static struct watched {
	uint8_t *page;
	size_t edge;	/* bytes at either end that hold canaries */
} watched[MAX_WATCHED];
static unsigned int watched_count;
static uint64_t salt;

/*
 * Eight canary bytes for this address, each in 0x40-0x7f: neither zero nor in a master's pattern. They never
 * were those of another address nearby, whose bytes an endpoint may have kept.
 */
static uint64_t canary(uintptr_t address)
{
	uint64_t x = (address + salt * 0xd1342543de82ef95ull) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 32;
	return (x & 0x3f3f3f3f3f3f3f3full) | 0x4040404040404040ull;
}

static uint8_t canary_byte(const uint8_t *at)
{
	uintptr_t word = (uintptr_t)at & ~7ul;

	return canary(word) >> ((uintptr_t)at - word) * 8;
}

static void set_edge(uint8_t *edge, size_t size)
{
	volatile uint64_t *word = (volatile void *)edge;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = canary((uintptr_t)&word[i]);
}

static uint8_t *upper_edge(const struct watched *w)
{
	return w->page + iommu.page - w->edge;
}

static void set_page(const struct watched *w)
{
	set_edge(w->page, w->edge);
	set_edge(upper_edge(w), w->edge);
}

static void watch_page(uint8_t *page, size_t edge)
{
	if (watched_count == MAX_WATCHED)
		bail_out("effect: a test watches more than %u pages", MAX_WATCHED);
	watched[watched_count] = (struct watched){page, edge};
	set_page(&watched[watched_count++]);
}

static uint8_t *take_pages(unsigned int count, size_t edge)
{
	uint8_t *pages = arena_alloc_uninit(count * iommu.page, iommu.page);

	for (unsigned int i = 0; i < count; i++)
		watch_page(pages + i * iommu.page, edge);
	return pages;
}

void watch_pages(uint8_t *pages, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		watch_page(pages + i * iommu.page, WATCH_EDGE);
}

uint8_t *watched_pages(unsigned int count)
{
	return take_pages(count, WATCH_EDGE);
}

uint8_t *filled_pages(unsigned int count)
{
	return take_pages(count, iommu.page / 2);
}

uint8_t *watched_page_at(uint64_t address)
{
	uint8_t *page = address & (iommu.page - 1) ? NULL : memory_if_free(address, iommu.page);

	if (page)
		watch_page(page, WATCH_EDGE);
	return page;
}

void unwatch_all(void)
{
	watched_count = 0;
}

void change_canaries(void)
{
	salt++;
	for (unsigned int i = 0; i < watched_count; i++)
		set_page(&watched[i]);
}

/* The bytes that the watched page @w holds canaries in: its lower edge, or the one at its upper end. */
static bool is_in_edge(const struct watched *w, const uint8_t *at, size_t size)
{
	uintptr_t in_lower = at - w->page, in_upper = at - upper_edge(w);

	return size <= w->edge && (in_lower <= w->edge - size || in_upper <= w->edge - size);
}

bool is_watched(const uint8_t *at, size_t size)
{
	for (unsigned int i = 0; i < watched_count; i++)
		if (is_in_edge(&watched[i], at, size))
			return true;
	return false;
}

/* Where the part that covers @at ends, if it may be written; else @at. */
static const uint8_t *end_of_part(const uint8_t *at, struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; i++) {
		const struct access_part *part = &all.parts[i];

		if (part_may_change(part) && at >= part->memory && at < part->memory + part->size)
			return part->memory + part->size;
	}
	return at;
}

static const uint8_t *stray_in_word(const uint8_t *word, struct access_parts all)
{
	for (const uint8_t *at = word; at < word + sizeof(uint64_t); at++)
		if (*(const volatile uint8_t *)at != canary_byte(at) && end_of_part(at, all) == at)
			return at;
	return NULL;
}

static const uint8_t *stray_in_edge(const uint8_t *edge, size_t size, struct access_parts all)
{
	const uint8_t *stray = NULL, *word = edge, *end;

	while (word < edge + size && !stray) {
		if (*(const volatile uint64_t *)word == canary((uintptr_t)word)) {
			word += sizeof(uint64_t);
			continue;
		}
		end = end_of_part(word, all);
		if (end < word + sizeof(uint64_t)) {
			stray = stray_in_word(word, all);
			end = word + sizeof(uint64_t);
		}
		word = (const uint8_t *)align_down((uintptr_t)end, sizeof(uint64_t));
	}
	return stray;
}

bool all_parts_are(struct access_parts all, enum part_fate fate)
{
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].fate != fate)
			return false;
	return true;
}

const uint8_t *find_stray(struct access_parts all)
{
	const uint8_t *stray = NULL;

	for (unsigned int i = 0; i < watched_count && !stray; i++) {
		stray = stray_in_edge(watched[i].page, watched[i].edge, all);
		if (!stray)
			stray = stray_in_edge(upper_edge(&watched[i]), watched[i].edge, all);
	}
	return stray;
}
