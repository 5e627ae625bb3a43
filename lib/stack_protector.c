// SPDX-License-Identifier: BSD-3-Clause
/*
 * Distributions build libfdt with -fstack-protector. Our own code is built without.
 */
#include <stdint.h>

#include "console.h"

extern const uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));

/* Where the canary is, on machines that do not keep it in a register's segment. */
const uintptr_t __stack_chk_guard = 0x00a5c3965a3c6900;

void __stack_chk_fail(void)
{
	bail_out("libfdt wrote past one of its buffers on the stack");
}
