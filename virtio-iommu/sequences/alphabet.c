// SPDX-License-Identifier: BSD-3-Clause
#include "driver/iommu.h"
#include "judge/effect.h"
#include "judge/steps/attach.h"
#include "sequences/alphabet.h"
#include "sequences/player.h"
#include "standard/request.h"
#include "util.h"

#define ENDPOINTS 2
#define DOMAINS	  2
#define MEMORIES  2
#define PAGES	  3
#define VALUES	  2
#define SIZE	  8	/* bytes of an access */

/* First and last page. */
static const struct {
	uint8_t first, last;
} ranges[] = {{0, 0}, {1, 1}, {0, 1}, {0, 2}};

/* What a step of each kind goes over: all combinations are letters. A 0 stands for one that says nothing. */
static const struct {
	enum step_kind kind;
	uint8_t endpoints, domains, ranges, memories, values;
	uint32_t value[VALUES];		/* flags, or what is written */
} alphabet[] = {
	{STEP_ATTACH, ENDPOINTS, DOMAINS, 0, 0, 2, {0, ATTACH_BYPASS}},
	{STEP_DETACH, ENDPOINTS, DOMAINS, 0, 0, 0, {0}},
	{STEP_MAP, 0, DOMAINS, ARRAY_SIZE(ranges), MEMORIES, 2, {MAP_READ | MAP_WRITE, MAP_READ}},
	{STEP_UNMAP, 0, DOMAINS, ARRAY_SIZE(ranges), 0, 0, {0}},
	{STEP_BYPASS, 0, 0, 0, 0, 2, {0, 1}},
	{STEP_RESET, 0, 0, 0, 0, 0, {0}},
};

enum { ENDPOINT, DOMAIN, MEMORY, NAMES };	/* what is interchangeable */

struct letter {
	enum step_kind kind;
	uint8_t names[NAMES];	/* from 1 on; 0: none */
	uint8_t range;
	uint32_t value;
};

#define MOST_LETTERS 80

static struct {
	struct letter letters[MOST_LETTERS];
	unsigned int count;
	uint64_t iova;
	uint32_t domains[DOMAINS];
} opened;

static void add_values(unsigned int row, struct letter letter)
{
	for (unsigned int i = 0; i < max(alphabet[row].values, 1u) && opened.count < MOST_LETTERS; i++) {
		letter.value = alphabet[row].value[i];
		opened.letters[opened.count++] = letter;
	}
}

static void add_names(unsigned int row, struct letter letter)
{
	const uint8_t counts[NAMES] = {alphabet[row].endpoints, alphabet[row].domains,
				       alphabet[row].memories};

	for (unsigned int i = 0; i < NAMES; i++)
		letter.names[i] = min(counts[i], 1);
	for (unsigned int i = 0; i < NAMES;) {
		if (!i)
			add_values(row, letter);
		if (letter.names[i] < counts[i]) {
			letter.names[i]++;
			i = 0;
		} else {
			letter.names[i] = min(counts[i], 1);
			i++;
		}
	}
}

unsigned int alphabet_open(void)
{
	opened.count = 0;
	opened.iova = iova_window(PAGES);
	for (unsigned int i = 0; i < DOMAINS; i++)
		opened.domains[i] = fresh_domain();
	for (unsigned int row = 0; row < ARRAY_SIZE(alphabet); row++)
		for (uint8_t range = 0; range < max(alphabet[row].ranges, 1); range++)
			add_names(row, (struct letter){.kind = alphabet[row].kind, .range = range});
	return opened.count;
}

/* Return the place of the first letter with a name that is neither one from before nor the next new one. */
static unsigned int first_renamed(const struct word *word)
{
	uint8_t seen[NAMES] = {0};

	for (unsigned int i = 0; i < word->length; i++)
		for (unsigned int name = 0; name < NAMES; name++) {
			uint8_t number = opened.letters[word->letters[i]].names[name];

			if (number > seen[name] + 1)
				return i;
			seen[name] = max(seen[name], number);
		}
	return word->length;
}

void word_begin(struct word *word, unsigned int length)
{
	*word = (struct word){.length = length};
}

/* The next word that differs in letter @at, or in one before it. */
static bool count_up(struct word *word, unsigned int at)
{
	for (unsigned int i = at + 1; i < word->length; i++)
		word->letters[i] = 0;
	for (unsigned int i = at + 1; i--; word->letters[i] = 0)
		if (++word->letters[i] < opened.count)
			return true;
	return false;
}

bool word_next(struct word *word)
{
	unsigned int at = word->length - 1;
	bool there;

	do {
		there = count_up(word, at);
		at = first_renamed(word);
	} while (there && at < word->length);
	return there;
}

static struct step step_of(const struct letter *letter)
{
	uint64_t start = opened.iova + ranges[letter->range].first * iommu.page;
	uint64_t memory = player_memory().start;

	return (struct step){
		.kind = letter->kind,
		.endpoint = letter->names[ENDPOINT] ? letter->names[ENDPOINT] - 1 : 0,
		.domain = letter->names[DOMAIN] ? opened.domains[letter->names[DOMAIN] - 1] : 0,
		.flags = letter->value,
		.value = letter->value,
		.start = start,
		.end = opened.iova + (ranges[letter->range].last + 1) * iommu.page - 1,
		.phys = letter->names[MEMORY] ? memory + (letter->names[MEMORY] - 1) * PAGES * iommu.page : 0,
	};
}

static unsigned int view(struct step *steps)
{
	unsigned int count = 0;

	for (unsigned int ep = 0; ep < ENDPOINTS; ep++)
		for (unsigned int page = 0; page < PAGES; page++)
			for (unsigned int write = 0; write < 2; write++)
				steps[count++] = (struct step){.kind = write ? STEP_WRITE : STEP_READ,
							       .endpoint = ep,
							       .start = opened.iova + page * iommu.page,
							       .size = SIZE};
	return count;
}

unsigned int word_steps(const struct word *word, bool always, struct step *steps)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < word->length; i++) {
		steps[count++] = step_of(&opened.letters[word->letters[i]]);
		if (always || i == word->length - 1)
			count += view(&steps[count]);
	}
	return count;
}
