// SPDX-License-Identifier: BSD-3-Clause
#include "host/machine/doorbell.h"
#include "pci/msi.h"

/* Where no memory and no BAR can be; the register is not the first one of its page. */
#define DOORBELL (0xfee00000ull + 0x40)
#define INTERRUPTS 256

static bool arrived[INTERRUPTS];
static uint32_t next;

void msi_init(const struct boot_info *boot)
{
	(void)boot;
}

bool msi_alloc(struct msi_message *message, uint16_t requester)
{
	uint32_t interrupt = next++ % INTERRUPTS;

	(void)requester;
	arrived[interrupt] = false;
	*message = (struct msi_message){DOORBELL, 0xa5000000 | interrupt, interrupt};
	return true;
}

bool msi_arrived(const struct msi_message *message)
{
	return arrived[message->interrupt];
}

bool doorbell_write(uint64_t phys, uint32_t data)
{
	if (phys != DOORBELL)
		return false;
	if (data >> 24 == 0xa5)
		arrived[data % INTERRUPTS] = true;
	return true;
}
