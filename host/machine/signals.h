/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SIGNALS_H
#define SIGNALS_H

/* From now on signals for errors of the program end the test and the run, as exceptions do elsewhere. */
void signals_init(void);

#endif
