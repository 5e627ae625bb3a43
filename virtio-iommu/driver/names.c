// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "util.h"
#include "virtio/virtio.h"

#include "driver/names.h"
#include "standard/request.h"

struct bit_name {
	unsigned int bit;
	const char *name;
};

/* Write the names of the set @bits, then those without a name as a number. */
static const char *bit_names(uint64_t bits, const struct bit_name *names, unsigned int count,
			     char text[NAMES_SIZE])
{
	size_t length = 0;

	for (unsigned int i = 0; i < count && length < NAMES_SIZE; i++)
		if (bits >> names[i].bit & 1) {
			length += snprintf(text + length, NAMES_SIZE - length, "%s%s", length ? "|" : "",
					   names[i].name);
			bits &= ~(1ull << names[i].bit);
		}
	if ((bits || !length) && length < NAMES_SIZE)
		snprintf(text + length, NAMES_SIZE - length, "%s%#lx", length ? "|" : "", bits);
	return text;
}

const char *attach_flag_names(uint32_t flags, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {{0, "BYPASS"}};

	return bit_names(flags, names, ARRAY_SIZE(names), text);
}

const char *map_flag_names(uint32_t flags, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {{0, "READ"}, {1, "WRITE"}, {2, "MMIO"}};

	return bit_names(flags, names, ARRAY_SIZE(names), text);
}

const char *fault_flag_names(uint32_t flags, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {{0, "READ"}, {1, "WRITE"}, {8, "ADDRESS"}};

	return bit_names(flags, names, ARRAY_SIZE(names), text);
}

const char *feature_names(uint64_t features, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {
		{VIRTIO_IOMMU_F_INPUT_RANGE, "INPUT_RANGE"}, {VIRTIO_IOMMU_F_DOMAIN_RANGE, "DOMAIN_RANGE"},
		{VIRTIO_IOMMU_F_MAP_UNMAP, "MAP_UNMAP"}, {VIRTIO_IOMMU_F_BYPASS, "BYPASS"},
		{VIRTIO_IOMMU_F_PROBE, "PROBE"}, {VIRTIO_IOMMU_F_MMIO, "MMIO"},
		{VIRTIO_IOMMU_F_BYPASS_CONFIG, "BYPASS_CONFIG"},
		{VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC"}, {VIRTIO_F_EVENT_IDX, "EVENT_IDX"},
		{VIRTIO_F_VERSION_1, "VERSION_1"}, {VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"},
		{VIRTIO_F_RING_PACKED, "RING_PACKED"}, {VIRTIO_F_IN_ORDER, "IN_ORDER"},
		{VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"}, {VIRTIO_F_SR_IOV, "SR_IOV"},
		{VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA"},
		{VIRTIO_F_NOTIF_CONFIG_DATA, "NOTIF_CONFIG_DATA"}, {VIRTIO_F_RING_RESET, "RING_RESET"},
		{VIRTIO_F_ADMIN_VQ, "ADMIN_VQ"}, {VIRTIO_F_SUSPEND, "SUSPEND"},
	};

	return bit_names(features, names, ARRAY_SIZE(names), text);
}

/* Write the number in front of its names. */
static const char *with_number(uint64_t value, char text[NAMES_SIZE])
{
	char names[NAMES_SIZE];

	if (!value)
		return text;
	memcpy(names, text, NAMES_SIZE);
	snprintf(text, NAMES_SIZE, "%#lx (%.160s)", value, names);
	return text;
}

const char *device_status_names(uint8_t status, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {
		{0, "ACKNOWLEDGE"}, {1, "DRIVER"}, {3, "FEATURES_OK"}, {2, "DRIVER_OK"},
		{4, "SUSPEND"}, {6, "NEEDS_RESET"}, {7, "FAILED"},
	};

	bit_names(status, names, ARRAY_SIZE(names), text);
	return with_number(status, text);
}

const char *isr_names(uint8_t status, char text[NAMES_SIZE])
{
	static const struct bit_name names[] = {{0, "used buffer"}, {1, "configuration change"}};

	bit_names(status, names, ARRAY_SIZE(names), text);
	return with_number(status, text);
}

#define MAX_NAMES 16

static struct {
	uint32_t id;
	char text[64];
} endpoint_names[MAX_NAMES];

static unsigned int endpoint_name_count;

void name_endpoint(uint32_t id, const char *device, const char *place)
{
	unsigned int n = endpoint_name_count;

	if (n == MAX_NAMES)
		return;
	endpoint_names[n].id = id;
	snprintf(endpoint_names[n].text, sizeof(endpoint_names[n].text), "%#x (%s %s)", id, device, place);
	endpoint_name_count++;
}

const char *endpoint_name(uint32_t id)
{
	static char number[12];

	for (unsigned int i = 0; i < endpoint_name_count; i++)
		if (endpoint_names[i].id == id)
			return endpoint_names[i].text;
	snprintf(number, sizeof(number), "%#x", id);
	return number;
}

const char *fault_reason_name(uint8_t reason)
{
	static const char *const names[] = {
		[FAULT_UNKNOWN] = "UNKNOWN", [FAULT_DOMAIN] = "DOMAIN", [FAULT_MAPPING] = "MAPPING",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "?";
}

const char *config_word_name(unsigned int word)
{
	static const char *const names[] = {
		"page_size_mask[31:0]", "page_size_mask[63:32]",
		"input_range.start[31:0]", "input_range.start[63:32]",
		"input_range.end[31:0]", "input_range.end[63:32]",
		"domain_range.start", "domain_range.end", "probe_size", "bypass and reserved",
	};

	return word < ARRAY_SIZE(names) ? names[word] : "?";
}
