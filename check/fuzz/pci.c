// SPDX-License-Identifier: BSD-3-Clause
/*
 * A PCI hierarchy: numbers, BARs and capability lists. The input is a byte of choices and a list of
 * functions: the bridge above, bus, device and function, the number of bytes that its configuration
 * space has, and each with offset, value and writable bits.
 */
#include <string.h>

#include "fake_pci.h"
#include "fuzz.h"
#include "machine.h"
#include "pci/msix.h"
#include "unit.h"
#include "virtio/virtio.h"

enum { TWO_HOSTS = 1, ONE_WINDOW = 2, PREFETCH_WINDOW = 4, UNTOUCHED = 8, WINDOW_BITS = 4 };
enum { MOST_FUNCTIONS = 72, MOST_CAPABILITIES = 48, SECOND_HOST = 0x80, HEADER_TYPE = 0x0e };

static struct pci pci;

/* Nobody waits here. */
uint64_t machine_ticks(void)
{
	abort();
}

uint64_t machine_tick_rate(void)
{
	abort();
}

void machine_relax(uint64_t until)
{
	(void)until;
	abort();
}

static void add_windows(struct pci_host *host, uint8_t choices)
{
	uint64_t size = 0x100000ull << (choices >> WINDOW_BITS);

	host->windows[host->window_count++] =
		(struct pci_window){.pci_base = 0x20000000, .cpu_base = 0x20000000, .size = size};
	if (!(choices & ONE_WINDOW))
		host->windows[host->window_count++] = (struct pci_window){
			.pci_base = 1ull << 39, .cpu_base = 1ull << 39, .size = size << 10,
			.is64 = true, .prefetch = choices & PREFETCH_WINDOW};
}

/* As after reset: no BAR placed, no window open, nothing decoded. */
static void forget_places(int index)
{
	bool is_bridge = (fake.functions[index].config[HEADER_TYPE] & 0x7f) == 1;
	bool upper_half = false;

	for (unsigned int at = PCI_BAR0; at < PCI_BAR0 + 4 * PCI_BARS; at += 4) {
		uint32_t flags = upper_half ? 0 : fake_get32(index, at) & 0xf;

		if (!is_bridge || at < PCI_BUS_NUMBERS)
			fake_put32(index, at, flags);
		upper_half = (flags & 7) == 4;
	}
	if (is_bridge) {
		fake_put32(index, PCI_MEMORY_WINDOW, 0);
		fake_put32(index, PCI_PREFETCH_WINDOW, 0);
	}
	fake_put32(index, PCI_COMMAND, fake_get32(index, PCI_COMMAND) & 0xffff0000);
}

/* What no function lacks: a command register that can be written, and a bridge its numbers. */
static void make_writable(int index)
{
	struct fake_function *function = &fake.functions[index];

	memcpy(&function->writable[PCI_COMMAND], "\x07\x05", 2);
	function->writable[HEADER_TYPE] = 0;
	if ((function->config[HEADER_TYPE] & 0x7f) == 1)
		memset(&function->writable[PCI_BUS_NUMBERS], 0xff, 3);
}

static void take_function(struct input *input, uint8_t choices)
{
	uint8_t above = take8(input), bus = take8(input), devfn = take8(input);
	int bridge = above & 0x7f ? (int)(above & 0x7f) - 1 : FAKE_ROOT;
	int index;

	if (bridge >= (int)fake.count)
		bridge = FAKE_ROOT;
	index = fake_add(bridge, bus, devfn, 0x10571af4, 0);
	fake.functions[index].host =
		bridge != FAKE_ROOT ? fake.functions[bridge].host :
				      above & SECOND_HOST && choices & TWO_HOSTS;
	for (uint8_t left = take8(input); left && input->left; left--) {
		uint8_t at = take8(input);

		fake.functions[index].config[at] = take8(input);
		fake.functions[index].writable[at] = take8(input);
	}
	make_writable(index);
	if (choices & UNTOUCHED)
		forget_places(index);
}

static bool overlap(const struct pci_bar *a, const struct pci_bar *b)
{
	return a != b && b->size && b->address && a->address < b->address + b->size &&
	       b->address < a->address + a->size;
}

/* Placed by pci_scan(): aligned, behind all bridges on the way, alone. Or there was no room. */
static void check_bar(const struct pci_dev *dev, const struct pci_bar *bar)
{
	if (!bar->size || (dev->no_room && !bar->address))
		return;
	HOLDS(bar->address && bar->address % bar->size == 0);
	for (const struct pci_dev *b = dev->bridge; b; b = b->bridge)
		HOLDS(bar->address >= b->window_base && bar->address + bar->size <= b->window_end);
	for (unsigned int i = 0; i < pci.device_count; i++)
		for (unsigned int other = 0; other < PCI_BARS; other++)
			HOLDS(!overlap(bar, &pci.devices[i].bars[other]));
}

static void check_list(const struct pci_dev *dev, uint8_t id)
{
	unsigned int at = 0;

	for (unsigned int count = 0; (at = pci_find_capability(dev, id, at)); count++)
		HOLDS(at >= 0x40 && at <= 0xfc && count < MOST_CAPABILITIES);
}

static bool is_off(const struct pci_dev *dev)
{
	return !(pci_read16(dev, PCI_COMMAND) & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
}

static void read_device(struct pci_dev *dev)
{
	struct virtio_device virtio;
	struct error error = {""};
	struct msix msix;

	check_list(dev, PCI_CAP_VENDOR);
	check_list(dev, PCI_CAP_EXPRESS);
	(void)pci_requester_id(dev);
	(void)msix_open(&msix, dev);
	HOLDS(virtio_pci_open(&virtio, dev, &error) ? !dev->no_room : error.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t choices = take8(&input);
	struct error error = {""};

	fake_reset(&pci, choices & TWO_HOSTS ? 2 : 1);
	for (unsigned int i = 0; i < pci.host_count; i++)
		add_windows(&pci.hosts[i], choices);
	while (input.left && fake.count < MOST_FUNCTIONS)
		take_function(&input, choices);
	if (!pci_scan(&pci, &error)) {
		HOLDS(error.text[0]);
		return 0;
	}
	HOLDS(!fake.violations);
	for (unsigned int i = 0; i < pci.device_count; i++) {
		for (unsigned int bar = 0; bar < PCI_BARS && choices & UNTOUCHED; bar++)
			check_bar(&pci.devices[i], &pci.devices[i].bars[bar]);
		read_device(&pci.devices[i]);
		HOLDS(!(choices & UNTOUCHED) || !pci.devices[i].no_room || is_off(&pci.devices[i]));
	}
	return 0;
}
