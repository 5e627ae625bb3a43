// SPDX-License-Identifier: BSD-3-Clause
/*
 * QEMU's "edu" device (docs/specs/edu.rst): a device that is not virtio, with a buffer of 4096
 * bytes and a DMA engine between it and memory. A transfer takes 100 ms of virtual time.
 */
#include <string.h>

#include <asm/io.h>

#include "dma/dma.h"
#include "memory.h"
#include "pci/pci.h"
#include "time.h"
#include "util.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

enum {
	EDU_DMA_SOURCE = 0x80,
	EDU_DMA_DESTINATION = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98,
	EDU_REGISTERS = 0xa0,
};

enum { COMMAND_START = 1, COMMAND_TO_MEMORY = 2 };

/* Addresses in the device of its buffer. The lower half is never written and stays zero, as pattern[] is. */
enum { EDU_HALF = 0x800, BUFFER_PATTERN = 0x40000, BUFFER_BACK = BUFFER_PATTERN + EDU_HALF };

static void start_transfer(struct dma_master *master, uint64_t from, uint64_t to, size_t size,
			   uint64_t direction)
{
	io_write64(master->registers + EDU_DMA_SOURCE, from);
	io_write64(master->registers + EDU_DMA_DESTINATION, to);
	io_write64(master->registers + EDU_DMA_COUNT, size);
	io_write64(master->registers + EDU_DMA_COMMAND, COMMAND_START | direction);
}

static bool is_busy(const struct dma_master *master)
{
	return io_read64(master->registers + EDU_DMA_COMMAND) & COMMAND_START;
}

/* It has one engine, which takes one address. */
static bool edu_post(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	if (number || access->count != 1 || access->size > EDU_HALF)
		return false;
	if (access->write)
		start_transfer(master, BUFFER_PATTERN, access->iovas[0], access->size, COMMAND_TO_MEMORY);
	else
		start_transfer(master, access->iovas[0], BUFFER_BACK, access->size, 0);
	return true;
}

static void edu_notify(struct dma_master *master)
{
	(void)master;
}

static bool edu_look(struct dma_master *master, uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);

	while (is_busy(master))
		if (deadline_over(&deadline))
			return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(master->flights); i++)
		if (master->flights[i].state == DMA_UNDER_WAY)
			master->flights[i] = (struct dma_flight){.state = DMA_ENDED, .result = DMA_DONE};
	return true;
}

static enum dma_result edu_recall(struct dma_master *master, unsigned int number, void *bytes, size_t size)
{
	enum dma_result result;

	(void)number;
	master->flights[DMA_OWN].state = DMA_UNDER_WAY;
	start_transfer(master, BUFFER_BACK, master->page_iova, size, COMMAND_TO_MEMORY);
	result = dma_await(master, DMA_OWN);
	if (result == DMA_DONE)
		memcpy(bytes, master->page, size);
	return result;
}

static bool edu_start(struct dma_master *master)
{
	(void)master;
	return true;
}

/* A transfer that is under way cannot be taken back. */
static void edu_stop(struct dma_master *master)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	while (is_busy(master) && !deadline_over(&deadline))
		;
}

static const struct dma_ops edu_ops = {
	.name = "edu",
	.exact = true,
	.start = edu_start,
	.post = edu_post,
	.notify = edu_notify,
	.look = edu_look,
	.recall = edu_recall,
	.stop = edu_stop,
};

static bool edu_open(struct dma_master *master, const struct device_location *location, struct error *error)
{
	struct pci_dev *pci = location->pci;

	if (!pci || pci->vendor != EDU_VENDOR || pci->device != EDU_DEVICE)
		return false;
	master->ops = &edu_ops;
	pci_enable(pci);
	master->registers = pci_map_bar(pci, 0, 0, EDU_REGISTERS);
	if (!master->registers)
		return error_set(error, "edu %04x: BAR 0 is shorter than %#x", pci->bdf, EDU_REGISTERS);
	return true;
}

const struct dma_driver dma_edu = {.open = edu_open};
