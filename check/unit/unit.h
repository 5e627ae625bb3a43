/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the unit tests share: checks that go on after a failure, blobs, and a fake machine of
 * which only the memory exists that a test has registered.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Count one check; print where and what if it is not @ok. Returns @ok. */
bool unit_check(bool ok, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define CHECK(condition) unit_check(condition, __FILE__, __LINE__, "%s", #condition)

/* Integers of any type. */
#define CHECK_EQ(actual, expected) \
	unit_check_equal(actual, expected, #actual, __FILE__, __LINE__)

#define CHECK_OK(call, error) \
	unit_check(call, __FILE__, __LINE__, "%s: %s", #call, (error).text)

/* The call fails with a message that contains @fragment. @what names the case. */
#define CHECK_ERROR(call, error, fragment, what) \
	unit_check_error(call, &(error), fragment, what, __FILE__, __LINE__)

bool unit_check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file,
		      int line);
void unit_check_error(bool ok, const struct error *error, const char *fragment, const char *what,
		      const char *file, int line);

/* Prints the sum. Returns the exit status: 0 if nothing failed. */
int unit_end(const char *name);

/* On the heap with its exact size, so that a read past the end is seen. */
struct blob {
	uint8_t *bytes;
	size_t size;
};

/* Read a file below the directory given on the command line. */
struct blob blob_load(const char *directory, const char *name);
struct blob blob_copy(const struct blob *blob);
struct blob blob_resized(const struct blob *blob, size_t size);
void blob_free(struct blob *blob);

/* Little-endian, @width bytes. */
void blob_put(struct blob *blob, size_t offset, unsigned int width, uint64_t value);

/* Make the @size bytes from the start add up to 0 by changing the one at @offset. */
void blob_fix_sum(struct blob *blob, size_t size, size_t offset);

/* What io_map() finds at @phys. Forgotten by machine_clear(). */
void machine_put(uint64_t phys, void *bytes, uint64_t size);
void machine_clear(void);

#endif
