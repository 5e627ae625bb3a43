// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "util.h"
#include "workload.h"

#define WRITE RIGHT_WRITE
#define READ RIGHT_READ

#define BLOCK(name, direction, size, pieces, depth, groups, endpoints, sharers)		\
	{name, "virtio-blk", {size, pieces, depth}, direction, groups, endpoints, sharers, false}

/* In each direction, with eight requests in flight and with one ("qd1": queue depth). */
#define BLOCKS(size_name, size, groups)							\
	BLOCK("write-" size_name, WRITE, size, 1, 8, groups, 1, 1),			\
	BLOCK("write-" size_name "-qd1", WRITE, size, 1, 1, 4 * (groups), 1, 1),	\
	BLOCK("read-" size_name, READ, size, 1, 8, groups, 1, 1),			\
	BLOCK("read-" size_name "-qd1", READ, size, 1, 1, 4 * (groups), 1, 1)

/*
 * To write is to write to memory. Scattered: each buffer of pages that lie apart. Same: four requests in
 * flight for each buffer. Two: endpoints, each with a domain of its own.
 */
static const struct workload workloads[] = {
	BLOCKS("512", 512, 8),
	BLOCKS("4k", 4096, 8),
	BLOCKS("64k", 65536, 4),
	BLOCKS("1m", 1 << 20, 1),
	BLOCK("write-64k-scattered", WRITE, 65536, 16, 8, 4, 1, 1),
	BLOCK("read-64k-scattered", READ, 65536, 16, 8, 4, 1, 1),
	BLOCK("read-4k-same", READ, 4096, 1, 8, 8, 1, 4),
	BLOCK("write-4k-two", WRITE, 4096, 1, 8, 4, 2, 1),
	BLOCK("read-4k-two", READ, 4096, 1, 8, 4, 2, 1),
	{"receive-64", "virtio-net", {64, 1, 8}, WRITE, 8, 1, 1, false},
	{"receive-64-qd1", "virtio-net", {64, 1, 1}, WRITE, 32, 1, 1, false},
	{"send-64", "virtio-net", {64, 1, 8}, READ, 8, 1, 1, false},
	{"send-64-qd1", "virtio-net", {64, 1, 1}, READ, 32, 1, 1, false},
	{"edu-write-256", "edu", {256, 1, 1}, WRITE, 2, 1, 1, true},
};

/* Of each property of the quick devices one at least. */
static const char usual[] = "write-4k,write-4k-qd1,read-512,write-64k-scattered,write-1m-qd1,read-4k-same,"
			    "write-4k-two,receive-64,send-64-qd1";

const struct workload *workload_at(unsigned int index)
{
	return index < ARRAY_SIZE(workloads) ? &workloads[index] : NULL;
}

/* The length of the first of some names. */
static size_t name_length(const char *names)
{
	const char *comma = strchr(names, ',');

	return comma ? (size_t)(comma - names) : strlen(names);
}

static bool is_name(const char *name, const char *names)
{
	return strlen(name) == name_length(names) && !memcmp(name, names, name_length(names));
}

static bool fits_name(const struct workload *workload, const char *names)
{
	return is_name("all", names) || is_name(workload->name, names) ||
	       (is_name("usual", names) && workload_is_asked(workload, usual));
}

bool workload_is_asked(const struct workload *workload, const char *names)
{
	for (size_t length; *names; names += length + (names[length] == ',')) {
		length = name_length(names);
		if (fits_name(workload, names))
			return true;
	}
	return false;
}

static bool is_known(const char *names)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workloads); i++)
		if (fits_name(&workloads[i], names))
			return true;
	return false;
}

static void print_known(const char *name)
{
	printf("# no workload is called %s; known are all, usual", name);
	for (unsigned int i = 0; i < ARRAY_SIZE(workloads); i++)
		printf(", %s", workloads[i].name);
	printf("\n");
}

bool workloads_know(const char *names)
{
	for (size_t length; *names; names += length + (names[length] == ',')) {
		length = name_length(names);
		if (!is_known(names)) {
			print_known(names);
			return false;
		}
	}
	return true;
}
