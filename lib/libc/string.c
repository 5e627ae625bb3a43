// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>
#include <stdint.h>

/* Words first: each instruction costs dear where the host emulates us. */
static size_t copy_words(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t i;

	if (((uintptr_t)to | (uintptr_t)from) % 8)
		return 0;
	for (i = 0; i + 8 <= size; i += 8)
		*(volatile uint64_t *)(to + i) = *(const uint64_t *)(from + i);
	return i;
}

void *memcpy(void *to, const void *from, size_t size)
{
	volatile uint8_t *t = to;
	const uint8_t *f = from;

	for (size_t i = copy_words(to, from, size); i < size; i++)
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
	volatile uint8_t *t = to;
	size_t i = 0;

	if ((uintptr_t)to % 8 == 0)
		for (; i + 8 <= size; i += 8)
			*(volatile uint64_t *)(t + i) = word;
	for (; i < size; i++)
		t[i] = byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
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
