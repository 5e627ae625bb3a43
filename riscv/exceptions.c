// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <stdio.h>

#include "console.h"
#include "exception.h"
#include "machine.h"
#include "util.h"

#include "arch.h"
#include "exceptions.h"

#define CAUSE_INTERRUPT (1ull << 63)

/* Return the name of an scause. */
static const char *cause_name(uint64_t cause)
{
	static const char *const names[] = {
		[0] = "misaligned instruction address",
		[1] = "instruction access fault",
		[2] = "illegal instruction",
		[3] = "breakpoint",
		[4] = "misaligned load address",
		[5] = "load access fault",
		[6] = "misaligned store address",
		[7] = "store access fault",
		[9] = "environment call",
		[12] = "instruction page fault",
		[13] = "load page fault",
		[15] = "store page fault",
	};

	if (cause & CAUSE_INTERRUPT)
		return "interrupt";
	if (cause < ARRAY_SIZE(names) && names[cause])
		return names[cause];
	return "exception of another cause";
}

static void print_registers(const struct exception_frame *frame)
{
	char pc[32], ra[32];

	printf("# sepc 0x%016lx (%s) ra 0x%016lx (%s)\n", frame->epc,
	       image_address(frame->epc, pc, sizeof(pc)), frame->x[1],
	       image_address(frame->x[1], ra, sizeof(ra)));
	printf("# scause 0x%016lx stval 0x%016lx\n", frame->cause, frame->value);
	for (int i = 1; i < 31; i += 3)
		printf("# x%-2d 0x%016lx x%-2d 0x%016lx x%-2d 0x%016lx\n", i, frame->x[i], i + 1,
		       frame->x[i + 1], i + 2, frame->x[i + 2]);
	printf("# x31 0x%016lx\n", frame->x[31]);
}

static const char *overflow_note(uint64_t address)
{
	return address - (uintptr_t)stack_guard < GUARD_SIZE ? ": stack overflow" : "";
}

void exception(const struct exception_frame *frame)
{
	char summary[120], pc[32];

	snprintf(summary, sizeof(summary), "%s at %s, address 0x%lx, cause 0x%lx%s",
		 cause_name(frame->cause), image_address(frame->epc, pc, sizeof(pc)), frame->value,
		 frame->cause, overflow_note(frame->value));
	printf("\n# exception: %s\n", summary);
	print_registers(frame);
	exception_report(summary);
}

void exception_in_handler(void)
{
	static unsigned int count;

	if (count++ == 0)
		machine_power_off(NULL);
	halt();
}
