/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each machine supplies, in its own directory, to the code above it.
 *
 * Register access and barriers are in <asm/io.h> and <asm/barrier.h>.
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdint.h>

struct boot_info;

/* Name of the architecture as the runner knows it: that of arch.ini. */
extern const char machine_name[];

/*
 * Make guest-physical [phys, phys + size) accessible and return a pointer to it (identity mapped).
 * Whole of RAM is mapped cached from the start; anything else becomes device memory. The mapping
 * lives for ever. Returns NULL if the range cannot be mapped (wraps, or past the address width).
 */
void *io_map(uint64_t phys, uint64_t size);

/*
 * Ticks of a monotonic counter, and how many of them make a second. The counter does not
 * stop or wrap during a run.
 */
uint64_t machine_ticks(void);
uint64_t machine_tick_rate(void);

/* Tell the CPU (and the host) that we are polling. */
void machine_relax(void);

/*
 * Switch the machine off. @boot names tables and tree; tries what they describe first, then the
 * known debug exits. Halts if nothing works.
 */
void machine_power_off(const struct boot_info *boot) __attribute__((noreturn));

/*
 * Reset the machine, as machine_power_off() switches it off. Returns where nothing works, or where
 * it takes effect a moment later.
 */
void machine_reset(const struct boot_info *boot);

#endif
