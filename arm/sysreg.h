/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System registers and the values that the start needs, for C and assembly.
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H

/* SCTLR_EL1. LSMAOE, nTLSMD, SPAN, EIS, TSCXT and EOS are RES1 where they are not implemented. */
#define SCTLR_RES1 0x30d00800
#define SCTLR_M	   (1 << 0)
#define SCTLR_C	   (1 << 2)
#define SCTLR_SA   (1 << 3)
#define SCTLR_I	   (1 << 12)
#define SCTLR_OFF  SCTLR_RES1
#define SCTLR_ON   (SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I)

/* SCTLR_EL2, where HCR_EL2.E2H is 0. */
#define SCTLR_EL2_OFF 0x30c50830

#define CPACR_FPEN (3 << 20)

#define PMCR_E	       (1 << 0)
#define PMCR_LC	       (1 << 6)		/* 64 bits */
#define PMCNTEN_CYCLES (1u << 31)

#define HCR_RW		 (1 << 31)	/* EL1 is AArch64 */
#define CNTHCTL_EL1PCTEN (1 << 0)
#define CNTHCTL_EL1PCEN	 (1 << 1)
#define CPTR_EL2_RES1	 0x33ff		/* no trap of FP/SIMD (TFP is 0) */
#define SPSR_EL1H_MASKED 0x3c5

#ifndef __ASSEMBLER__

/* Read, and write, the system register with this name. */
#define read_sysreg(name)                                                                       \
	({                                                                                      \
		uint64_t value_;                                                                \
		asm volatile("mrs %0, " #name : "=r"(value_) : : "memory");                     \
		value_;                                                                         \
	})

#define write_sysreg(name, value) \
	asm volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

#endif

#endif
