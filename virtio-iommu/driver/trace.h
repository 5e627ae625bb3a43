/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test asks of the device and what comes back, as comment lines: with `trace` on the command
 * line. Without it these functions print nothing.
 */
#ifndef DRIVER_TRACE_H
#define DRIVER_TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* What became of an access. */
struct effect {
	bool done;		/* the device says that it did it */
	bool exact;		/* what is to be moved arrived at the target, or came from the source */
	const void *stray;	/* some other watched byte that changed, or NULL */
	const void *leaked;	/* of a read: memory whose blocked bytes the device saw, or NULL */
};

struct endpoint;
struct event;
struct reply;

/* Print traces from now on. */
void trace_enable(void);

/* Return true if traces are printed. */
bool trace_is_on(void);

/* Print one line, "# trace: ...". */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * What is answered is printed before it is done, as a line that ends with "->", so that the last line before
 * a VMM dies is what killed it. The answer is a line that begins with "->".
 */

/* Print a request with @size readable and @writable writable bytes. */
void trace_request(const void *readable, uint32_t size, uint32_t writable);

/* Print the answer to that request. */
void trace_reply(const struct reply *reply);

/* Print an event. */
void trace_event(const struct event *event);

/* Print a DMA access of @ep, which @what ("writes" or "reads") @size bytes at @iova. */
void trace_access(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size);

/* Print the effect of that access. @memory is where its bytes should arrive or come from, NULL: nowhere. */
void trace_effect(const void *memory, const struct effect *effect);

#endif
