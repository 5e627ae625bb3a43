// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "machine.h"
#include "smp.h"
#include "time.h"

/* Written by the first CPU, but for @ended. */
static struct {
	void (*function)(void *argument);
	void *argument;
} task;

static bool begun, ended = true;

void smp_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool smp_ended(void)
{
	return __atomic_load_n(&ended, __ATOMIC_ACQUIRE);
}

/* Without rest: a machine may skip the time of one who waits, and the other CPU needs it. */
bool smp_wait(uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);

	while (!smp_ended())
		if (deadline_passed(&deadline))
			return smp_ended();
	return true;
}

static bool has_begun(void)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		if (deadline_over(&deadline))
			return false;
	return true;
}

bool smp_start(void (*function)(void *argument), void *argument, struct error *error)
{
	if (!smp_ended())
		return error_set(error, "the second CPU is at work");
	task.function = function;
	task.argument = argument;
	begun = false;
	__atomic_store_n(&ended, false, __ATOMIC_RELEASE);
	if (!machine_start_cpu(error)) {
		ended = true;
		return false;
	}
	return has_begun() || error_set(error, "the second CPU was started, and does not run");
}

void smp_run(void)
{
	__atomic_store_n(&begun, true, __ATOMIC_RELEASE);
	task.function(task.argument);
	__atomic_store_n(&ended, true, __ATOMIC_RELEASE);
}
