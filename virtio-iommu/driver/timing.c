// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "driver/iommu.h"
#include "driver/timing.h"
#include "driver/trace.h"
#include "time.h"
#include "util.h"

/*
 * The second slowest of so many to twice as many: a host that was busy once does not make the rest of the run
 * slow.
 */
#define COUNTED 64

/* One that comes may take this many times as long as any before. */
#define TIMES 3

/* Until one was seen. */
#define UNKNOWN_US 60000

/* However quick the last ones were. */
static const uint64_t least_us[TIMED_KINDS] = {
	[TIMED_REQUEST] = 5000,
	[TIMED_REPORT] = 1000,
	[TIMED_NOTIFICATION] = 1000,
};

static struct timing timings[TIMED_KINDS];

/* A test that takes long is not stopped while the device does what it is asked for. */
#define BUSY_US 2000000

static void say_busy(void)
{
	static uint64_t last;
	uint64_t now = time_us();

	if (!last)
		last = now;
	if (now - last < BUSY_US)
		return;
	last = now;
	printf("# busy\n");
}

uint64_t timing_slow(const struct timing *timing)
{
	return max(timing->second ? timing->second : timing->slowest, timing->before);
}

void timing_add(struct timing *timing, uint64_t microseconds)
{
	say_busy();
	if (timing->count == COUNTED)
		*timing = (struct timing){.before = timing_slow(timing)};
	microseconds = max(microseconds, 1u);
	timing->second = max(timing->second, min(microseconds, timing->slowest));
	timing->slowest = max(timing->slowest, microseconds);
	timing->count++;
}

static void timing_note(enum timed kind, uint64_t microseconds)
{
	timing_add(&timings[kind], microseconds);
}

void timing_note_since(enum timed kind, uint64_t start)
{
	timing_note(kind, time_us() - start);
}

uint64_t timing_quiet_us(enum timed kind)
{
	uint64_t slow = timing_slow(&timings[kind]);

	return min(slow ? max(TIMES * slow, least_us[kind]) : UNKNOWN_US, (uint64_t)REPLY_TIMEOUT_US);
}

/* How many times as long as for one that should not come; and for a hiccup. */
#define PATIENCE 20
#define PATIENCE_LEAST_US 200000

uint64_t timing_patience_us(enum timed kind)
{
	return min(max(PATIENCE * timing_quiet_us(kind), PATIENCE_LEAST_US), (uint64_t)REPLY_TIMEOUT_US);
}

enum virtio_wait iommu_wait(struct ring *ring, struct ring_reply *reply, uint64_t microseconds)
{
	enum virtio_wait end;

	trace_polling(true);
	end = virtio_wait(&iommu.dev, ring, reply, microseconds);
	trace_polling(false);
	trace_wait(ring, end == VIRTIO_USED ? reply : NULL, microseconds);
	return end;
}
