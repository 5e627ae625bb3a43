// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "util.h"

/* Memory maps of firmware come in many pieces. */
static bool merge_range(struct memory_range *ranges, unsigned int count, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < count; i++) {
		struct memory_range *range = &ranges[i];
		bool follows = base && range->base + range->size == base;
		bool precedes = range->base && base + size == range->base;

		if (!precedes && !follows)
			continue;
		range->base = precedes ? base : range->base;
		range->size += size;
		return true;
	}
	return false;
}

static void add_range(struct boot_info *boot, struct memory_range *ranges, unsigned int *count,
		      uint64_t base, uint64_t size)
{
	if (!size || merge_range(ranges, *count, base, size))
		return;
	if (*count < BOOT_MAX_RANGES)
		ranges[(*count)++] = (struct memory_range){base, size};
	else
		boot->ranges_lost = true;
}

void boot_add_ram(struct boot_info *boot, uint64_t base, uint64_t size)
{
	add_range(boot, boot->ram, &boot->ram_count, base, size);
}

void boot_add_reserved(struct boot_info *boot, uint64_t base, uint64_t size)
{
	add_range(boot, boot->reserved, &boot->reserved_count, base, size);
}

static size_t word_length(const char *text)
{
	size_t length = 0;

	while (text[length] && text[length] != ' ')
		length++;
	return length;
}

static void copy_value(char *value, unsigned int size, const char *text, size_t length)
{
	if (!size)
		return;
	length = min(length, size - 1);
	memcpy(value, text, length);
	value[length] = '\0';
}

bool boot_option(const struct boot_info *boot, const char *key, char *value, unsigned int size)
{
	size_t key_length = strlen(key), length;

	for (const char *word = boot->cmdline; *word; word += length + (word[length] == ' ')) {
		length = word_length(word);
		if (length < key_length || strncmp(word, key, key_length))
			continue;
		if (length == key_length) {
			copy_value(value, size, "", 0);
			return true;
		}
		if (word[key_length] == '=') {
			copy_value(value, size, word + key_length + 1, length - key_length - 1);
			return true;
		}
	}
	return false;
}

static struct boot_info *running;

void boot_start(struct boot_info *boot)
{
	running = boot;
	if (boot->ranges_lost)
		bail_out("memory map: more than %u ranges of RAM or reserved memory", BOOT_MAX_RANGES);
	boot_main(boot);
	boot_end();
}

void boot_end(void)
{
	console_flush();
	machine_power_off(running);
}

bool boot_may_reset(void)
{
	return boot_option(running, "machine-reset", NULL, 0);
}

bool boot_has_operator(void)
{
	return boot_option(running, "operator", NULL, 0);
}

bool boot_has_second_cpu(void)
{
	return boot_option(running, "cpus", NULL, 0);
}

bool boot_is_hostile(void)
{
	return boot_option(running, "hostile", NULL, 0);
}

void boot_reset(void)
{
	console_flush();
	machine_reset(running);
}
