// SPDX-License-Identifier: BSD-3-Clause
#include "driver/iommu.h"

struct iommu iommu;
