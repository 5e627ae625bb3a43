/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RISCV_ASM_BARRIER_H
#define RISCV_ASM_BARRIER_H

/* Order all earlier memory accesses before all later ones, as devices see them too. */
static inline void memory_barrier(void)
{
	asm volatile("fence iorw, iorw" : : : "memory");
}

#endif
