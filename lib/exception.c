// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "exception.h"

/* image.lds; a machine without one has no image, and no address lies in it. */
extern char image_start[] __attribute__((weak)), image_end[] __attribute__((weak));

const char *image_address(uint64_t address, char *text, size_t size)
{
	if (address >= (uintptr_t)image_start && address < (uintptr_t)image_end)
		snprintf(text, size, "image+0x%lx", address - (uintptr_t)image_start);
	else
		snprintf(text, size, "0x%lx", address);
	return text;
}
