/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RISCV_ASM_BARRIER_H
#define RISCV_ASM_BARRIER_H

/* All earlier memory accesses before all later ones, as seen by devices too. */
static inline void memory_barrier(void)
{
	asm volatile("fence iorw, iorw" : : : "memory");
}

#endif
