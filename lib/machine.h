/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each machine supplies, in its own directory, to the code above it.
 *
 * Register access and barriers are in <asm/io.h> and <asm/barrier.h>.
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;
struct error;

/* Name of the architecture as the runner knows it: that of arch.ini. */
extern const char machine_name[];

/*
 * Make guest-physical [phys, phys + size) accessible and return a pointer to it (identity mapped).
 * RAM is mapped cached; anything else becomes device memory. The mapping stays for the whole run. Return
 * NULL if the range cannot be mapped: it wraps, or reaches past the address width.
 */
void *io_map(uint64_t phys, uint64_t size);

/* Return the ticks of a monotonic counter, which does not stop or wrap during a run. */
uint64_t machine_ticks(void);

/* Return how many ticks make a second. */
uint64_t machine_tick_rate(void);

/*
 * Return a count of the CPU's cycles, or the finest that there is. A VM that takes an instruction for a
 * nanosecond counts the guest's instructions by it.
 */
uint64_t machine_cycles(void);

/* Tell the CPU, and the host, that we are polling, until @until at the latest: in ticks. */
void machine_relax(uint64_t until);

/*
 * Leave the CPU to others for a moment. An emulator ends what it has begun of guest code with it: some of
 * what a VMM puts off, such as to free a device that has gone, waits for that.
 */
void machine_yield(void);

/*
 * Let the second CPU call smp_run() (smp.h), and stop it behind that: it can be started again. Return false,
 * with @error, if there is none, or this machine cannot start it.
 */
bool machine_start_cpu(struct error *error);

/*
 * Switch the machine off: by what the tables or the tree of @boot describe, then by the known debug exits.
 * Halt if nothing works. @boot may be NULL.
 */
void machine_power_off(const struct boot_info *boot) __attribute__((noreturn));

/*
 * Like machine_power_off(), but reset the machine, and return if nothing works or if the reset takes effect
 * a moment later.
 */
void machine_reset(const struct boot_info *boot);

#endif
