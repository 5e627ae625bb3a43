// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "judge/effect.h"
#include "judge/verdict.h"
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "memory.h"
#include "driver/iova.h"
#include "time.h"
#include "driver/trace.h"

#define MAX_WATCHED 256
#define WORDS_PER_EDGE (WATCH_EDGE / sizeof(uint64_t))

/* So often chance is given a try: a read of few bytes must match each time, and so on. */
#define ROUNDS 3

static uint8_t *watched[MAX_WATCHED];	/* pages */
static unsigned int watched_count;
static uint64_t salt;

/* Eight canary bytes for this address, each in 0x40-0x7f: neither zero nor in a master's pattern. */
static uint64_t canary(uintptr_t address)
{
	uint64_t x = (address + salt) * 0x9e3779b97f4a7c15ull;

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

static void set_edge(uint8_t *edge)
{
	volatile uint64_t *word = (volatile void *)edge;

	for (unsigned int i = 0; i < WORDS_PER_EDGE; i++)
		word[i] = canary((uintptr_t)&word[i]);
}

static void set_page(uint8_t *page)
{
	set_edge(page);
	set_edge(page + iommu.page - WATCH_EDGE);
}

static void watch_page(uint8_t *page)
{
	if (watched_count == MAX_WATCHED)
		bail_out("effect: a test watches more than %u pages", MAX_WATCHED);
	watched[watched_count++] = page;
	set_page(page);
}

void watch_pages(uint8_t *pages, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		watch_page(pages + i * iommu.page);
}

uint8_t *watched_pages(unsigned int count)
{
	uint8_t *pages = arena_alloc_uninit(count * iommu.page, iommu.page);

	watch_pages(pages, count);
	return pages;
}

uint8_t *watched_page_at(uint64_t address)
{
	uint8_t *page = address & (iommu.page - 1) ? NULL : memory_if_free(address, iommu.page);

	if (page)
		watch_page(page);
	return page;
}

uint64_t iova_window(unsigned int count)
{
	uint64_t size = count * iommu.page, start = phys(watched_pages(count));

	if (!iova_is_free(start, size) && !iova_find(0, size, &start))
		skip_rest("the input range has too few pages that are free");
	return start;
}

void unwatch_all(void)
{
	watched_count = 0;
}

/* New bytes everywhere, so that one seen before cannot be taken for one seen now. */
static void change_canaries(void)
{
	salt++;
	for (unsigned int i = 0; i < watched_count; i++)
		set_page(watched[i]);
}

static bool within(const uint8_t *at, const uint8_t *from, size_t size)
{
	return from && at >= from && at < from + size;
}

static const uint8_t *stray_in_edge(const uint8_t *edge, const uint8_t *target, size_t size)
{
	const volatile uint64_t *word = (const volatile void *)edge;

	for (unsigned int i = 0; i < WORDS_PER_EDGE; i++) {
		if (word[i] == canary((uintptr_t)&word[i]))
			continue;
		for (const uint8_t *at = edge + i * 8; at < edge + i * 8 + 8; at++)
			if (!within(at, target, size) && *(const volatile uint8_t *)at != canary_byte(at))
				return at;
	}
	return NULL;
}

/* A watched byte outside of [target, target + size) that is not what we put there. */
static const uint8_t *find_stray(const uint8_t *target, size_t size)
{
	const uint8_t *stray;

	for (unsigned int i = 0; i < watched_count; i++) {
		stray = stray_in_edge(watched[i], target, size);
		if (!stray)
			stray = stray_in_edge(watched[i] + iommu.page - WATCH_EDGE, target, size);
		if (stray)
			return stray;
	}
	return NULL;
}

/* An inexact master writes unknown bytes: that something changed has to do. */
static bool has_arrived(const struct dma_master *dma, const uint8_t *target, const uint8_t *before,
		    size_t size)
{
	if (dma->ops->exact)
		return !memcmp(target, dma->pattern, size);
	return memcmp(target, before, size);
}

/*
 * An endpoint that cannot reach its rings says nothing. That it had its turn is shown by a request
 * that goes behind it and comes back; this one does nothing, as there is no such domain, or no such
 * endpoint.
 */
static void flush_iommu(void)
{
	uint32_t domain;

	if (iommu.dead || !iommu_is_up())
		return;
	if (peek_fresh_domain(&domain))
		unmap(domain, 0, iommu.page - 1);
	else
		detach(iommu.config.domain_start, UINT32_MAX);
}

static uint16_t events_before;

static bool fault_reported(void)
{
	return event_count() != events_before;
}

static void watch_access(struct endpoint *ep)
{
	events_before = event_count();
	event_note_access();
	ep->dma.fault_reported = fault_reported;
	ep->dma.flush_iommu = flush_iommu;
}

/* A good one tells how long to wait for others. */
static bool write_done(struct endpoint *ep, uint64_t iova, size_t size)
{
	uint64_t start = time_us();
	bool done = dma_write(&ep->dma, iova, size) == DMA_DONE;

	if (done)
		access_took(ep, time_us() - start);
	return done;
}

static struct effect write_once(struct endpoint *ep, uint64_t iova, size_t size, void *target,
				size_t expected)
{
	uint8_t before[DMA_MAX_BYTES];
	struct effect effect = {0};

	if (ep->dma.ops->exact && !memcmp(target, ep->dma.pattern, expected))
		memset(target, 0, expected);	/* left by an earlier user of this memory */
	memcpy(before, target, expected);
	watch_access(ep);
	trace_access(ep, "writes", iova, size);
	effect.done = write_done(ep, iova, size);
	effect.exact = has_arrived(&ep->dma, target, before, expected);
	effect.stray = find_stray(target, expected);
	trace_effect(expected ? target : NULL, &effect);
	memcpy(target, before, expected);
	if (effect.stray)
		change_canaries();
	return effect;
}

/* A random byte may be the one that stands there already: not so every time. */
struct effect write_effect(struct endpoint *ep, uint64_t iova, size_t size, void *target,
			   size_t expected)
{
	struct effect effect;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		effect = write_once(ep, iova, size, target, expected);
		if (!effect.done || effect.exact || effect.stray || ep->dma.ops->exact)
			break;
	}
	return effect;
}

static bool sees(struct endpoint *ep, uint64_t iova, const void *source, size_t size, bool *done)
{
	uint8_t seen[DMA_MAX_BYTES];
	uint64_t start = time_us();

	*done = dma_read(&ep->dma, iova, seen, size) == DMA_DONE;
	if (*done)
		access_took(ep, time_us() - start);
	return *done && !memcmp(seen, source, size);
}

struct effect read_effect(struct endpoint *ep, uint64_t iova, const void *source, size_t size)
{
	struct effect effect = {.exact = true};

	watch_access(ep);
	trace_access(ep, "reads", iova, size);
	for (unsigned int round = 0; round < ROUNDS && effect.exact; round++) {
		change_canaries();
		effect.exact = sees(ep, iova, source, size, &effect.done);
		if (size >= sizeof(uint64_t))
			break;
	}
	effect.stray = find_stray(NULL, 0);
	trace_effect(source, &effect);
	return effect;
}

bool has_read(struct endpoint *ep, const void *source, size_t size)
{
	uint8_t seen[DMA_MAX_BYTES];

	watch_access(ep);
	return dma_recall(&ep->dma, seen, size) == DMA_DONE && !memcmp(seen, source, size);
}
