/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test asks of the device and what comes back, as comment lines: with `trace` on the command
 * line. Each does nothing without it.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct effect;
struct endpoint;
struct event;
struct reply;

void trace_enable(void);

/* One line, "# trace: ...". */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A request with @size readable bytes, as it was sent. */
void trace_request(const void *readable, uint32_t size, const struct reply *reply);

void trace_event(const struct event *event);

/* A DMA access to @iova; @memory is where its bytes should arrive or come from, NULL for nowhere. */
void trace_write(const struct endpoint *ep, uint64_t iova, uint64_t size, const void *memory,
		 const struct effect *effect);
void trace_read(const struct endpoint *ep, uint64_t iova, uint64_t size, const void *memory,
		const struct effect *effect);

#endif
