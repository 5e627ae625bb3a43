// SPDX-License-Identifier: BSD-3-Clause
/*
 * Find and open the device and its endpoints, from what the firmware says, until tests can run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "fdt/fdt.h"
#include "machine.h"
#include "pci/msi.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "util.h"
#include "virtio/pci_layout.h"

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/reserved.h"
#include "judge/steps/machine_event.h"
#include "run.h"
#include "topology/firmware.h"
#include "topology/topology.h"
#include "version.h"

static struct platform platform;
static struct topology topology;

static void check(bool ok, const struct error *error)
{
	if (!ok)
		bail_out("%s", error->text);
}

/* Return a feature of rings=NAME,... on the command line. Without it a run has plain split rings. */
static uint64_t ring_feature(const char *name, size_t length)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} known[] = {
		{"packed", VIRTIO_F_RING_PACKED}, {"indirect", VIRTIO_F_INDIRECT_DESC},
		{"event-idx", VIRTIO_F_EVENT_IDX}, {"in-order", VIRTIO_F_IN_ORDER},
		{"notification-data", VIRTIO_F_NOTIFICATION_DATA}, {"ring-reset", VIRTIO_F_RING_RESET},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == length && !strncmp(known[i].name, name, length))
			return VIRTIO_FEATURE(known[i].bit);
	bail_out("command line: rings=: no feature is called %s", name);
}

/* Read rings=NAME,... and queue-size=N: the descriptors of the request queue. */
static struct iommu_rings read_rings(const struct boot_info *boot)
{
	struct iommu_rings rings = {0};
	char text[80];
	const char *end;

	if (boot_option(boot, "rings", text, sizeof(text)))
		for (const char *name = text; *name; name = *end ? end + 1 : end) {
			end = strchr(name, ',');
			end = end ? end : name + strlen(name);
			rings.features |= ring_feature(name, end - name);
		}
	if (!boot_option(boot, "queue-size", text, sizeof(text)))
		return rings;
	rings.size = strtoul(text, NULL, 10);
	if (!rings.size || rings.size > IOMMU_RING_SIZE)
		bail_out("command line: queue-size=%s is not 1 to %u", text, IOMMU_RING_SIZE);
	return rings;
}

/* A device with wrong ids is opened as well: PCI-ID-* judge them. */
static bool is_virtio_pci(const struct pci_dev *pci)
{
	return pci && virtio_pci_structure(pci, TYPE_COMMON);
}

static void find_iommu(const struct device_location *location)
{
	uint32_t type = virtio_type(location);
	struct error error;

	if (type != VIRTIO_TYPE_IOMMU && !is_virtio_pci(location->pci))
		bail_out("%s: %s is no virtio-iommu, its virtio type is %u", topology.source,
			 location_name(location), type);
	check(iommu_find(location, &error), &error);
}

static void open_iommu(const struct boot_info *boot)
{
	struct iommu_rings rings = read_rings(boot);
	struct error error;

	check(iommu_open(&rings, &error), &error);
}

#define MAX_MMIO_DEVICES 64

static uint64_t mmio_bases[MAX_MMIO_DEVICES];
static unsigned int mmio_count;

static void add_mmio(uint64_t base)
{
	for (unsigned int i = 0; i < mmio_count; i++)
		if (mmio_bases[i] == base)
			return;
	if (mmio_count < MAX_MMIO_DEVICES)
		mmio_bases[mmio_count++] = base;
}

/* A tree names all devices on MMIO, a VIOT those that are endpoints. */
static void find_mmio(const struct boot_info *boot)
{
	struct error error;

	if (boot->fdt)
		check(fdt_virtio_mmio(boot->fdt, mmio_bases, MAX_MMIO_DEVICES, &mmio_count, &error),
		      &error);
	for (unsigned int i = 0; i < topology.range_count; i++)
		if (topology.ranges[i].mmio)
			add_mmio(topology.ranges[i].base);
}

static void open_endpoints(const struct boot_info *boot)
{
	static struct device_location locations[PCI_MAX_DEVICES + MAX_MMIO_DEVICES];
	unsigned int count = 0;

	for (; count < platform.pci.device_count; count++)
		locations[count].pci = &platform.pci.devices[count];
	find_mmio(boot);
	for (unsigned int i = 0; i < mmio_count; i++)
		locations[count++].registers = mmio_bases[i];
	endpoints_open(locations, count, &topology, firmware.iommu);
}

/*
 * endpoints=N on the command line: tests of an endpoint that is not found would be skipped unseen. If more
 * are listed, tests show whether they are behind the IOMMU.
 */
static void check_endpoint_count(const struct boot_info *boot)
{
	char wanted[12];

	if (boot_option(boot, "endpoints", wanted, sizeof(wanted)) &&
	    strtoul(wanted, NULL, 10) > endpoint_count())
		bail_out("set-up: %s endpoints that do DMA should be behind the IOMMU, %u were found",
			 wanted, endpoint_count());
}

static void print_facts(const struct device_location *location)
{
	const struct iommu_config *c = &iommu.config;

	printf("# device: %s features %#lx accepted %#lx\n", location_name(location), iommu.offered,
	       iommu.dev.accepted);
	printf("# request queue: %u descriptors, %s\n", iommu.requests.size,
	       iommu_wants(VIRTIO_F_RING_PACKED) ? "packed" : "split");
	printf("# config: page_size_mask %#lx input_range %#lx-%#lx domain_range %#x-%#x "
	       "probe_size %u bypass %u\n",
	       c->page_size_mask, c->input_start, c->input_end, c->domain_start, c->domain_end,
	       c->probe_size, c->bypass);
}

static void open_all(const struct boot_info *boot)
{
	struct error error;
	struct device_location location;

	platform.pci.numbering = resumed_numbering();
	check(platform_find(&platform, boot, &error), &error);
	check(firmware_read(&platform, &topology, &error), &error);
	topology_print(&topology);
	check(firmware_locate_iommu(&platform, &location, &error), &error);
	open_endpoints(boot);
	check_endpoint_count(boot);
	find_iommu(&location);
	endpoints_early_write(iommu.initial_bypass);
	open_iommu(boot);
	endpoints_stand_in();
	reserved_init();
	endpoints_choose_iovas();
	print_facts(&location);
	msi_init(boot);
}

void boot_main(struct boot_info *boot)
{
	printf("\nTAP version 14\n# virtio-iommu-tests %s %s\n# boot: %s\n", SUITE_VERSION,
	       machine_name, boot->protocol);
	if (boot_option(boot, "bare", NULL, 0))
		return;
	resume_init();
	open_all(boot);
	run_tests(boot);
}
