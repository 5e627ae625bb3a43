// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "util.h"

#include "standard/request.h"

const char *status_name(uint8_t status)
{
	static const char *const names[] = {
		[STATUS_OK] = "OK (0)",		[STATUS_IOERR] = "IOERR (1)",
		[STATUS_UNSUPP] = "UNSUPP (2)",	[STATUS_DEVERR] = "DEVERR (3)",
		[STATUS_INVAL] = "INVAL (4)",	[STATUS_RANGE] = "RANGE (5)",
		[STATUS_NOENT] = "NOENT (6)",	[STATUS_FAULT] = "FAULT (7)",
		[STATUS_NOMEM] = "NOMEM (8)",
	};

	static char unknown[16];

	if (status < ARRAY_SIZE(names))
		return names[status];
	snprintf(unknown, sizeof(unknown), "unknown (%#x)", status);
	return unknown;
}
