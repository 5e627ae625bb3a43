// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "unit.h"

static unsigned int checks, failures;

bool unit_check(bool ok, const char *file, int line, const char *format, ...)
{
	va_list args;

	checks++;
	if (ok)
		return true;
	failures++;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

bool unit_check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file,
		      int line)
{
	return unit_check(actual == expected, file, line, "%s is 0x%llx, not 0x%llx", what,
			  (unsigned long long)actual, (unsigned long long)expected);
}

void unit_check_error(bool ok, const struct error *error, const char *fragment, const char *what,
		      const char *file, int line)
{
	if (!unit_check(!ok, file, line, "%s: accepted, expected '%s'", what, fragment))
		return;
	unit_check(strstr(error->text, fragment), file, line, "%s: said '%s', not '%s'", what,
		   error->text, fragment);
}

int unit_end(const char *name)
{
	printf("check-unit: %s: %u checks, %u failed\n", name, checks, failures);
	return failures != 0;
}

struct blob blob_load(const char *directory, const char *name)
{
	struct blob blob = { malloc(1 << 20), 0 };
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(2);
	}
	blob.size = fread(blob.bytes, 1, 1 << 20, file);
	fclose(file);
	blob.bytes = realloc(blob.bytes, blob.size);
	return blob;
}

struct blob blob_resized(const struct blob *blob, size_t size)
{
	struct blob copy = { calloc(1, size), size };

	memcpy(copy.bytes, blob->bytes, size < blob->size ? size : blob->size);
	return copy;
}

struct blob blob_copy(const struct blob *blob)
{
	return blob_resized(blob, blob->size);
}

void blob_free(struct blob *blob)
{
	free(blob->bytes);
	blob->bytes = NULL;
}

void blob_put(struct blob *blob, size_t offset, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		blob->bytes[offset + i] = value >> 8 * i;
}

void blob_fix_sum(struct blob *blob, size_t size, size_t offset)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size && i < blob->size; i++)
		sum += blob->bytes[i];
	blob->bytes[offset] -= sum;
}

static struct {
	uint64_t phys, size;
	uint8_t *bytes;
} regions[96];
static unsigned int region_count;

void machine_put(uint64_t phys, void *bytes, uint64_t size)
{
	if (region_count == sizeof(regions) / sizeof(regions[0]))
		abort();
	regions[region_count].phys = phys;
	regions[region_count].size = size;
	regions[region_count++].bytes = bytes;
}

void machine_clear(void)
{
	region_count = 0;
}

void *io_map(uint64_t phys, uint64_t size)
{
	for (unsigned int i = 0; i < region_count; i++)
		if (phys >= regions[i].phys && phys - regions[i].phys < regions[i].size &&
		    size <= regions[i].size - (phys - regions[i].phys))
			return regions[i].bytes + (phys - regions[i].phys);
	return NULL;
}

/* lib/boot.c names these. A test that gets there has its own. */
__attribute__((weak)) void boot_main(struct boot_info *boot)
{
	(void)boot;
	abort();
}

__attribute__((weak)) void machine_power_off(const struct boot_info *boot)
{
	(void)boot;
	abort();
}

__attribute__((weak)) void machine_reset(const struct boot_info *boot)
{
	(void)boot;
	abort();
}

__attribute__((weak)) void console_flush(void)
{
}

__attribute__((weak)) void bail_out(const char *format, ...)
{
	(void)format;
	abort();
}
