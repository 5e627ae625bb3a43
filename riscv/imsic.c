// SPDX-License-Identifier: BSD-3-Clause
/*
 * IMSIC (RISC-V Advanced Interrupt Architecture, chapter 3): a message is the number of an interrupt,
 * written to the page of a hart's interrupt file. There it stays pending, as it is not enabled.
 */
#include "boot.h"
#include "pci/msi.h"

#include "arch.h"
#include "csr.h"
#include "imsic.h"

#define SISELECT 0x150
#define SIREG	 0x151
#define EIP0	 0x80	/* by SISELECT; with 64 bits, each second one is there */

static struct imsic file;
static uint32_t taken;

#define CSR(number) CSR_(number)
#define CSR_(number) #number

static void select_pending(uint32_t interrupt)
{
	asm volatile("csrw " CSR(SISELECT) ", %0" : : "r"(EIP0 + interrupt / 64 * 2) : "memory");
}

/* Numbers are used again: what is pending is cleared. */
bool msi_alloc(struct msi_message *message, uint16_t requester)
{
	uint32_t interrupt;

	(void)requester;
	if (!file.ids)
		return false;
	interrupt = 1 + taken++ % file.ids;
	select_pending(interrupt);
	asm volatile("csrc " CSR(SIREG) ", %0" : : "r"(1ull << interrupt % 64) : "memory");
	*message = (struct msi_message){file.doorbell, interrupt, interrupt};
	return true;
}

bool msi_arrived(const struct msi_message *message)
{
	uint64_t pending;

	select_pending(message->interrupt);
	asm volatile("csrr %0, " CSR(SIREG) : "=r"(pending) : : "memory");
	return pending >> message->interrupt % 64 & 1;
}

void msi_init(const struct boot_info *boot)
{
	if (!imsic_find(boot->fdt, boot_hart, &file))
		file.ids = 0;
}
