/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers in the unit tests: every access is a call.
 */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

uint64_t fake_read(const volatile void *address, unsigned int width);
void fake_write(volatile void *address, unsigned int width, uint64_t value);
uint32_t fake_port_read(uint16_t port, unsigned int width);
void fake_port_write(uint16_t port, unsigned int width, uint32_t value);

#define DEFINE_IO(bits)                                                                         \
	static inline uint##bits##_t io_read##bits(const volatile void *address)                \
	{                                                                                       \
		return fake_read(address, bits / 8);                                            \
	}                                                                                       \
	static inline void io_write##bits(volatile void *address, uint##bits##_t value)         \
	{                                                                                       \
		fake_write(address, bits / 8, value);                                           \
	}

#define DEFINE_PORT(bits)                                                                       \
	static inline uint##bits##_t port_read##bits(uint16_t port)                             \
	{                                                                                       \
		return fake_port_read(port, bits / 8);                                          \
	}                                                                                       \
	static inline void port_write##bits(uint16_t port, uint##bits##_t value)                \
	{                                                                                       \
		fake_port_write(port, bits / 8, value);                                         \
	}

DEFINE_IO(8)
DEFINE_IO(16)
DEFINE_IO(32)
DEFINE_IO(64)
DEFINE_PORT(8)
DEFINE_PORT(16)
DEFINE_PORT(32)

#undef DEFINE_IO
#undef DEFINE_PORT

#endif
