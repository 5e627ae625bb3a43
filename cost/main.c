// SPDX-License-Identifier: BSD-3-Clause
/*
 * What DMA costs behind an IOMMU. On the command line: iommu=KIND; workloads=NAME,NAME; and, in place of
 * times, growth or growth=MOST, a number of mappings, to see how they grow, "endpoints" to see how they
 * grow with these, or "instructions" to count these. settle=MS is how long a VMM has, several times, to give
 * memory back.
 */
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "exception.h"
#include "growth.h"
#include "machine.h"
#include "master.h"
#include "measure.h"
#include "platform/platform.h"
#include "proof.h"
#include "version.h"
#include "virtio_unit.h"

static struct platform platform;
static struct master masters[MASTERS_MOST];

void exception_report(const char *summary)
{
	bail_out("%s", summary);
}

static const struct unit_ops *read_kind(const struct boot_info *boot)
{
	const struct unit_ops *kind;
	char name[32] = "none";

	boot_option(boot, "iommu", name, sizeof(name));
	kind = strcmp(name, unit_virtio.name) ? unit_kind(name) : &unit_virtio;
	if (!kind)
		bail_out("command line: iommu=%s: no kind of IOMMU has this name", name);
	return kind;
}

static void print_masters(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		printf("# master: " PCI_FORMAT " %s id %#x\n",
		       PCI_ARGS(masters[i].dev->segment, masters[i].dev->bdf), masters[i].dma.ops->name,
		       masters[i].id);
}

static void print_unit(const struct iommu_unit *unit)
{
	static const char *const limits[] = {
		[INVALIDATES_NOTHING] = "nothing", [INVALIDATES_DOMAINS] = "domains",
		[INVALIDATES_PAGES] = "pages", [INVALIDATES_RANGES] = "ranges",
	};

	printf("# firmware: %s\n", platform.fdt ? "tree" : "tables");
	printf("# unit: %s page_sizes %#lx iova_bits %u invalidates %s%s%s\n", unit->ops->name,
	       unit->can.page_sizes, unit->can.iova_bits, limits[unit->can.invalidates],
	       unit->can.write_only ? " write-only" : "", unit->can.sync_map ? " sync-map" : "");
}

/* Return the number behind NAME= on the command line, @usual if there is none. */
static unsigned int read_number(const struct boot_info *boot, const char *name, unsigned int usual)
{
	char text[16] = "";

	boot_option(boot, name, text, sizeof(text));
	return text[0] ? strtoul(text, NULL, 10) : usual;
}

static bool run(const struct boot_info *boot, unsigned int count)
{
	bool counts = boot_option(boot, "instructions", NULL, 0);
	struct growth_options growth = {
		.most = read_number(boot, "growth", GROWTH_MOST),
		.settle = read_number(boot, "settle", GROWTH_SETTLE_MS),
		.endpoints = boot_option(boot, "endpoints", NULL, 0),
	};
	char names[512] = "usual";

	if (growth.endpoints || boot_option(boot, "growth", NULL, 0))
		return growth_run(&growth, &platform, masters, count);
	boot_option(boot, "workloads", names, sizeof(names));
	return measure_run(masters, count, names, counts ? MEASURE_INSTRUCTIONS : MEASURE_TIMES);
}

void boot_main(struct boot_info *boot)
{
	struct error error;
	unsigned int count;

	printf("\n# virtio-iommu-tests %s, cost, %s\n# boot: %s\n", SUITE_VERSION, machine_name,
	       boot->protocol);
	if (!platform_find(&platform, boot, &error))
		bail_out("%s", error.text);
	count = masters_open(masters, &platform);
	if (count)
		proof_run_at_power_on(masters);
	count = masters_open_unit(masters, count, &platform, read_kind(boot), &error);
	if (!count)
		bail_out("%s", error.text);
	print_unit(masters->unit);
	print_masters(count);
	if (!proof_run(masters, count))
		bail_out("%s: DMA is not as it should be: no figures", masters->unit->ops->name);
	if (!run(boot, count))
		bail_out("%s: no figures", masters->unit->ops->name);
	printf("# end\n");
}
