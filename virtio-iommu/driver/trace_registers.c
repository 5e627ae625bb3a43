// SPDX-License-Identifier: BSD-3-Clause
/*
 * Accesses to registers of the device under test, by the names of structure and field.
 */
#include <stdio.h>
#include <string.h>

#include "pci/msix.h"
#include "pci/pci.h"
#include "register.h"
#include "util.h"
#include "virtio/mmio_layout.h"
#include "virtio/pci_layout.h"

#include "driver/iommu.h"
#include "driver/names.h"
#include "driver/trace.h"
#include "driver/trace_internal.h"

/* How a value is told. */
enum form { HEX, DECIMAL, STATUS, OFFERED, ACCEPTED, OFFERED_WORD, ACCEPTED_WORD, ISR, VECTOR };

struct field {
	uint16_t offset;
	uint16_t width;
	enum form form;
	const char *name;
};

/* virtio_pci_common_cfg (4.1.4.3) */
static const struct field common_fields[] = {
	{COMMON_DEVICE_FEATURE_SELECT, 4, OFFERED_WORD, "device_feature_select"},
	{COMMON_DEVICE_FEATURE, 4, OFFERED, "device_feature"},
	{COMMON_DRIVER_FEATURE_SELECT, 4, ACCEPTED_WORD, "driver_feature_select"},
	{COMMON_DRIVER_FEATURE, 4, ACCEPTED, "driver_feature"},
	{COMMON_CONFIG_VECTOR, 2, VECTOR, "config_msix_vector"},
	{COMMON_NUM_QUEUES, 2, DECIMAL, "num_queues"},
	{COMMON_DEVICE_STATUS, 1, STATUS, "device_status"},
	{COMMON_CONFIG_GENERATION, 1, DECIMAL, "config_generation"},
	{COMMON_QUEUE_SELECT, 2, DECIMAL, "queue_select"},
	{COMMON_QUEUE_SIZE, 2, DECIMAL, "queue_size"},
	{COMMON_QUEUE_VECTOR, 2, VECTOR, "queue_msix_vector"},
	{COMMON_QUEUE_ENABLE, 2, DECIMAL, "queue_enable"},
	{COMMON_QUEUE_NOTIFY_OFF, 2, DECIMAL, "queue_notify_off"},
	{COMMON_QUEUE_DESC, 8, HEX, "queue_desc"},
	{COMMON_QUEUE_DRIVER, 8, HEX, "queue_driver"},
	{COMMON_QUEUE_DEVICE, 8, HEX, "queue_device"},
	{COMMON_SIZE, 2, DECIMAL, "queue_notif_config_data"},
	{COMMON_QUEUE_RESET, 2, DECIMAL, "queue_reset"},
	{COMMON_ADMIN_INDEX, 2, DECIMAL, "admin_queue_index"},
	{COMMON_ADMIN_COUNT, 2, DECIMAL, "admin_queue_num"},
};

/* virtio_iommu_config (5.13.4) */
static const struct field config_fields[] = {
	{offsetof(struct iommu_config, page_size_mask), 8, HEX, "page_size_mask"},
	{offsetof(struct iommu_config, input_start), 8, HEX, "input_range.start"},
	{offsetof(struct iommu_config, input_end), 8, HEX, "input_range.end"},
	{offsetof(struct iommu_config, domain_start), 4, HEX, "domain_range.start"},
	{offsetof(struct iommu_config, domain_end), 4, HEX, "domain_range.end"},
	{offsetof(struct iommu_config, probe_size), 4, DECIMAL, "probe_size"},
	{offsetof(struct iommu_config, bypass), 1, DECIMAL, "bypass"},
	{offsetof(struct iommu_config, reserved), 3, HEX, "reserved"},
};

/* 4.2.2 */
static const struct field mmio_fields[] = {
	{MMIO_MAGIC_VALUE, 4, HEX, "MagicValue"},
	{MMIO_VERSION, 4, DECIMAL, "Version"},
	{MMIO_DEVICE_ID, 4, DECIMAL, "DeviceID"},
	{MMIO_VENDOR_ID, 4, HEX, "VendorID"},
	{MMIO_DEVICE_FEATURES, 4, OFFERED, "DeviceFeatures"},
	{MMIO_DEVICE_FEATURES_SEL, 4, OFFERED_WORD, "DeviceFeaturesSel"},
	{MMIO_DRIVER_FEATURES, 4, ACCEPTED, "DriverFeatures"},
	{MMIO_DRIVER_FEATURES_SEL, 4, ACCEPTED_WORD, "DriverFeaturesSel"},
	{MMIO_QUEUE_SEL, 4, DECIMAL, "QueueSel"},
	{MMIO_QUEUE_SIZE_MAX, 4, DECIMAL, "QueueSizeMax"},
	{MMIO_QUEUE_SIZE, 4, DECIMAL, "QueueSize"},
	{MMIO_QUEUE_READY, 4, DECIMAL, "QueueReady"},
	{MMIO_QUEUE_NOTIFY, 4, HEX, "QueueNotify"},
	{MMIO_INTERRUPT_STATUS, 4, ISR, "InterruptStatus"},
	{MMIO_INTERRUPT_ACK, 4, ISR, "InterruptACK"},
	{MMIO_STATUS, 4, STATUS, "Status"},
	{MMIO_QUEUE_DESC, 8, HEX, "QueueDesc"},
	{MMIO_QUEUE_DRIVER, 8, HEX, "QueueDriver"},
	{MMIO_QUEUE_DEVICE, 8, HEX, "QueueDevice"},
	{MMIO_SHM_SEL, 4, DECIMAL, "SHMSel"},
	{MMIO_SHM_LEN, 8, HEX, "SHMLen"},
	{MMIO_SHM_BASE, 8, HEX, "SHMBase"},
	{MMIO_QUEUE_RESET, 4, DECIMAL, "QueueReset"},
	{MMIO_CONFIG_GENERATION, 4, DECIMAL, "ConfigGeneration"},
};

static const struct field isr_fields[] = {{0, 1, ISR, "ISR status"}};

/* The header of configuration space. */
static const struct field header_fields[] = {
	{PCI_VENDOR_ID, 2, HEX, "PCI vendor id"},
	{PCI_DEVICE_ID, 2, HEX, "PCI device id"},
	{PCI_COMMAND, 2, HEX, "PCI command"},
	{PCI_STATUS, 2, HEX, "PCI status"},
	{PCI_CLASS_REVISION, 4, HEX, "PCI class and revision"},
	{PCI_CACHE_LINE, 4, HEX, "PCI cache line, latency, header type, BIST"},
	{PCI_BAR0, 24, HEX, "PCI BARs"},
	{PCI_SUBSYSTEM_ID - 2, 2, HEX, "PCI subsystem vendor id"},
	{PCI_SUBSYSTEM_ID, 2, HEX, "PCI subsystem id"},
	{PCI_CAPABILITIES, 1, HEX, "PCI capabilities pointer"},
	{PCI_INTERRUPT_PIN - 1, 1, HEX, "PCI interrupt line"},
	{PCI_INTERRUPT_PIN, 1, DECIMAL, "PCI interrupt pin"},
};

/* virtio_pci_cap and those that begin like it (4.1.4) */
static const struct field cap_fields[] = {
	{0, 1, HEX, "cap_vndr"},
	{1, 1, HEX, "cap_next"},
	{CAP_LENGTH, 1, DECIMAL, "cap_len"},
	{CAP_TYPE, 1, DECIMAL, "cfg_type"},
	{CAP_BAR, 1, DECIMAL, "bar"},
	{CAP_ID, 1, DECIMAL, "id"},
	{CAP_ID + 1, 2, HEX, "padding"},
	{CAP_OFFSET, 4, HEX, "offset"},
	{CAP_STRUCTURE_LENGTH, 4, HEX, "length"},
	{CAP_SIZE, 4, HEX, "notify_off_multiplier or pci_cfg_data or offset_hi"},
	{CAP_LENGTH_HIGH, 4, HEX, "length_hi"},
};

static const struct field msix_fields[] = {
	{0, 1, HEX, "id"}, {1, 1, HEX, "next"}, {2, 2, HEX, "message control"},
	{4, 4, HEX, "table"}, {8, 4, HEX, "PBA"},
};

static const struct field entry_fields[] = {
	{0, 8, HEX, "address"}, {8, 4, HEX, "data"}, {12, 4, HEX, "vector control"},
};

/* What is accessed: a field and the part of it, or a place in a structure. */
struct subject {
	char prefix[48];
	const struct field *field;	/* or NULL */
	unsigned int offset;	/* in the field; without one, in what @prefix names */
};

static void find_field(struct subject *s, const struct field *fields, unsigned int count, unsigned int offset)
{
	s->offset = offset;
	for (unsigned int i = 0; i < count; i++)
		if (offset >= fields[i].offset && offset < fields[i].offset + fields[i].width) {
			s->field = &fields[i];
			s->offset = offset - fields[i].offset;
		}
}

#define FIND_FIELD(s, fields, offset) find_field(s, fields, ARRAY_SIZE(fields), offset)

/* Return true if @address is in @size bytes from @base on, and its offset there. */
static bool is_in(const volatile uint8_t *address, const volatile uint8_t *base, uint64_t size,
		  unsigned int *offset)
{
	uint64_t distance = (uintptr_t)address - (uintptr_t)base;

	*offset = distance;
	return base && distance < size;
}

static const struct msix *tables;
static unsigned int table_count;

void trace_msix(const struct msix *msix, unsigned int count)
{
	tables = msix;
	table_count = count;
}

static bool find_entry(struct subject *s, const volatile uint8_t *address)
{
	unsigned int offset;

	for (unsigned int i = 0; i < table_count; i++)
		if (is_in(address, tables[i].table, tables[i].count * MSIX_ENTRY_SIZE, &offset)) {
			snprintf(s->prefix, sizeof(s->prefix), "MSI-X entry %u ", offset / MSIX_ENTRY_SIZE);
			FIND_FIELD(s, entry_fields, offset % MSIX_ENTRY_SIZE);
			return true;
		}
	return false;
}

static bool find_in_memory(struct subject *s, const volatile uint8_t *address)
{
	const struct virtio_device *dev = &iommu.dev;
	unsigned int offset;

	if (is_in(address, dev->common, COMMON_LONGEST, &offset))
		FIND_FIELD(s, common_fields, offset);
	else if (is_in(address, dev->config, dev->config_length, &offset))
		FIND_FIELD(s, config_fields, offset);
	else if (is_in(address, dev->isr, 1, &offset))
		FIND_FIELD(s, isr_fields, offset);
	else if (is_in(address, dev->registers, MMIO_CONFIG, &offset))
		FIND_FIELD(s, mmio_fields, offset);
	else
		return find_entry(s, address);
	if (!s->field)
		snprintf(s->prefix, sizeof(s->prefix), "register at %#x", s->offset);
	return true;
}

/* Return the start of the capability @id that covers @offset by its @size, 0 if there is none. */
static unsigned int capability_at(const struct pci_dev *pci, uint8_t id, unsigned int size,
				  unsigned int offset)
{
	unsigned int cap = pci_find_capability(pci, id, 0);

	while (cap && (offset < cap || offset >= cap + size))
		cap = pci_find_capability(pci, id, cap);
	return cap;
}

static bool find_in_config(struct subject *s, const struct pci_dev *pci, unsigned int offset)
{
	unsigned int cap = capability_at(pci, PCI_CAP_VENDOR, CAP_SIZE_64, offset);
	unsigned int msix = capability_at(pci, PCI_CAP_MSIX, 12, offset);

	if (pci != iommu.dev.pci)
		return false;
	if (offset < 0x40)
		FIND_FIELD(s, header_fields, offset);
	else if (msix) {
		snprintf(s->prefix, sizeof(s->prefix), "MSI-X capability ");
		FIND_FIELD(s, msix_fields, offset - msix);
	} else if (cap) {
		snprintf(s->prefix, sizeof(s->prefix), "capability at %#x ", cap);
		FIND_FIELD(s, cap_fields, offset - cap);
	}
	if (!s->field)
		snprintf(s->prefix, sizeof(s->prefix), "PCI configuration at %#x", offset);
	return true;
}

static bool is_whole(const struct subject *s, unsigned int width)
{
	return !s->field || (!s->offset && width == s->field->width);
}

/* A part of a field has its bits behind it. */
static void print_subject(char *text, size_t size, const struct subject *s, unsigned int width)
{
	char bits[24] = "";

	if (!is_whole(s, width))
		snprintf(bits, sizeof(bits), "[%u:%u]", 8 * (s->offset + width) - 1, 8 * s->offset);
	snprintf(text, size, "%s%s%s", s->prefix, s->field ? s->field->name : "", bits);
}

static uint32_t offered_word, accepted_word;

static void print_features(char *text, size_t size, uint32_t word, uint32_t bits)
{
	char names[NAMES_SIZE];

	if (word < 2 && bits)
		snprintf(text, size, "%#x (%s)", bits, feature_names((uint64_t)bits << 32 * word, names));
	else
		snprintf(text, size, "%#x", bits);
}

static void print_value(char *text, size_t size, enum form form, uint64_t value)
{
	char names[NAMES_SIZE];

	if (form == STATUS)
		snprintf(text, size, "%s", device_status_names(value, names));
	else if (form == ISR)
		snprintf(text, size, "%s", isr_names(value, names));
	else if (form == OFFERED || form == ACCEPTED)
		print_features(text, size, form == OFFERED ? offered_word : accepted_word, value);
	else if (form == VECTOR && value == VIRTIO_NO_VECTOR)
		snprintf(text, size, "NO_VECTOR");
	else
		snprintf(text, size, form == HEX ? "%#lx" : "%lu", value);
}

/* The last two lines that were printed, and what came since: the same ones in turn. */
static struct {
	char last[2][320];	/* the latest first */
	unsigned int period;	/* of the repetition: one line, or two */
	unsigned int count;	/* lines that were not printed */
	bool open;		/* a read was announced */
} shown;

/* Return what the next line is if the repetition goes on, NULL if it cannot be told yet. */
static const char *expected_line(void)
{
	return shown.count ? shown.last[shown.period == 2 && shown.count % 2 == 0] : NULL;
}

static bool is_repeated(const char *line)
{
	if (expected_line())
		return !strcmp(line, expected_line());
	shown.period = strcmp(line, shown.last[0]) ? 2 : 1;
	return !strcmp(line, shown.last[shown.period - 1]);
}

static void flush(void)
{
	unsigned int rounds = shown.period ? shown.count / shown.period : 0;
	bool rest = shown.period && shown.count % shown.period;
	char line[64];

	shown.count = 0;
	if (rounds) {
		snprintf(line, sizeof(line), "  %s again, %u time%s", shown.period == 1 ? "the same" : "both",
			 rounds, rounds > 1 ? "s" : "");
		trace_put(line);
	}
	if (rest)
		trace_put(shown.last[1]);
}

void trace_registers_flush(void)
{
	flush();
	shown.last[0][0] = shown.last[1][0] = '\0';
}

static void remember(const char *line)
{
	memcpy(shown.last[1], shown.last[0], sizeof(shown.last[0]));
	snprintf(shown.last[0], sizeof(shown.last[0]), "%s", line);
}

static void print_line(const char *line)
{
	if (is_repeated(line)) {
		shown.count++;
		return;
	}
	flush();
	trace_put(line);
	remember(line);
}

static int last_status;
static bool is_polling;

void trace_registers_begin(void)
{
	trace_registers_flush();
	last_status = -1;
}

void trace_polling(bool polling)
{
	is_polling = polling;
}

/* Print what is about to be read, so that it is seen if the VMM dies of it; not what was read just now. */
static void announce_read(const char *what, enum form form)
{
	char line[160];
	size_t length = snprintf(line, sizeof(line), "read %s ->", what);

	if (!strncmp(line, shown.last[0], length) || !strncmp(line, shown.last[1], length) ||
	    (form == STATUS && (is_polling || trace_is_waiting())))
		return;
	flush();
	trace_put(line);
	shown.open = true;
}

static void print_read(const char *what, enum form form, uint64_t value, const char *words)
{
	bool is_poll = form == STATUS && (is_polling || trace_is_waiting()) && value == (uint64_t)last_status;
	char line[320];

	if (form == STATUS)
		last_status = value;
	if (shown.open) {
		snprintf(line, sizeof(line), "-> %s", words);
		trace_put(line);
	}
	snprintf(line, sizeof(line), "read %s -> %s", what, words);
	if (shown.open)
		remember(line);
	else if (!is_poll)
		print_line(line);
	shown.open = false;
}

static void print_write(const char *what, enum form form, uint32_t value, const char *words)
{
	char line[320];

	if (form == OFFERED_WORD)
		offered_word = value;
	if (form == ACCEPTED_WORD)
		accepted_word = value;
	if (form == STATUS)
		last_status = -1;
	snprintf(line, sizeof(line), "write %s %s", what, words);
	print_line(line);
}

static bool is_notification(const struct register_access *access)
{
	unsigned int offset;

	if (access->kind != REGISTER_WRITE || !access->address)
		return false;
	return iommu.dev.registers ? access->address == iommu.dev.registers + MMIO_QUEUE_NOTIFY :
		is_in(access->address, iommu.dev.notify, iommu.dev.notify_length, &offset);
}

static void print_notification(uint32_t value)
{
	bool data = iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA);
	char line[80];

	if (data)
		snprintf(line, sizeof(line), "notify queue %u, next %#x", value & 0xffff, value >> 16);
	else
		snprintf(line, sizeof(line), "notify queue %u", value);
	print_line(line);
}

void trace_register(const struct register_access *access)
{
	struct subject s = {0};
	char what[80], words[NAMES_SIZE];
	enum form form;

	if (is_notification(access))
		return print_notification(access->value);
	if (!(access->address ? find_in_memory(&s, access->address) :
				find_in_config(&s, access->pci, access->offset)))
		return;
	form = s.field && is_whole(&s, access->width) ? s.field->form : HEX;
	print_subject(what, sizeof(what), &s, access->width);
	print_value(words, sizeof(words), form, access->value);
	if (access->kind == REGISTER_WRITE)
		print_write(what, form, access->value, words);
	else if (access->kind == REGISTER_READ)
		announce_read(what, form);
	else
		print_read(what, form, access->value, words);
}
