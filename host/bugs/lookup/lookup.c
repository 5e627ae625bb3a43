// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/lookup/lookup.h"

bool lookup_install(void)
{
	return invalidation_install() || tables_install() || span_install() || faults_install() ||
	       bypass_install() || empty_domains_install() || sessions_install() || tree_install() ||
	       placeholders_install();
}
