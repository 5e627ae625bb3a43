/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ARM_ASM_BARRIER_H
#define ARM_ASM_BARRIER_H

/* Order all earlier memory accesses before all later ones, as devices see them too. */
static inline void memory_barrier(void)
{
	asm volatile("dmb osh" : : : "memory");
}

#endif
