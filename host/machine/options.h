/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: which machine to be, and how the device behaves.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_HOST_ENDPOINTS 8
#define MAX_HOST_REGIONS 8

enum endpoint_kind { KIND_BLK, KIND_RNG, KIND_CONSOLE, KIND_NET, KIND_EDU, KINDS };
enum endpoint_place {
	PLACE_ROOT,
	PLACE_ROOT_PORT,	/* behind a port of its own */
	PLACE_SLOT,		/* in a slot of its own, which is empty at power-on */
	PLACE_SWITCH,		/* behind a switch of its own */
	PLACE_SECOND_ROOT,	/* behind a port of the second root complex */
	PLACE_PCI_BRIDGE,	/* all behind one PCIe-to-PCI bridge */
	PLACE_OUTSIDE,		/* on a root complex that the IOMMU does not cover */
	PLACE_MMIO,		/* on virtio-mmio, behind the IOMMU */
	PLACE_OUTSIDE_MMIO,	/* on virtio-mmio, and not behind it */
	PLACES
};

struct options {
	struct {
		enum endpoint_kind kind;
		enum endpoint_place place;
		bool slow;		/* a disk that takes a while for each request */
	} endpoints[MAX_HOST_ENDPOINTS];
	unsigned int endpoint_count;
	struct {
		uint64_t first, last;	/* inclusive */
		uint8_t subtype;	/* RESV_RESERVED, RESV_MSI */
	} regions[MAX_HOST_REGIONS];
	unsigned int region_count;
	const char *cmdline;
	bool machine_reset;		/* the image may reset the machine, and is told so */
	bool operator;			/* the process itself answers what the image asks */
	bool boot_bypass;
	bool mmio;			/* the IOMMU is on virtio-mmio */
	bool fdt;			/* describe the machine by a device tree, not by ACPI */
	uint64_t granule;		/* bytes, 0: as the personality has it */
	unsigned int address_width;	/* bits, 0: as the personality has it */
	uint64_t rings_on, rings_off;	/* features, whatever the personality has */
	uint64_t memory;		/* MiB */
};

/*
 * Read the command line. After --list-personalities and the like the process ends with 0, and on wrong
 * usage with 2.
 */
void options_parse(struct options *options, int argc, char **argv);

/* An option that another room adds before main(). */
struct added_option {
	const char *name;
	const char *value;	/* its name in the usage text, NULL if it takes none */
	const char *help;
	void (*apply)(const char *value);
};

void options_add(const struct added_option *option);

/* Return the value of an option that is a number from @low to @high. Another text is wrong usage. */
uint64_t options_number(const char *option, const char *text, uint64_t low, uint64_t high);

/* End the process for wrong usage, with one line on stderr. */
void options_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
