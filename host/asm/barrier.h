/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ASM_BARRIER_H
#define ASM_BARRIER_H

/* Devices run in our own thread: only the compiler can reorder. */
static inline void memory_barrier(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
