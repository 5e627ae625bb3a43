// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <asm/io.h>

#include "fake_pci.h"
#include "unit.h"

#define ECAM_SIZE (256ull << 20)

struct fake_pci fake;
bool fake_has_ports;

static uint8_t *ecam;		/* reserved addresses: a plain access faults */
static uint32_t port_address;

void fake_reset(struct pci *pci, unsigned int hosts)
{
	memset(&fake, 0, sizeof(fake));
	memset(pci, 0, sizeof(*pci));
	if (!ecam)
		ecam = mmap(NULL, PCI_MAX_HOSTS * ECAM_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	machine_clear();
	machine_put(FAKE_ECAM, ecam, hosts * ECAM_SIZE);
	machine_put(0, ecam + hosts * ECAM_SIZE, FAKE_ECAM);	/* BARs: mapped, never accessed */
	pci->host_count = hosts;
	for (unsigned int i = 0; i < hosts; i++) {
		pci->hosts[i].segment = i;
		pci->hosts[i].bus_last = 255;
		pci->hosts[i].ecam = FAKE_ECAM + i * ECAM_SIZE;
	}
}

uint32_t fake_get32(int function, unsigned int offset)
{
	const uint8_t *bytes = fake.functions[function].config + offset;

	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

void fake_put32(int function, unsigned int offset, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		fake.functions[function].config[offset + i] = value >> 8 * i;
}

static void set_writable(int function, unsigned int offset, uint32_t bits)
{
	for (unsigned int i = 0; i < 4; i++)
		fake.functions[function].writable[offset + i] = bits >> 8 * i;
}

int fake_add(int above, uint8_t root_bus, uint8_t devfn, uint32_t id, uint32_t class_code)
{
	int index = fake.count++;
	struct fake_function *function = &fake.functions[index];

	if (fake.count > sizeof(fake.functions) / sizeof(fake.functions[0]))
		abort();
	function->above = above;
	function->root_bus = root_bus;
	function->devfn = devfn;
	fake_put32(index, PCI_VENDOR_ID, id);
	fake_put32(index, PCI_CLASS_REVISION, class_code << 8);
	set_writable(index, PCI_COMMAND, 0x507);
	return index;
}

int fake_bridge(int above, uint8_t root_bus, uint8_t devfn, int port_type)
{
	int index = fake_add(above, root_bus, devfn, 0x000c1b36, 0x060400);

	fake.functions[index].config[0x0e] = 1;
	set_writable(index, PCI_BUS_NUMBERS, 0x00ffffff);
	set_writable(index, PCI_MEMORY_WINDOW, 0xfff0fff0);
	set_writable(index, PCI_PREFETCH_WINDOW, 0xfff0fff0);
	set_writable(index, PCI_PREFETCH_BASE_HIGH, UINT32_MAX);
	if (port_type != PCI_PORT_NONE) {
		fake_capability(index, 0x40, PCI_CAP_EXPRESS, 0);
		fake.functions[index].config[0x42] = port_type << 4 | 2;
	}
	return index;
}

void fake_bar(int function, unsigned int bar, uint64_t size, uint32_t flags)
{
	uint64_t bits = ~(size - 1);

	fake_put32(function, PCI_BAR0 + 4 * bar, flags);
	set_writable(function, PCI_BAR0 + 4 * bar, bits);
	if ((flags & 7) == 4)
		set_writable(function, PCI_BAR0 + 4 * bar + 4, bits >> 32);
}

void fake_capability(int function, uint8_t at, uint8_t id, uint8_t next)
{
	uint8_t *config = fake.functions[function].config;

	config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	if (!config[PCI_CAPABILITIES])
		config[PCI_CAPABILITIES] = at;
	config[at & 0xff] = id;
	config[(at + 1) & 0xff] = next;
}

static bool forwards(int bridge, unsigned int bus)
{
	for (; bridge != FAKE_ROOT; bridge = fake.functions[bridge].above) {
		const uint8_t *config = fake.functions[bridge].config;

		if (!config[0x19] || bus < config[0x19] || bus > config[0x1a])
			return false;
	}
	return true;
}

static struct fake_function *find(unsigned int host, uint16_t bdf)
{
	for (unsigned int i = 0; i < fake.count; i++) {
		struct fake_function *f = &fake.functions[i];
		uint8_t bus = f->above == FAKE_ROOT ? f->root_bus :
						      fake.functions[f->above].config[0x19];

		if (f->host == host && f->devfn == (bdf & 0xff) && bus == PCI_BUS(bdf) &&
		    forwards(f->above, bus))
			return f;
	}
	return NULL;
}

static uint32_t config_read(unsigned int host, uint16_t bdf, unsigned int offset,
			    unsigned int width)
{
	const struct fake_function *f = find(host, bdf);
	uint32_t value = 0;

	fake.reads++;
	if (!f)
		return UINT32_MAX;
	for (unsigned int i = 0; i < width && offset + i < sizeof(f->config); i++)
		value |= (uint32_t)f->config[offset + i] << 8 * i;
	return value;
}

static void config_write(unsigned int host, uint16_t bdf, unsigned int offset, unsigned int width,
			 uint32_t value)
{
	struct fake_function *f = find(host, bdf);
	unsigned int bars_end = f && f->config[0x0e] & 1 ? 0x18 : 0x28;

	fake.writes++;
	if (!f)
		return;
	if (offset >= PCI_BAR0 && offset < bars_end && f->config[PCI_COMMAND] & PCI_COMMAND_MEMORY)
		fake.violations++;
	for (unsigned int i = 0; i < width && offset + i < sizeof(f->config); i++) {
		uint8_t mask = f->writable[offset + i];
		uint8_t *byte = &f->config[offset + i];

		*byte = (*byte & ~mask) | ((value >> 8 * i) & mask);
	}
}

static void check_access(uint64_t offset, unsigned int width)
{
	if (offset >= PCI_MAX_HOSTS * ECAM_SIZE || offset % width)
		abort();
}

uint64_t fake_read(const volatile void *address, unsigned int width)
{
	uint64_t offset = (const volatile uint8_t *)address - ecam;

	check_access(offset, width);
	return config_read(offset / ECAM_SIZE, offset % ECAM_SIZE >> 12, offset & 0xfff, width);
}

void fake_write(volatile void *address, unsigned int width, uint64_t value)
{
	uint64_t offset = (volatile uint8_t *)address - ecam;

	check_access(offset, width);
	config_write(offset / ECAM_SIZE, offset % ECAM_SIZE >> 12, offset & 0xfff, width, value);
}

uint32_t fake_port_read(uint16_t port, unsigned int width)
{
	if (!fake_has_ports)
		return UINT32_MAX >> (32 - 8 * width);
	if (port == 0xcf8)
		return port_address;
	return config_read(0, port_address >> 8, (port_address & 0xfc) + (port - 0xcfc), width);
}

void fake_port_write(uint16_t port, unsigned int width, uint32_t value)
{
	if (!fake_has_ports)
		return;
	if (port == 0xcf8)
		port_address = value;
	else
		config_write(0, port_address >> 8, (port_address & 0xfc) + (port - 0xcfc), width,
			     value);
}
