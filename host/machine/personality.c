// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "host/machine/personality.h"
#include "util.h"
#include "virtio/virtio.h"

#define IOMMU_FEATURE(name) VIRTIO_FEATURE(VIRTIO_IOMMU_F_##name)

static const struct personality personalities[] = {
	{"reference", "", "", NULL, .without = 0},

	/* Configuration. */
	{"granule-1", "every size can be mapped", "DEV-CFG-1", NULL,
	 .page_size_mask = UINT64_MAX},
	{"granule-4k-only", "no hint at other sizes", "DEV-CFG-2", NULL, .page_size_mask = 0x1000},
	{"granule-16k", "", "DEV-CFG-1", NULL, .page_size_mask = 0x02004000},
	{"granule-64k", "", "DEV-CFG-1", NULL, .page_size_mask = 0x20010000},
	{"input-32-bits", "", "5.13.4 input_range", NULL, .input_end = UINT32_MAX},
	{"input-64-bits", "all addresses", "5.13.4 input_range", NULL, .input_end = UINT64_MAX},
	{"input-low", "a range in which no memory lies", "5.13.4 input_range", NULL,
	 .input_start = 0x100000, .input_end = 0x8ffffff},
	{"input-high", "a range above 4 GiB", "5.13.4 input_range", NULL,
	 .input_start = 0x4000000000, .input_end = 0x7fffffffff},
	{"input-unaligned", "a range that does not begin or end with a page", "5.13.4 input_range", NULL,
	 .input_start = 0x100100, .input_end = 0x7ffffff0f7},
	{"no-input-range", "feature INPUT_RANGE is not offered", "5.13.3", NULL,
	 .without = IOMMU_FEATURE(INPUT_RANGE)},
	{"few-domains", "a range of 16 domains", "5.13.4 domain_range", NULL, .domain_start = 5,
	 .domain_end = 20},
	{"one-domain", "", "5.13.4 domain_range", NULL, .domain_start = 3, .domain_end = 3},
	{"two-domains", "one of them is domain 0", "5.13.4 domain_range", NULL, .domain_end = 1},
	{"no-domain-range", "feature DOMAIN_RANGE is not offered", "5.13.3", NULL,
	 .without = IOMMU_FEATURE(DOMAIN_RANGE)},
	{"no-probe", "feature PROBE is not offered", "5.13.3", NULL, .without = IOMMU_FEATURE(PROBE)},
	{"small-probe", "room for six regions and no more", "N-PROBE-1", NULL, .probe_size = 144},
	{"large-probe", "", "5.13.4 probe_size", NULL, .probe_size = 4000},
	{"huge-probe", "", "5.13.4 probe_size", NULL, .probe_size = 16384},
	{"no-property-bytes", "probe_size is 0", "5.13.4 probe_size", NULL, .no_property_bytes = true},
	{"exact-probe", "PROBE with more room than probe_size is refused", "DRV-PROBE-1", NULL,
	 .exact_probe = true},
	{"unknown-properties", "properties and a subtype of a later standard", "DRV-PROBE-3", NULL,
	 .unknown_properties = true},
	{"own-regions", "each region is that of one endpoint only", "DEV-ATTACH-11", NULL,
	 .own_regions = true},
	{"own-regions-joined", "a region may lie over what is mapped already", "AMB-18", NULL,
	 .own_regions = true, .answers = {{RULE_ATTACH_REGIONS, STATUS_OK, false}}},
	{"no-mmio", "feature MMIO is not offered", "5.13.3", NULL, .without = IOMMU_FEATURE(MMIO)},
	{"no-bypass-config", "feature BYPASS_CONFIG is not offered: no bypass", "5.13.3", NULL,
	 .without = IOMMU_FEATURE(BYPASS_CONFIG)},
	{"old-bypass", "feature BYPASS in place of BYPASS_CONFIG", "5.13.3", "DEV-FEAT-2",
	 .without = IOMMU_FEATURE(BYPASS_CONFIG), .with = IOMMU_FEATURE(BYPASS)},
	{"both-bypass", "features BYPASS and BYPASS_CONFIG", "AMB-2", "DEV-FEAT-2,DEV-FEAT-3",
	 .with = IOMMU_FEATURE(BYPASS)},
	{"no-map-unmap", "feature MAP_UNMAP is not offered", "5.13.3", "DEV-FEAT-1",
	 .without = IOMMU_FEATURE(MAP_UNMAP)},
	{"new-generation", "a write to config.bypass counts as a configuration change", "AMB-12", NULL,
	 .new_generation = true},
	{"bad-bypass-breaks", "an illegal value of config.bypass calls for a reset", "DEV-CFG-6", NULL,
	 .bad_bypass_breaks = true},
	{"later-standard", "features and fields of a standard that is not out yet", "2.2, 2.5",
	 "GEN-FEAT-3,PCI-COM-3",
	 .with = 1ull << 7 | 1ull << 23 | 1ull << 50 | 1ull << 63, .later_standard = true},

	/* Answers. */
	{"no-sharing", "no domain has two endpoints", "DEV-ATTACH-4", "DEV-ATTACH-10",
	 .answers = {{RULE_ATTACH_SHARE, STATUS_UNSUPP, false}}},
	{"no-moving", "DETACH has to come before the next ATTACH", "DEV-ATTACH-9", "DEV-ATTACH-7",
	 .answers = {{RULE_ATTACH_MOVE, STATUS_UNSUPP, false}}},
	{"attach-again-clears", "ATTACH to the own domain is DETACH, then ATTACH", "AMB-5", NULL,
	 .attach_again_clears = true},
	{"detach-noent", "a wrong domain gives NOENT", "DEV-DETACH-3", NULL,
	 .answers = {{RULE_DETACH_DOMAIN, STATUS_NOENT, false}}},
	{"detach-ok", "a wrong domain gives OK, and nobody is detached", "DEV-DETACH-3", NULL,
	 .answers = {{RULE_DETACH_DOMAIN, STATUS_OK, false}}},
	{"write-implies-read", "what can be written can be read", "DEV-MAP-7", NULL,
	 .write_implies_read = true},
	{"read-required", "a mapping without READ is refused", "DEV-MAP-7", NULL,
	 .answers = {{RULE_MAP_PERMISSIONS, STATUS_INVAL, false}}},
	{"other-codes", "refusals for which no status is prescribed", "AMB-8", NULL,
	 .answers = {{RULE_ATTACH_DOMAIN_RANGE, STATUS_INVAL, false},
		     {RULE_MAP_ORDER, STATUS_RANGE, false},
		     {RULE_MAP_INPUT_RANGE, STATUS_INVAL, false},
		     {RULE_MAP_REGION, STATUS_FAULT, false},
		     {RULE_MAP_PHYS, STATUS_INVAL, false},
		     {RULE_UNMAP_ORDER, STATUS_OK, false}}},
	{"unmap-reserved-refused", "reserved bytes of UNMAP give INVAL", "DEV-UNMAP-1", NULL,
	 .answers = {{RULE_UNMAP_RESERVED, STATUS_INVAL, false}}},
	{"unmap-reserved-acts", "reserved bytes of UNMAP give INVAL, and it is carried out",
	 "DEV-UNMAP-2", NULL, .answers = {{RULE_UNMAP_RESERVED, STATUS_INVAL, true}}},
	{"unmap-aligned", "an unaligned UNMAP gives RANGE", "AMB-14", NULL,
	 .answers = {{RULE_UNMAP_ALIGN, STATUS_RANGE, false}}},
	{"no-domain-inval", "MAP and UNMAP in a domain that does not exist give INVAL", "DEV-UNMAP-3",
	 "DEV-MAP-4,DEV-UNMAP-3", .answers = {{RULE_MAP_DOMAIN, STATUS_INVAL, false},
					      {RULE_UNMAP_DOMAIN, STATUS_INVAL, false}}},
	{"no-domain-ok", "UNMAP in a domain that does not exist is OK, as nothing is mapped there",
	 "DEV-UNMAP-3", "DEV-UNMAP-3", .answers = {{RULE_UNMAP_DOMAIN, STATUS_OK, false}}},
	{"unmap-inval", "an unaligned UNMAP gives INVAL", "AMB-14", NULL,
	 .answers = {{RULE_UNMAP_ALIGN, STATUS_INVAL, false}}},
	{"short-inval", "a request whose readable part is too short is refused", "N-REQ-1", NULL,
	 .answers = {{RULE_TOO_SHORT, STATUS_INVAL, false}}},
	{"checks-memory", "MAP to anything but memory is refused", "N-MAP-5", NULL, .checks_memory = true},
	{"few-mappings", "there is room for 24 mappings", "AMB-8", NULL, .few_mappings = true},
	{"inseparable", "endpoints can be in one domain only", "5.13.6.3", NULL, .inseparable = true},
	{"no-spare-bytes", "a request that is too long gives INVAL", "AMB-16", NULL,
	 .answers = {{RULE_TOO_LONG, STATUS_INVAL, false}}},
	{"last-rule-first", "of several faults of a request another one counts", "AMB-9", NULL,
	 .last_rule_first = true},
	{"unparsed-breaks", "a request that cannot be parsed calls for a reset", "AMB-11", "N-REQ-1",
	 .unparsed_breaks = true},
	{"tail-where-expected", "in a writable part that is too large the tail is not at its end",
	 "AMB-10", NULL, .tail_where_expected = true},

	/* Queues. */
	{"no-indirect", "", "2.7.5.3", NULL, .without = VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC)},
	{"no-event-idx", "", "2.7.10", NULL, .without = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)},
	{"no-queue-reset", "", "2.6.1", NULL, .without = VIRTIO_FEATURE(VIRTIO_F_RING_RESET)},
	{"slow-queue-reset", "the reset of a queue takes a while", "PCI-COM-12", NULL,
	 .slow_queue_reset = true},
	{"polls", "queues are looked at without notifications", "GEN-NA-2", NULL, .deferred = true,
	 .polls = true},
	{"small-queues", "8 descriptors", "2.7", NULL, .queue_size = 8},
	{"tiny-queues", "2 descriptors", "2.7", NULL, .queue_size = 2},
	{"smaller-queues", "4 descriptors", "2.7", NULL, .queue_size = 4},
	{"slow", "each request takes a while", "2.7.13", NULL, .deferred = true, .slow = 100},
	{"deferred", "requests are handled some time after the notification", "2.7.13", NULL,
	 .deferred = true},
	{"reversed", "of requests in flight the last one is handled first", "AMB-13", NULL,
	 .deferred = true, .reversed = true},

	/* Virtio. */
	{"platform", "ACCESS_PLATFORM and ORDER_PLATFORM are offered and insisted on", "GEN-RSVD-6", NULL,
	 .with = VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM),
	 .insists = true},
	{"order-platform", "ORDER_PLATFORM is offered and not insisted on", "GEN-RSVD-6", NULL,
	 .with = VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM)},
	{"notification-data", "feature NOTIFICATION_DATA", "PCI-NTF-6", NULL,
	 .with = VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA)},
	{"admin-queue", "feature ADMIN_VQ, and no such queue", "PCI-COM-16", NULL,
	 .with = VIRTIO_FEATURE(VIRTIO_F_ADMIN_VQ)},
	{"no-suspend", "", "3.4", NULL, .without = VIRTIO_FEATURE(VIRTIO_F_SUSPEND)},
	{"unneeded-capabilities", "shared memory regions and vendor data", "PCI-SHM-1", NULL,
	 .unneeded_capabilities = true},

	/* Faults. */
	{"no-events", "no fault is reported", "AMB-15", NULL, .no_events = true},
	{"half-events", "every second fault is reported", "AMB-15", NULL, .half_events = true},
	{"patient-events", "reports wait for a buffer", "N-EVT-1", NULL, .patient_events = true},
	{"late-events", "reports come some time after their fault", "AMB-15", NULL,
	 .patient_events = true, .late_events = true},
	{"no-addresses", "reports leave out the address", "DEV-FAULT-4", NULL, .no_addresses = true},
	{"no-directions", "reports do not tell reads from writes", "N-EVT-4", NULL, .no_directions = true},
	{"no-reasons", "reports have the reason UNKNOWN", "N-EVT-2", "N-EVT-2", .no_reasons = true},
	{"merged-events", "faults that are like the last one are not reported", "AMB-15", NULL,
	 .merged_events = true},

	/* What the firmware says. */
	{"device-tree", "the machine is described by a device tree", "5.13", NULL,
	 .device_tree = true},

	/* Endpoints. */
	{"silent-endpoints", "endpoints do not say that an access was blocked", "2.1.2", NULL,
	 .silent_endpoints = true},
	{"slow-endpoints", "disks take 60 ms for each request", "2.7.13", NULL, .slow_endpoints = 1200},
	{"looks-ahead", "an access is translated whole before its first byte is moved", "5.13.6.5",
	 NULL, .looks_ahead = true},
};

const struct personality *personality = &personalities[0];

bool personality_use(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(personalities); i++) {
		if (strcmp(personalities[i].name, name))
			continue;
		personality = &personalities[i];
		return true;
	}
	return false;
}

void personality_list(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(personalities); i++) {
		const struct personality *p = &personalities[i];

		fprintf(stdout, "%s\t%s\t%s\t%s\n", p->name, p->warns ? p->warns : "", p->basis, p->text);
	}
}
