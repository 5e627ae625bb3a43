// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util.h"

/*
 * Aligned words or halves of them are used, several in a row: each instruction is dear where the host
 * emulates us.
 */
#define WORD 8
#define HALF 4
#define ROW (8 * WORD)

/* Return the bytes before the first aligned @unit, at most @size. */
static size_t to_unit(const void *at, size_t unit, size_t size)
{
	size_t bytes = -(uintptr_t)at & (unit - 1);

	return min(bytes, size);
}

/* Return the largest unit that is aligned at the same offset in both. */
static size_t common_unit(const void *a, const void *b)
{
	uintptr_t differ = (uintptr_t)a ^ (uintptr_t)b;

	return !(differ % WORD) ? WORD : !(differ % HALF) ? HALF : 1;
}

void *memcpy(void *to, const void *from, size_t size)
{
	size_t unit = common_unit(to, from), i = 0, head = to_unit(to, unit, size);
	volatile uint8_t *t = to;
	const uint8_t *f = from;

	for (; i < head; i++)
		t[i] = f[i];
	for (; unit == WORD && i + WORD <= size; i += WORD)
		*(volatile uint64_t *)(t + i) = *(const uint64_t *)(f + i);
	for (; unit >= HALF && i + HALF <= size; i += HALF)
		*(volatile uint32_t *)(t + i) = *(const uint32_t *)(f + i);
	for (; i < size; i++)
		t[i] = f[i];
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	volatile uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(to, from, size);
	while (size--)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint64_t word = (uint8_t)byte * 0x0101010101010101ull;
	size_t i = 0, head = to_unit(to, WORD, size);
	volatile uint8_t *t = to;

	for (; i < head; i++)
		t[i] = byte;
	for (; i + ROW <= size; i += ROW) {
		volatile uint64_t *row = (volatile void *)(t + i);

		row[0] = row[1] = row[2] = row[3] = word;
		row[4] = row[5] = row[6] = row[7] = word;
	}
	for (; i + WORD <= size; i += WORD)
		*(volatile uint64_t *)(t + i) = word;
	for (; i < size; i++)
		t[i] = byte;
	return to;
}

static int compare_bytes(const uint8_t *x, const uint8_t *y, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

static size_t same_words(const uint8_t *x, const uint8_t *y, size_t i, size_t size)
{
	while (i + WORD <= size && *(const uint64_t *)(x + i) == *(const uint64_t *)(y + i))
		i += WORD;
	return i;
}

static size_t same_halves(const uint8_t *x, const uint8_t *y, size_t i, size_t size)
{
	while (i + HALF <= size && *(const uint32_t *)(x + i) == *(const uint32_t *)(y + i))
		i += HALF;
	return i;
}

int memcmp(const void *a, const void *b, size_t size)
{
	size_t unit = common_unit(a, b), i = to_unit(a, unit, size);
	const uint8_t *x = a, *y = b;
	int first = compare_bytes(x, y, i);

	if (first)
		return first;
	if (unit == WORD)
		i = same_words(x, y, i, size);
	if (unit >= HALF)
		i = same_halves(x, y, i, size);
	return compare_bytes(x + i, y + i, size - i);
}

void *memchr(const void *from, int byte, size_t size)
{
	const uint8_t *f = from;

	for (size_t i = 0; i < size; i++)
		if (f[i] == (uint8_t)byte)
			return (void *)(f + i);
	return NULL;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length])
		length++;
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (size_t i = 0; i < limit; i++)
		if (a[i] != b[i] || !a[i])
			return (unsigned char)a[i] - (unsigned char)b[i];
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strrchr(const char *text, int c)
{
	for (size_t i = strlen(text) + 1; i-- > 0;)
		if (text[i] == (char)c)
			return (char *)text + i;
	return NULL;
}
