/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers on RISC-V.
 *
 * Each access is one load or store of the stated width, for a hypervisor to emulate. A write comes after
 * all earlier memory writes and a read before all later memory accesses, so that code above needs no
 * barrier of its own between a ring and its doorbell.
 */
#ifndef RISCV_ASM_IO_H
#define RISCV_ASM_IO_H

#include <stdint.h>

#define DEFINE_READ(name, type, load)                                                           \
	static inline type name(const volatile void *address)                                   \
	{                                                                                       \
		type value;                                                                     \
		asm volatile(load " %0, 0(%1)\n\tfence i, iorw"                                 \
			     : "=r"(value)                                                      \
			     : "r"(address)                                                     \
			     : "memory");                                                       \
		return value;                                                                   \
	}

#define DEFINE_WRITE(name, type, store)                                                         \
	static inline void name(volatile void *address, type value)                             \
	{                                                                                       \
		asm volatile("fence ow, ow\n\t" store " %z0, 0(%1)"                             \
			     :                                                                  \
			     : "rJ"(value), "r"(address)                                        \
			     : "memory");                                                       \
	}

DEFINE_READ(io_read8, uint8_t, "lbu")
DEFINE_READ(io_read16, uint16_t, "lhu")
DEFINE_READ(io_read32, uint32_t, "lwu")
DEFINE_READ(io_read64, uint64_t, "ld")
DEFINE_WRITE(io_write8, uint8_t, "sb")
DEFINE_WRITE(io_write16, uint16_t, "sh")
DEFINE_WRITE(io_write32, uint32_t, "sw")
DEFINE_WRITE(io_write64, uint64_t, "sd")

#undef DEFINE_READ
#undef DEFINE_WRITE

#endif
