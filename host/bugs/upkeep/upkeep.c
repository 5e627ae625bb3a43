// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/upkeep/upkeep.h"

bool upkeep_install(void)
{
	return tlb_install() || negative_install() || removal_install() || rights_install() ||
	       attachment_install() || window_install() || leftover_install() || residue_install() ||
	       outlived_install() || buckets_install() || checks_install();
}
