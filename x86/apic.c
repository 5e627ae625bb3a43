// SPDX-License-Identifier: BSD-3-Clause
/*
 * Messages arrive at the local APIC of this CPU and stay in its IRR, as interrupts are off (Intel SDM
 * 3A, chapter 11). A vector cannot be taken back, so each is used once.
 */
#include <stddef.h>

#include <asm/barrier.h>
#include <asm/io.h>

#include "machine.h"
#include "pci/msi.h"
#include "time.h"
#include "util.h"

#include "arch.h"

enum { MSR_APIC_BASE = 0x1b, APIC_X2APIC = 1 << 10, APIC_ENABLED = 1 << 11 };
enum { MSR_X2APIC = 0x800 };

/* Registers lie 16 bytes apart; as MSRs, one number. */
enum {
	APIC_ID = 0x20,
	APIC_SPURIOUS = 0xf0,
	APIC_REQUEST = 0x200,
	APIC_COMMAND = 0x300,
	APIC_COMMAND_HIGH = 0x310,
	APIC_TIMER = 0x320,
	APIC_SIZE = 0x1000,
};
enum { TIMER_MASKED = 1 << 16 };
enum { SPURIOUS_ENABLE = 1 << 8, SPURIOUS_VECTOR = 0xff };

/* Of the interrupt command register: physical destination, asserted. */
enum { COMMAND_INIT = 0x4500, COMMAND_STARTUP = 0x4600, COMMAND_PENDING = 1 << 12 };
enum { COMMAND_DESTINATION = 24 };	/* shift, in the high half of a register in memory */

#define DOORBELL 0xfee00000ull
enum { DOORBELL_DESTINATION = 12 };	/* shift; fixed delivery, edge, physical destination */

/* Below 16 a message is illegal, below 32 are the exceptions. */
enum { FIRST_VECTOR = 32, LAST_VECTOR = 254 };

static volatile uint8_t *registers;	/* NULL: by MSR */
static unsigned int next_vector = LAST_VECTOR + 1;
static uint32_t destination;

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static uint32_t apic_read(unsigned int reg)
{
	return registers ? io_read32(registers + reg) : rdmsr(MSR_X2APIC + reg / 16);
}

static void apic_write(unsigned int reg, uint32_t value)
{
	if (registers)
		io_write32(registers + reg, value);
	else
		wrmsr(MSR_X2APIC + reg / 16, value);
}

/* Find the registers. Return false if there are none. */
static bool find_registers(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	bool x2apic = base & APIC_X2APIC;

	if (!(base & APIC_ENABLED))
		return false;
	registers = x2apic ? NULL : io_map(align_down(base, APIC_SIZE), APIC_SIZE);
	return x2apic || registers;
}

bool apic_id(uint32_t *id)
{
	if (!find_registers())
		return false;
	*id = registers ? apic_read(APIC_ID) >> 24 : apic_read(APIC_ID);
	return true;
}

/* By MSR, a command has no time in which it is pending. */
static bool send(uint32_t id, uint32_t command)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	if (!registers) {
		memory_barrier();
		wrmsr(MSR_X2APIC + APIC_COMMAND / 16, command | (uint64_t)id << 32);
		return true;
	}
	apic_write(APIC_COMMAND_HIGH, id << COMMAND_DESTINATION);
	apic_write(APIC_COMMAND, command);
	while (apic_read(APIC_COMMAND) & COMMAND_PENDING)
		if (deadline_over(&deadline))
			return false;
	return true;
}

bool apic_start_cpu(uint32_t id, uint8_t page)
{
	return find_registers() && send(id, COMMAND_INIT) && send(id, COMMAND_STARTUP | page);
}

void msi_init(const struct boot_info *boot)
{
	(void)boot;
	if (!apic_id(&destination) || destination >= 0xff)
		return;		/* no message can name it */
	apic_write(APIC_TIMER, TIMER_MASKED);	/* firmware's: it may look like a message */
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | SPURIOUS_VECTOR);
	next_vector = FIRST_VECTOR;
}

static bool is_pending(unsigned int vector)
{
	return apic_read(APIC_REQUEST + vector / 32 * 16) >> vector % 32 & 1;
}

bool msi_alloc(struct msi_message *message, uint16_t requester)
{
	(void)requester;
	while (next_vector <= LAST_VECTOR && is_pending(next_vector))
		next_vector++;
	if (next_vector > LAST_VECTOR)
		return false;
	message->interrupt = message->data = next_vector++;
	message->address = DOORBELL | destination << DOORBELL_DESTINATION;
	return true;
}

bool msi_arrived(const struct msi_message *message)
{
	return is_pending(message->interrupt);
}
