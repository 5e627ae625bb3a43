// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "boot.h"
#include "fake_pci.h"
#include "unit.h"

enum { MEM32 = 0, MEM64 = 4, PREFETCH = 8, IO = 1 };
enum { VIRTIO = 0x10441af4, HOST_BRIDGE = 0x060000, OTHER = 0x00ff00 };

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static struct pci pci;

static void add_window(unsigned int host, uint64_t base, uint64_t cpu, uint64_t size, bool is64,
		       bool prefetch)
{
	struct pci_host *h = &pci.hosts[host];

	h->windows[h->window_count++] = (struct pci_window){
		.pci_base = base, .cpu_base = cpu, .size = size, .is64 = is64, .prefetch = prefetch,
	};
}

static void start(void)
{
	fake_reset(&pci, 1);
	add_window(0, 0x20000000, 0x20000000, GIB, false, false);
}

static int add_virtio(int above, uint8_t root_bus, uint8_t devfn)
{
	int index = fake_add(above, root_bus, devfn, VIRTIO, OTHER);

	fake_bar(index, 1, 4 * KIB, MEM32);
	fake_bar(index, 4, 16 * KIB, MEM64 | PREFETCH);
	return index;
}

static struct pci_dev *find(uint16_t segment, uint16_t bdf)
{
	for (unsigned int i = 0; i < pci.device_count; i++)
		if (pci.devices[i].segment == segment && pci.devices[i].bdf == bdf)
			return &pci.devices[i];
	return NULL;
}

static bool is_placed(const struct pci_bar *bar)
{
	return bar->size && bar->address;
}

/* Inside the windows of all bridges above. PCI and CPU addresses are the same here. */
static bool fits_bridges(const struct pci_dev *dev, const struct pci_bar *bar)
{
	for (const struct pci_dev *b = dev->bridge; b; b = b->bridge)
		if (bar->address < b->window_base || bar->address + bar->size > b->window_end)
			return false;
	return true;
}

static bool overlap(const struct pci_bar *a, const struct pci_bar *b)
{
	return a != b && is_placed(b) && a->address < b->address + b->size &&
	       b->address < a->address + a->size;
}

static void check_bar(const struct pci_dev *dev, unsigned int index)
{
	const struct pci_bar *bar = &dev->bars[index];

	unit_check(bar->address % bar->size == 0 && fits_bridges(dev, bar), __FILE__, __LINE__,
		   "%04x BAR %u: 0x%llx", dev->bdf, index, (unsigned long long)bar->address);
	for (unsigned int i = 0; i < pci.device_count; i++)
		for (unsigned int b = 0; b < PCI_BARS; b++)
			CHECK(!overlap(bar, &pci.devices[i].bars[b]));
}

static void check_window(const struct pci_dev *dev, const struct pci_dev *other)
{
	CHECK(dev->window_base % MIB == 0 && dev->window_end % MIB == 0);
	if (other != dev && other->bridge == dev->bridge && other->host == dev->host &&
	    dev->window_end && other->window_end)
		CHECK(dev->window_end <= other->window_base ||
		      other->window_end <= dev->window_base);
}

/* What must hold after every successful scan. */
static void check_layout(void)
{
	CHECK_EQ(fake.violations, 0);
	for (unsigned int i = 0; i < pci.device_count; i++) {
		const struct pci_dev *dev = &pci.devices[i];

		for (unsigned int b = 0; b < PCI_BARS; b++)
			if (dev->bars[b].size)
				check_bar(dev, b);
		for (unsigned int j = 0; j < pci.device_count; j++)
			if (dev->header_type == 1)
				check_window(dev, &pci.devices[j]);
	}
}

static bool scan(void)
{
	struct error error;

	return CHECK_OK(pci_scan(&pci, &error), error);
}

static void check_refused(const char *message)
{
	struct error error = { "" };

	CHECK_ERROR(pci_scan(&pci, &error), error, message, message);
}

static void check_numbers(uint16_t bdf, uint8_t secondary, uint8_t subordinate)
{
	const struct pci_dev *dev = find(0, bdf);

	if (!CHECK(dev))
		return;
	unit_check(dev->secondary == secondary && dev->subordinate == subordinate, __FILE__,
		   __LINE__, "%04x: buses %u to %u", bdf, dev->secondary, dev->subordinate);
}

/* q35: 00.0, 02.0 (IOMMU), 03.0 (1 MiB BAR), 1f.0, 1f.2 and 1f.3 with ports. */
static void make_q35(void)
{
	int index;

	start();
	fake_add(FAKE_ROOT, 0, PCI_BDF(0, 0, 0), 0x29c08086, HOST_BRIDGE);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 2, 0));
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 3, 0), 0x11e81234, OTHER);
	fake_bar(index, 0, MIB, MEM32);
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 0x1f, 0), 0x29188086, 0x060100);
	fake.functions[index].config[0x0e] = 0x80;
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 0x1f, 2), 0x29228086, 0x010601);
	fake_bar(index, 4, 32, IO);
	fake_bar(index, 5, 4 * KIB, MEM32);
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 0x1f, 3), 0x29308086, 0x0c0500);
	fake_bar(index, 4, 64, IO);
}

static void test_q35(void)
{
	const struct pci_dev *dev;

	make_q35();
	if (!scan())
		return;
	check_layout();
	CHECK_EQ(pci.device_count, 6);
	CHECK(fake.reads < 200);
	dev = find(0, 0x10);
	CHECK_EQ(dev->vendor, 0x1af4);
	CHECK_EQ(dev->device, 0x1044);
	CHECK_EQ(dev->class_code, OTHER);
	CHECK_EQ(dev->bars[1].size, 4 * KIB);
	CHECK_EQ(dev->bars[4].size, 16 * KIB);
	CHECK(dev->bars[4].is64 && dev->bars[4].prefetch && !dev->bars[1].is64);
	CHECK_EQ(dev->bars[4].address, fake_get32(1, 0x20) & ~0xfu);
	CHECK_EQ(fake_get32(1, 0x24), 0);
	CHECK_EQ(dev->bars[0].size | dev->bars[5].size, 0);
	CHECK_EQ(pci_read16(dev, PCI_COMMAND), 0);
	dev = find(0, 0xfa);
	CHECK(dev->bars[4].io && !dev->bars[4].size);
	CHECK_EQ(pci_read16(dev, PCI_COMMAND), 0);
	CHECK(!find(0, 0xf9));
}

/* Root port, switch, PCIe-to-PCI and PCI bridge, two more root complexes at 16 and 32. */
static void make_bridges(void)
{
	int port, up, down, to_pci, old;

	start();
	fake_add(FAKE_ROOT, 0, PCI_BDF(0, 0, 0), 0x29c08086, HOST_BRIDGE);
	fake_add(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), 0x000b1b36, HOST_BRIDGE);
	fake_add(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), 0x000b1b36, HOST_BRIDGE);
	port = fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 3, 0), PCI_PORT_ROOT);
	fake_bar(port, 0, 4 * KIB, MEM32);
	up = fake_bridge(port, 0, 0, 5);
	down = fake_bridge(up, 0, PCI_BDF(0, 0, 0), PCI_PORT_DOWNSTREAM);
	add_virtio(down, 0, 0);
	down = fake_bridge(up, 0, PCI_BDF(0, 1, 0), PCI_PORT_DOWNSTREAM);
	add_virtio(down, 0, 0);
	to_pci = fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 4, 0), PCI_PORT_TO_PCI);
	add_virtio(to_pci, 0, PCI_BDF(0, 1, 0));
	old = fake_bridge(to_pci, 0, PCI_BDF(0, 2, 0), PCI_PORT_NONE);
	fake_bar(add_virtio(old, 0, PCI_BDF(0, 7, 0)), 0, 2 * MIB, MEM32);
	fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 5, 0), PCI_PORT_ROOT);
	port = fake_bridge(FAKE_ROOT, 16, PCI_BDF(0, 9, 0), PCI_PORT_ROOT);
	add_virtio(port, 0, 0);
	port = fake_bridge(FAKE_ROOT, 32, PCI_BDF(0, 0, 0), PCI_PORT_ROOT);
	add_virtio(port, 0, 0);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 6, 0));
}

static void check_bridges(void)
{
	check_numbers(PCI_BDF(0, 3, 0), 1, 4);
	check_numbers(PCI_BDF(1, 0, 0), 2, 4);
	check_numbers(PCI_BDF(2, 0, 0), 3, 3);
	check_numbers(PCI_BDF(2, 1, 0), 4, 4);
	check_numbers(PCI_BDF(0, 4, 0), 5, 6);
	check_numbers(PCI_BDF(5, 2, 0), 6, 6);
	check_numbers(PCI_BDF(0, 5, 0), 7, 7);
	check_numbers(PCI_BDF(16, 9, 0), 17, 17);
	check_numbers(PCI_BDF(32, 0, 0), 33, 33);
	CHECK_EQ(pci.device_count, fake.count);
}

static void check_requester(uint16_t bdf, uint16_t requester)
{
	const struct pci_dev *dev = find(0, bdf);

	if (CHECK(dev))
		CHECK_EQ(pci_requester_id(dev), requester);
}

static void test_bridges(void)
{
	const struct pci_dev *empty;

	make_bridges();
	if (!scan())
		return;
	check_layout();
	check_bridges();
	CHECK(fake.reads < 2000);
	check_requester(PCI_BDF(3, 0, 0), PCI_BDF(3, 0, 0));
	check_requester(PCI_BDF(17, 0, 0), PCI_BDF(17, 0, 0));
	check_requester(PCI_BDF(5, 1, 0), PCI_BDF(5, 0, 0));
	check_requester(PCI_BDF(6, 7, 0), PCI_BDF(5, 0, 0));
	check_requester(PCI_BDF(0, 6, 0), PCI_BDF(0, 6, 0));
	CHECK_EQ(pci_read16(find(0, PCI_BDF(2, 1, 0)), PCI_COMMAND), 6);
	CHECK_EQ(pci_read32(find(0, PCI_BDF(0, 3, 0)), PCI_PREFETCH_WINDOW), 0xfff0);
	empty = find(0, PCI_BDF(0, 5, 0));
	CHECK_EQ(pci_read16(empty, PCI_COMMAND), 0);
	CHECK_EQ(pci_read32(empty, PCI_MEMORY_WINDOW), 0xfff0);
}

static void enable_all(void)
{
	for (unsigned int i = 0; i < pci.device_count; i++)
		pci_enable(&pci.devices[i]);
}

static void again(void)
{
	fake.reads = fake.writes = 0;
	pci.hosts[0].windows[0].next = 0;
	scan();
}

/* Bridges pass on what others master. */
static void check_masters(void)
{
	for (unsigned int i = 0; i < pci.device_count; i++) {
		const struct pci_dev *dev = &pci.devices[i];
		bool bridge = dev->class_code >> 16 == PCI_CLASS_BRIDGE;

		CHECK_EQ(pci_read16(dev, PCI_COMMAND) & PCI_COMMAND_MASTER,
			 bridge ? PCI_COMMAND_MASTER : 0);
		CHECK(pci_read16(dev, PCI_COMMAND) & PCI_COMMAND_MEMORY);
	}
}

/* What is set up stays as it is, without a single write, but that no function masters the bus. */
static void test_set_up(void)
{
	const struct pci_dev *dev;

	make_bridges();
	scan();
	enable_all();
	again();
	check_masters();
	again();
	CHECK_EQ(fake.writes, 0);
	check_bridges();

	/* As SeaBIOS: other numbers, 64-bit BARs in the prefetchable windows. */
	fake_put32(2 + 1, PCI_BUS_NUMBERS, 0x00070400);
	fake_put32(4, PCI_BUS_NUMBERS, 0x00070504);
	fake_put32(5, PCI_BUS_NUMBERS, 0x00060605);
	fake_put32(7, PCI_BUS_NUMBERS, 0x00070705);
	fake_put32(9, PCI_BUS_NUMBERS, 0x00020100);
	fake_put32(11, PCI_BUS_NUMBERS, 0x00020201);
	fake_put32(13, PCI_BUS_NUMBERS, 0x00030300);
	fake_put32(14, PCI_PREFETCH_WINDOW, 0xfe01fe01);
	fake_put32(14, PCI_MEMORY_WINDOW, 0x0000fff0);
	again();
	CHECK_EQ(fake.writes, 0);
	check_numbers(PCI_BDF(0, 3, 0), 4, 7);
	check_numbers(PCI_BDF(5, 1, 0), 7, 7);
	check_numbers(PCI_BDF(1, 2, 0), 2, 2);
	dev = find(0, PCI_BDF(17, 0, 0));
	CHECK(dev && dev->bars[4].address && !dev->bars[4].size);
}

/* Sizes that nobody needed are found when a BAR is mapped, with decoding off meanwhile. */
static void test_map_bar(void)
{
	struct pci_dev *dev;

	make_q35();
	scan();
	enable_all();
	again();
	dev = find(0, 0x10);
	CHECK_EQ(dev->bars[4].size, 0);
	CHECK(pci_map_bar(dev, 4, 0, 16 * KIB));
	CHECK_EQ(dev->bars[4].size, 16 * KIB);
	CHECK_EQ(fake.violations, 0);
	CHECK_EQ(pci_read16(dev, PCI_COMMAND), 0x402);
	CHECK_EQ((uint8_t *)pci_map_bar(dev, 4, 0x3000, 0x1000) -
			 (uint8_t *)pci_map_bar(dev, 4, 0, 1),
		 0x3000);
	CHECK(!pci_map_bar(dev, 4, 0x3000, 0x1001));
	CHECK(!pci_map_bar(dev, 4, 0x4000, 1));
	CHECK(!pci_map_bar(dev, 4, 0x4001, 0));
	CHECK(!pci_map_bar(dev, 4, 1, UINT64_MAX));
	CHECK(!pci_map_bar(dev, 4, UINT64_MAX, 2));
	CHECK(!pci_map_bar(dev, 4, 0, 0));
	CHECK(!pci_map_bar(dev, 0, 0, 1));
	CHECK(!pci_map_bar(dev, 5, 0, 1));
	CHECK(!pci_map_bar(dev, 6, 0, 1));
	CHECK(!pci_map_bar(dev, UINT32_MAX, 0, 1));
	CHECK(!pci_map_bar(find(0, 0xfa), 4, 0, 1));
}

/* A function plugged in after firmware ran, also below a bridge that has its window. */
static void test_one_unplaced(void)
{
	uint64_t window, edu;

	make_bridges();
	scan();
	enable_all();
	window = find(0, PCI_BDF(0, 4, 0))->window_base;
	edu = find(0, PCI_BDF(0, 6, 0))->bars[1].address;
	add_virtio(9, 0, PCI_BDF(0, 0x10, 0));
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 0x10, 0));
	again();
	check_layout();
	CHECK_EQ(find(0, PCI_BDF(0, 4, 0))->window_base, window);
	CHECK_EQ(find(0, PCI_BDF(0, 6, 0))->bars[1].address, edu);
	CHECK(is_placed(&find(0, PCI_BDF(5, 0x10, 0))->bars[4]));
	CHECK(is_placed(&find(0, PCI_BDF(0, 0x10, 0))->bars[4]));
}

static void test_stale_numbers(void)
{
	make_bridges();
	fake_put32(3, PCI_BUS_NUMBERS, 0x40050100);	/* 1 to 5, latency 0x40 ... */
	fake_put32(9, PCI_BUS_NUMBERS, 0x00060500);	/* ... and 5 to 6 */
	if (!scan())
		return;
	check_bridges();
	check_layout();
	CHECK_EQ(fake_get32(3, PCI_BUS_NUMBERS), 0x40040100);

	make_bridges();
	fake_put32(3, PCI_BUS_NUMBERS, 0x00020107);	/* another primary bus */
	fake_put32(9, PCI_BUS_NUMBERS, 0x00030400);	/* last below first */
	if (scan())
		check_bridges();
}

static void test_segments(void)
{
	int index;

	fake_reset(&pci, 2);
	pci.hosts[0].bus_last = pci.hosts[1].bus_last = 0;
	for (unsigned int host = 0; host < 2; host++) {
		index = fake_add(FAKE_ROOT, 0, 0, 0x0d578086, HOST_BRIDGE);
		fake.functions[index].host = host;
		index = add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 1 + host, 0));
		fake.functions[index].host = host;
		fake_put32(index, 0x14, 0x20000000 + host * 0x10000);
		fake_put32(index, 0x20, 0x0000000c);
		fake_put32(index, 0x24, 0x00000010 + host);
		fake_put32(index, PCI_COMMAND, 2);
	}
	if (!scan())
		return;
	CHECK_EQ(fake.writes, 0);
	CHECK(fake.reads < 200);
	CHECK_EQ(pci.device_count, 4);
	CHECK_EQ(find(1, PCI_BDF(0, 2, 0))->bars[4].address, 0x1100000000);
	CHECK_EQ(pci_read32(find(1, PCI_BDF(0, 2, 0)), 0), VIRTIO);
	CHECK(!find(0, PCI_BDF(0, 2, 0)));
}

/* A host with buses 16 to 31: its ECAM starts with bus 16. */
static void test_first_bus(void)
{
	start();
	pci.hosts[0].bus_first = 16;
	pci.hosts[0].bus_last = 31;
	fake_add(FAKE_ROOT, 0, 0, 0x0d578086, HOST_BRIDGE);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 1, 0));
	if (!scan())
		return;
	CHECK_EQ(pci.device_count, 2);
	CHECK(find(0, PCI_BDF(16, 1, 0)));
}

/* PCI address 0 is no place; the CPU sees the window elsewhere. */
static void test_translation(void)
{
	const struct pci_dev *dev;

	fake_reset(&pci, 1);
	add_window(0, 0, 0x40000000, 256 * MIB, false, false);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 1, 0));
	add_virtio(fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), PCI_PORT_ROOT), 0, 0);
	if (!scan())
		return;
	dev = find(0, PCI_BDF(0, 1, 0));
	CHECK(fake_get32(0, 0x14) && fake_get32(0, 0x14) < 256 * MIB);
	CHECK_EQ(dev->bars[1].address, 0x40000000 + fake_get32(0, 0x14));
	dev = find(0, PCI_BDF(1, 0, 0));
	CHECK_EQ(dev->bars[1].address, 0x40000000 + fake_get32(2, 0x14));
	CHECK(fake_get32(2, 0x14) >= dev->bridge->window_base);
}

/* Big 64-bit BARs go above 4 GiB, and prefetchable windows take prefetchable BARs only. */
static void test_windows(void)
{
	int index;

	fake_reset(&pci, 1);
	add_window(0, 0x20000000, 0x20000000, 16 * MIB, false, false);
	add_window(0, 0x30000000, 0x30000000, 16 * MIB, false, true);
	add_window(0, 0x8000000000, 0x8000000000, 512 * GIB, true, false);
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), VIRTIO, OTHER);
	fake_bar(index, 0, 8 * GIB, MEM64);
	fake_bar(index, 2, 16 * MIB, MEM32 | PREFETCH);
	fake_bar(index, 4, 16 * MIB, MEM64 | PREFETCH);
	if (!scan())
		return;
	check_layout();
	CHECK_EQ(pci.devices[0].bars[0].size, 8 * GIB);
	CHECK_EQ(pci.devices[0].bars[0].address, 0x8000000000);
	CHECK_EQ(fake_get32(0, 0x14), 0x80);
	CHECK_EQ(pci.devices[0].bars[2].address, 0x20000000);
	CHECK_EQ(pci.devices[0].bars[4].address, 0x30000000);
}

static void check_left_out(uint16_t bdf)
{
	struct pci_dev *dev = find(0, bdf);

	if (!CHECK(dev))
		return;
	pci_enable(dev);
	CHECK(dev->no_room && !pci_map_bar(dev, 1, 0, 1) && !(pci_read16(dev, PCI_COMMAND) & 6));
}

/* What finds no room stays off, and everything else is used. */
static void test_no_room(void)
{
	int index, port;

	fake_reset(&pci, 1);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 1, 0));
	if (scan())
		check_left_out(PCI_BDF(0, 1, 0));

	start();
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), VIRTIO, OTHER);
	fake_bar(index, 1, 4 * KIB, MEM32);
	fake_bar(index, 2, 8 * GIB, MEM64);
	port = fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), PCI_PORT_TO_PCI);
	fake_bar(fake_add(port, 0, PCI_BDF(0, 1, 0), VIRTIO, OTHER), 0, 8 * GIB, MEM64);
	add_virtio(port, 0, PCI_BDF(0, 2, 0));
	fake_add(port, 0, PCI_BDF(0, 3, 0), VIRTIO, OTHER);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 3, 0));
	if (!scan())
		return;
	check_left_out(PCI_BDF(0, 1, 0));
	check_left_out(PCI_BDF(1, 1, 0));
	check_left_out(PCI_BDF(1, 2, 0));
	CHECK(!find(0, PCI_BDF(0, 2, 0))->no_room && !find(0, PCI_BDF(1, 3, 0))->no_room);
	CHECK_EQ(fake_get32(port, PCI_MEMORY_WINDOW), 0xfff0);
	CHECK(is_placed(&find(0, PCI_BDF(0, 3, 0))->bars[4]));
	CHECK(pci_map_bar(find(0, PCI_BDF(0, 3, 0)), 1, 0, 1));

	start();
	port = fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), PCI_PORT_TO_PCI);
	fake_bar(port, 0, 8 * GIB, MEM64);
	add_virtio(port, 0, PCI_BDF(0, 2, 0));
	if (!scan())
		return;
	check_left_out(PCI_BDF(0, 2, 0));
	check_left_out(PCI_BDF(1, 2, 0));
}

static void test_refused_bars(void)
{
	start();
	fake_bar(fake_add(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), VIRTIO, OTHER), 5, 4 * KIB, MEM64);
	check_refused("PCI 0000:00:01.0: BAR 5: the last one cannot have 64 bits");
}

static void test_refused_hierarchies(void)
{
	int above = FAKE_ROOT;

	start();
	for (unsigned int i = 0; i < PCI_MAX_DEPTH + 1; i++)
		above = fake_bridge(above, 0, 0, 5);
	check_refused("more than 8 bridges behind each other");

	start();
	for (unsigned int i = 0; i < PCI_MAX_DEVICES + 1; i++)
		fake_add(FAKE_ROOT, i >> 8, i, VIRTIO, HOST_BRIDGE);	/* more root buses */
	for (unsigned int i = 0; i < fake.count; i += 8)
		fake.functions[i].config[0x0e] = 0x80;
	check_refused("PCI 0000:02:00.0: more than 512 functions");

	start();
	pci.hosts[0].bus_last = 1;
	fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), PCI_PORT_ROOT);
	fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), PCI_PORT_ROOT);
	check_refused("PCI 0000:00:02.0: no bus number left, the last is 1");

	start();
	pci.hosts[0].ecam = UINT64_MAX - MIB;
	check_refused(
		"PCI segment 0: ECAM at 0xffffffffffefffff, 0x10000000 bytes, cannot be mapped");

	start();
	pci.hosts[0].ecam = 0;
	check_refused("PCI segment 0: no way to configuration space");
}

static void test_capabilities(void)
{
	const struct pci_dev *dev;
	int index;

	start();
	index = fake_add(FAKE_ROOT, 0, PCI_BDF(0, 1, 0), VIRTIO, OTHER);
	fake_capability(index, 0x40, PCI_CAP_VENDOR, 0x53);	/* low bits are ignored */
	fake_capability(index, 0x50, PCI_CAP_MSIX, 0x60);
	fake_capability(index, 0x60, PCI_CAP_VENDOR, 0x70);
	fake_capability(index, 0x70, PCI_CAP_MSI, 0x3c);	/* ends: below 0x40 */
	fake_add(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), VIRTIO, OTHER);
	if (!scan())
		return;
	dev = find(0, PCI_BDF(0, 1, 0));
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_VENDOR, 0), 0x40);
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_VENDOR, 0x40), 0x60);
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_VENDOR, 0x60), 0);
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_MSI, 0), 0x70);
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_EXPRESS, 0), 0);
	CHECK_EQ(pci_find_capability(find(0, PCI_BDF(0, 2, 0)), PCI_CAP_VENDOR, 0), 0);

	fake_capability(index, 0x70, PCI_CAP_MSI, 0x50);	/* goes round */
	fake.reads = 0;
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_EXPRESS, 0), 0);
	CHECK_EQ(fake.reads, 6);
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_VENDOR, 0x60), 0);
	fake.functions[index].config[PCI_STATUS] = 0;
	CHECK_EQ(pci_find_capability(dev, PCI_CAP_VENDOR, 0), 0);
}

static void test_ports(void)
{
	fake_has_ports = false;
	fake_reset(&pci, 1);
	CHECK(!pci_port_host(&pci.hosts[0]));
	fake_has_ports = true;
	CHECK(pci_port_host(&pci.hosts[0]));
	add_window(0, 0x20000000, 0x20000000, GIB, false, false);
	add_virtio(FAKE_ROOT, 0, PCI_BDF(0, 1, 0));
	add_virtio(fake_bridge(FAKE_ROOT, 0, PCI_BDF(0, 2, 0), PCI_PORT_NONE), 0, PCI_BDF(0, 3, 0));
	if (!scan())
		return;
	check_layout();
	CHECK_EQ(pci.device_count, 3);
	CHECK_EQ(pci_read16(&pci.devices[0], PCI_DEVICE_ID), 0x1044);
	CHECK_EQ(pci_read8(&pci.devices[0], PCI_CLASS_REVISION + 2), 0xff);
	CHECK_EQ(pci_read32(&pci.devices[0], 0x100), UINT32_MAX);
	pci_write8(&pci.devices[0], PCI_COMMAND, PCI_COMMAND_MASTER);
	CHECK_EQ(pci_read16(&pci.devices[0], PCI_COMMAND), PCI_COMMAND_MASTER);
	pci_write32(&pci.devices[0], 0x100, 0);
	check_requester(PCI_BDF(1, 3, 0), PCI_BDF(0, 2, 0));
}

static void test_hole(void)
{
	struct boot_info boot = { 0 };
	struct pci_host host = { .bus_last = 255, .ecam = 0xb0000000 }, ports = { .bus_last = 255 };
	struct pci_host full = { .bus_last = 255 };

	boot_add_ram(&boot, 0x100000, 0x3f00001);
	boot_add_ram(&boot, 4 * GIB, GIB);
	boot_add_reserved(&boot, 0xfed1c000, 0x4000);
	pci_find_hole(&host, &boot);
	CHECK_EQ(host.window_count, 1);
	CHECK_EQ(host.windows[0].pci_base, 0xc0000000);
	CHECK_EQ(host.windows[0].size, 0xfec00000 - 0xc0000000);
	CHECK_EQ(host.windows[0].cpu_base, 0xc0000000);
	pci_find_hole(&host, &boot);
	CHECK_EQ(host.window_count, 1);
	pci_find_hole(&ports, &boot);
	CHECK_EQ(ports.windows[0].pci_base, 0x4100000);
	boot_add_reserved(&boot, 0xf0000000, 0x20000000);
	pci_find_hole(&full, &boot);
	CHECK_EQ(full.window_count, 0);
}

int main(void)
{
	test_q35();
	test_bridges();
	test_set_up();
	test_map_bar();
	test_one_unplaced();
	test_stale_numbers();
	test_segments();
	test_first_bus();
	test_translation();
	test_windows();
	test_no_room();
	test_refused_bars();
	test_refused_hierarchies();
	test_capabilities();
	test_ports();
	test_hole();
	return unit_end("pci");
}
