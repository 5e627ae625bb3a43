/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef X86_ASM_BARRIER_H
#define X86_ASM_BARRIER_H

/* Order all earlier memory accesses before all later ones, as devices see them too. */
static inline void memory_barrier(void)
{
	asm volatile("lock; addl $0, (%%rsp)" : : : "memory", "cc");
}

#endif
