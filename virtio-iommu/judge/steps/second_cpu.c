// SPDX-License-Identifier: BSD-3-Clause
#include "driver/trace.h"
#include "judge/options.h"
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

unsigned int race_rounds(void)
{
	return test_plays_all_cells() ? 200 : 16;
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

/* Return false if one has failed, or takes too long, or if it is to stop. */
static bool access_some(struct busy_endpoint *b)
{
	struct deadline deadline = deadline_in(b->patience_us);
	unsigned int count = b->again ? 1 : BUSY_UNDER_WAY;
	struct dma_access all[BUSY_UNDER_WAY];
	enum dma_result result;
	bool good = true;

	for (unsigned int i = 0; i < count; i++)
		all[i] = (struct dma_access){&b->iova, 1, BUSY_BYTES, b->write};
	if (!dma_post_all(&b->ep->dma, all, count))
		return false;
	for (unsigned int i = 0; i < count; i++) {
		while (!dma_done(&b->ep->dma, i, &result))
			if (shared_read(&b->stop) || (b->again && deadline_passed(&deadline)))
				return false;
		good &= result == DMA_DONE;
	}
	return good;
}

/* Whatever came of the last one: a device may say that it did what was blocked. */
static void try_again(struct busy_endpoint *b, bool good)
{
	if (!good)
		dma_stop(&b->ep->dma);
	shared_write(&b->tries, b->tries + 1);
	while (b->tries - shared_read(&b->noted) >= b->most_ahead && !shared_read(&b->stop))
		;
}

static void keep_busy(void *argument)
{
	struct busy_endpoint *b = argument;
	bool good = true;

	while ((good || b->again) && !shared_read(&b->stop)) {
		good = access_some(b);
		if (shared_read(&b->stop))
			break;
		if (good)
			shared_write(&b->rounds, b->rounds + 1);
		if (b->again)
			try_again(b, good);
	}
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
