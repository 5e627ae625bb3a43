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
#include "util.h"

/* Repeat short accesses, to rule out a match by chance. */
#define ROUNDS 3

uint64_t iova_window(unsigned int count)
{
	uint64_t size = count * iommu.page, start = phys(watched_pages(count));

	if (!iova_is_free(start, size) && !iova_find(0, size, &start))
		not_applicable_rest("the input range has too few pages that are free");
	iova_take(start, size);
	return start;
}

uint64_t large_iova_window(unsigned int count)
{
	uint64_t size = (uint64_t)count * iommu.page, start;

	if (!iova_find(1ull << 32, size, &start) && !iova_find(0, size, &start))
		not_applicable_rest("the input range has too few pages that are free");
	iova_take(start, size);
	return start;
}

static size_t total_size(struct access_parts all)
{
	size_t size = 0;

	for (unsigned int i = 0; i < all.count; i++)
		size += all.parts[i].size;
	return size;
}

/* An inexact master writes unknown bytes: that something changed has to do. */
static bool has_arrived(const struct dma_master *dma, const struct access_part *part, size_t offset,
			const uint8_t *before)
{
	if (dma->ops->exact)
		return dma_is_pattern(dma, part->memory, offset, part->size);
	return memcmp(part->memory, before, part->size);
}

/*
 * An endpoint that cannot reach its rings says nothing. That it had its turn is shown by a request
 * that comes after it and is answered; this one does nothing, as there is no such domain, or no such
 * endpoint.
 */
static void flush_iommu(void)
{
	uint32_t domain;
	uint64_t iova;

	if (iommu.dead || !iommu_is_up())
		return;
	if (peek_fresh_domain(&domain) && iova_find(0, iommu.page, &iova))
		unmap(domain, iova, iova + iommu.page - 1);
	else
		detach(iommu.config.domain_start, nobodys_id());
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
	ep->dma.when_silent = flush_iommu;
}

/* A good one tells how long to wait for others. */
static void note_end(struct endpoint *ep, uint64_t start, bool done)
{
	if (done)
		access_took(ep, time_us() - start);
	else
		event_note_failure();
}

static bool write_done(struct endpoint *ep, uint64_t iova, size_t size)
{
	uint64_t start = time_us();
	bool done = dma_write(&ep->dma, iova, size) == DMA_DONE;

	note_end(ep, start, done);
	return done;
}

/* Copies of what may be written. One that shows the pattern already, from an earlier use, is cleared. */
static uint8_t *save(const struct dma_master *dma, struct access_parts all)
{
	uint8_t *before = arena_alloc_uninit(total_size(all), sizeof(uint64_t));
	size_t offset = 0;

	for (unsigned int i = 0; i < all.count; offset += all.parts[i++].size) {
		const struct access_part *part = &all.parts[i];

		if (!part_may_change(part))
			continue;
		if (dma->ops->exact && dma_is_pattern(dma, part->memory, offset, part->size))
			memset(part->memory, 0, part->size);
		memcpy(before + offset, part->memory, part->size);
	}
	return before;
}

static void restore(const uint8_t *before, struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; before += all.parts[i++].size)
		if (part_may_change(&all.parts[i]))
			memcpy(all.parts[i].memory, before, all.parts[i].size);
}

/* What may be moved is moved to its own place: a byte that is neither what was there nor that, or NULL. */
static const uint8_t *find_foreign(const struct dma_master *dma, const struct access_part *part,
				   size_t offset, const uint8_t *before)
{
	for (size_t i = 0; dma->ops->exact && i < part->size; i++)
		if (part->memory[i] != before[i] &&
		    !dma_is_pattern(dma, part->memory + i, offset + i, 1))
			return part->memory + i;
	return NULL;
}

/* @is_pattern: so are the bytes of the access. */
static void judge_parts(const struct dma_master *dma, const uint8_t *before, struct access_parts all,
			bool is_pattern, struct effect *effect)
{
	size_t offset = 0;

	effect->exact = true;
	effect->stray = find_stray(all);
	for (unsigned int i = 0; i < all.count; offset += all.parts[i++].size) {
		const struct access_part *part = &all.parts[i];

		if (!part_may_change(part) || has_arrived(dma, part, offset, before + offset))
			continue;
		effect->exact = effect->exact && part->fate != PART_MOVED;
		if (!effect->stray && part->fate == PART_OPEN && is_pattern)
			effect->stray = find_foreign(dma, part, offset, before + offset);
	}
}

static const void *first_memory(struct access_parts all)
{
	return all.parts[0].size ? all.parts[0].memory : NULL;
}

static void check_size(const struct dma_master *dma, size_t size)
{
	if (size > dma->max_bytes)
		bail_out("effect: an access of %zu bytes by a %s, which has at most %zu", size,
			 dma->ops->name, dma->max_bytes);
}

static bool has_open_part(struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].size && all.parts[i].fate == PART_OPEN)
			return true;
	return false;
}

/*
 * Where bytes may move, and need not, it has to be known which ones. What goes before the access is expected
 * to work, whatever becomes of the access.
 */
static bool prepare(struct endpoint *ep, struct access_parts all)
{
	uint64_t timeout_us = ep->dma.timeout_us;
	bool done;

	if (!has_open_part(all))
		return false;
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	done = dma_prepare_write(&ep->dma, total_size(all));
	ep->dma.timeout_us = timeout_us;
	return done;
}

static struct effect write_once(struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	bool prepared = prepare(ep, all);
	size_t mark = arena_mark(), size = total_size(all);
	const uint8_t *before = save(&ep->dma, all);
	struct effect effect = {0};

	watch_access(ep);
	trace_access(ep, "writes", iova, size);
	effect.done = write_done(ep, iova, size);
	judge_parts(&ep->dma, before, all, prepared, &effect);
	trace_effect(first_memory(all), &effect);
	restore(before, all);
	if (effect.stray)
		change_canaries();
	arena_release(mark);
	return effect;
}

static bool has_moved(const struct effect *effect, struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].size && all.parts[i].fate == PART_MOVED)
			return effect->exact;
	return false;
}

/* A random byte may be the one that stands there already: not so every time. */
struct effect write_parts(struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	struct effect effect;

	check_size(&ep->dma, total_size(all));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		effect = write_once(ep, iova, all);
		if (!effect.done || has_moved(&effect, all) || effect.stray || ep->dma.ops->exact)
			break;
	}
	return effect;
}

struct effect write_effect(struct endpoint *ep, uint64_t iova, size_t size, void *target,
			   size_t expected)
{
	const struct access_part parts[] = {
		{target, expected, expected < size ? PART_OPEN : PART_MOVED},
		{NULL, size - expected, PART_BLOCKED},
	};

	return write_parts(ep, iova, ACCESS_PARTS(parts));
}

static bool read_done(struct endpoint *ep, uint64_t iova, void *seen, size_t size)
{
	uint64_t start = time_us();
	bool done = dma_read(&ep->dma, iova, seen, size) == DMA_DONE;

	note_end(ep, start, done);
	return done;
}

/* A read that failed may still have moved bytes. To ask for them is an access that should work. */
static bool recalled(struct endpoint *ep, void *seen, size_t size)
{
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	return dma_recall(&ep->dma, 0, seen, size) == DMA_DONE;
}

static bool sees_all(const uint8_t *seen, struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; seen += all.parts[i++].size)
		if (all.parts[i].fate == PART_MOVED && memcmp(seen, all.parts[i].memory, all.parts[i].size))
			return false;
	return true;
}

/* Zeroes are what a read may be given that is blocked. */
static bool tells_something(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!bytes[i])
			return false;
	return true;
}

static bool is_seen(const uint8_t *seen, const uint8_t *memory, size_t size)
{
	return !memcmp(seen, memory, size) && tells_something(memory, size);
}

/* Memory that the blocked word at @iova was read from: @memory, or the word at its own address. */
static const void *find_leaked_word(const uint8_t *seen, const uint8_t *memory, uint64_t iova, size_t size)
{
	const uint8_t *same = (const uint8_t *)(uintptr_t)iova;

	if (memory && is_seen(seen, memory, size))
		return memory;
	return is_watched(same, size) && is_seen(seen, same, size) ? same : NULL;
}

static const void *find_leak_in(const uint8_t *seen, const struct access_part *part, uint64_t iova)
{
	size_t word = min(part->size, sizeof(uint64_t)), last = part->size - word;
	const void *leak = NULL;

	for (size_t offset = 0; word && !leak; offset += word) {
		size_t i = min(offset, last);

		leak = find_leaked_word(seen + i, part->memory ? part->memory + i : NULL, iova + i, word);
		if (offset >= last)
			break;
	}
	return leak;
}

static const void *find_leak(const uint8_t *seen, struct access_parts all, uint64_t iova)
{
	const void *leak = NULL;

	for (unsigned int i = 0; i < all.count && !leak; i++) {
		size_t size = all.parts[i].size;

		if (all.parts[i].fate == PART_BLOCKED)
			leak = find_leak_in(seen, &all.parts[i], iova);
		seen += size;
		iova += size;
	}
	return leak;
}

/* A few bytes may be seen by chance. */
static bool is_certain(struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; i++) {
		const struct access_part *part = &all.parts[i];

		if (part->size && part->size < sizeof(uint64_t) && part->fate != PART_OPEN)
			return false;
	}
	return true;
}

/* What is true of a read has to be so in each round. */
static void read_once(struct endpoint *ep, uint64_t iova, uint8_t *seen, struct access_parts all, bool recall,
		      struct effect *effect)
{
	size_t size = total_size(all);

	change_canaries();
	effect->done = read_done(ep, iova, seen, size);
	effect->exact = effect->exact && effect->done && sees_all(seen, all);
	if (effect->leaked && (effect->done || (recall && recalled(ep, seen, size))))
		effect->leaked = find_leak(seen, all, iova);
	else
		effect->leaked = NULL;
}

static struct effect read_all(struct endpoint *ep, uint64_t iova, struct access_parts all, bool recall)
{
	size_t mark = arena_mark();
	uint8_t *seen = arena_alloc_uninit(total_size(all), sizeof(uint64_t));
	struct effect effect = {.exact = true, .leaked = seen};
	uint64_t timeout_us = ep->dma.timeout_us;

	check_size(&ep->dma, total_size(all));
	watch_access(ep);
	trace_access(ep, "reads", iova, total_size(all));
	for (unsigned int round = 0; round < ROUNDS && (effect.exact || effect.leaked); round++) {
		ep->dma.timeout_us = timeout_us;
		read_once(ep, iova, seen, all, recall, &effect);
		if (is_certain(all))
			break;
	}
	effect.stray = find_stray((struct access_parts){NULL, 0});
	trace_effect(first_memory(all), &effect);
	arena_release(mark);
	return effect;
}

struct effect read_parts(struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	return read_all(ep, iova, all, true);
}

struct effect read_effect(struct endpoint *ep, uint64_t iova, const void *source, size_t size)
{
	const struct access_part part = {(uint8_t *)source, size, PART_MOVED};

	return read_all(ep, iova, (struct access_parts){&part, 1}, false);
}

struct effect blocked_read_effect(struct endpoint *ep, uint64_t iova, const void *secret, size_t size)
{
	const struct access_part part = {(uint8_t *)secret, size, PART_BLOCKED};

	return read_all(ep, iova, (struct access_parts){&part, 1}, false);
}

bool has_read(struct endpoint *ep, const void *source, size_t size)
{
	uint8_t seen[DMA_SHORT_BYTES];

	watch_access(ep);
	return dma_recall(&ep->dma, 0, seen, size) == DMA_DONE && !memcmp(seen, source, size);
}
