// SPDX-License-Identifier: BSD-3-Clause
/*
 * Words of sequences: what is written is read again as it was, and what cannot be read is pointed at.
 */
#include <stdio.h>
#include <string.h>

#include "sequences/step.h"
#include "unit.h"
#include "util.h"

#define MOST 16

static const struct step_memory memory = {0x100000, 0x30000};

static const char *const sequences[] = {
	"ATTACH endpoint=0 domain=5",
	"ATTACH endpoint=1 domain=4294967295 flags=BYPASS; DETACH endpoint=1 domain=4294967295",
	"ATTACH endpoint_id=77 domain=5 flags=0x80000000 reserved=255",
	"ATTACH endpoint=2 domain=0 & PROBE endpoint=1 & PROBE endpoint_id=9",
	"MAP domain=5 virt_start=0x1000 virt_end=0xffffffffffffffff phys_start=memory+0 flags=READ|WRITE",
	"MAP domain=5 virt_start=0 virt_end=0xfff phys_start=0x130000 flags=WRITE|0x8 count=9 stride=4096",
	"UNMAP domain=5 virt_start=memory+0x1000 virt_end=memory+0x2ffff reserved=1; reset",
	"bypass value=1; restart endpoint=1; write endpoint=0 iova=memory+0xff1 size=8",
	"read endpoint=3 iova=0xfffffffffffff000 size=28672 report=1",
};

static void test_round_trip(const char *text)
{
	char words[MOST * STEP_WORDS] = "", one[STEP_WORDS];
	struct step steps[MOST];
	const char *trouble;
	unsigned int count = parse_steps(text, memory, steps, MOST, &trouble);

	CHECK(count > 0);
	for (unsigned int i = 0; i < count; i++) {
		strcat(words, i ? step_separator(&steps[i]) : "");
		strcat(words, step_words(&steps[i], memory, one, sizeof(one)));
	}
	unit_check(!strcmp(words, text), __FILE__, __LINE__, "\"%s\" comes back as \"%s\"", text, words);
}

/* What cannot be read, and the word that is pointed at. */
static const struct fault {
	const char *text, *at;
} faults[] = {
	{"", ""},
	{"MOVE endpoint=0 domain=5", "MOVE endpoint=0 domain=5"},
	{"reset; DETACH endpoint=0", ""},
	{"ATTACH domain=x", "x"},
	{"ATTACH domain=4294967296", ""},
	{"ATTACH domain=5 size=8", "size=8"},
	{"ATTACH domain=5x", "x"},
	{"ATTACH domain=5 flags=READ", "READ"},
	{"write endpoint=0 iova=memory-1 size=8", "memory-1 size=8"},
	{"PROBE endpoint=0 & reset", "reset"},
	{"PROBE endpoint=0 &", ""},
};

static void test_fault(const struct fault *fault)
{
	struct step steps[MOST];
	const char *trouble = NULL;

	unit_check(!parse_steps(fault->text, memory, steps, MOST, &trouble), __FILE__, __LINE__,
		   "\"%s\" is read", fault->text);
	unit_check(trouble && !strcmp(trouble, fault->at), __FILE__, __LINE__,
		   "\"%s\": pointed at \"%s\"", fault->text, trouble ? trouble : "nothing");
}

static void test_commas(void)
{
	struct step steps[MOST];
	const char *trouble;

	CHECK_EQ(parse_steps("write,endpoint=1,iova=memory,size=8;,reset", memory, steps, MOST, &trouble), 2);
	CHECK_EQ(steps[0].start, memory.start);
	CHECK_EQ(steps[0].endpoint, 1);
	CHECK_EQ(steps[1].kind, STEP_RESET);
}

static void test_room(void)
{
	struct step steps[2];
	const char *trouble;

	CHECK_EQ(parse_steps("reset; reset", memory, steps, 2, &trouble), 2);
	CHECK_EQ(parse_steps("reset; reset; reset", memory, steps, 2, &trouble), 0);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
		test_round_trip(sequences[i]);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		test_fault(&faults[i]);
	test_commas();
	test_room();
	return unit_end("steps");
}
