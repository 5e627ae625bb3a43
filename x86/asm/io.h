/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers on x86: plain loads and stores, and I/O ports.
 *
 * Each access is one instruction of the stated width, in program order. It is a simple "mov", as hosts
 * that emulate an access in software decode only those.
 */
#ifndef X86_ASM_IO_H
#define X86_ASM_IO_H

#include <stdint.h>

#define DEFINE_READ(name, type, constraint)                                                     \
	static inline type name(const volatile void *address)                                   \
	{                                                                                       \
		type value;                                                                     \
		asm volatile("mov %1, %0"                                                       \
			     : "=" constraint(value)                                            \
			     : "m"(*(const volatile type *)address)                             \
			     : "memory");                                                       \
		return value;                                                                   \
	}

#define DEFINE_WRITE(name, type, constraint)                                                    \
	static inline void name(volatile void *address, type value)                             \
	{                                                                                       \
		asm volatile("mov %1, %0"                                                       \
			     : "=m"(*(volatile type *)address)                                  \
			     : constraint(value)                                                \
			     : "memory");                                                       \
	}

DEFINE_READ(io_read8, uint8_t, "q")
DEFINE_READ(io_read16, uint16_t, "r")
DEFINE_READ(io_read32, uint32_t, "r")
DEFINE_READ(io_read64, uint64_t, "r")
DEFINE_WRITE(io_write8, uint8_t, "q")
DEFINE_WRITE(io_write16, uint16_t, "r")
DEFINE_WRITE(io_write32, uint32_t, "r")
DEFINE_WRITE(io_write64, uint64_t, "r")

#undef DEFINE_READ
#undef DEFINE_WRITE

static inline uint8_t port_read8(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t port_read16(uint16_t port)
{
	uint16_t value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t port_read32(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_write8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write16(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

#endif
