/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All short sequences over a small alphabet: two endpoints, two domains, ranges over three pages, two
 * memories. The two of each kind are alike, so that of sequences which differ in their names alone there is
 * one: the first endpoint that is named is number 0, and so on.
 */
#ifndef SEQUENCES_ALPHABET_H
#define SEQUENCES_ALPHABET_H

#include <stdbool.h>
#include <stdint.h>

#include "sequences/step.h"

/* The longest sequence of letters, and of the steps that it is spelled in. */
#define WORD_LETTERS 8
#define WORD_STEPS   (WORD_LETTERS * (1 + WORD_VIEW))
#define WORD_VIEW    12		/* accesses: two endpoints, three pages, read and written */

/* Numbers of letters. */
struct word {
	uint8_t letters[WORD_LETTERS];
	unsigned int length;
};

/* Make the letters that this device has: without config.bypass, if it cannot be written. Return how many. */
unsigned int alphabet_open(void);

/* Make the first word of @length letters. */
void word_begin(struct word *word, unsigned int length);

/* Make the next one of the same length. Return false after the last. */
bool word_next(struct word *word);

/*
 * Spell the word: @steps has room for WORD_STEPS. Each endpoint tries each page at the end, or, with
 * @always, after each letter. Return how many steps there are.
 */
unsigned int word_steps(const struct word *word, bool always, struct step *steps);

#endif
