// SPDX-License-Identifier: BSD-3-Clause
#include "driver/trace.h"
#include "judge/steps/second_cpu.h"
#include "judge/test.h"
#include "smp.h"
#include "time.h"

uint32_t shared_read(const uint32_t *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

void shared_write(uint32_t *value, uint32_t to)
{
	__atomic_store_n(value, to, __ATOMIC_RELEASE);
}

bool second_cpu_start(struct source_line at, void (*function)(void *argument), void *argument)
{
	struct error error;

	trace_mute(true);
	if (smp_start(function, argument, &error))
		return true;
	trace_mute(false);
	if (smp_ended())
		skip("%s", error.text);
	else
		judge(VERDICT_ERROR, at, "the second CPU starts", "%s", error.text);
	return false;
}

bool second_cpu_stop(struct source_line at, uint32_t *stop)
{
	bool ended;

	shared_write(stop, true);
	ended = smp_wait(REPLY_TIMEOUT_US);
	trace_mute(false);
	if (!ended)
		judge(VERDICT_ERROR, at, "the second CPU ends when it is told to", "it goes on");
	return ended;
}

/* Return false if one has failed, or if it is to stop. */
static bool access_some(struct busy_endpoint *b)
{
	struct dma_access all[BUSY_UNDER_WAY];
	enum dma_result result;
	bool good = true;

	for (unsigned int i = 0; i < BUSY_UNDER_WAY; i++)
		all[i] = (struct dma_access){&b->iova, 1, BUSY_BYTES, b->write};
	if (!dma_post_all(&b->ep->dma, all, BUSY_UNDER_WAY))
		return false;
	for (unsigned int i = 0; i < BUSY_UNDER_WAY; i++) {
		while (!dma_done(&b->ep->dma, i, &result))
			if (shared_read(&b->stop))
				return false;
		good &= result == DMA_DONE;
	}
	return good;
}

static bool is_ahead(const struct busy_endpoint *b)
{
	return b->failures - shared_read(&b->noted) >= b->most_ahead;
}

/* Return true if it goes on. */
static bool begin_again(struct busy_endpoint *b)
{
	shared_write(&b->failures, b->failures + 1);
	if (!b->again)
		return false;
	dma_stop(&b->ep->dma);
	while (is_ahead(b) && !shared_read(&b->stop))
		;
	return true;
}

static void keep_busy(void *argument)
{
	struct busy_endpoint *b = argument;

	while (!shared_read(&b->stop))
		if (access_some(b))
			shared_write(&b->rounds, b->rounds + 1);
		else if (shared_read(&b->stop) || !begin_again(b))
			break;
	shared_write(&b->idle, true);
}

bool busy_start(struct source_line at, struct busy_endpoint *b)
{
	return second_cpu_start(at, keep_busy, b);
}

bool busy_stop(struct source_line at, struct busy_endpoint *b)
{
	return second_cpu_stop(at, &b->stop);
}

bool busy_wait(const struct busy_endpoint *b, uint32_t count)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint32_t first = shared_read(&b->rounds);

	while (shared_read(&b->rounds) - first < count)
		if (shared_read(&b->idle) || deadline_over(&deadline))
			return false;
	return true;
}
