/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The run of the tests.
 */
#ifndef RUN_H
#define RUN_H

struct boot_info;

/* Run the tests that the command line of @boot selects, and print their verdicts. */
void run_tests(const struct boot_info *boot);

#endif
