/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator of this machine is the machine itself: what the image asks for on the console is done and
 * answered in the process (docs/architecture.md).
 */
#ifndef OPERATOR_H
#define OPERATOR_H

/* Answer from now on. @argv is that of the process, which a reset starts again. */
void operator_attend(char **argv);

#endif
