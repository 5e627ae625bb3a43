/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequences of steps, and their words: "MAP domain=5 virt_start=0x1000 virt_end=0x1fff phys_start=memory
 * flags=READ|WRITE; write endpoint=0 iova=0x1000 size=8" is what a verdict and a trace show, and what is
 * played again. A comma stands for a blank, as on a command line.
 */
#ifndef SEQUENCES_STEP_H
#define SEQUENCES_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
	STEP_ATTACH,
	STEP_DETACH,
	STEP_MAP,
	STEP_UNMAP,
	STEP_PROBE,
	STEP_BYPASS,		/* write @value to config.bypass */
	STEP_RESET,		/* of the device, and restart with @features and a request queue of @size */
	STEP_RESET_ENDPOINT,
	STEP_RESET_FUNCTION,	/* function level reset of an endpoint */
	STEP_FRAMING,		/* of the requests that follow alone: sizes of descriptors, see struct cut */
	STEP_WRITE,
	STEP_READ,
	STEP_KINDS
};

struct step {
	uint8_t kind;
	bool together;		/* a request: behind one notification with the step before it */
	uint32_t endpoint;	/* number of endpoint(), or the id of none if @by_id */
	uint32_t by_id;
	uint32_t domain, flags;
	uint32_t reserved;	/* value of the first reserved byte behind the fields */
	uint64_t start, end;	/* addresses; an access begins at @start */
	uint64_t phys;
	uint64_t count, stride;	/* of MAP: so many, each @stride bytes above the one before; 0: one */
	uint64_t size;		/* bytes of an access; entries of a queue, 0: as usual */
	uint64_t features;	/* 0: as usual */
	uint32_t readable_first, readable_next, writable_first;
	uint32_t value;
	uint32_t report;	/* of a blocked access: a report that comes of it is judged */
};

/* Memory of a sequence: addresses in it are written "memory+0x1000". */
struct step_memory {
	uint64_t start, size;
};

static inline bool is_request(const struct step *s)
{
	return s->kind <= STEP_PROBE;
}

static inline bool is_access(const struct step *s)
{
	return s->kind >= STEP_WRITE;
}

/* Longest words of one step, with its end. */
#define STEP_WORDS 240

/* Write the words of a step to @text, cut to @room, and return @text. */
const char *step_words(const struct step *s, struct step_memory memory, char *text, size_t room);

/* Return what separates a step from the one before it: "; " or " & ". */
const char *step_separator(const struct step *s);

/*
 * Read the words of a sequence into @steps, at most @room. Return how many; 0 with *@trouble at the word that
 * is not understood, or at the end where one is missing.
 */
unsigned int parse_steps(const char *text, struct step_memory memory, struct step *steps, unsigned int room,
			 const char **trouble);

#endif
