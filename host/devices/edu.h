/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EDU_H
#define EDU_H

#include "host/pci/function.h"
#include "host/pci/port.h"

#define VEDU_BUFFER_SIZE 4096

/* QEMU's "edu" (docs/specs/edu.rst), as far as its DMA engine goes; a transfer takes no time. */
struct vedu {
	struct function function;	/* first */
	const struct port *port;
	uint64_t registers[4];		/* of the DMA engine */
	uint8_t buffer[VEDU_BUFFER_SIZE];
};

/* Make the function, which reaches memory through @port. */
void vedu_init(struct vedu *edu, const struct port *port);

#endif
