// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return 36;
}

unsigned long strtoul(const char *text, char **end, int base)
{
	unsigned long value = 0;

	if ((base == 0 || base == 16) && text[0] == '0' && (text[1] | 0x20) == 'x' &&
	    digit_value(text[2]) < 16) {
		text += 2;
		base = 16;
	}
	if (base == 0)
		base = text[0] == '0' ? 8 : 10;
	for (; digit_value(*text) < base; text++)
		value = value * base + digit_value(*text);
	if (end)
		*end = (char *)text;
	return value;
}
