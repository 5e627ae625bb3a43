/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control and status registers of supervisor mode (RISC-V Privileged Architecture), for C and assembly.
 */
#ifndef RISCV_CSR_H
#define RISCV_CSR_H

#define SSTATUS_FS_INITIAL 0x2000	/* FP registers can be used */

#ifndef __ASSEMBLER__

#include <stdint.h>

/* Read, and write, the register with this name. */
#define read_csr(name)                                                                          \
	({                                                                                      \
		uint64_t value_;                                                                \
		asm volatile("csrr %0, " #name : "=r"(value_) : : "memory");                    \
		value_;                                                                         \
	})

#define write_csr(name, value) \
	asm volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

#endif

#endif
