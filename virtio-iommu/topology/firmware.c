// SPDX-License-Identifier: BSD-3-Clause
#include "topology/firmware.h"

struct firmware firmware;
