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

/*
 * Append [base, base + size), or make a range longer that it is adjacent to. Nothing is done for an empty
 * range. Sets @ranges_lost if there is no room.
 */
void boot_add_ram(struct boot_info *boot, uint64_t base, uint64_t size);
void boot_add_reserved(struct boot_info *boot, uint64_t base, uint64_t size);

/*
 * Look up "key" or "key=value" among the space-separated words of the command line and copy the value
 * (empty for a bare key) into @value, cut to @size - 1 characters; @value may be NULL if @size is 0. Return
 * false, with @value as it was, if the key is absent.
 */
bool boot_option(const struct boot_info *boot, const char *key, char *value, unsigned int size);

/*
 * Run boot_main(), then switch off. For the architecture, once, when memory, console and exceptions are
 * ready. @boot must stay valid.
 */
void boot_start(struct boot_info *boot) __attribute__((noreturn));

/* The program, which is not part of lib/. When it returns the machine is switched off. */
void boot_main(struct boot_info *boot);

/* Return true if the machine is set up to come back from a reset: `machine-reset` is on the command line. */
bool boot_may_reset(void);

/* Return true if somebody answers what the image asks (lib/operator.h): `operator` is on the command line. */
bool boot_has_operator(void);

/* Return true if the machine has a second CPU: `cpus=2` is on the command line. */
bool boot_has_second_cpu(void);

/* Return true if the run is there to break rules: `hostile` is on the command line. */
bool boot_is_hostile(void);

/* Flush the console and reset the machine. May return, as machine_reset() may. */
void boot_reset(void);

/* Flush the console and switch the machine off. */
void boot_end(void) __attribute__((noreturn));

#endif
