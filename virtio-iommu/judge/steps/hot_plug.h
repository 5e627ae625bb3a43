/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint that comes and goes while the machine runs: its device is plugged into a slot by the operator
 * of the machine, and set up by us (pci/slot.h). It is the last endpoint while it is there.
 */
#ifndef STEPS_HOT_PLUG_H
#define STEPS_HOT_PLUG_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"

/*
 * Have the device plugged in and switched on, and reset as each master is when it is found. Another one in
 * the same test gets the same private page, in memory and in the I/O address space. Return NULL, with a skip
 * or an error, if that was not done.
 */
struct endpoint *plug_endpoint(struct source_line at);

/*
 * Have it pulled: the slot is switched off, and the device has gone. It is not stopped before. Return false,
 * with a skip or an error, if that was not done.
 */
bool pull_endpoint(struct source_line at);

/* Return the id of what is, or was, in the slot. Valid after plug_endpoint(). */
uint32_t slot_id(void);

/* Return true if ATTACH of that id was OK in this boot before any device was in the slot (AMB-17). */
bool slot_id_was_taken(void);

/* For clean_up(): nothing is in the slot behind a test. */
void slot_clear(struct source_line at);

#endif
