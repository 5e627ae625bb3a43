// SPDX-License-Identifier: BSD-3-Clause
#include "host/iommu/parts.h"

struct virtio_iommu ref_iommu;
