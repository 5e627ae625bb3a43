// SPDX-License-Identifier: BSD-3-Clause
/*
 * The virtio-pci transport and the DMA masters against a function that can be wrong: capabilities,
 * negotiation, queues and accesses that a right device never shows.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/io.h>

#include "dma/dma.h"
#include "pci/pci.h"
#include "machine.h"
#include "memory.h"
#include "time.h"
#include "unit.h"
#include "util.h"
#include "virtio/mmio_layout.h"

#define BAR	 0x10000000ull
#define BAR_SIZE 0x1000

/* Where the structures lie, in configuration space and in BAR 0. */
enum { CAP_COMMON = 0x40, CAP_NOTIFY = 0x50, CAP_DEVICE = 0x64, CAP_PORT_NOTIFY = 0x80 };
enum { COMMON = 0, NOTIFY = 0x100, DEVICE = 0x200 };
enum {
	STATUS = 20, QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28, NOTIFY_OFF = 30,
	QUEUE_DESC = 32, QUEUE_AVAIL = 40, QUEUE_USED = 48,
};

static uint64_t ticks;

uint64_t machine_ticks(void)
{
	return ticks;
}

uint64_t machine_tick_rate(void)
{
	return 1000000;
}

void machine_relax(uint64_t until)
{
	(void)until;
	ticks += 2;
}

/* What the device does when it is notified. */
enum reaction { USES, USES_BOGUS, BREAKS, IS_SILENT };

static struct {
	uint8_t config[256];
	_Alignas(8) uint8_t bar[BAR_SIZE];
	uint64_t features;
	bool never_resets, never_agrees;
	uint8_t areas[2][24];	/* by queue: what stood at QUEUE_DESC when it was enabled */
	enum reaction reaction;
	enum reaction transmit;	/* the same, of queue 1 */
	uint32_t used_length;
	uint8_t blk_status;	/* virtio-blk only */
	bool no_blk_status;
	unsigned int doorbells;
	unsigned int edu_polls;	/* until a transfer is done, UINT_MAX: never */
	unsigned int edu_left;
	uint8_t edu_buffer[4096];
} device;

static struct pci_host host;
static struct pci_dev pci;
static struct virtio_device virtio;
static struct error error;

static uint64_t get(const uint8_t *bytes, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, bytes, width);
	return value;
}

static uint32_t config_read(const struct pci_host *h, uint16_t bdf, unsigned int offset,
			    unsigned int width)
{
	(void)h, (void)bdf;
	return get(device.config + offset, width);
}

static void config_write(const struct pci_host *h, uint16_t bdf, unsigned int offset,
			 unsigned int width, uint32_t value)
{
	(void)h, (void)bdf;
	memcpy(device.config + offset, &value, width);
}

static void *area(unsigned int queue, unsigned int field)
{
	return (void *)get(device.areas[queue] + field - QUEUE_DESC, 8);
}

static struct ring_desc *descriptor(unsigned int queue, unsigned int index)
{
	return (struct ring_desc *)area(queue, QUEUE_DESC) + index;
}

/* What was made available last. */
static uint16_t newest_head(unsigned int queue)
{
	struct ring_avail *avail = area(queue, QUEUE_AVAIL);

	return avail->heads[(uint16_t)(avail->index - 1) % 8];
}

/* The status of virtio-blk is the last piece. */
static void write_blk_status(uint16_t head)
{
	struct ring_desc *d = descriptor(0, head);

	while (d->flags & DESC_NEXT)
		d = descriptor(0, d->next);
	if (d->length == 1 && !device.no_blk_status)
		*(uint8_t *)d->address = device.blk_status;
}

static void use(unsigned int queue, uint32_t id)
{
	struct ring_used *used = area(queue, QUEUE_USED);

	if (!queue)
		write_blk_status(id);
	used->elements[used->index % 8].id = id;
	used->elements[used->index % 8].length = device.used_length;
	used->index++;
}

static void use_all(unsigned int queue)
{
	const struct ring_avail *avail = area(queue, QUEUE_AVAIL);
	const struct ring_used *used = area(queue, QUEUE_USED);

	while (used->index != avail->index)
		use(queue, avail->heads[used->index % 8]);
}

static void notified(unsigned int queue)
{
	enum reaction reaction = queue == 1 ? device.transmit : device.reaction;

	device.doorbells++;
	if (reaction == USES)
		use_all(queue);
	if (reaction == USES_BOGUS)
		use(queue, 5);
	if (reaction == BREAKS)
		device.bar[COMMON + STATUS] |= VIRTIO_NEEDS_RESET;
}

static uint8_t *edu_place(uint64_t address)
{
	return address >= 0x40000 && address < 0x41000 ? device.edu_buffer + (address - 0x40000) :
							 (uint8_t *)address;
}

static void edu_start(void)
{
	device.edu_left = device.edu_polls;
	memmove(edu_place(get(device.bar + 0x88, 8)), edu_place(get(device.bar + 0x80, 8)),
		get(device.bar + 0x90, 8));
}

uint64_t fake_read(const volatile void *address, unsigned int width)
{
	size_t offset = (const volatile uint8_t *)address - device.bar;

	if (offset + width > BAR_SIZE)
		abort();
	if (offset == COMMON + 4)
		return device.features >> 32 * (get(device.bar + COMMON, 4) & 1);
	if (offset == 0x98 && width == 8 && !device.edu_left--)
		device.bar[0x98] = 0;
	return get(device.bar + offset, width);
}

void fake_write(volatile void *address, unsigned int width, uint64_t value)
{
	size_t offset = (volatile uint8_t *)address - device.bar;

	if (offset + width > BAR_SIZE)
		abort();
	if (offset == COMMON + STATUS && width == 1 && device.never_agrees)
		value &= ~(uint64_t)VIRTIO_FEATURES_OK;
	if (offset == COMMON + STATUS && width == 1 && device.never_resets && !value)
		return;
	memcpy(device.bar + offset, &value, width);
	if (offset == COMMON + QUEUE_ENABLE && get(device.bar + COMMON + QUEUE_SELECT, 2) < 2)
		memcpy(device.areas[get(device.bar + COMMON + QUEUE_SELECT, 2)],
		       device.bar + COMMON + QUEUE_DESC, 24);
	if (offset >= NOTIFY && offset < DEVICE)
		notified(value);
	if (offset == 0x98 && width == 8)
		edu_start();
}

static void capability(unsigned int at, uint8_t type, uint8_t length, uint32_t offset,
		       uint32_t size)
{
	uint8_t *cap = device.config + at;

	memset(cap, 0, 20);
	cap[0] = 0x09;
	cap[1] = at == CAP_COMMON ? CAP_NOTIFY : at == CAP_NOTIFY ? CAP_DEVICE : 0;
	cap[2] = length;
	cap[3] = type;
	memcpy(cap + 8, &offset, 4);
	memcpy(cap + 12, &size, 4);
}

#define DISK_SECTORS 4

/* A right virtio device of this type. */
static void start(uint32_t type)
{
	memset(&device, 0, sizeof(device));
	memset(&error, 0, sizeof(error));
	device.config[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
	device.config[PCI_CAPABILITIES] = CAP_COMMON;
	capability(CAP_COMMON, 1, 16, COMMON, 56);
	capability(CAP_NOTIFY, 2, 20, NOTIFY, 16);
	capability(CAP_DEVICE, 4, 16, DEVICE, 40);
	device.config[CAP_NOTIFY + 16] = 4;
	device.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
	device.bar[COMMON + QUEUE_SIZE] = 64;
	device.used_length = 1;
	if (type == VIRTIO_TYPE_BLOCK)
		device.bar[DEVICE] = DISK_SECTORS;
	host = (struct pci_host){.read = config_read, .write = config_write};
	pci = (struct pci_dev){.host = &host, .bdf = 0x18, .vendor = 0x1af4, .device = 0x1040 + type,
			       .bars = {{.address = BAR, .size = BAR_SIZE}}, .bars_sized = true};
	machine_clear();
	machine_put(BAR, device.bar, BAR_SIZE);
}

static void types(void)
{
	start(VIRTIO_TYPE_IOMMU);
	CHECK_EQ(virtio_pci_type(&pci), VIRTIO_TYPE_IOMMU);
	pci.vendor = 0x8086;
	CHECK_EQ(virtio_pci_type(&pci), 0);
	pci.vendor = 0x1af4;
	pci.device = 0x103f;
	CHECK_EQ(virtio_pci_type(&pci), 0);
	pci.device = 0x1080;
	CHECK_EQ(virtio_pci_type(&pci), 0);
}

static void refuse(const char *fragment, const char *what)
{
	CHECK_ERROR(virtio_pci_open(&virtio, &pci, &error), error, fragment, what);
}

static void capabilities(void)
{
	start(VIRTIO_TYPE_BLOCK);
	CHECK_OK(virtio_pci_open(&virtio, &pci, &error), error);
	CHECK(virtio.common == device.bar + COMMON && virtio.config == device.bar + DEVICE);
	CHECK_EQ(virtio.config_length, 40);
	CHECK_EQ(virtio.notify_multiplier, 4);
	CHECK_EQ(device.config[PCI_COMMAND] & 6, 6);
	device.config[CAP_NOTIFY + 1] = 0;
	CHECK_OK(virtio_pci_open(&virtio, &pci, &error), error);
	CHECK(!virtio.config && !virtio.config_length);
	device.config[CAP_COMMON + 1] = 0;
	refuse("0018: no capability of type 2", "no notification area");
	device.config[PCI_STATUS] = 0;
	refuse("0018: no capability of type 1", "no list");
}

static void broken_capabilities(void)
{
	start(VIRTIO_TYPE_BLOCK);
	capability(CAP_COMMON, 1, 16, COMMON, 55);
	refuse("length 55 is less than 56", "common structure");
	capability(CAP_COMMON, 1, 15, COMMON, 56);
	refuse("capability at 0x40 (type 1)", "short capability");
	capability(CAP_COMMON, 1, 16, BAR_SIZE - 55, 56);
	refuse("does not fit BAR 0", "past the BAR");
	capability(CAP_COMMON, 1, 16, UINT32_MAX, 56);
	refuse("0xffffffff + 0x38 does not fit BAR 0", "far past the BAR");
	capability(CAP_COMMON, 1, 16, COMMON, 56);
	device.config[CAP_COMMON + 4] = 6;
	refuse("no capability of type 1 in a memory BAR", "no such BAR");
	capability(CAP_COMMON, 1, 16, COMMON, 56);
	capability(CAP_NOTIFY, 2, 19, NOTIFY, 16);
	refuse("notify capability at 0x50 is shorter than 20", "notify without multiplier");
	capability(CAP_NOTIFY, 2, 20, NOTIFY, 1);
	refuse("length 1 is less than 2", "notification area");
	capability(CAP_NOTIFY, 2, 20, NOTIFY, 16);
	capability(CAP_DEVICE, 4, 16, DEVICE, 0);
	refuse("length 0 is less than 1", "device structure");
}

/* 4.1.4.1: the first structure that the driver can use. One behind I/O ports may stand in front of it. */
static void port_structures(void)
{
	start(VIRTIO_TYPE_BLOCK);
	pci.bars[1].io = true;
	capability(CAP_PORT_NOTIFY, 2, 20, 0, 4);
	device.config[CAP_PORT_NOTIFY + 1] = CAP_COMMON;
	device.config[CAP_PORT_NOTIFY + 4] = 1;
	device.config[PCI_CAPABILITIES] = CAP_PORT_NOTIFY;
	CHECK_OK(virtio_pci_open(&virtio, &pci, &error), error);
	CHECK(virtio.notify == device.bar + NOTIFY);
	CHECK_EQ(virtio.notify_length, 16);
	device.config[CAP_NOTIFY + 4] = 1;
	refuse("no capability of type 2 in a memory BAR", "notification by ports alone");
}

static struct ring ring;
static _Alignas(16) uint8_t ring_memory[4096];

static void negotiation(void)
{
	uint64_t before = ticks;

	start(VIRTIO_TYPE_BLOCK);
	virtio_pci_open(&virtio, &pci, &error);
	CHECK_EQ(virtio_offered(&virtio), device.features);
	CHECK(virtio_reset(&virtio) && virtio_negotiate(&virtio, device.features));
	CHECK_EQ(ticks, before);
	device.never_agrees = true;
	CHECK(virtio_reset(&virtio) && !virtio_negotiate(&virtio, device.features));
	device.never_resets = true;
	CHECK(!virtio_reset(&virtio));
	CHECK(ticks - before >= REPLY_TIMEOUT_US && ticks - before < 2 * REPLY_TIMEOUT_US);
}

static void queues(void)
{
	struct ring_piece piece = {0x1000, 16, true};
	struct ring_reply reply;

	start(VIRTIO_TYPE_BLOCK);
	virtio_pci_open(&virtio, &pci, &error);
	ring_init(&ring, 8, ring_memory, 0, 0);
	device.bar[COMMON + QUEUE_SIZE] = 4;
	CHECK(!virtio_enable_queue(&virtio, 0, &ring));
	device.bar[COMMON + QUEUE_SIZE] = 8;
	CHECK(virtio_enable_queue(&virtio, 0, &ring));
	ring_publish(&ring, ring_add(&ring, &piece, 1));
	virtio_notify(&virtio, 0);
	CHECK_EQ(virtio_wait(&virtio, &ring, &reply, 1000), VIRTIO_USED);
	CHECK(reply.valid && reply.length == 1);
	CHECK_EQ(virtio_wait(&virtio, &ring, &reply, 1000), VIRTIO_SILENT);
	device.bar[COMMON + STATUS] |= VIRTIO_NEEDS_RESET;
	CHECK(virtio_needs_reset(&virtio));
	CHECK_EQ(virtio_wait(&virtio, &ring, &reply, 1000000), VIRTIO_BROKEN);
}

/* 4.1.4.4: a doorbell outside of the area is never written; one that is not remembered is found. */
static void doorbells(void)
{
	start(VIRTIO_TYPE_BLOCK);
	device.reaction = IS_SILENT;
	virtio_pci_open(&virtio, &pci, &error);
	ring_init(&ring, 8, ring_memory, 0, 0);
	device.bar[COMMON + NOTIFY_OFF] = 4;	/* times 4 is the area's length */
	CHECK(virtio_enable_queue(&virtio, 1, &ring));
	virtio_notify(&virtio, 1);
	virtio_notify(&virtio, VIRTIO_DOORBELLS);
	CHECK_EQ(device.doorbells, 0);
	device.bar[COMMON + NOTIFY_OFF] = 3;
	CHECK(virtio_enable_queue(&virtio, VIRTIO_DOORBELLS, &ring));
	virtio_notify(&virtio, VIRTIO_DOORBELLS);
	CHECK_EQ(device.doorbells, 1);
	CHECK_EQ(get(device.bar + NOTIFY + 12, 2), VIRTIO_DOORBELLS);
}

/* Registers on virtio-mmio, in a part of the BAR that nothing else is in. */
#define MMIO (BAR + 0x400)

static void put32(unsigned int offset, uint32_t value)
{
	memcpy(device.bar + (MMIO - BAR) + offset, &value, sizeof(value));
}

static uint32_t seen32(unsigned int offset)
{
	return get(device.bar + (MMIO - BAR) + offset, 4);
}

static void mmio_identity(void)
{
	start(VIRTIO_TYPE_BLOCK);
	put32(MMIO_MAGIC_VALUE, MMIO_MAGIC);
	put32(MMIO_VERSION, MMIO_MODERN);
	CHECK_EQ(virtio_mmio_type(MMIO), 0);
	CHECK_ERROR(virtio_mmio_open(&virtio, MMIO, &error), error, "not that of a device of version 2",
		    "a placeholder");
	put32(MMIO_DEVICE_ID, VIRTIO_TYPE_ENTROPY);
	CHECK_EQ(virtio_mmio_type(MMIO), VIRTIO_TYPE_ENTROPY);
	CHECK_EQ(virtio_mmio_type(MMIO + 2), 0);
	put32(MMIO_VERSION, 1);
	CHECK_EQ(virtio_mmio_type(MMIO), 0);
	put32(MMIO_VERSION, MMIO_MODERN);
	put32(MMIO_MAGIC_VALUE, MMIO_MAGIC + 1);
	CHECK_EQ(virtio_mmio_type(MMIO), 0);
	CHECK_EQ(virtio_mmio_type(MMIO + BAR_SIZE), 0);
}

static void mmio_registers(void)
{
	start(VIRTIO_TYPE_BLOCK);
	put32(MMIO_MAGIC_VALUE, MMIO_MAGIC);
	put32(MMIO_VERSION, MMIO_MODERN);
	put32(MMIO_DEVICE_ID, VIRTIO_TYPE_ENTROPY);
	CHECK_OK(virtio_mmio_open(&virtio, MMIO, &error), error);
	CHECK(!virtio.pci && virtio.type == VIRTIO_TYPE_ENTROPY);
	CHECK(virtio.config == device.bar + (MMIO - BAR) + MMIO_CONFIG);
	CHECK(virtio_negotiate(&virtio, 1ull << 35));
	CHECK_EQ(seen32(MMIO_DRIVER_FEATURES_SEL), 1);
	CHECK_EQ(seen32(MMIO_DRIVER_FEATURES), 8);
	ring_init(&ring, 8, ring_memory, 0, 0);
	put32(MMIO_QUEUE_SIZE_MAX, 4);
	CHECK(!virtio_enable_queue(&virtio, 1, &ring));
	put32(MMIO_QUEUE_SIZE_MAX, 0x10000);
	CHECK(virtio_enable_queue(&virtio, 1, &ring));
	CHECK(seen32(MMIO_QUEUE_SEL) == 1 && seen32(MMIO_QUEUE_SIZE) == 8);
	CHECK_EQ(get(device.bar + (MMIO - BAR) + MMIO_QUEUE_DESC, 8), phys((void *)ring.desc));
	CHECK_EQ(get(device.bar + (MMIO - BAR) + MMIO_QUEUE_DEVICE, 8), phys((void *)ring.used));
	CHECK(virtio.transport->queue_enabled(&virtio, 1));
	virtio_notify(&virtio, 1);
	CHECK_EQ(seen32(MMIO_QUEUE_NOTIFY), 1);
	put32(MMIO_INTERRUPT_STATUS, 5);
	CHECK_EQ(virtio.transport->take_interrupts(&virtio), 5);
	CHECK_EQ(seen32(MMIO_INTERRUPT_ACK), VIRTIO_USED_BUFFER);
}

/* DMA masters. */

static struct dma_master master;
static uint8_t *page;
static unsigned int settled;
static uint8_t target[DMA_SHORT_BYTES];

static void count_settled(void)
{
	settled++;
}

static bool open_master(uint32_t type)
{
	start(type);
	return dma_open(&master, &(struct device_location){.pci = &pci}, page, &error);
}

static void unusable(void)
{
	start(VIRTIO_TYPE_IOMMU);
	CHECK(!dma_open(&master, &(struct device_location){.pci = &pci}, page, &error) && !error.text[0]);
	start(VIRTIO_TYPE_BLOCK);
	device.features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	CHECK_ERROR(dma_open(&master, &(struct device_location){.pci = &pci}, page, &error), error,
		    "does not offer ACCESS_PLATFORM", "virtio-blk that is not translated");
	start(VIRTIO_TYPE_ENTROPY);
	device.config[PCI_STATUS] = 0;
	CHECK_ERROR(dma_open(&master, &(struct device_location){.pci = &pci}, page, &error), error,
		    "no capability of type 1", "virtio-rng without capabilities");
}

/* An access that fails stops the master; the next one starts it again. */
static void failures(void)
{
	CHECK(open_master(VIRTIO_TYPE_ENTROPY));
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	CHECK(master.running);
	device.used_length = 0;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	CHECK(!master.running && !device.bar[COMMON + STATUS]);
	device.used_length = 4;
	device.reaction = USES_BOGUS;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	device.reaction = BREAKS;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	device.reaction = USES;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_REFUSED);
	CHECK_EQ(dma_recall(&master, 0, target, 4), DMA_REFUSED);
}

static bool notice(void)
{
	return true;
}

static void silence(void)
{
	uint64_t before;

	CHECK(open_master(VIRTIO_TYPE_ENTROPY));
	master.when_silent = count_settled;
	settled = 0;
	device.reaction = IS_SILENT;
	before = ticks;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	CHECK(ticks - before >= REPLY_TIMEOUT_US);
	CHECK_EQ(settled, 1);
	master.fault_reported = notice;
	master.grace_us = REPLY_TIMEOUT_US / 20;
	before = ticks;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	CHECK(ticks - before >= REPLY_TIMEOUT_US / 20 && ticks - before < REPLY_TIMEOUT_US / 10);
	CHECK_EQ(settled, 2);
	master.grace_us = 0;	/* nobody expects it to work */
	before = ticks;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	CHECK(ticks - before < REPLY_TIMEOUT_US / 100);
	CHECK_EQ(settled, 3);
}

static void starts_not(void)
{
	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	device.bar[COMMON + QUEUE_SIZE] = 2;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	device.bar[COMMON + QUEUE_SIZE] = 64;
	device.never_agrees = true;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_REFUSED);
	CHECK_EQ(dma_recall(&master, 0, target, 4), DMA_REFUSED);
	CHECK_EQ(device.doorbells, 0);
}

static void places(void)
{
	CHECK(open_master(VIRTIO_TYPE_ENTROPY));
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	dma_set_page_iova(&master, phys(page));
	CHECK(master.running);
	dma_set_page_iova(&master, phys(page) + 0x1000);
	CHECK(!master.running);
	CHECK_EQ(dma_scratch_piece(&master, 3, 5, true).address, phys(page) + 0x1000 + DMA_SCRATCH + 3);
}

static void more_than_the_ring(void)
{
	struct ring_piece pieces[17] = {{0}};

	CHECK(open_master(VIRTIO_TYPE_ENTROPY));
	CHECK(dma_virtio_start(&master));
	CHECK(!dma_virtio_add(&master, 0, 0, pieces, 17));
	CHECK_EQ(device.doorbells, 0);
}

static void blk_says_error(void)
{
	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	master.seeded = 1;
	device.blk_status = 1;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_REFUSED);
	device.blk_status = 0;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
}

/* The pieces of the last request: behind the head those of the access and the rest of its sectors. */
static void blk_pieces(size_t size, size_t rest)
{
	struct ring_desc *d = descriptor(0, newest_head(0));

	CHECK_EQ(d->length, 16);
	d = descriptor(0, d->next);
	CHECK_EQ(d->length, size);
	CHECK_EQ(d->address, phys(target));
	d = descriptor(0, d->next);
	CHECK_EQ(d->length, rest);
	CHECK_EQ(d->address, phys(page) + DMA_SCRATCH + (DMA_OWN + 1) * 24 + 8);
}

/* The pattern is put on as much of the disk as is asked for, and again where a read has been. */
static void blk_sectors(void)
{
	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	CHECK_EQ(master.max_bytes, DISK_SECTORS * 512);
	CHECK_EQ(dma_write(&master, phys(target), 1000), DMA_DONE);
	blk_pieces(1000, 24);
	CHECK_EQ(master.seeded, 2);
	CHECK_EQ(device.doorbells, 2);
	CHECK_EQ(dma_write(&master, phys(target), 8), DMA_DONE);
	CHECK_EQ(device.doorbells, 3);
	CHECK_EQ(dma_write(&master, phys(target), 0), DMA_DONE);
	CHECK_EQ(descriptor(0, descriptor(0, newest_head(0))->next)->length, 512);
	CHECK_EQ(dma_read(&master, phys(target), target, 8), DMA_DONE);
	CHECK_EQ(master.seeded, 2);
	device.blk_status = 1;
	CHECK_EQ(dma_read(&master, phys(target), target, 1537), DMA_REFUSED);
	blk_pieces(1537, 511);
	CHECK_EQ(master.seeded, 0);
}

/* A request that did not come back is not taken for the next one. */
static void blk_is_not_ready(void)
{
	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	device.reaction = IS_SILENT;
	CHECK(!dma_prepare_write(&master, 8) && !master.running);
	CHECK_EQ(dma_write(&master, phys(target), 8), DMA_SILENT);
	CHECK_EQ(((struct ring_avail *)area(0, QUEUE_AVAIL))->index, 1);
	blk_pieces(8, 504);
	device.reaction = USES;
	CHECK(dma_prepare_write(&master, 1000));
	CHECK_EQ(master.seeded, 2);
	CHECK(open_master(VIRTIO_TYPE_ENTROPY) && dma_prepare_write(&master, 8));
}

/* One request for all of them, in their order; what is left of its sector goes to scratch. */
static void blk_places(void)
{
	uint64_t iovas[DMA_MAX_PLACES];
	uint8_t bytes[DMA_MAX_PLACES * 8];
	struct ring_desc *d;

	for (unsigned int i = 0; i < DMA_MAX_PLACES; i++)
		iovas[i] = phys(target) + 16 * (DMA_MAX_PLACES - i);
	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	CHECK_EQ(master.max_places, DMA_MAX_PLACES);
	CHECK_EQ(dma_write_places(&master, iovas, DMA_MAX_PLACES, 8), DMA_DONE);
	CHECK_EQ(device.doorbells, 2);
	d = descriptor(0, newest_head(0));
	for (unsigned int i = 0; i < DMA_MAX_PLACES; i++) {
		d = descriptor(0, d->next);
		CHECK_EQ(d->address, iovas[i]);
		CHECK_EQ(d->length, 8);
		CHECK(d->flags & DESC_WRITE);
	}
	CHECK_EQ(descriptor(0, d->next)->length, 512 - sizeof(bytes));
	CHECK_EQ(dma_read_places(&master, iovas, 2, bytes, 8), DMA_DONE);
	CHECK(open_master(VIRTIO_TYPE_ENTROPY));
	CHECK_EQ(dma_write_places(&master, iovas, 2, 8), DMA_REFUSED);
	CHECK_EQ(dma_read_places(&master, iovas, 2, bytes, 8), DMA_REFUSED);
}

/* As many descriptors as the device has, in powers of two: with 4 of them there is one place. */
static void ring_sizes(void)
{
	static const uint16_t sizes[][2] = {{256, 16}, {16, 16}, {15, 8}, {8, 8}, {4, 4}};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		start(VIRTIO_TYPE_BLOCK);
		device.bar[COMMON + QUEUE_SIZE] = sizes[i][0];
		device.bar[COMMON + QUEUE_SIZE + 1] = sizes[i][0] >> 8;
		CHECK(dma_open(&master, &(struct device_location){.pci = &pci}, page, &error));
		CHECK_EQ(master.max_places, sizes[i][1] - 3);
		CHECK_EQ(dma_write(&master, phys(target), 8), DMA_DONE);
		CHECK_EQ(master.rings[0].size, sizes[i][1]);
	}
	device.bar[COMMON + QUEUE_SIZE] = 2;
	dma_stop(&master);
	CHECK_EQ(dma_write(&master, phys(target), 8), DMA_REFUSED);
}

static void blk_is_empty(void)
{
	start(VIRTIO_TYPE_BLOCK);
	device.bar[DEVICE] = 0;
	CHECK_ERROR(dma_open(&master, &(struct device_location){.pci = &pci}, page, &error), error,
		    "without a sector", "virtio-blk without a sector");
	start(VIRTIO_TYPE_BLOCK);
	capability(CAP_DEVICE, 4, 16, DEVICE, 4);
	CHECK_ERROR(dma_open(&master, &(struct device_location){.pci = &pci}, page, &error), error,
		    "does not say how large it is", "virtio-blk with half a configuration");
}

static void pattern(void)
{
	uint8_t bytes[2 * DMA_PATTERN_BYTES];

	CHECK(open_master(VIRTIO_TYPE_BLOCK));
	dma_copy_pattern(&master, bytes, 0, sizeof(bytes));
	CHECK(!memcmp(bytes, master.pattern, DMA_PATTERN_BYTES));
	CHECK(dma_is_pattern(&master, bytes, 0, sizeof(bytes)));
	CHECK(dma_is_pattern(&master, bytes + 5, 5, sizeof(bytes) - 5));
	CHECK(dma_is_pattern(&master, bytes + 5, 5 + DMA_PATTERN_BYTES, sizeof(bytes) - 5));
	CHECK(!dma_is_pattern(&master, bytes, 512, 1) && !dma_is_pattern(&master, bytes, 4096, 1));
	bytes[DMA_PATTERN_BYTES]++;
	CHECK(!dma_is_pattern(&master, bytes, 0, sizeof(bytes)));
	CHECK(dma_is_pattern(&master, bytes, 0, DMA_PATTERN_BYTES));
}

/* Done, an error, a reset that is asked for, and nothing at all are told apart, and each is got over. */
static void write_results(uint32_t type)
{
	CHECK(open_master(type));
	master.seeded = 1;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	device.reaction = IS_SILENT;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	CHECK(!master.running);
	device.reaction = BREAKS;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	device.reaction = USES_BOGUS;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	device.reaction = USES;
	device.no_blk_status = type == VIRTIO_TYPE_BLOCK;
	device.used_length = 0;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
	CHECK(!master.running && !device.bar[COMMON + STATUS]);
	device.no_blk_status = false;
	device.used_length = 4;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
}

/* The device need not have written anything, and nobody knows what it has seen. */
static void transmit_results(uint32_t type)
{
	CHECK(open_master(type));
	device.reaction = IS_SILENT;
	device.used_length = 0;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_UNVERIFIED);
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_UNVERIFIED);
	CHECK(master.running && !master.ops->exact && master.ops->input_driven);
	CHECK_EQ(dma_recall(&master, 0, target, 4), DMA_REFUSED);
	device.transmit = IS_SILENT;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_SILENT);
	CHECK(!master.running);
	device.transmit = BREAKS;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_REFUSED);
	device.transmit = USES_BOGUS;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_REFUSED);
	device.transmit = USES;
	CHECK_EQ(dma_read(&master, phys(target), target, 4), DMA_UNVERIFIED);
}

/* Rings and scratch lie in the page, the target nowhere else: 1526 bytes or more, header first. */
static void received_frame(void)
{
	struct ring_desc *d;

	CHECK(open_master(VIRTIO_TYPE_NET));
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	d = descriptor(0, newest_head(0));
	CHECK(d->address == phys(page) + DMA_SCRATCH && d->length == 12 && d->flags & DESC_WRITE);
	d = descriptor(0, d->next);
	CHECK(d->address == phys(target) && d->length == 4 && d->flags & DESC_WRITE);
	d = descriptor(0, d->next);
	CHECK(d->length == 1526 - 16 && d->address + d->length <= phys(page) + DMA_PAGE_BYTES);
	CHECK(area(1, QUEUE_DESC) > area(0, QUEUE_USED) &&
	      (uint64_t)area(1, QUEUE_USED) < phys(page) + DMA_SCRATCH);
	CHECK_EQ(device.doorbells, 2);
	device.transmit = IS_SILENT;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	device.transmit = BREAKS;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_REFUSED);
}

/* An ARP request that asks QEMU's side of the network, and then cloud-hypervisor's. */
static void transmitted_frame(void)
{
	static const uint8_t types[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
	const uint8_t *frame;

	CHECK(open_master(VIRTIO_TYPE_NET));
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_DONE);
	CHECK_EQ(descriptor(1, newest_head(1))->length, 12 + 42);
	frame = (const uint8_t *)descriptor(1, newest_head(1))->address;
	for (unsigned int i = 0; i < 12; i++)
		CHECK_EQ(frame[i], 0);
	CHECK(!memcmp(frame + 24, types, sizeof(types)));
	CHECK(!memcmp(frame + 50, (uint8_t[]){192, 168, 249, 1}, 4));
}

static bool open_edu(uint64_t bar_size)
{
	start(0);
	pci.vendor = 0x1234;
	pci.device = 0x11e8;
	pci.bars[0].size = bar_size;
	return dma_open(&master, &(struct device_location){.pci = &pci}, page, &error);
}

static void edu(void)
{
	uint8_t seen[16];

	CHECK_ERROR(open_edu(0x9f), error, "edu 0018: BAR 0 is shorter than 0xa0", "short BAR");
	CHECK(open_edu(BAR_SIZE));
	CHECK(!strcmp(master.ops->name, "edu") && master.ops->exact);
	memset(target, 0x77, sizeof(target));
	device.edu_polls = 3;
	CHECK_EQ(dma_write(&master, phys(target) + 4, 8), DMA_DONE);
	for (unsigned int i = 0; i < 16; i++)
		CHECK_EQ(target[i], i >= 4 && i < 12 ? 0 : 0x77);
	for (unsigned int i = 0; i < 16; i++)
		target[i] = i + 1;
	CHECK_EQ(dma_read(&master, phys(target), seen, 16), DMA_DONE);
	CHECK(!memcmp(seen, target, 16));
	memset(seen, 0, sizeof(seen));
	CHECK_EQ(dma_recall(&master, 0, seen, 16), DMA_DONE);
	CHECK(!memcmp(seen, target, 16));
}

static void edu_is_stuck(void)
{
	uint64_t before = ticks;
	uint8_t seen[4];

	CHECK(open_edu(BAR_SIZE));
	device.edu_polls = UINT32_MAX;
	CHECK_EQ(dma_write(&master, phys(target), 4), DMA_SILENT);
	CHECK(ticks - before >= REPLY_TIMEOUT_US);
	CHECK_EQ(dma_read(&master, phys(target), seen, 4), DMA_SILENT);
}

int main(void)
{
	page = aligned_alloc(4096, DMA_PAGE_BYTES);
	types();
	capabilities();
	broken_capabilities();
	port_structures();
	negotiation();
	queues();
	doorbells();
	mmio_identity();
	mmio_registers();
	unusable();
	failures();
	silence();
	starts_not();
	places();
	more_than_the_ring();
	blk_says_error();
	blk_sectors();
	blk_places();
	ring_sizes();
	blk_is_not_ready();
	blk_is_empty();
	pattern();
	write_results(VIRTIO_TYPE_BLOCK);
	write_results(VIRTIO_TYPE_ENTROPY);
	write_results(VIRTIO_TYPE_CONSOLE);
	write_results(VIRTIO_TYPE_NET);
	transmit_results(VIRTIO_TYPE_CONSOLE);
	transmit_results(VIRTIO_TYPE_NET);
	received_frame();
	transmitted_frame();
	edu();
	edu_is_stuck();
	free(page);
	return unit_end("virtio");
}
