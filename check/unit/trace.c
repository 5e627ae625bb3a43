// SPDX-License-Identifier: BSD-3-Clause
/*
 * Traces of registers: by name, once for what comes again and again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/io.h>

#include "pci/pci.h"
#include "register.h"
#include "virtio/pci_layout.h"

#include "driver/iommu.h"
#include "driver/trace.h"
#include "unit.h"

static uint8_t common[COMMON_LONGEST];

uint64_t fake_read(const volatile void *address, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, width);
	return value;
}

void fake_write(volatile void *address, unsigned int width, uint64_t value)
{
	memcpy((void *)address, &value, width);
}

unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id, unsigned int after)
{
	(void)dev;
	(void)id;
	(void)after;
	return 0;
}

static char *text;
static size_t size;
static FILE *terminal;

static void begin(void)
{
	memset(common, 0, sizeof(common));
	iommu.dev.common = common;
	trace_begin();
	terminal = stdout;
	stdout = open_memstream(&text, &size);
}

/* End with a line of its own, so that what was counted is printed. */
static bool printed(const char *expected)
{
	bool same;

	trace("end");
	fclose(stdout);
	stdout = terminal;
	same = !strncmp(text, expected, strlen(expected)) &&
	       !strcmp(text + strlen(expected), "# trace: end\n");
	if (!same)
		fprintf(stderr, "printed:\n%s", text);
	free(text);
	return same;
}

static void read_status(unsigned int times)
{
	while (times--)
		register_read8(common + COMMON_DEVICE_STATUS);
}

static void names(void)
{
	begin();
	register_write8(common + COMMON_DEVICE_STATUS, 0xb);
	read_status(1);
	register_write32(common + COMMON_QUEUE_DESC + 4, 0x10);
	register_write32(common + COMMON_DRIVER_FEATURE_SELECT, 1);
	register_write32(common + COMMON_DRIVER_FEATURE, 1);
	register_read16(common + COMMON_DEVICE_STATUS);
	CHECK(printed("# trace: write device_status 0xb (ACKNOWLEDGE|DRIVER|FEATURES_OK)\n"
		      "# trace: read device_status ->\n"
		      "# trace: -> 0xb (ACKNOWLEDGE|DRIVER|FEATURES_OK)\n"
		      "# trace: write queue_desc[63:32] 0x10\n"
		      "# trace: write driver_feature_select 1\n"
		      "# trace: write driver_feature 0x1 (VERSION_1)\n"
		      "# trace: read device_status[15:0] ->\n"
		      "# trace: -> 0xb\n"));
}

static void repetitions(void)
{
	begin();
	read_status(4);
	common[COMMON_DEVICE_STATUS] = 0x80;
	read_status(1);
	CHECK(printed("# trace: read device_status ->\n# trace: -> 0\n"
		      "# trace:   the same again, 3 times\n"
		      "# trace: read device_status -> 0x80 (FAILED)\n"));
	begin();
	for (unsigned int i = 0; i < 3; i++) {
		register_write16(common + COMMON_QUEUE_SELECT, 1);
		register_read16(common + COMMON_QUEUE_RESET);
	}
	register_write16(common + COMMON_QUEUE_SELECT, 1);
	CHECK(printed("# trace: write queue_select 1\n"
		      "# trace: read queue_reset ->\n# trace: -> 0\n"
		      "# trace:   both again, 2 times\n"
		      "# trace: write queue_select 1\n"));
}

/* While an answer is waited for, the same status says nothing. Another one does. */
static void polls(void)
{
	begin();
	read_status(1);
	trace("PROBE ->");
	read_status(5);
	common[COMMON_DEVICE_STATUS] = 0x40;
	read_status(2);
	trace("-> OK");
	CHECK(printed("# trace: read device_status ->\n# trace: -> 0\n"
		      "# trace: PROBE ->\n"
		      "# trace:   read device_status -> 0x40 (NEEDS_RESET)\n"
		      "# trace: -> OK\n"));
}

static void others_are_not_printed(void)
{
	uint8_t elsewhere[64] = {0};

	begin();
	register_read32(elsewhere);
	register_write32(elsewhere, 1);
	CHECK(printed(""));
}

int main(void)
{
	trace_enable();
	names();
	repetitions();
	polls();
	others_are_not_printed();
	return unit_end("trace");
}
