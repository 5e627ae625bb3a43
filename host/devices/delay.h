/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that a device takes from a notification to what comes of it, as the personality has it.
 */
#ifndef DELAY_H
#define DELAY_H

#include "host/machine/clock.h"

struct delay {
	struct timer timer;
	unsigned int slow_us;	/* of each request, one after the other; 0: as the personality has it */
	bool warm;	/* the device has worked since its last reset */
};

/* @work(@owner) serves what is there. */
void delay_init(struct delay *delay, void (*work)(void *owner), void *owner);

/* Let the device work: now, or when its time is over. */
void delay_notified(struct delay *delay);

/* One request was served. Return true if the next one has to wait for its own time, which begins now. */
bool delay_served(struct delay *delay);

/* The device was reset: nothing comes of what it was told before. */
void delay_reset(struct delay *delay);

#endif
