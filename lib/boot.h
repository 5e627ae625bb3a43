/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the loader told us, whichever protocol it spoke.
 *
 * An architecture's entry code fills one struct boot_info and calls boot_start(). Nothing above
 * knows which protocol it was.
 */
#ifndef LIB_BOOT_H
#define LIB_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define BOOT_MAX_RANGES 64

/* Guest-physical bytes [base, base + size). */
struct memory_range {
	uint64_t base;
	uint64_t size;
};

struct boot_info {
	const char *protocol;	/* name of the boot protocol */
	const char *cmdline;	/* never NULL; lives as long as the image */
	uint64_t rsdp;		/* guest-physical address, 0 if the loader named none */
	const void *fdt;	/* flattened device tree, NULL if there is none */
	struct memory_range ram[BOOT_MAX_RANGES];	/* usable RAM */
	unsigned int ram_count;
	struct memory_range reserved[BOOT_MAX_RANGES];	/* in use: image, tree, tables, holes */
	unsigned int reserved_count;
	bool ranges_lost;	/* there were more than BOOT_MAX_RANGES: boot_start() gives up */
};

/* Append a range; an empty one is left out, one that is adjacent to another makes that one longer. */
void boot_add_ram(struct boot_info *boot, uint64_t base, uint64_t size);
void boot_add_reserved(struct boot_info *boot, uint64_t base, uint64_t size);

/*
 * Look up "key" or "key=value" among the space-separated words of the command line.
 * Copies the value (empty for a bare key) into @value, cut to @size - 1 characters.
 * Returns false if the key is absent.
 */
bool boot_option(const struct boot_info *boot, const char *key, char *value, unsigned int size);

/*
 * Called once by the architecture, with memory, console and exceptions ready: runs boot_main(),
 * then switches off. @boot must stay valid.
 */
void boot_start(struct boot_info *boot) __attribute__((noreturn));

/* The program. */
void boot_main(struct boot_info *boot);

/* The machine is set up to come back from a reset: `machine-reset` is on the command line. */
bool boot_may_reset(void);

/* The run is there to break rules: `hostile` is on the command line. */
bool boot_is_hostile(void);

/* Reset the machine; see machine_reset(). */
void boot_reset(void);

/* The last of what was printed leaves the UART, then the machine is switched off. */
void boot_end(void) __attribute__((noreturn));

#endif
