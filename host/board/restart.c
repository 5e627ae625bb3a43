// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/board/board.h"
#include "host/board/hooks.h"
#include "host/board/restart.h"
#include "host/machine/fatal.h"

/* In the environment of the next process: the file descriptor of what it inherits. */
static const char variable[] = "VIRTIO_IOMMU_RESTART";

static void inherit(int file)
{
	if (!board_load_disks(file))
		fatal("reset: nothing is left of the machine before it");
	close(file);
	board_hooks.machine_restarted();
}

void restart_recover(void)
{
	const char *file = getenv(variable);

	if (file)
		inherit(atoi(file));
	unsetenv(variable);
}

void restart(char **argv)
{
	int file = memfd_create("disks", 0);
	char text[12];

	board_hooks.machine_reset();
	snprintf(text, sizeof(text), "%d", file);
	if (file < 0 || !board_save_disks(file) || lseek(file, 0, SEEK_SET) || setenv(variable, text, 1))
		fatal("reset: no room for what has to survive it");
	execv("/proc/self/exe", argv);
	fatal("reset: the process cannot be started again");
}
