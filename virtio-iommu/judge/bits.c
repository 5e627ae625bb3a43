// SPDX-License-Identifier: BSD-3-Clause
#include "judge/bits.h"

const char *const bit_names[BITS] = {
	"bit 0",  "bit 1",  "bit 2",  "bit 3",	"bit 4",  "bit 5",  "bit 6",  "bit 7",
	"bit 8",  "bit 9",  "bit 10", "bit 11", "bit 12", "bit 13", "bit 14", "bit 15",
	"bit 16", "bit 17", "bit 18", "bit 19", "bit 20", "bit 21", "bit 22", "bit 23",
	"bit 24", "bit 25", "bit 26", "bit 27", "bit 28", "bit 29", "bit 30", "bit 31",
};
