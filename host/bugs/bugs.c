// SPDX-License-Identifier: BSD-3-Clause
/*
 * The options that make the reference device wrong.
 */
#include <stdlib.h>

#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/machine/options.h"

static void use(const char *name)
{
	if (!mutant_use(name))
		options_die("--mutant: unknown '%s'", name);
	bugs_install_iommu();
	bugs_install_board();
	bugs_install_virtio();
}

static void list(const char *ignored)
{
	(void)ignored;
	mutant_list();
	exit(0);
}

/* Nothing below names this: who leaves host/bugs out of the program has no such options. */
static void __attribute__((constructor)) add_options(void)
{
	static const struct added_option options[] = {
		{.name = "mutant", .value = "NAME[=N]", .help = "be wrong in this one way", .apply = use},
		{.name = "list-mutants", .help = "print them all", .apply = list},
	};

	options_add(&options[0]);
	options_add(&options[1]);
}
