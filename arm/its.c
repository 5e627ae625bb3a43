// SPDX-License-Identifier: BSD-3-Clause
/*
 * The ITS of a GICv3: a message becomes an LPI (Arm IHI 0069, chapter 5), which stays pending in the
 * redistributor's table in memory, as it is not enabled.
 */
#include <stddef.h>

#include <asm/barrier.h>
#include <asm/io.h>

#include "fdt/fdt.h"
#include "fdt/node.h"
#include "machine.h"
#include "memory.h"
#include "time.h"

#include "msi_arm.h"
#include "sysreg.h"

/* Registers of the ITS; the doorbell is in its second frame. */
enum { CTLR = 0x0, TYPER = 0x8, CBASER = 0x80, CWRITER = 0x88, CREADR = 0x90, BASER = 0x100 };
enum { BASERS = 8, FRAME = 0x10000, TRANSLATER = FRAME + 0x40, ITS_SIZE = 2 * FRAME };
enum { TYPE_DEVICES = 1, TYPE_COLLECTIONS = 4, BASER_64K = 2 << 8 };

/* Registers of a redistributor. */
enum { R_CTLR = 0x0, R_TYPER = 0x8, R_PROPBASER = 0x70, R_PENDBASER = 0x78 };
enum { R_TYPER_VLPIS = 1 << 1, R_TYPER_LAST = 1 << 4, R_ENABLE_LPIS = 1 };

#define VALID (1ull << 63)
#define WRITE_BACK_SHARED (7ull << 59 | 1 << 10)	/* of GITS_CBASER and GITS_BASER */
#define R_WRITE_BACK_SHARED (7ull << 7 | 1 << 10)
#define R_PENDING_ZERO (1ull << 62)

enum {
	COMMAND_INT = 0x03,
	COMMAND_SYNC = 0x05,
	COMMAND_MAPD = 0x08,
	COMMAND_MAPC = 0x09,
	COMMAND_MAPTI = 0x0a,
};
enum { QUEUE_SIZE = 4096, TABLE_SIZE = 0x10000 };

/* Each event of a device has an LPI, and each is used once. */
enum { DEVICES = 8, EVENT_BITS = 7, EVENTS = 1 << EVENT_BITS, FIRST_LPI = 8192, LPI_BITS = 14 };

#define COMMAND_US 100000

static volatile uint8_t *its, *redistributor;
static uint64_t its_base, rd_target;
static uint64_t *queue;
static unsigned int queue_at;	/* in 64-bit words */
static volatile uint8_t *pending;

static struct {
	uint32_t id, used;
	void *events;	/* interrupt translation table */
} devices[DEVICES];
static unsigned int device_count;
static uint32_t device_limit;

/* msi-map of the first host bridge that has one: requester ids from first on. */
static struct {
	uint32_t first, base, count;
} msi_map;

/* Send a command, which is carried out when the ITS has read it. Return false if that takes COMMAND_US. */
static bool command(uint64_t word0, uint64_t word1, uint64_t word2)
{
	struct deadline deadline = deadline_in(COMMAND_US);
	uint64_t *slot = queue + queue_at;

	slot[0] = word0;
	slot[1] = word1;
	slot[2] = word2;
	slot[3] = 0;
	queue_at = (queue_at + 4) % (QUEUE_SIZE / sizeof(*queue));
	memory_barrier();
	io_write64(its + CWRITER, queue_at * sizeof(*queue));
	while (io_read64(its + CREADR) != queue_at * sizeof(*queue))
		if (deadline_over(&deadline))
			return false;
	return true;
}

static bool map_device(uint32_t id)
{
	if (device_count == DEVICES || id >= device_limit)
		return false;
	devices[device_count].id = id;
	return command(COMMAND_MAPD | (uint64_t)id << 32, EVENT_BITS - 1,
		       phys(devices[device_count++].events) | VALID);
}

static unsigned int find_device(uint32_t id)
{
	unsigned int n = 0;

	while (n < device_count && devices[n].id != id)
		n++;
	return n;
}

static bool its_alloc(struct msi_message *message, uint16_t requester)
{
	uint32_t id = requester - msi_map.first + msi_map.base, event, lpi;
	unsigned int n = find_device(id);

	if (requester < msi_map.first || requester - msi_map.first >= msi_map.count)
		return false;
	if ((n == device_count && !map_device(id)) || devices[n].used == EVENTS)
		return false;
	event = devices[n].used++;
	lpi = FIRST_LPI + n * EVENTS + event;
	*message = (struct msi_message){its_base + TRANSLATER, event, lpi};
	return command(COMMAND_MAPTI | (uint64_t)id << 32, event | (uint64_t)lpi << 32, 0) &&
	       command(COMMAND_SYNC, 0, rd_target);
}

static bool its_arrived(const struct msi_message *message)
{
	return pending[message->interrupt / 8] >> message->interrupt % 8 & 1;
}

static const struct msi_controller controller = {its_alloc, its_arrived};

/* Give the ITS the tables that it asks for: one page of 64 KiB each. */
static void give_tables(void)
{
	for (unsigned int i = 0; i < BASERS; i++) {
		volatile uint8_t *baser = its + BASER + 8 * i;
		uint64_t value = io_read64(baser);
		unsigned int type = value >> 56 & 7, entry = (value >> 48 & 0x1f) + 1;

		if (type != TYPE_DEVICES && type != TYPE_COLLECTIONS)
			continue;
		if (type == TYPE_DEVICES)
			device_limit = TABLE_SIZE / entry;
		io_write64(baser, VALID | WRITE_BACK_SHARED | BASER_64K |
					  phys(arena_alloc(TABLE_SIZE, TABLE_SIZE)));
	}
}

static void start_its(void)
{
	unsigned int entry = (io_read64(its + TYPER) >> 4 & 0xf) + 1;

	for (unsigned int i = 0; i < DEVICES; i++)
		devices[i].events = arena_alloc(EVENTS * entry, 256);
	queue = arena_alloc(QUEUE_SIZE, QUEUE_SIZE);
	give_tables();
	io_write64(its + CBASER, VALID | WRITE_BACK_SHARED | phys(queue));
	io_write64(its + CWRITER, 0);
	io_write32(its + CTLR, 1);
}

static void start_redistributor(void)
{
	pending = arena_alloc(TABLE_SIZE, TABLE_SIZE);
	io_write64(redistributor + R_PROPBASER,
		   phys(arena_alloc(1 << LPI_BITS, 4096)) | R_WRITE_BACK_SHARED | (LPI_BITS - 1));
	io_write64(redistributor + R_PENDBASER,
		   phys((const void *)pending) | R_WRITE_BACK_SHARED | R_PENDING_ZERO);
	io_write32(redistributor + R_CTLR, io_read32(redistributor + R_CTLR) | R_ENABLE_LPIS);
}

/* Return the affinity of this CPU, as in the upper half of GICR_TYPER. */
static uint32_t affinity(void)
{
	uint64_t mpidr = read_sysreg(mpidr_el1);

	return (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
}

/* Find the redistributor of this CPU in the second entry of reg, and how commands name it. */
static bool find_redistributor(const void *fdt, int gic)
{
	uint64_t base, size, step;
	struct error ignored;

	if (gic < 0 || !fdt_translate(fdt, gic, 1, &base, &size, &ignored) || !io_map(base, size))
		return false;
	for (uint64_t at = 0; at + 2 * FRAME <= size; at += step) {
		uint64_t type;

		redistributor = (volatile uint8_t *)(base + at);
		type = io_read64(redistributor + R_TYPER);
		step = type & R_TYPER_VLPIS ? 4 * FRAME : 2 * FRAME;
		if (type >> 32 == affinity()) {
			rd_target = io_read64(its + TYPER) & 1 << 19 ? base + at :
								       (type >> 8 & 0xffff) << 16;
			return true;
		}
		if (type & R_TYPER_LAST)
			break;
	}
	return false;
}

/* Devicetree binding pci/pci-msi.txt: (requester id, controller, its id, count). */
static bool read_map(const void *fdt, int its_node)
{
	uint32_t phandle = fdt_get_phandle(fdt, its_node);
	int node = fdt_next_enabled(fdt, -1, "pci-host-ecam-generic");
	unsigned int count;
	const fdt32_t *cells = node < 0 ? NULL : fdt_cells(fdt, node, "msi-map", &count);

	if (!cells || count < 4 || fdt32_ld(cells + 1) != phandle)
		return false;
	msi_map.first = fdt32_ld(cells);
	msi_map.base = fdt32_ld(cells + 2);
	msi_map.count = fdt32_ld(cells + 3);
	return true;
}

/*
 * Return true if a message shows in the table in memory, which is of no use where a hypervisor keeps what
 * is pending to itself.
 */
static bool shows_what_is_pending(void)
{
	struct deadline deadline = deadline_in(COMMAND_US);
	struct msi_message message;

	if (!command(COMMAND_MAPC, 0, rd_target | VALID) || !its_alloc(&message, msi_map.first) ||
	    !command(COMMAND_INT | (uint64_t)msi_map.base << 32, message.data, 0))
		return false;
	while (!its_arrived(&message))
		if (deadline_over(&deadline))
			return false;
	return true;
}

const struct msi_controller *its_open(const void *fdt)
{
	int node = fdt_next_enabled(fdt, -1, "arm,gic-v3-its");
	struct error ignored;

	if (node < 0 || !read_map(fdt, node) ||
	    !fdt_translate(fdt, node, 0, &its_base, NULL, &ignored))
		return NULL;
	its = io_map(its_base, ITS_SIZE);
	if (!its || !find_redistributor(fdt, fdt_parent_offset(fdt, node)))
		return NULL;
	start_redistributor();
	start_its();
	return shows_what_is_pending() ? &controller : NULL;
}
