/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_GROWTH_H
#define COST_GROWTH_H

#include "master.h"

#define GROWTH_MOST 100000
#define GROWTH_SETTLE_MS 500

struct growth_options {
	unsigned int most;		/* mappings */
	unsigned int settle;		/* ms */
	bool endpoints;			/* grow with these, and with nothing else */
};

/*
 * Show how times grow: with mappings of a domain, up to @most of them; with the size of a mapping; with
 * domains; with ATTACH requests that came before; or with endpoints of a domain. Print a line
 * "# growth by=..." for each number, with ns for each operation, and a line "# memory ..." where the memory
 * of the VMM is to be looked at, six times @settle ms after it was left. Return false if something fails,
 * with a comment.
 */
bool growth_run(const struct growth_options *options, struct platform *platform, struct master *masters,
		unsigned int count);

#endif
