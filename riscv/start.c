// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "boot.h"
#include "console.h"
#include "error.h"
#include "fdt/fdt.h"
#include "machine.h"
#include "memory.h"

#include "arch.h"

const char machine_name[] = "riscv64";

uint64_t boot_hart;

static void open_console(const void *fdt)
{
	struct fdt_console console;
	struct error ignored;

	if (fdt_console(fdt, &console, &ignored))
		fdt_console_use(&console);
}

/* These come first: the arena must not cover them if the tree names too many ranges. */
static void reserve_ours(struct boot_info *boot)
{
	boot_add_reserved(boot, (uintptr_t)image_start, image_end - image_start);
	boot_add_reserved(boot, (uintptr_t)boot->fdt, fdt_size(boot->fdt));
}

void riscv_start(uint64_t hart, const void *fdt)
{
	static struct boot_info boot = {.protocol = "riscv-image", .cmdline = ""};
	struct error error;

	boot_hart = hart;
	mmu_init(fdt);
	sbi_console();
	if (!fdt_validate(fdt, &error))
		bail_out("%s", error.text);
	boot.fdt = fdt;
	boot.cmdline = fdt_bootargs(fdt);
	clock_use_fdt(fdt);
	open_console(fdt);
	reserve_ours(&boot);
	if (!fdt_memory(fdt, &boot, &error))
		bail_out("%s", error.text);
	if (!clock_is_known())
		bail_out("device tree: /cpus: timebase-frequency: not one cell above 0");
	memory_init(&boot, mmu_limit(), mmu_limit());
	boot_start(&boot);
}
