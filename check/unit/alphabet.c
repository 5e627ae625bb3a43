// SPDX-License-Identifier: BSD-3-Clause
/*
 * The words of short sequences: of those that differ in names alone there is one, and none is missing. What
 * they are made of is stubbed: addresses, domains.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/iommu.h"
#include "judge/effect.h"
#include "judge/steps/attach.h"
#include "sequences/alphabet.h"
#include "sequences/player.h"
#include "unit.h"
#include "util.h"

#define MOST_WORDS 10000
#define IOVA	   0x100000
#define MEMORY	   0x800000

struct iommu iommu = {.page = 4096};

uint64_t iova_window(unsigned int count)
{
	CHECK_EQ(count, 3);
	return IOVA;
}

uint32_t fresh_domain(void)
{
	static uint32_t last = 7;

	return last++;
}

struct step_memory player_memory(void)
{
	return (struct step_memory){MEMORY, 1 << 20};
}

/* What a word of up to three letters says. */
struct spelled {
	uint64_t fields[3][8];
};

static struct spelled words[MOST_WORDS];
static unsigned int letter_count;

/* The @n-th thing that is named becomes @n, in the order of @old. */
static uint64_t renamed(uint64_t name, uint64_t old[2], unsigned int *seen)
{
	for (unsigned int i = 0; i < *seen; i++)
		if (old[i] == name)
			return i;
	old[*seen] = name;
	return (*seen)++;
}

static bool is_about_an_endpoint(const struct step *s)
{
	return s->kind == STEP_ATTACH || s->kind == STEP_DETACH;
}

static void rename_all(struct step *steps, unsigned int count)
{
	uint64_t endpoints[2], domains[2], memories[2];
	unsigned int seen[3] = {0};

	for (unsigned int i = 0; i < count; i++) {
		struct step *s = &steps[i];

		if (is_about_an_endpoint(s))
			s->endpoint = renamed(s->endpoint, endpoints, &seen[0]);
		if (s->domain)
			s->domain = 1 + renamed(s->domain, domains, &seen[1]);
		if (s->phys)
			s->phys = 1 + renamed(s->phys, memories, &seen[2]);
	}
}

/* Spell a word without its view, with the names in the order in which they come. */
static struct spelled spell(const struct word *word)
{
	struct step steps[WORD_STEPS];
	struct spelled spelled = {0};

	word_steps(word, false, steps);
	rename_all(steps, word->length);
	for (unsigned int i = 0; i < word->length; i++) {
		const struct step *s = &steps[i];
		const uint64_t fields[] = {s->kind, s->endpoint, s->domain, s->phys,
					   s->start, s->end, s->flags, s->value};

		memcpy(spelled.fields[i], fields, sizeof(fields));
	}
	return spelled;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct spelled));
}

static unsigned int count_different(unsigned int count)
{
	unsigned int different = count > 0;

	qsort(words, count, sizeof(words[0]), compare);
	for (unsigned int i = 1; i < count; i++)
		different += compare(&words[i - 1], &words[i]) != 0;
	return different;
}

static unsigned int spell_all(unsigned int length)
{
	unsigned int count = 0;
	struct word word;

	word_begin(&word, length);
	do
		words[count++] = spell(&word);
	while (word_next(&word) && count < MOST_WORDS);
	return count;
}

/* With each letter at each place, whatever it names. */
static unsigned int spell_pairs(void)
{
	struct word word = {.length = 2};
	unsigned int count = 0;

	for (; word.letters[0] < letter_count; word.letters[0]++)
		for (word.letters[1] = 0; word.letters[1] < letter_count; word.letters[1]++)
			words[count++] = spell(&word);
	return count;
}

static void test_one_of_alike(void)
{
	unsigned int singles = spell_all(1), pairs;

	CHECK_EQ(count_different(singles), singles);
	pairs = spell_all(2);
	CHECK_EQ(count_different(pairs), pairs);
	CHECK_EQ(count_different(spell_pairs()), pairs);
}

/* Each endpoint reads and writes each page. */
static void test_views(void)
{
	struct word word = {.length = 3};
	struct step steps[WORD_STEPS];

	CHECK_EQ(word_steps(&word, false, steps), 3 + WORD_VIEW);
	CHECK_EQ(word_steps(&word, true, steps), 3 * (1 + WORD_VIEW));
	for (unsigned int i = 0; i < WORD_VIEW; i++) {
		const struct step *s = &steps[1 + i];

		CHECK_EQ(s->endpoint, i / 6);
		CHECK_EQ(s->start, IOVA + i / 2 % 3 * 4096);
		CHECK_EQ(s->kind, i % 2 ? STEP_WRITE : STEP_READ);
	}
}

int main(void)
{
	letter_count = alphabet_open();
	CHECK(letter_count * letter_count < MOST_WORDS);
	test_one_of_alike();
	test_views();
	return unit_end("alphabet");
}
