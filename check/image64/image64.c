// SPDX-License-Identifier: BSD-3-Clause
/*
 * A loader for the arm64 Linux boot protocol, as kvmtool and crosvm speak it: MMU and caches off, EL1,
 * all interrupts masked, X0 = device tree, X1 to X3 zero. QEMU has put image and tree where its own
 * loader would not: image=ADDRESS tree=ADDRESS on the command line. uart=ADDRESS is where the 16550
 * that the tree names is to be; it is PCI function 00:01.0, whose BAR nobody else would set.
 */
#include <stddef.h>
#include <stdlib.h>

#include <asm/io.h>

#include "boot.h"
#include "console.h"
#include "exception.h"
#include "machine.h"
#include "sysreg.h"

/* QEMU's virt machine with highmem=off. */
#define ECAM_OF_UART 0x3f008000
#define IO_WINDOW 0x3eff0000

enum { COMMAND = 0x04, BAR0 = 0x10, COMMAND_IO = 1 << 0 };

static uint64_t option(const struct boot_info *boot, const char *key)
{
	char value[20];

	if (!boot_option(boot, key, value, sizeof(value)))
		bail_out("image64: no %s= on the command line", key);
	return strtoul(value, NULL, 0);
}

static void place_uart(uint64_t address)
{
	uint8_t *function = io_map(ECAM_OF_UART, 4096);

	if (!function || io_read32(function) == UINT32_MAX)
		bail_out("image64: no function 00:01.0");
	io_write32(function + BAR0, address - IO_WINDOW);
	io_write16(function + COMMAND, COMMAND_IO);
}

/* The map is an identity: the code goes on where it is. */
static void enter(uint64_t image, uint64_t tree) __attribute__((noreturn));

static void enter(uint64_t image, uint64_t tree)
{
	asm volatile("msr daifset, #15\n\t"
		     "msr sctlr_el1, %[off]\n\t"
		     "isb\n\t"
		     "tlbi vmalle1\n\t"
		     "ic iallu\n\t"
		     "dsb sy\n\t"
		     "msr ttbr0_el1, xzr\n\t"
		     "msr vbar_el1, xzr\n\t"
		     "msr cpacr_el1, xzr\n\t"
		     "msr spsel, #1\n\t"
		     "isb\n\t"
		     "mov x4, %[image]\n\t"
		     "mov x0, %[tree]\n\t"
		     "mov x1, xzr\n\t"
		     "mov x2, xzr\n\t"
		     "mov x3, xzr\n\t"
		     "mov sp, x1\n\t"
		     "br x4"
		     :
		     : [off] "r"((uint64_t)SCTLR_OFF), [image] "r"(image), [tree] "r"(tree)
		     : "x0", "x1", "x2", "x3", "x4", "memory");
	__builtin_unreachable();
}

void exception_report(const char *summary)
{
	bail_out("image64: %s", summary);
}

void boot_main(struct boot_info *boot)
{
	uint64_t image = option(boot, "image"), tree = option(boot, "tree");

	place_uart(option(boot, "uart"));
	enter(image, tree);
}
