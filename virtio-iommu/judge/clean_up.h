/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef JUDGE_CLEAN_UP_H
#define JUDGE_CLEAN_UP_H

/*
 * Bring device and endpoints back to where a test or a cell of a product finds them: detached, quiet,
 * events drained, bypass as at start; a reset only if the device died or its features changed. A device
 * that died, or does not come back, is a fail of the running test.
 */
void clean_up(void);

#endif
