// SPDX-License-Identifier: BSD-3-Clause
/*
 * The host machine: a Linux process with guest memory, devices and a description of them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/board/board.h"
#include "host/board/door.h"
#include "host/board/operator.h"
#include "boot.h"
#include "console.h"
#include "fdt/fdt.h"
#include "machine.h"
#include "error.h"
#include "memory.h"
#include "smp.h"
#include "host/machine/clock.h"
#include "host/machine/options.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "host/board/restart.h"
#include "host/machine/signals.h"
#include "host/board/tables.h"
#include "host/machine/uart.h"
#include "host/iommu/virtio_iommu.h"

const char machine_name[] = "host";

/* A tick is a nanosecond. */
uint64_t machine_ticks(void)
{
	return clock_ns();
}

uint64_t machine_cycles(void)
{
	return machine_ticks();
}

uint64_t machine_tick_rate(void)
{
	return 1000000000;
}

/* What the other CPU does takes its time: none is skipped, and whoever waits stays out of its way. */
void machine_relax(uint64_t until)
{
	static const struct timespec moment = {.tv_nsec = 1000};

	door_lock();
	if (!virtio_iommu_idle() && !timers_expire() && smp_ended())
		clock_skip(until);
	door_unlock();
	if (!smp_ended())
		nanosleep(&moment, NULL);
}

void machine_yield(void)
{
}

/* Registers are never reached through the pointer itself: see asm/io.h. */
void *io_map(uint64_t phys, uint64_t size)
{
	return phys + size < phys ? NULL : (void *)phys;
}

void machine_power_off(const struct boot_info *boot)
{
	(void)boot;
	exit(0);
}

static void *second_cpu(void *nothing)
{
	smp_run();
	return nothing;
}

bool machine_start_cpu(struct error *error)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, second_cpu, NULL))
		return error_set(error, "the host gives no second thread");
	pthread_detach(thread);
	return true;
}

static char **arguments;

void machine_reset(const struct boot_info *boot)
{
	(void)boot;
	restart(arguments);
}

static void describe_by_tree(struct boot_info *boot)
{
	struct error error;

	boot->fdt = tree_write(RAM_BASE);
	if (!fdt_validate(boot->fdt, &error) || !fdt_memory(boot->fdt, boot, &error))
		bail_out("%s", error.text);
}

static void describe_by_tables(struct boot_info *boot)
{
	boot->rsdp = tables_write(RAM_BASE);
	boot_add_ram(boot, RAM_BASE, ram_size());
	boot_add_ram(boot, RAM_HIGH_BASE, RAM_HIGH_SIZE);
}

int main(int argc, char **argv)
{
	static struct boot_info boot = {.protocol = "process"};
	static char cmdline[4096];
	struct options options;

	arguments = argv;
	options_parse(&options, argc, argv);
	if (!ram_init(options.memory << 20)) {
		perror("virtio-iommu: guest memory");
		return 2;
	}
	uart_init();
	signals_init();
	board_init(&options);
	restart_recover();
	if (options.operator)
		operator_attend(arguments);
	snprintf(cmdline, sizeof(cmdline), "%s%s", options.cmdline,
		 options.machine_reset ? " machine-reset" : "");
	boot.cmdline = cmdline;
	boot_add_reserved(&boot, RAM_BASE, TABLES_SIZE);
	if (options.fdt || personality->device_tree)
		describe_by_tree(&boot);
	else
		describe_by_tables(&boot);
	memory_init(&boot, RAM_HIGH_BASE, UINT64_MAX);
	boot_start(&boot);
}
