// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <stdio.h>

#include "console.h"
#include "exception.h"
#include "machine.h"
#include "util.h"

#include "arch.h"
#include "exceptions.h"

/* ESR_ELx.EC */
static const struct {
	unsigned int class;
	const char *name;
} classes[] = {
	{0x00, "undefined instruction"},
	{0x07, "FP or SIMD access"},
	{0x0e, "illegal execution state"},
	{0x15, "SVC"},
	{0x16, "HVC"},
	{0x17, "SMC"},
	{0x18, "system register access"},
	{0x21, "instruction abort"},
	{0x22, "PC alignment fault"},
	{0x25, "data abort"},
	{0x26, "SP alignment fault"},
	{0x2f, "SError"},
	{0x3c, "BRK"},
};

static const char *class_name(uint64_t esr)
{
	unsigned int class = esr >> 26 & 0x3f;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].class == class)
			return classes[i].name;
	return "exception of another class";
}

static const char *kind_name(const struct exception_frame *frame, unsigned int kind)
{
	static const char *const names[] = {
		[KIND_IRQ] = "IRQ",
		[KIND_FIQ] = "FIQ",
		[KIND_SERROR] = "SError",
	};

	return kind == KIND_SYNCHRONOUS ? class_name(frame->esr) : names[kind];
}

static void print_registers(const struct exception_frame *frame)
{
	char pc[32], lr[32];

	printf("# elr 0x%016lx (%s) lr 0x%016lx (%s)\n", frame->elr,
	       image_address(frame->elr, pc, sizeof(pc)), frame->x[30],
	       image_address(frame->x[30], lr, sizeof(lr)));
	printf("# esr 0x%016lx far 0x%016lx sp 0x%016lx spsr 0x%08lx\n", frame->esr, frame->far,
	       frame->sp, frame->spsr);
	for (int i = 0; i < 30; i += 3)
		printf("# x%-2d 0x%016lx x%-2d 0x%016lx x%-2d 0x%016lx\n", i, frame->x[i], i + 1,
		       frame->x[i + 1], i + 2, frame->x[i + 2]);
}

static const char *overflow_note(uint64_t address)
{
	return address - (uintptr_t)stack_guard < GUARD_SIZE ? ": stack overflow" : "";
}

void exception(const struct exception_frame *frame, unsigned int kind)
{
	char summary[120], pc[32];

	snprintf(summary, sizeof(summary), "%s at %s, address 0x%lx, syndrome 0x%lx%s",
		 kind_name(frame, kind), image_address(frame->elr, pc, sizeof(pc)), frame->far,
		 frame->esr, overflow_note(frame->far));
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
