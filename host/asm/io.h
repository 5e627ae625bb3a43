/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers on the host machine: every access is a call into a device model. One that nobody
 * answers, or of a width that the register does not have, ends the run (io.c).
 */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

uint8_t io_read8(const volatile void *address);
uint16_t io_read16(const volatile void *address);
uint32_t io_read32(const volatile void *address);
uint64_t io_read64(const volatile void *address);
void io_write8(volatile void *address, uint8_t value);
void io_write16(volatile void *address, uint16_t value);
void io_write32(volatile void *address, uint32_t value);
void io_write64(volatile void *address, uint64_t value);

#endif
