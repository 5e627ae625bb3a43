/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers on arm64.
 *
 * Each access is one load or store of the stated width with a plain base register: only such an
 * access leaves a valid syndrome (ESR_EL2.ISV), and a hypervisor can emulate no other.
 *
 * As on x86, a write comes after all earlier memory writes and a read before all later memory
 * accesses, so that code above needs no barrier of its own between a ring and its doorbell.
 */
#ifndef ARM_ASM_IO_H
#define ARM_ASM_IO_H

#include <stdint.h>

#define DEFINE_READ(name, type, load)                                                           \
	static inline type name(const volatile void *address)                                   \
	{                                                                                       \
		type value;                                                                     \
		asm volatile(load ", [%1]\n\tdmb oshld"                                         \
			     : "=r"(value)                                                      \
			     : "r"(address)                                                     \
			     : "memory");                                                       \
		return value;                                                                   \
	}

#define DEFINE_WRITE(name, type, store)                                                         \
	static inline void name(volatile void *address, type value)                             \
	{                                                                                       \
		asm volatile("dmb oshst\n\t" store ", [%1]"                                     \
			     :                                                                  \
			     : "rZ"(value), "r"(address)                                        \
			     : "memory");                                                       \
	}

DEFINE_READ(io_read8, uint8_t, "ldrb %w0")
DEFINE_READ(io_read16, uint16_t, "ldrh %w0")
DEFINE_READ(io_read32, uint32_t, "ldr %w0")
DEFINE_READ(io_read64, uint64_t, "ldr %x0")
DEFINE_WRITE(io_write8, uint8_t, "strb %w0")
DEFINE_WRITE(io_write16, uint16_t, "strh %w0")
DEFINE_WRITE(io_write32, uint32_t, "str %w0")
DEFINE_WRITE(io_write64, uint64_t, "str %x0")

#undef DEFINE_READ
#undef DEFINE_WRITE

#endif
