/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of the firmware (RISC-V Supervisor Binary Interface 2.0).
 */
#ifndef RISCV_SBI_H
#define RISCV_SBI_H

#include <stdint.h>

#define SBI_BASE	  0x10
#define SBI_DEBUG_CONSOLE 0x4442434e	/* "DBCN" */
#define SBI_SYSTEM_RESET  0x53525354	/* "SRST" */

/* Legacy extension: the call itself is its number. */
#define SBI_LEGACY_SHUTDOWN 0x08

/* Functions of these extensions, and types of a reset. */
enum { BASE_PROBE_EXTENSION = 3 };
enum { CONSOLE_READ = 1, CONSOLE_WRITE_BYTE = 2 };
enum { RESET_SHUTDOWN = 0, RESET_COLD_REBOOT = 1 };

/* What a call returns; @error is 0 if it succeeded. */
struct sbi_result {
	long error, value;
};

/* Call @function of @extension. Unused arguments are 0. */
struct sbi_result sbi_call(unsigned long extension, unsigned long function, unsigned long argument0,
			   unsigned long argument1);

#endif
