/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test asks of the device and what comes back, as comment lines: with `trace` on the command
 * line. Each does nothing without it.
 */
#ifndef DRIVER_TRACE_H
#define DRIVER_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct effect;
struct endpoint;
struct event;
struct reply;

void trace_enable(void);
bool trace_is_on(void);

/* One line, "# trace: ...". */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * What waits for an answer is printed before it is done, as a line that ends with "->", so that the last
 * word of a VMM that dies is what killed it. The answer is a line that begins with "->".
 */

/* A request with @size readable and @writable writable bytes, and what came back. */
void trace_request(const void *readable, uint32_t size, uint32_t writable);
void trace_reply(const struct reply *reply);

void trace_event(const struct event *event);

/* A DMA access: @what it does, "writes" or "reads". */
void trace_access(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size);

/* Its effect; @memory is where its bytes should arrive or come from, NULL for nowhere. */
void trace_effect(const void *memory, const struct effect *effect);

#endif
