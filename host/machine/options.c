// SPDX-License-Identifier: BSD-3-Clause
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/machine/options.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "standard/request.h"
#include "util.h"
#include "version.h"
#include "virtio/virtio.h"

static const char usage_text[] =
	"usage: virtio-iommu [option ...]\n"
	"\n"
	"The tests and a reference virtio-iommu in one process. TAP on stdout.\n"
	"\n"
	"  --endpoints LIST         KIND or KIND@PLACE, comma-separated, or none (default: blk,blk,rng)\n"
	"                           kinds: blk blk-slow rng console net edu\n"
	"                           places: root root-port slot switch second-root pci-bridge outside\n"
	"                           mmio outside-mmio\n"
	"  --transport pci|mmio     what the IOMMU is on (default: pci)\n"
	"  --boot-bypass on|off     what config.bypass is at power-on (default: on)\n"
	"  --reserved-regions LIST  FIRST-LAST:reserved or FIRST-LAST:msi, comma-separated\n"
	"  --granule N              4k, 8k, 16k or 64k\n"
	"  --address-width N        bits of the input range, 32 to 64\n"
	"  --packed, --indirect, --event-idx, --in-order, --notification-data, --ring-reset on|off\n"
	"                           queue features of the IOMMU (default: indirect, event-idx, ring-reset)\n"
	"  --memory MIB             (default: 64)\n"
	"  --fdt                    describe the machine by a device tree, not by ACPI tables\n"
	"  --cmdline TEXT           of the tests: tests=PATTERN,... after=ID\n"
	"  --machine-reset          the tests may reset the machine: the process starts itself again\n"
	"  --operator               answer what the tests ask of who operates the machine\n"
	"  --personality NAME       one of the ways to be right that the standard leaves open\n"
	"  --list-personalities, --version\n";

void options_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "virtio-iommu: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "; see --help\n");
	va_end(args);
	exit(2);
}

static unsigned int choose(const char *option, const char *text, size_t length,
			   const char *const *names, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (strlen(names[i]) == length && !strncmp(names[i], text, length))
			return i;
	options_die("--%s: unknown '%.*s'", option, (int)length, text);
}

static bool on_off(const char *option, const char *text)
{
	static const char *const names[] = {"off", "on"};

	return choose(option, text, strlen(text), names, 2);
}

uint64_t options_number(const char *option, const char *text, uint64_t low, uint64_t high)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end || value < low || value > high)
		options_die("--%s: '%s' is not %lu to %lu", option, text, low, high);
	return value;
}

static void add_endpoint(struct options *options, const char *text, size_t length)
{
	static const char *const kinds[] = {"blk", "rng", "console", "net", "edu", "blk-slow"};
	static const char *const places[] = {"root", "root-port", "slot", "switch", "second-root",
					     "pci-bridge", "outside", "mmio", "outside-mmio"};
	const char *at = memchr(text, '@', length);
	size_t kind = at ? (size_t)(at - text) : length;
	unsigned int n = options->endpoint_count++;

	if (n == MAX_HOST_ENDPOINTS)
		options_die("--endpoints: more than %u", MAX_HOST_ENDPOINTS);
	options->endpoints[n].kind = choose("endpoints", text, kind, kinds, KINDS + 1);
	options->endpoints[n].slow = options->endpoints[n].kind == KINDS;
	if (options->endpoints[n].slow)
		options->endpoints[n].kind = KIND_BLK;
	options->endpoints[n].place =
		at ? choose("endpoints", at + 1, length - kind - 1, places, PLACES) : PLACE_ROOT;
	if (options->endpoints[n].kind == KIND_EDU && options->endpoints[n].place >= PLACE_MMIO)
		options_die("--endpoints: an edu is on PCI");
}

static void add_region(struct options *options, const char *text, size_t length)
{
	static const char *const subtypes[] = {[RESV_RESERVED] = "reserved", [RESV_MSI] = "msi"};
	unsigned int n = options->region_count++;
	char *end;

	if (n == MAX_HOST_REGIONS)
		options_die("--reserved-regions: more than %u", MAX_HOST_REGIONS);
	options->regions[n].first = strtoull(text, &end, 0);
	if (*end++ != '-')
		options_die("--reserved-regions: not FIRST-LAST:KIND: '%s'", text);
	options->regions[n].last = strtoull(end, &end, 0);
	if (*end++ != ':' || options->regions[n].first > options->regions[n].last)
		options_die("--reserved-regions: not FIRST-LAST:KIND: '%s'", text);
	options->regions[n].subtype =
		choose("reserved-regions", end, length - (end - text), subtypes, 2);
}

static void for_each_part(struct options *options, const char *list,
			  void (*add)(struct options *options, const char *text, size_t length))
{
	for (;;) {
		size_t length = strcspn(list, ",");

		add(options, list, length);
		if (!list[length])
			return;
		list += length + 1;
	}
}

static void parse_endpoints(struct options *options, const char *list)
{
	options->endpoint_count = 0;
	if (strcmp(list, "none"))
		for_each_part(options, list, add_endpoint);
}

static bool parse_transport(const char *text)
{
	static const char *const names[] = {"pci", "mmio"};

	return choose("transport", text, strlen(text), names, 2);
}

static uint64_t parse_granule(const char *text)
{
	static const char *const names[] = {"4k", "8k", "16k", "64k"};
	static const uint64_t sizes[] = {4096, 8192, 16384, 65536};

	return sizes[choose("granule", text, strlen(text), names, 4)];
}

enum {
	ENDPOINTS,
	TRANSPORT,
	BOOT_BYPASS,
	REGIONS,
	GRANULE,
	ADDRESS_WIDTH,
	PACKED,
	INDIRECT,
	EVENT_IDX,
	IN_ORDER,
	NOTIFICATION_DATA,
	RING_RESET,
	MEMORY,
	FDT,
	CMDLINE,
	MACHINE_RESET,
	OPERATOR,
	PERSONALITY,
	LIST_PERSONALITIES,
	VERSION,
	HELP,
	ADDED
};

static const struct option known[] = {
	{"endpoints", required_argument, NULL, ENDPOINTS},
	{"transport", required_argument, NULL, TRANSPORT},
	{"boot-bypass", required_argument, NULL, BOOT_BYPASS},
	{"reserved-regions", required_argument, NULL, REGIONS},
	{"granule", required_argument, NULL, GRANULE},
	{"address-width", required_argument, NULL, ADDRESS_WIDTH},
	{"packed", required_argument, NULL, PACKED},
	{"indirect", required_argument, NULL, INDIRECT},
	{"event-idx", required_argument, NULL, EVENT_IDX},
	{"in-order", required_argument, NULL, IN_ORDER},
	{"notification-data", required_argument, NULL, NOTIFICATION_DATA},
	{"ring-reset", required_argument, NULL, RING_RESET},
	{"memory", required_argument, NULL, MEMORY},
	{"fdt", no_argument, NULL, FDT},
	{"cmdline", required_argument, NULL, CMDLINE},
	{"machine-reset", no_argument, NULL, MACHINE_RESET},
	{"operator", no_argument, NULL, OPERATOR},
	{"personality", required_argument, NULL, PERSONALITY},
	{"list-personalities", no_argument, NULL, LIST_PERSONALITIES},
	{"version", no_argument, NULL, VERSION},
	{"help", no_argument, NULL, HELP},
};

#define MAX_ADDED 8

static const struct added_option *added[MAX_ADDED];
static unsigned int added_count;

void options_add(const struct added_option *option)
{
	if (added_count == MAX_ADDED)
		options_die("more than %u options were added", MAX_ADDED);
	added[added_count++] = option;
}

static void print_usage(void)
{
	fputs(usage_text, stdout);
	for (unsigned int i = 0; i < added_count; i++)
		fprintf(stdout, "  --%s %-*s%s\n", added[i]->name, 22 - (int)strlen(added[i]->name),
			added[i]->value ? added[i]->value : "", added[i]->help);
}

static void set_ring_feature(struct options *options, int option, const char *value)
{
	static const unsigned int bits[] = {
		VIRTIO_F_RING_PACKED, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, VIRTIO_F_IN_ORDER,
		VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_RING_RESET};
	uint64_t feature = VIRTIO_FEATURE(bits[option - PACKED]);

	*(on_off(known[option].name, value) ? &options->rings_on : &options->rings_off) |= feature;
}

static void apply_setup(struct options *options, int option, const char *value)
{
	switch (option) {
	case ENDPOINTS:
		return parse_endpoints(options, value);
	case TRANSPORT:
		options->mmio = parse_transport(value);
		return;
	case BOOT_BYPASS:
		options->boot_bypass = on_off("boot-bypass", value);
		return;
	case REGIONS:
		return for_each_part(options, value, add_region);
	case GRANULE:
		options->granule = parse_granule(value);
		return;
	case ADDRESS_WIDTH:
		options->address_width = options_number("address-width", value, 32, 64);
		return;
	case PACKED ... RING_RESET:
		return set_ring_feature(options, option, value);
	case MEMORY:
		options->memory = options_number("memory", value, 32, RAM_MAX_MIB);
		return;
	case FDT:
		options->fdt = true;
		return;
	case CMDLINE:
		options->cmdline = value;
		return;
	case MACHINE_RESET:
		options->machine_reset = true;
		return;
	case OPERATOR:
		options->operator = true;
		return;
	}
}

static void apply_behaviour(int option, const char *value)
{
	switch (option) {
	case PERSONALITY:
		if (!personality_use(value))
			options_die("--personality: unknown '%s'", value);
		return;
	case LIST_PERSONALITIES:
		personality_list();
		exit(0);
	case VERSION:
		fprintf(stdout, "virtio-iommu-tests reference device version %s\n", SUITE_VERSION);
		exit(0);
	case HELP:
		print_usage();
		exit(0);
	default:
		added[option - ADDED]->apply(value);
	}
}

/* Fills @all with those that are always there, those that were added, and an end. */
static void list_all(struct option *all)
{
	memcpy(all, known, sizeof(known));
	all += ARRAY_SIZE(known);
	for (unsigned int i = 0; i < added_count; i++)
		*all++ = (struct option){added[i]->name,
					 added[i]->value ? required_argument : no_argument, NULL,
					 ADDED + i};
	*all = (struct option){0};
}

void options_parse(struct options *options, int argc, char **argv)
{
	struct option all[ARRAY_SIZE(known) + MAX_ADDED + 1];
	int option;

	list_all(all);
	*options = (struct options){.cmdline = "", .boot_bypass = true, .memory = 64};
	parse_endpoints(options, "blk,blk,rng");
	while ((option = getopt_long(argc, argv, "", all, NULL)) >= 0) {
		if (option == '?')
			exit(2);
		if (option < PERSONALITY)
			apply_setup(options, option, optarg);
		else
			apply_behaviour(option, optarg);
	}
	if (optind < argc)
		options_die("unknown argument '%s'", argv[optind]);
}
