// SPDX-License-Identifier: BSD-3-Clause
#include "host/devices/delay.h"
#include "host/machine/personality.h"

void delay_init(struct delay *delay, void (*work)(void *owner), void *owner)
{
	*delay = (struct delay){.timer = {.expire = work, .owner = owner, .is_access = true}};
}

void delay_notified(struct delay *delay)
{
	unsigned int microseconds = personality->access_us;

	if (!delay->warm && personality->first_access_us)
		microseconds = personality->first_access_us;
	delay->warm = true;
	if (delay->slow_us)
		microseconds = delay->slow_us;
	if (microseconds)
		timer_start(&delay->timer, microseconds);
	else
		delay->timer.expire(delay->timer.owner);
}

bool delay_served(struct delay *delay)
{
	if (delay->slow_us)
		timer_start(&delay->timer, delay->slow_us);
	return delay->slow_us;
}

void delay_reset(struct delay *delay)
{
	timer_stop(&delay->timer);
	delay->warm = false;
}
