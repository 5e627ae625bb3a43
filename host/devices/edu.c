// SPDX-License-Identifier: BSD-3-Clause
#include "host/devices/edu.h"
#include "host/machine/fatal.h"

enum { VENDOR = 0x1234, DEVICE = 0x11e8, CLASS_OTHER = 0x00ff, BAR_SIZE = 0x1000 };
enum { SOURCE, DESTINATION, COUNT, COMMAND };
enum { COMMAND_START = 1, COMMAND_TO_MEMORY = 2 };

#define REGISTERS 0x80

/* The buffer, as an address of the device. */
#define BUFFER 0x40000

/* The half at @offset of what is a register of 64 bits. NULL: not of the DMA engine. */
static uint64_t *register_at(struct vedu *edu, uint64_t offset, unsigned int width)
{
	uint64_t at = offset - REGISTERS;

	if (at < sizeof(edu->registers) && width == 4)
		return &edu->registers[at / sizeof(edu->registers[0])];
	broken_rule("edu: offset %#lx, %u bytes wide: no register of the DMA engine", offset, width);
	return NULL;
}

/* What is blocked is not told: the transfer is over in either case. */
static void transfer(struct vedu *edu)
{
	bool to_memory = edu->registers[COMMAND] & COMMAND_TO_MEMORY;
	uint64_t at = edu->registers[to_memory ? SOURCE : DESTINATION] - BUFFER;
	struct dma dma = {edu->registers[to_memory ? DESTINATION : SOURCE], to_memory, .physical = false};
	uint64_t size = edu->registers[COUNT];

	edu->registers[COMMAND] &= ~(uint64_t)COMMAND_START;
	if (at >= VEDU_BUFFER_SIZE || size > VEDU_BUFFER_SIZE - at)
		return broken_rule("edu: %#lx bytes at %#lx of its buffer", size, at);
	edu->port->ops->access(edu->port, &dma, edu->buffer + at, size);
}

static uint32_t read(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	const uint64_t *value = register_at((struct vedu *)f, offset, width);

	(void)bar;
	return value ? register_half(*value, offset) : UINT32_MAX;
}

/* The halves of a register come in order: the lower one has the command. */
static void write(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
		  uint32_t value)
{
	struct vedu *edu = (struct vedu *)f;
	uint64_t *to = register_at(edu, offset, width);

	(void)bar;
	if (!to)
		return;
	register_set_half(to, offset, value);
	if (edu->registers[COMMAND] & COMMAND_START)
		transfer(edu);
}

static const struct function_ops ops = {.read = read, .write = write, .takes_64_bits = true};

void vedu_init(struct vedu *edu, const struct port *port)
{
	*edu = (struct vedu){.port = port};
	function_init(&edu->function, &ops, VENDOR, DEVICE, CLASS_OTHER);
	function_add_bar(&edu->function, 0, BAR_SIZE);
}
