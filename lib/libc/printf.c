// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

struct sink {
	char *to;
	size_t size;
	size_t length;
};

struct conversion {
	bool left, zero, alternate, precise;
	int width, precision;
	int longs;	/* -2 hh, -1 h, 0, 1 l or z, 2 ll */
	char kind;
};

static void put(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->to[sink->length] = c;
	sink->length++;
}

static void put_bytes(struct sink *sink, const char *text, size_t length)
{
	size_t room = sink->length + 1 < sink->size ? sink->size - 1 - sink->length : 0;

	memcpy(sink->to + sink->length, text, min(length, room));
	sink->length += length;
}

static void pad(struct sink *sink, char c, int count)
{
	while (count-- > 0)
		put(sink, c);
}

static void put_field(struct sink *sink, const struct conversion *conv, const char *text, int length)
{
	if (!conv->left)
		pad(sink, ' ', conv->width - length);
	put_bytes(sink, text, length);
	if (conv->left)
		pad(sink, ' ', conv->width - length);
}

static void put_text(struct sink *sink, const struct conversion *conv, const char *text)
{
	if (!text)
		text = "(null)";
	put_field(sink, conv, text,
		  strnlen(text, conv->precise ? (size_t)conv->precision : SIZE_MAX));
}

static void put_number(struct sink *sink, const struct conversion *conv, uint64_t value,
		       bool negative)
{
	const char *digits = conv->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = strchr("xXp", conv->kind) ? 16 : 10;
	char text[72], *p = text + sizeof(text);
	int least = conv->precise ? conv->precision : 1;
	bool prefix = conv->kind == 'p' || (conv->alternate && base == 16 && value);

	if (conv->zero && !conv->left && !conv->precise)
		least = conv->width - negative - 2 * prefix;
	least = min(least, 64);
	for (; value || least > 0; value /= base, least--)
		*--p = digits[value % base];
	if (prefix) {
		*--p = 'x';
		*--p = '0';
	}
	if (negative)
		*--p = '-';
	put_field(sink, conv, p, text + sizeof(text) - p);
}

static int parse_number(const char **format, va_list *args)
{
	int value = 0;

	if (**format == '*') {
		++*format;
		return va_arg(*args, int);
	}
	while (**format >= '0' && **format <= '9')
		value = value * 10 + *(*format)++ - '0';
	return value;
}

static struct conversion parse_conversion(const char **format, va_list *args)
{
	struct conversion conv = {0};

	for (;; ++*format) {
		if (**format == '-')
			conv.left = true;
		else if (**format == '0')
			conv.zero = true;
		else if (**format == '#')
			conv.alternate = true;
		else
			break;
	}
	conv.width = parse_number(format, args);
	if (**format == '.') {
		++*format;
		conv.precise = true;
		conv.precision = parse_number(format, args);
	}
	for (; **format && strchr("hlz", **format); ++*format)
		conv.longs += **format == 'h' ? -1 : 1;
	conv.kind = **format;
	if (conv.kind)
		++*format;
	return conv;
}

static uint64_t unsigned_argument(const struct conversion *conv, va_list *args)
{
	uint64_t value = conv->longs > 0 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);

	if (conv->longs == -1)
		return (uint16_t)value;
	return conv->longs == -2 ? (uint8_t)value : value;
}

static int64_t signed_argument(const struct conversion *conv, va_list *args)
{
	int64_t value = conv->longs > 0 ? va_arg(*args, long) : va_arg(*args, int);

	if (conv->longs == -1)
		return (int16_t)value;
	return conv->longs == -2 ? (int8_t)value : value;
}

static void put_signed(struct sink *sink, const struct conversion *conv, int64_t value)
{
	put_number(sink, conv, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

static void convert(struct sink *sink, const struct conversion *conv, va_list *args)
{
	char c;

	switch (conv->kind) {
	case 'd':
	case 'i':
		put_signed(sink, conv, signed_argument(conv, args));
		break;
	case 'u':
	case 'x':
	case 'X':
		put_number(sink, conv, unsigned_argument(conv, args), false);
		break;
	case 'p':
		put_number(sink, conv, (uintptr_t)va_arg(*args, void *), false);
		break;
	case 's':
		put_text(sink, conv, va_arg(*args, const char *));
		break;
	case 'c':
		c = va_arg(*args, int);
		put_field(sink, conv, &c, 1);
		break;
	default:
		put(sink, conv->kind ? conv->kind : '%');
	}
}

/* Copy up to the next conversion, or to the end. Return where that is. */
static const char *put_plain(struct sink *sink, const char *format)
{
	const char *end = format;

	while (*end && *end != '%')
		end++;
	put_bytes(sink, format, end - format);
	return end;
}

int vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct sink sink = {.to = to, .size = size};
	struct conversion conv;
	va_list list;

	va_copy(list, args);
	while (*format) {
		format = put_plain(&sink, format);
		if (!*format)
			break;
		format++;
		conv = parse_conversion(&format, &list);
		convert(&sink, &conv, &list);
	}
	va_end(list);
	if (size)
		to[min(sink.length, size - 1)] = '\0';
	return sink.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}
