// SPDX-License-Identifier: BSD-3-Clause
/*
 * The clock is the time stamp counter. Its rate is that which the CPU tells, else the hypervisor; else it is
 * measured by the ACPI PM timer or the PIT, whichever the machine has.
 */
#include <asm/io.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "console.h"
#include "machine.h"

#include "arch.h"

#define CALIBRATION_US 2000
#define POLL_LIMIT 1000000		/* no clock yet: bound by the number of polls */
#define FALLBACK_RATE 2000000000ull

static uint64_t tick_rate = FALLBACK_RATE;

uint64_t machine_ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

uint64_t machine_cycles(void)
{
	return machine_ticks();
}

uint64_t machine_tick_rate(void)
{
	return tick_rate;
}

void machine_relax(uint64_t until)
{
	(void)until;
	machine_yield();
}

void machine_yield(void)
{
	asm volatile("pause");
}

/* Leaf 0x15: TSC = crystal * EBX / EAX (Intel SDM 2A, CPUID). */
static uint64_t rate_from_cpu(void)
{
	struct cpuid c;

	if (cpuid(0).eax < 0x15)
		return 0;
	c = cpuid(0x15);
	return c.eax && c.ebx ? (uint64_t)c.ecx * c.ebx / c.eax : 0;
}

/* Leaf 0x40000010: TSC in kHz, offered by several hypervisors. */
static uint64_t rate_from_hypervisor(void)
{
	if (!(cpuid(1).ecx & 1u << 31) || cpuid(0x40000000).eax < 0x40000010)
		return 0;
	return cpuid(0x40000010).eax * 1000ull;
}

#define PM_TIMER_HZ 3579545
#define PM_TIMER_MASK 0xffffff

/* Return the rate of the TSC by the PM timer, 0 if there is none or it does not move. */
static uint64_t rate_from_pm_timer(const struct boot_info *boot)
{
	const uint32_t counts = (uint64_t)PM_TIMER_HZ * CALIBRATION_US / 1000000;
	uint64_t start, from;
	struct error ignored;
	struct acpi acpi;
	uint16_t port;

	if (!acpi_init(&acpi, boot, &ignored) || !(port = acpi_pm_timer_port(&acpi)))
		return 0;
	from = port_read32(port);
	start = machine_ticks();
	for (unsigned int i = 0; i < POLL_LIMIT; i++) {
		uint32_t passed = (port_read32(port) - from) & PM_TIMER_MASK;

		if (passed >= counts)
			return (machine_ticks() - start) * PM_TIMER_HZ / passed;
	}
	return 0;
}

#define PIT_HZ 1193182

enum {
	PIT_CHANNEL2 = 0x42,
	PIT_COMMAND = 0x43,
	PIT_CHANNEL2_MODE0 = 0xb0,	/* channel 2, low then high byte, interrupt on end */
	SPEAKER = 0x61,
	SPEAKER_GATE = 1 << 0,
	SPEAKER_OUT = 1 << 5,
};

static uint64_t rate_from_pit(void)
{
	const uint16_t counts = (uint64_t)PIT_HZ * CALIBRATION_US / 1000000;
	uint64_t start;

	port_write8(SPEAKER, SPEAKER_GATE);
	port_write8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
	port_write8(PIT_CHANNEL2, counts & 0xff);
	port_write8(PIT_CHANNEL2, counts >> 8);
	start = machine_ticks();
	if (port_read8(SPEAKER) & SPEAKER_OUT)	/* done at once: there is no PIT */
		return 0;
	for (unsigned int i = 0; i < POLL_LIMIT; i++)
		if (port_read8(SPEAKER) & SPEAKER_OUT)
			return (machine_ticks() - start) * PIT_HZ / counts;
	return 0;
}

void clock_init(const struct boot_info *boot)
{
	uint64_t rate = rate_from_cpu();

	if (!rate)
		rate = rate_from_hypervisor();
	if (!rate)
		rate = rate_from_pm_timer(boot);
	if (!rate)
		rate = rate_from_pit();
	if (rate)
		tick_rate = rate;
	else
		printf("# clock: nothing tells the rate of the TSC, 2 GHz assumed\n");
}
