/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test asks of the device and what comes back, as comment lines: with `trace` on the command
 * line. Without it these functions print nothing. Accesses to registers of the device are printed as they are
 * made (lib/register.h).
 */
#ifndef DRIVER_TRACE_H
#define DRIVER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
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
struct msix;
struct reply;
struct ring;
struct ring_reply;

/* Print traces from now on. */
void trace_enable(void);

/* Print none between true and false. */
void trace_mute(bool mute);

/* Return true if traces are printed. */
bool trace_is_on(void);

/* A test begins: nothing is open, and nothing was printed before. */
void trace_begin(void);

/* Print one line, "# trace: ...", further to the right the more lines wait for their answer. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * What is answered is printed before it is done, as a line that ends with "->", so that the last line before
 * a VMM dies is what killed it. The answer is a line that begins with "->".
 */

/*
 * Between true and false, reads of device_status that give what the last one gave are not printed; nor are
 * they while a line waits for its answer.
 */
void trace_polling(bool polling);

/* Print that a buffer of @ring was used; if @reply is NULL: that none was within @microseconds. */
void trace_wait(const struct ring *ring, const struct ring_reply *reply, uint64_t microseconds);

/* Print accesses to the tables of @msix, @count of them, which have to stay; no others. */
void trace_msix(const struct msix *msix, unsigned int count);

/* Write a request, or an access, into @text in the words of the trace, and return @text. */
const char *request_words(const void *readable, uint32_t size, char *text, size_t room);
const char *access_words(const struct endpoint *ep, const char *what, uint64_t iova, uint64_t size,
			 char *text, size_t room);

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
