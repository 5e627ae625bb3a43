// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "iommu/iommu.h"
#include "util.h"

static const struct unit_ops *const kinds[] = {
	&unit_none, &unit_bypass, &unit_vtd, &unit_vtd_registers, &unit_smmuv3, &unit_riscv,
};

const struct unit_ops *unit_kind(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}
