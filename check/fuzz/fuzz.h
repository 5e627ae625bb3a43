/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share. A target reads one input like the image reads what a VMM gives it,
 * and aborts where the result breaks a promise of the parser's header.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The entry point that libFuzzer calls, and replay.c. 0, or -1: not worth to be kept. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                                                                        \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,        \
				#condition);                                                    \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* The input as it is used up. */
struct input {
	const uint8_t *at;
	size_t left;
};

/* The next byte, 0 behind the end. */
static inline uint8_t take8(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

static inline uint16_t take16(struct input *input)
{
	uint8_t low = take8(input);

	return low | take8(input) << 8;
}

/* Every function and id of a topology leads to an IOMMU of it. */
struct topology;
void check_topology(const struct topology *topology);

/* What a description of the machine says of host bridges can be used. */
struct pci_host;
void check_hosts(const struct pci_host *hosts, unsigned int count);

#endif
