/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Return a little-endian field of 16, 32 or 64 bits at any alignment: ACPI tables are packed, and device
 * memory must not be read unaligned.
 */
#ifndef LIB_LE_H
#define LIB_LE_H

#include <stdint.h>

static inline uint16_t le16(const void *field)
{
	const uint8_t *byte = field;

	return (uint16_t)(byte[0] | byte[1] << 8);
}

static inline uint32_t le32(const void *field)
{
	const uint8_t *byte = field;

	return le16(byte) | (uint32_t)le16(byte + 2) << 16;
}

static inline uint64_t le64(const void *field)
{
	const uint8_t *byte = field;

	return le32(byte) | (uint64_t)le32(byte + 4) << 32;
}

#endif
