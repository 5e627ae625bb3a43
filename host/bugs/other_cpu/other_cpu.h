/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs that take two CPUs: at certain places the board's door is open, and what the other CPU does then is
 * not reckoned with. With one CPU none of them shows.
 */
#ifndef BUGS_OTHER_CPU_H
#define BUGS_OTHER_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* An endpoint is about to be looked up for an access. Return false if the access is refused. */
bool bug_before_lookup(uint32_t *endpoint);

/* An access has its memory, and is about to move bytes. */
void bug_before_move(bool write);

#endif
