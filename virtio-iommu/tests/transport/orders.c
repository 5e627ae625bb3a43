// SPDX-License-Identifier: BSD-3-Clause
/*
 * The order in which a driver writes the registers that set the device up: no text gives one for the words of
 * features, the halves of addresses, the areas of a queue or the queues (virtio 1.4, 3.1.1, 4.1.3.2,
 * 4.1.5.1.3, 4.2.3.2). A device that puts one register together with another one, by the order in which it
 * usually sees them, is told by others.
 */
#include "judge/product.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "register.h"
#include "util.h"
#include "virtio/mmio_layout.h"
#include "virtio/pci_layout.h"

enum { FEATURES, HALVES, AREAS, QUEUES, MOVED };
enum { LOW_WORD_FIRST, HIGH_WORD_FIRST, LOW_WORD_AGAIN, HIGH_WORD_AGAIN };
enum { LOW_HALF_FIRST, HIGH_HALF_FIRST, ALL_LOW_HALVES_FIRST, ALL_HIGH_HALVES_FIRST };
enum { REQUESTS_FIRST, EVENTS_FIRST };
enum { IN_PLACE, DRIVER_MOVED, DEVICE_MOVED };

static const char *const features[] = {"low word first", "high word first", "low word again",
				       "high word again"};
static const char *const halves[] = {"low half first", "high half first", "all low halves first",
				     "all high halves first"};
static const char *const areas[] = {"desc driver device", "desc device driver", "driver desc device",
				    "driver device desc", "device desc driver", "device driver desc"};
static const char *const queues[] = {"request queue first", "event queue first"};

static const char *const moves[] = {"areas as before", "driver area elsewhere", "device area elsewhere"};

static const struct dimension dimensions[] = {
	[FEATURES] = {"features", features, ARRAY_SIZE(features), NULL},
	[HALVES] = {"halves", halves, ARRAY_SIZE(halves), NULL},
	[AREAS] = {"areas", areas, ARRAY_SIZE(areas), NULL},
	[QUEUES] = {"queues", queues, ARRAY_SIZE(queues), NULL},
	[MOVED] = {"moved", moves, ARRAY_SIZE(moves), NULL},
};

static const uint8_t area_orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

/* Words of features, each first with other bits than it has in the end if it is written again. */
static void accept_features(unsigned int order)
{
	static const struct {
		uint8_t words[3], count;
	} orders[] = {
		[LOW_WORD_FIRST] = {{0, 1}, 2}, [HIGH_WORD_FIRST] = {{1, 0}, 2},
		[LOW_WORD_AGAIN] = {{0, 1, 0}, 3}, [HIGH_WORD_AGAIN] = {{1, 0, 1}, 3},
	};

	for (unsigned int i = 0; i < orders[order].count; i++) {
		uint8_t word = orders[order].words[i];
		bool last = i || orders[order].count == 2;

		iommu.dev.transport->accept(&iommu.dev, word, last ? iommu.wanted >> 32 * word : 0);
	}
	iommu.dev.accepted = iommu.wanted;
}

/* Virtio-mmio has no register that shows them. */
static void expect_accepted(struct source_line at)
{
	for (unsigned int word = 0; word < 2 && iommu.dev.pci; word++) {
		register_write32(iommu.dev.common + COMMON_DRIVER_FEATURE_SELECT, word);
		expect_eq(at, register_read32(iommu.dev.common + COMMON_DRIVER_FEATURE),
			  (uint32_t)(iommu.wanted >> 32 * word), "word %u of driver_feature", word);
	}
}

static void write_half(unsigned int area, bool high, uint64_t address)
{
	static const uint16_t on_pci[] = {COMMON_QUEUE_DESC, COMMON_QUEUE_DRIVER, COMMON_QUEUE_DEVICE};
	static const uint16_t on_mmio[] = {MMIO_QUEUE_DESC, MMIO_QUEUE_DRIVER, MMIO_QUEUE_DEVICE};
	volatile uint8_t *field = iommu.dev.pci ? iommu.dev.common + on_pci[area] :
						  iommu.dev.registers + on_mmio[area];

	register_write32(field + 4 * high, address >> 32 * high);
}

static void write_areas(const struct ring *ring, const cell_t cell)
{
	const volatile void *const memory[] = {ring->desc, ring->avail, ring->used};
	bool apart = cell[HALVES] >= ALL_LOW_HALVES_FIRST;
	bool high_first = cell[HALVES] % 2;

	for (unsigned int i = 0; i < 6; i++) {
		uint8_t area = area_orders[cell[AREAS]][apart ? i % 3 : i / 2];
		bool second = apart ? i / 3 : i % 2;

		write_half(area, second != high_first,
			   phys((const void *)memory[area]) + ring->device_offset);
	}
}

/* All but the addresses comes before or behind them, as the transport has it. */
static void enable_queue(uint16_t queue, const struct ring *ring, const cell_t cell)
{
	if (iommu.dev.pci) {
		register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
		register_write16(iommu.dev.common + COMMON_QUEUE_SIZE, ring->size);
		write_areas(ring, cell);
		register_write16(iommu.dev.common + COMMON_QUEUE_ENABLE, 1);
	} else {
		register_write32(iommu.dev.registers + MMIO_QUEUE_SEL, queue);
		register_write32(iommu.dev.registers + MMIO_QUEUE_SIZE, ring->size);
		write_areas(ring, cell);
		register_write32(iommu.dev.registers + MMIO_QUEUE_READY, 1);
	}
}

/* One area does not lie where it lay in the session before: the device need not find that by another one. */
static void move_area(struct ring *ring, unsigned int moved)
{
	void *memory = arena_alloc(ring_bytes(ring->size, ring->features), 16);

	if (moved == DRIVER_MOVED)
		ring->avail = memory;
	else if (moved == DEVICE_MOVED)
		ring->used = memory;
}

static void play(struct source_line at, const cell_t cell)
{
	const uint8_t agreed = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;
	struct ring *const rings[] = {&iommu.requests, &iommu.events};

	/* Rings and notification addresses as usual, in memory that was used before. */
	if (!prepare_device(at, iommu.wanted) || !reset_device(at))
		return;
	iommu.altered = true;
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	accept_features(cell[FEATURES]);
	expect_accepted(at);
	iommu.dev.transport->set_status(&iommu.dev, agreed);
	if (expect_eq(at, iommu.dev.transport->status(&iommu.dev) & agreed, agreed,
		      "device_status, with the features that it usually accepts")) {
		for (unsigned int i = 0; i < 2; i++) {
			uint16_t queue = i != (cell[QUEUES] == EVENTS_FIRST);

			move_area(rings[queue], cell[MOVED]);
			enable_queue(queue, rings[queue], cell);
		}
		iommu_start();
		expect_queue_works(at, "to a device that was set up in this order");
	}
	if (!no_defect_so_far())
		iommu_restart(iommu.wanted);
}

static const struct product orders = {
	.name = "orders of setting up",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* PCI-COM-4 (MUST): driver_feature reads back the valid bits written */
TEST(PCI_COM_4, features_are_accepted_in_any_order, NEEDS_PCI)
{
	PRODUCT(&orders, HALVES, BIT(LOW_HALF_FIRST));
}

/* PCI-64-1 (MUST): Both halves of 64-bit config fields can be accessed on their own */
TEST(PCI_64_1, addresses_are_written_in_any_order, NEEDS_PCI)
{
	PRODUCT(&orders, FEATURES, BIT(LOW_WORD_FIRST));
}

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, requests_are_answered_whatever_was_set_up_first, NEEDS_MMIO)
{
	PRODUCT(&orders, EVERY_CELL);
}
