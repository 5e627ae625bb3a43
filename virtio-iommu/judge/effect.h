/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DMA can and cannot reach, seen from memory.
 *
 * A write is judged by which of all watched bytes changed, a read by whether the device saw the bytes that
 * stand at an address; what the device itself says about an access counts for nothing in a negative check.
 */
#ifndef EFFECT_H
#define EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/trace.h"
#include "judge/watch.h"

struct endpoint;

/*
 * Return an I/O virtual address range of @count pages for this test, inside the input range and off
 * the reserved regions. Where possible it is the address of watched RAM, so that a device that
 * does not translate is caught.
 */
uint64_t iova_window(unsigned int count);

/* Like iova_window(), for more pages than can be watched: no memory of ours lies at their addresses. */
uint64_t large_iova_window(unsigned int count);


/* Write @size bytes to @iova, of which the first @expected may land at @target. Return what became of it. */
struct effect write_effect(struct endpoint *ep, uint64_t iova, size_t size, void *target,
			   size_t expected);

/* Read @size bytes at @iova; exact if the device saw the bytes at @source. */
struct effect read_effect(struct endpoint *ep, uint64_t iova, const void *source, size_t size);

/*
 * Access all bytes of @all parts at @iova, one part after another. An access may be many on the way to
 * memory: what becomes of one part says nothing about those after it. What the device saw is asked for even
 * if it reports that the read failed: its private page must be within reach. Blocked bytes count as seen
 * too if they are those of watched memory whose guest-physical address is that of the access.
 */
struct effect write_parts(struct endpoint *ep, uint64_t iova, struct access_parts all);
struct effect read_parts(struct endpoint *ep, uint64_t iova, struct access_parts all);

/* Read @size bytes at @iova, which is blocked; the private page of @ep may be out of reach. */
struct effect blocked_read_effect(struct endpoint *ep, uint64_t iova, const void *secret, size_t size);

/*
 * Return true if the device holds the bytes at @source since its last read, though it could not report
 * that read. Its private page must be within reach now.
 */
bool has_read(struct endpoint *ep, const void *source, size_t size);

#endif
