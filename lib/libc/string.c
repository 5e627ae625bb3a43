// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Words wherever they are aligned, and several in a row: each instruction costs dear where the host
 * emulates us.
 */
#define WORD 8
#define ROW (4 * WORD)

/* Bytes in front of the first whole word. */
static size_t to_word(const void *at, size_t size)
{
	size_t bytes = -(uintptr_t)at % WORD;

	return bytes < size ? bytes : size;
}

static bool alike(const void *a, const void *b)
{
	return ((uintptr_t)a ^ (uintptr_t)b) % WORD == 0;
}

void *memcpy(void *to, const void *from, size_t size)
{
	size_t i = 0, head = alike(to, from) ? to_word(to, size) : size;
	volatile uint8_t *t = to;
	const uint8_t *f = from;

	for (; i < head; i++)
		t[i] = f[i];
	for (; i + WORD <= size; i += WORD)
		*(volatile uint64_t *)(t + i) = *(const uint64_t *)(f + i);
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

static void set_row(volatile uint64_t *row, uint64_t word)
{
	row[0] = word;
	row[1] = word;
	row[2] = word;
	row[3] = word;
}

void *memset(void *to, int byte, size_t size)
{
	uint64_t word = (uint8_t)byte * 0x0101010101010101ull;
	size_t i = 0, head = to_word(to, size);
	volatile uint8_t *t = to;

	for (; i < head; i++)
		t[i] = byte;
	for (; i + ROW <= size; i += ROW)
		set_row((volatile void *)(t + i), word);
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

int memcmp(const void *a, const void *b, size_t size)
{
	size_t i = alike(a, b) ? to_word(a, size) : size;
	const uint8_t *x = a, *y = b;
	int first = compare_bytes(x, y, i);

	if (first)
		return first;
	while (i + WORD <= size && *(const uint64_t *)(x + i) == *(const uint64_t *)(y + i))
		i += WORD;
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
