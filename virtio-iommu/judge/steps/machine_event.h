/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to the machine as a whole, done by who operates it (lib/operator.h).
 */
#ifndef STEPS_MACHINE_EVENT_H
#define STEPS_MACHINE_EVENT_H

#include <stdbool.h>

#include "judge/verdict.h"
#include "pci/pci.h"

/* Migrate the machine. Return false, with a skip or an error, if that was not done. For use in REQUIRE(). */
bool migrate_machine(struct source_line at);

/*
 * Have the device of slot number @slot plugged in, or its attention button pressed. Return false, with a skip
 * or an error, if that was not done.
 */
bool plug_into_slot(struct source_line at, unsigned int slot);
bool pull_from_slot(struct source_line at, unsigned int slot);

/*
 * Reset the machine. The next boot starts this test again and gives it @note: resumed_note(). The first word
 * of the note says how that boot numbers buses: "up", "down", or any other one for what firmware does. Return
 * only if the reset was not done, with a skip or an error.
 */
void reset_by_operator(struct source_line at, const char *note, ...) __attribute__((format(printf, 2, 3)));

/* Return the note of the boot before this one if it has reset the machine in this test; else NULL. */
const char *resumed_note(void);

/* ---- For main.c and run.c ---- */

/* Learn from the operator whether this boot comes after a reset that a test has asked for. */
void resume_init(void);

/* Return the id of the test that this boot goes on with, NULL if it comes after no reset. */
const char *resumed_test(void);

/* Return how this boot is to number buses. */
enum pci_numbering resumed_numbering(void);

/* Forget the note: the next test gets none. */
void resume_done(void);

#endif
