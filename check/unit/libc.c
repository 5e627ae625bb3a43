// SPDX-License-Identifier: BSD-3-Clause
/*
 * The image's own printf, string functions, globs and command line, next to those of the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "glob.h"
#include "unit.h"

/* lib/libc, with names that do not collide: see unit.mk. */
int own_snprintf(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
unsigned long own_strtoul(const char *text, char **end, int base);
void *own_memcpy(void *to, const void *from, size_t size);
void *own_memmove(void *to, const void *from, size_t size);
void *own_memset(void *to, int byte, size_t size);
int own_memcmp(const void *a, const void *b, size_t size);
void *own_memchr(const void *from, int byte, size_t size);
size_t own_strlen(const char *text);
size_t own_strnlen(const char *text, size_t limit);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t limit);
char *own_strchr(const char *text, int c);
char *own_strrchr(const char *text, int c);

#define SAME(...)                                                                                 \
	do {                                                                                      \
		char own[64], host[64];                                                           \
		int own_length = own_snprintf(own, sizeof(own), __VA_ARGS__);                     \
                                                                                                  \
		CHECK_EQ(own_length, snprintf(host, sizeof(host), __VA_ARGS__));                  \
		unit_check(!strcmp(own, host), __FILE__, __LINE__, "'%s', host '%s'", own, host); \
	} while (0)

static void formats(void)
{
	SAME("plain %% text");
	SAME("%d %i %u", -7, 0, 4000000000u);
	SAME("%d %ld", -2147483647 - 1, -9223372036854775807l - 1);
	SAME("%lu %lx %#lx", 18446744073709551615ul, 0xfedcba9876543210ul, 0x10ul);
	SAME("%#x %#x %x %X", 0, 255, 0xabc, 0xabc);
	SAME("%02x:%04x:%016lx", 5, 0x123, 0x7ful);
	SAME("[%8d|%-8d|%08d|%#010x]", -42, -42, -42, 0x42);
	SAME("[%6s|%-6s|%.2s|%.*s]", "abc", "abc", "abc", 1, "abc");
	SAME("%c%c", 'o', 'k');
	SAME("%hhu %hu %hhd", (unsigned char)255, (unsigned short)65535, (signed char)-1);
	SAME("%zu %.3d %.0d|", sizeof(long), 7, 0);
	SAME("%hd %hhd", (short)-2, (signed char)-3);
	SAME("%p", (void *)0x1234);
}

static void cut(void)
{
	char text[4] = "xxx";

	CHECK_EQ(own_snprintf(text, sizeof(text), "%d", 123456), 6);
	CHECK(!strcmp(text, "123"));
	CHECK_EQ(own_snprintf(NULL, 0, "%s", "abc"), 3);
}

static void numbers(void)
{
	char *end;

	CHECK_EQ(own_strtoul("0x1fg", &end, 0), 0x1f);
	CHECK_EQ(*end, 'g');
	CHECK_EQ(own_strtoul("077", NULL, 0), 077);
	CHECK_EQ(own_strtoul("115200n8", &end, 10), 115200);
	CHECK_EQ(*end, 'n');
	CHECK_EQ(own_strtoul("zz", NULL, 36), 35 * 36 + 35);
}

static void bytes(void)
{
	_Alignas(8) uint8_t whole[24] = {0};
	char a[40], b[40];

	for (unsigned int from = 0; from < 9; from++)
		for (unsigned int size = 0; size < 20; size++) {
			for (unsigned int i = 0; i < sizeof(a); i++)
				a[i] = b[i] = i;
			own_memmove(a + 4, a + from, size);
			memmove(b + 4, b + from, size);
			own_memcpy(a + 30, a + 1, size % 10);
			memcpy(b + 30, b + 1, size % 10);
			own_memset(a + from, 0x5a, size % 7);
			memset(b + from, 0x5a, size % 7);
			CHECK(!memcmp(a, b, sizeof(a)));
		}
	CHECK(own_memset(whole, 0x1a5, 13) == whole);
	for (unsigned int i = 0; i < sizeof(whole); i++)
		CHECK_EQ(whole[i], i < 13 ? 0xa5 : 0);
	CHECK(own_memcmp("ab\xff", "ab\x01", 3) > 0);
	CHECK(!own_memcmp("abc", "abd", 2));
	CHECK(!strcmp(own_strrchr("a/b/c", '/'), "/c"));
	CHECK(!own_strrchr("abc", '/'));
}

/* Aligned copies go by words: whole ones, a rest, and not a byte more. */
static void words(void)
{
	_Alignas(8) char from[40], to[40];

	for (unsigned int size = 0; size <= 32; size++) {
		for (unsigned int i = 0; i < sizeof(from); i++) {
			from[i] = i + 1;
			to[i] = -1;
		}
		CHECK(own_memcpy(to, from, size) == to);
		CHECK(!memcmp(to, from, size) && to[size] == -1);
	}
}

static void texts(void)
{
	const char *text = "a/b\xff/c";

	CHECK(own_memchr(text, 0xff, 6) == text + 3);
	CHECK(!own_memchr(text, 'c', 5));
	CHECK_EQ(own_strlen(text), 6);
	CHECK_EQ(own_strnlen(text, 3), 3);
	CHECK_EQ(own_strnlen(text, 7), 6);
	CHECK(own_strchr(text, '/') == text + 1);
	CHECK(own_strchr(text, '\0') == text + 6);
	CHECK(!own_strchr(text, 'x'));
	CHECK(!own_strcmp("abc", "abc"));
	CHECK(own_strcmp("abc", "ab") > 0 && own_strcmp("ab", "abc") < 0);
	CHECK(own_strcmp("\xff", "a") > 0);
	CHECK(!own_strncmp("abc", "abd", 2));
	CHECK(own_strncmp("abc", "abd", 3) < 0);
	CHECK(!own_strncmp("ab", "ab\0x", 9));
}

static bool takes_in(const char *list, const char *text)
{
	struct glob glob = glob_first(list);
	bool in = false;

	do
		if (glob_match(glob.pattern, glob.end, text))
			in = !glob.without;
	while (glob_next(&glob));
	return in;
}

static void globs(void)
{
	CHECK(takes_in("*", "DEV-MAP-1/x"));
	CHECK(takes_in("DEV-MAP-1/*", "DEV-MAP-1/x"));
	CHECK(!takes_in("DEV-MAP-1/*", "DEV-MAP-10/x"));
	CHECK(takes_in("a,b?d,c", "bcd"));
	CHECK(!takes_in("a,b?d,c", "bd"));
	CHECK(takes_in("*/*edu*,", "N-MAP-1/an_edu_test"));
	CHECK(takes_in("a*b*c", "aXbYbZc"));
	CHECK(!takes_in("a*b*c", "aXbYbZ"));
	CHECK(takes_in("a**", "a"));
	CHECK(!takes_in("a*b", "a"));
	CHECK(!takes_in("", "a"));
	CHECK(takes_in("", ""));
	CHECK(!takes_in("*,!b*", "bc"));
	CHECK(takes_in("*,!b*", "abc"));
	CHECK(takes_in("*,!b*,bc", "bc"));
	CHECK(!takes_in("!a", "b"));
}

static void options(void)
{
	struct boot_info boot = {.cmdline = "bare  tests=a,b* after= x=1 xy=2"};
	char value[4];

	CHECK(boot_option(&boot, "bare", NULL, 0));
	CHECK(boot_option(&boot, "tests", value, sizeof(value)) && !strcmp(value, "a,b"));
	CHECK(boot_option(&boot, "after", value, sizeof(value)) && !*value);
	CHECK(boot_option(&boot, "xy", value, sizeof(value)) && !strcmp(value, "2"));
	CHECK(!boot_option(&boot, "test", value, sizeof(value)));
	CHECK(!boot_option(&boot, "y", value, sizeof(value)));
}

int main(void)
{
	formats();
	cut();
	numbers();
	bytes();
	words();
	texts();
	globs();
	options();
	return unit_end("libc");
}
