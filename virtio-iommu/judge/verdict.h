/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Record what the running test finds (docs/verdicts.md).
 */
#ifndef JUDGE_VERDICT_H
#define JUDGE_VERDICT_H

#include <stdbool.h>

/* From mild to severe; the first of the worst ones of a test is its verdict. */
enum verdict {
	VERDICT_PASS,
	VERDICT_INFO,	/* the text leaves it open: which way the device went */
	VERDICT_SKIP,	/* the requirement's condition does not hold here */
	VERDICT_WARN,	/* a SHOULD is not followed */
	VERDICT_ERROR,	/* the suite or its environment went wrong */
	VERDICT_FAIL,	/* a MUST or the isolation is broken, or the device died: that explains any error */
	/*
	 * For judge(): what a broken expectation means under the level of the test's requirement: a fail for
	 * a MUST or isolation, else a warn. What breaks a MUST of another requirement is VERDICT_FAIL.
	 */
	BY_LEVEL,
	/*
	 * For judge(): the device did not do what a set-up needs, which no text lets it refuse: a fail,
	 * whatever the level of the test's requirement. What was expected names the one that is broken.
	 */
	SET_UP,
};

/*
 * A line of a test; the build shortens the file to its name in virtio-iommu/tests/. Number 0: something else
 * than a test, and @file says what.
 */
struct source_line {
	const char *file;
	unsigned long number;	/* as wide as a register, so that the pair is passed in two of them */
};

/* This line, for functions that record a verdict. A helper of several tests takes that of the test. */
#define AT ((struct source_line){__FILE__, __LINE__})

/*
 * Record @verdict, with what was expected and, in printf form, what was seen: at most 127 and 639 characters,
 * and what is longer is cut.
 */
void judge(enum verdict verdict, struct source_line at, const char *expected, const char *actual, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Record a fail, for what no device may do: not even one that was sent what a driver MUST NOT send, and asks
 * for a reset. Of that one judge() records an info.
 */
void judge_harm(struct source_line at, const char *expected, const char *actual, ...)
	__attribute__((format(printf, 3, 4)));

/* Record which of several legal ways the device went: an info. */
void info(struct source_line at, const char *way, ...) __attribute__((format(printf, 2, 3)));
#define INFO(...) info(AT, __VA_ARGS__)

/* Ends the info of a test that has left something out. On a quicker machine the same device may pass. */
#define FOR_LACK_OF_TIME ", for lack of time"

/* Why a test is skipped. Of two causes in the cells of a product the later one here is the test's. */
enum skip_cause {
	SKIP_NOT_APPLICABLE,	/* the device does not have what the test is about */
	SKIP_NOT_POSSIBLE,	/* the machine or the run lacks what the test takes */
	SKIP_SILENT,		/* the device did not do what the test needs */
};

/* Record that the running test cannot be judged. @reason is in printf form. */
void skip_because(enum skip_cause cause, const char *reason, ...) __attribute__((format(printf, 2, 3)));

/* The machine or the run lacks what the test takes: an endpoint, a table, memory. */
#define skip(...) skip_because(SKIP_NOT_POSSIBLE, __VA_ARGS__)

/* The device does not have what the test is about: a feature, a range with an end, a long queue, a region. */
#define not_applicable(...) skip_because(SKIP_NOT_APPLICABLE, __VA_ARGS__)

/*
 * The device did not do what the test needs: it reported no fault, had no room, was too slow. Where it is not
 * expected it is red. A row of its own judges that silence.
 */
#define silent(...) skip_because(SKIP_SILENT, __VA_ARGS__)

/* The same, and leave the function. */
#define SKIP(...)                                                                                 \
	do {                                                                                      \
		skip(__VA_ARGS__);                                                                \
		return;                                                                           \
	} while (0)
#define NOT_APPLICABLE(...)                                                                       \
	do {                                                                                      \
		not_applicable(__VA_ARGS__);                                                      \
		return;                                                                           \
	} while (0)
#define SILENT(...)                                                                               \
	do {                                                                                      \
		silent(__VA_ARGS__);                                                              \
		return;                                                                           \
	} while (0)

/* The same for a helper that cannot leave the test: what the test says from now on does not count. */
void not_applicable_rest(const char *reason);
void silent_rest(const char *reason);

/* Return true if that was called. */
bool rest_is_skipped(void);

/* Return true while nothing worse than an info was recorded for the running test. */
bool no_defect_so_far(void);

#endif
