/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI: host bridges, functions, configuration space, BARs.
 *
 * No firmware is assumed. pci_scan() numbers bridges and places BARs where firmware has not, and leaves
 * alone what is set up already.
 */
#ifndef LIB_PCI_PCI_H
#define LIB_PCI_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct boot_info;

#define PCI_MAX_HOSTS	32
#define PCI_MAX_WINDOWS 4	/* of one host bridge */
#define PCI_MAX_DEVICES 512
#define PCI_MAX_DEPTH	8	/* bridges behind bridges */
#define PCI_BARS	6

#define PCI_BDF(bus, device, function) ((uint16_t)((bus) << 8 | (device) << 3 | (function)))
#define PCI_BUS(bdf)	  ((uint8_t)((bdf) >> 8))
#define PCI_DEVICE(bdf)	  ((bdf) >> 3 & 0x1f)
#define PCI_FUNCTION(bdf) ((bdf) & 7)

/* printf() format and arguments of segment:bus:device.function. */
#define PCI_FORMAT "%04x:%02x:%02x.%x"
#define PCI_ARGS(segment, bdf) \
	(unsigned int)(segment), PCI_BUS(bdf), PCI_DEVICE(bdf), PCI_FUNCTION(bdf)

/* Registers of the configuration header. */
enum {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_CLASS_REVISION = 0x08,
	PCI_CACHE_LINE = 0x0c,
	PCI_BAR0 = 0x10,
	PCI_BUS_NUMBERS = 0x18,		/* bridge: primary, secondary, subordinate, latency */
	PCI_MEMORY_WINDOW = 0x20,	/* bridge: base and limit, address bits 31:20 each */
	PCI_PREFETCH_WINDOW = 0x24,
	PCI_PREFETCH_BASE_HIGH = 0x28,
	PCI_SUBSYSTEM_ID = 0x2e,
	PCI_CAPABILITIES = 0x34,
	PCI_INTERRUPT_PIN = 0x3d,	/* 0: no INTx */
};

enum {
	PCI_COMMAND_IO = 1 << 0,
	PCI_COMMAND_MEMORY = 1 << 1,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_COMMAND_INTX_DISABLE = 1 << 10,
	PCI_STATUS_CAPABILITIES = 1 << 4,
};

/* Capability ids. */
enum { PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11, PCI_CAP_MSI = 0x05 };

/* Class codes: class alone, and class with subclass. */
enum { PCI_CLASS_BRIDGE = 0x06, PCI_CLASS_HOST_BRIDGE = 0x0600, PCI_CLASS_PCI_BRIDGE = 0x0604 };

/*
 * Hosts and functions.
 */

/* A range of memory addresses that a host bridge forwards to its buses. */
struct pci_window {
	uint64_t pci_base;	/* as written to BARs */
	uint64_t cpu_base;	/* as seen by the CPU */
	uint64_t size;
	uint64_t next;		/* it is free from this PCI address on; 0: nothing is placed yet */
	bool is64;		/* reaches above 4 GiB: for 64-bit BARs only */
	bool prefetch;		/* for prefetchable BARs only */
};

/*
 * A host bridge and how its configuration space is reached. The reader of tables or tree fills segment,
 * buses, ecam and windows; for a host without ECAM also @read and @write.
 */
struct pci_host {
	uint16_t segment;
	uint8_t bus_first, bus_last;
	uint64_t ecam;		/* guest-physical, of bus_first; 0: no ECAM */
	struct pci_window windows[PCI_MAX_WINDOWS];
	unsigned int window_count;

	/* @width is 1, 2 or 4 bytes, @offset a multiple of it. Reads without a function there give ones. */
	uint32_t (*read)(const struct pci_host *host, uint16_t bdf, unsigned int offset,
			 unsigned int width);
	void (*write)(const struct pci_host *host, uint16_t bdf, unsigned int offset,
		      unsigned int width, uint32_t value);
	uint8_t *config;	/* mapped ECAM */
};

/* A base address register. */
struct pci_bar {
	uint64_t address;	/* as seen by the CPU; 0: not placed */
	uint64_t size;		/* 0: no such BAR, or not sized yet; I/O BARs are not sized */
	bool io, is64, prefetch;
};

/* A function. */
struct pci_dev {
	struct pci_host *host;
	struct pci_dev *bridge;	/* above this function, NULL on a root bus */
	uint16_t segment;
	uint16_t bdf;
	uint16_t vendor, device;
	uint32_t class_code;	/* class << 16 | subclass << 8 | programming interface */
	uint8_t header_type;	/* without the multi-function bit */
	struct pci_bar bars[PCI_BARS];
	bool bars_sized;	/* see pci_size_bars() */
	bool no_room;		/* for one of its BARs: none can be mapped, the function stays disabled */

	/* Bridges only. */
	uint8_t secondary, subordinate;
	uint8_t port_type;	/* by the PCI Express capability, PCI_PORT_NONE without one */
	uint64_t window_base, window_end;	/* memory window [base, end), PCI addresses */
};

/* Device/Port Type of the PCI Express Capabilities register (PCIe 6.0, 7.5.3.2). */
enum {
	PCI_PORT_ROOT = 4,
	PCI_PORT_UPSTREAM = 5,
	PCI_PORT_DOWNSTREAM = 6,
	PCI_PORT_TO_PCI = 7,
	PCI_PORT_NONE = 0xff,
};

/* Which bus numbers bridges get: those that firmware has given them, or new ones from one end of a bus on. */
enum pci_numbering { PCI_KEEP_NUMBERS, PCI_NUMBER_UP, PCI_NUMBER_DOWN };

/* All hosts and functions. Functions point at each other and at hosts: do not copy. */
struct pci {
	struct pci_host hosts[PCI_MAX_HOSTS];
	unsigned int host_count;
	struct pci_dev devices[PCI_MAX_DEVICES];
	unsigned int device_count;
	enum pci_numbering numbering;	/* to be set before pci_scan() */
};

/*
 * Finding them.
 */

/*
 * Find all functions on all buses of @pci->hosts, which the caller has filled. Number every bridge, place
 * every memory BAR (where a window has room: see no_room), and let every bridge with functions behind it
 * forward memory accesses and DMA. The functions themselves stay disabled, or as firmware has set them up,
 * and none masters the bus: see pci_enable(). Return false if something is broken or exceeds a limit above.
 *
 * The numbers depend only on what is plugged where. A root bus keeps its number, the buses below it are
 * numbered depth first with the numbers that follow.
 *
 * Further root buses in the bus range of one host are looked for only if its first bus shows
 * more than one host bridge function, and only until as many have been found: asking every
 * device of 255 buses costs more than the boot.
 */
bool pci_scan(struct pci *pci, struct error *error);

/*
 * Give @host, if it has no window, one without RAM and reserved memory: from where the highest of these ends
 * below the I/O APIC at 0xfec00000 up to there. For PCs whose firmware did not place the BARs.
 */
void pci_find_hole(struct pci_host *host, const struct boot_info *boot);

/*
 * Fill @host with a bridge that is reached by ports 0xcf8 and 0xcfc, for when no table describes an ECAM.
 * Return false if there is none. Machines with ports define it; the weak default returns false.
 */
bool pci_port_host(struct pci_host *host);

/*
 * Using a function.
 */

/* Access the configuration space of @dev; @offset is a multiple of the width. */
uint8_t pci_read8(const struct pci_dev *dev, unsigned int offset);
uint16_t pci_read16(const struct pci_dev *dev, unsigned int offset);
uint32_t pci_read32(const struct pci_dev *dev, unsigned int offset);
void pci_write8(const struct pci_dev *dev, unsigned int offset, uint8_t value);
void pci_write16(const struct pci_dev *dev, unsigned int offset, uint16_t value);
void pci_write32(const struct pci_dev *dev, unsigned int offset, uint32_t value);

/*
 * Return the offset of the next capability @id after the one at @after (0: from the start). 0 if there is
 * none, or if the list is broken: it leaves 0x40 to 0xff, or runs in a loop.
 */
unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id, unsigned int after);

/*
 * Find the sizes of the BARs, unless that is done. pci_scan() does it only for functions that do not decode
 * memory, or if any BAR has to be placed; pci_map_bar() for the rest. Return false if a BAR is broken.
 */
bool pci_size_bars(struct pci_dev *dev, struct error *error);

/*
 * Move memory BAR number @index of @dev, which is on a root bus, to where a window of its host still has
 * room. What was mapped of it has to be mapped anew. Return false if there is none, if the BAR is in no
 * window, or if @dev is behind a bridge.
 */
bool pci_move_bar(struct pci *pci, struct pci_dev *dev, unsigned int index);

/*
 * Map @length bytes from @offset of memory BAR number @bar. Return NULL if there is no such BAR, if it or
 * another one of the function is not placed, or if the range does not fit into it.
 */
void *pci_map_bar(struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t length);

/* Switch memory decoding and bus mastering on and INTx off. Nothing is done for a function with no_room. */
void pci_enable(const struct pci_dev *dev);

/*
 * Give the bus behind @bridge, which is on a root bus and has no bridge behind it, a number that is free: the
 * functions there have other BDFs, and stay where they are in memory. Return false if there is none.
 */
bool pci_move_bus(struct pci *pci, struct pci_dev *bridge);

/* Give it the number @number, which is free: it had that before pci_move_bus(). */
void pci_set_bus(struct pci *pci, struct pci_dev *bridge, uint8_t number);

/* Return true if @dev, which may be NULL, can be reset alone: by a function level reset (PCIe 6.0, 6.6.2). */
bool pci_can_reset(const struct pci_dev *dev);

/*
 * Do that, and set its header as it was. Takes 100 ms. Return false if the function is not there afterwards.
 * Only for one that can.
 */
bool pci_reset(const struct pci_dev *dev);

/*
 * Return the BDF under which the function's DMA arrives at the root complex: its own, unless a
 * conventional PCI bus is on the way (PCIe to PCI/PCI-X Bridge 1.0, 2.3).
 */
uint16_t pci_requester_id(const struct pci_dev *dev);

/* Steps of pci_scan(). Return false with a message in @error on failure. */

/* Make the configuration space of @host accessible. */
bool pci_open_host(struct pci_host *host, struct error *error);

/* Size and place BARs, and open the windows of bridges. */
bool pci_assign_bars(struct pci *pci, struct error *error);

/*
 * Steps of a device that comes or goes behind @port, a port of a root bus (pci/slot.h).
 */

/* Return function 0 behind @port, which is looked for if it is not known yet; NULL if it does not answer. */
struct pci_dev *pci_find_behind(struct pci *pci, struct pci_dev *port, struct error *error);

/* Place what is behind @port, as pci_assign_bars() does. */
bool pci_place_behind(struct pci *pci, struct pci_dev *port, struct error *error);

/* The device behind @port has gone: it is found anew, in the same place of the table, when one comes. */
void pci_forget_behind(struct pci *pci, struct pci_dev *port);

#endif
