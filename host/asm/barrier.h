/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ASM_BARRIER_H
#define ASM_BARRIER_H

/* Devices run in the thread that drives them; the other CPU is a thread, too. */
static inline void memory_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
