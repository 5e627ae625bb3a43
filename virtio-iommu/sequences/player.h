/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plays sequences: each step is done, and compared with what the model (standard/model.h) says.
 *
 * There is one player, as there is one device. What other tests are about is tolerated: refused moves, no
 * room, the status of a refusal. A step whose outcome hangs on that is left out.
 */
#ifndef SEQUENCES_PLAYER_H
#define SEQUENCES_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/verdict.h"
#include "sequences/step.h"
#include "standard/model.h"

/* The most pages of an access, the first and last of which may be cut; of memory; and requests at a time. */
#define PLAYER_ACCESS_PAGES 8
#define PLAYER_PAGES 48
#define PLAYER_TOGETHER 16

enum played {
	PLAYED_WELL,
	PLAYED_NOT,	/* the step says nothing here */
	PLAYED_OUT,	/* the device asks for a reset after what no driver may send: it has had one */
	PLAYED_WRONG,	/* see player_trouble() */
};

/* What was wrong. */
struct trouble {
	enum verdict verdict;
	char expected[100], seen[100];
};

/* Allocate what it takes, until the end of the test. */
void player_open(void);

/* Undo what would last beyond the next restart of the device. */
void player_close(void);

/* Return the memory of sequences, and what the model says of the device now. */
struct step_memory player_memory(void);
const struct model *player_model(void);

/* No endpoint is attached, and no place was reached; features, queues and framing are as usual. */
void player_begin(void);

/* Wait for access as briefly as can be, as of a sequence that was seen to fail; or not. */
void player_hurry(bool hurry);

/* Return the request of a step. */
struct model_request player_request(const struct step *s);

/* Play a step with those that go together with it, *@count of at most @room. */
enum played player_play(const struct step *steps, unsigned int room, unsigned int *count);

const struct trouble *player_trouble(void);

/* A place that an endpoint has reached: probed again later, it shows what is stale. */
struct place {
	uint32_t endpoint;	/* number */
	uint32_t domain;	/* where the endpoint was attached */
	uint64_t iova;
	uint8_t *memory;
};

#define PLAYER_PLACES 64

/* Return such a place, the last one first; NULL if there are not so many. */
const struct place *player_place(unsigned int index);

#endif
