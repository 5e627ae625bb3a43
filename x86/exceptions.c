// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <stdio.h>

#include "boot.h"
#include "exception.h"

#include "arch.h"

#define VECTORS 32
#define STUB_SIZE 16
#define CODE_SELECTOR 0x08
#define INTERRUPT_GATE 0x8e00	/* present, DPL 0, 64-bit interrupt gate */

struct gate {
	uint16_t offset_low, selector, flags, offset_middle;
	uint32_t offset_high, reserved;
};

struct exception_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error_code, rip, cs, rflags, rsp, ss;
};

extern char exception_stubs[];

void x86_exception(const struct exception_frame *frame);

static struct gate idt[VECTORS] __attribute__((aligned(8)));

void exceptions_init(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	for (unsigned int i = 0; i < VECTORS; i++) {
		uintptr_t stub = (uintptr_t)exception_stubs + i * STUB_SIZE;

		idt[i] = (struct gate){
			.offset_low = stub, .offset_middle = stub >> 16, .offset_high = stub >> 32,
			.selector = CODE_SELECTOR, .flags = INTERRUPT_GATE,
		};
	}
	asm volatile("lidt %0" : : "m"(pointer) : "memory");
}

static uint64_t fault_address(void)
{
	uint64_t cr2;

	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	return cr2;
}

static void print_registers(const struct exception_frame *f)
{
	char rip[32];

	printf("\n# rip %016lx (%s) rsp %016lx rflags %08lx cr2 %016lx\n", f->rip,
	       image_address(f->rip, rip, sizeof(rip)), f->rsp, f->rflags, fault_address());
	printf("# rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	printf("# rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	printf("# r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	printf("# r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
}

void x86_exception(const struct exception_frame *frame)
{
	static bool entered;
	char summary[112], rip[32];

	if (entered)
		boot_end();
	entered = true;
	print_registers(frame);
	snprintf(summary, sizeof(summary), "exception %lu, error code %#lx, at %s, cr2 %#lx",
		 frame->vector, frame->error_code,
		 image_address(frame->rip, rip, sizeof(rip)), fault_address());
	exception_report(summary);
}
