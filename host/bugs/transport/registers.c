// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of registers and messages, and of what a reset or a resume is taken for.
 */
#include "host/bugs/virtio/takeover.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"
#include "virtio/mmio_layout.h"
#include "util.h"

/*
 * Messages.
 */

static bool is_masked_itself(const struct vdev *dev, uint16_t vector)
{
	return vector < VMSIX_VECTORS && vmsix_is_enabled(dev) && (dev->msix.table[vector].control & 1);
}

static void interrupt_unless_masked(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (!is_masked_itself(dev, vector))
		generic_interrupt(dev, cause, vector);
}

enum { MSIX_CONTROL = 2, MSIX_FUNCTION_MASK = 1 << 14 };

static bool is_masked_with_all(const struct vdev *dev)
{
	return vmsix_is_enabled(dev) &&
	       (function_get(&dev->function, dev->msix.capability + MSIX_CONTROL, 2) & MSIX_FUNCTION_MASK);
}

static void interrupt_unless_all_masked(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (!is_masked_with_all(dev) || is_masked_itself(dev, vector))
		generic_interrupt(dev, cause, vector);
}

/* The first queue has no other one to fall back on. */
static void interrupt_by_first_queue(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	bool falls_back = cause == ISR_QUEUE && vector == NO_VECTOR;

	generic_interrupt(dev, cause, falls_back ? dev->queues[0].vector : vector);
}

/* The vectors that the queues had when they were enabled. */
static uint16_t latched[VDEV_QUEUES];

static void enable_and_latch(struct vdev *dev, struct vqueue *queue)
{
	latched[queue - dev->queues] = queue->vector;
	generic_enable_queue(dev, queue);
}

static void push_latched(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	uint16_t vector = queue->vector;

	queue->vector = latched[queue - dev->queues];
	generic_push(dev, queue, chain, length);
	queue->vector = vector;
}

static void flush_latched(struct vdev *dev, struct vqueue *queue)
{
	uint16_t vector = queue->vector;

	queue->vector = latched[queue - dev->queues];
	generic_flush(dev, queue);
	queue->vector = vector;
}

/*
 * Widths.
 */

/* Returns true if 4 bytes at @at of the BAR are something that can be written. */
static bool takes_4_bytes(uint32_t at)
{
	if (at - AREA_COMMON < AREA_SIZE)
		return vdev_pci_is_field(at - AREA_COMMON, 4);
	return at >= AREA_CONFIG && at < AREA_CONFIG + AREA_SIZE;
}

static bool is_window_data(const struct function *f, unsigned int offset)
{
	unsigned int cap = vdev_of((struct function *)f)->access_window;

	return offset == cap + CAP_ACCESS_DATA && function_get(f, cap + CAP_BAR, 1) == VDEV_BAR;
}

static void write_4_bytes(struct function *f, unsigned int cap)
{
	uint32_t at = function_get(f, cap + CAP_OFFSET, 4);
	uint32_t length = function_get(f, cap + CAP_STRUCTURE_LENGTH, 4);

	if ((length == 1 || length == 2 || length == 4) && !(at % 4) && takes_4_bytes(at))
		f->ops->write(f, VDEV_BAR, at, 4, function_get(f, cap + CAP_ACCESS_DATA, 4));
}

static void access_writes_4(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;

	if (!write || offset != cap + CAP_ACCESS_DATA || function_get(f, cap + CAP_BAR, 1) != VDEV_BAR)
		right_function->config_access(f, offset, width, write);
	else
		write_4_bytes(f, cap);
}

/* Returns the width of the register at @at of the BAR. */
static unsigned int width_of(const struct vdev *dev, uint32_t at)
{
	bool wide = vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA);

	if (at >= AREA_NOTIFY)
		return at % NOTIFY_MULTIPLIER ? 0 : wide ? 4 : 2;
	if (at >= AREA_CONFIG)
		return 1;
	for (unsigned int width = 4; width; width /= 2)
		if (at < AREA_SIZE && vdev_pci_is_field(at, width))
			return width;
	return 0;
}

static void write_registers(struct function *f, uint32_t at, uint32_t value)
{
	for (unsigned int i = 0, width; i < 4; i += width ? width : 1) {
		width = width_of(vdev_of(f), at + i);
		if (width)
			f->ops->write(f, VDEV_BAR, at + i, width,
				      value >> 8 * i & UINT32_MAX >> (32 - 8 * width));
	}
}

/* The 4 bytes around what is written are written as well: with zeroes. */
static void access_writes_word(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;
	uint32_t at = function_get(f, cap + CAP_OFFSET, 4);
	uint32_t length = function_get(f, cap + CAP_STRUCTURE_LENGTH, 4);

	if (!write || offset != cap + CAP_ACCESS_DATA || function_get(f, cap + CAP_BAR, 1) != VDEV_BAR)
		right_function->config_access(f, offset, width, write);
	else if ((length == 1 || length == 2 || length == 4) && at % length == 0 && at < VDEV_BAR_SIZE)
		write_registers(f, align_down(at, 4), function_get(f, offset, length) << 8 * (at % 4));
}

/* All bytes of pci_cfg_data are written, to whatever registers there are from the offset on. */
static void access_writes_all(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	if (write && is_window_data(f, offset))
		write_registers(f, function_get(f, vdev_of(f)->access_window + CAP_OFFSET, 4),
				function_get(f, offset, 4));
	else
		right_function->config_access(f, offset, width, write);
}

/* Of the offset N bits count. */
static void access_low_bits(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int at = vdev_of(f)->access_window + CAP_OFFSET;
	uint32_t whole = function_get(f, at, 4);

	if (is_window_data(f, offset))
		function_set(f, at, 4, whole & (UINT32_MAX >> (32 - mutant_number())));
	right_function->config_access(f, offset, width, write);
	function_set(f, at, 4, whole);
}

/* The register is read when the window is set to it, and what it held is shown from then on. */
static void access_reads_early(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;

	if (!write && is_window_data(f, offset))
		return;
	right_function->config_access(f, offset, width, write);
	if (write && offset >= cap + CAP_BAR && offset < cap + CAP_ACCESS_DATA)
		right_function->config_access(f, cap + CAP_ACCESS_DATA, 4, false);
}

static void access_loses_notifications(struct function *f, unsigned int offset, unsigned int width,
				       bool write)
{
	if (!write || !is_window_data(f, offset) ||
	    function_get(f, vdev_of(f)->access_window + CAP_OFFSET, 4) < AREA_NOTIFY)
		right_function->config_access(f, offset, width, write);
}

static void access_reads_twice(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	if (!write && is_window_data(f, offset))
		right_function->config_access(f, offset, width, write);
	right_function->config_access(f, offset, width, write);
}

/* Where the BAR was at the first notification, and only there, notifications are heard. */
static void write_at_first_base(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
				uint32_t value)
{
	static uint32_t first;
	uint32_t base = function_get(f, PCI_BAR0 + 4 * VDEV_BAR, 4);

	if (bar == VDEV_BAR && offset >= AREA_NOTIFY) {
		first = first ? first : base;
		if (base != first)
			return;
	}
	right_function->write(f, bar, offset, width, value);
}

/* @desc, @driver and @device are where the low halves are on this transport. One bug is of @driver alone. */
static void clear_high_half(struct vdev *dev, unsigned int offset, unsigned int desc, unsigned int driver,
			    unsigned int device)
{
	struct vqueue *queue = vdev_queue(dev);

	if (!queue || queue->enabled)
		return;
	if (offset == driver)
		queue->driver = (uint32_t)queue->driver;
	if (mutant(MUTANT_ADDR_LOW_CLEARS_HIGH))
		return;
	if (offset == desc)
		queue->desc = (uint32_t)queue->desc;
	if (offset == device)
		queue->device = (uint32_t)queue->device;
}

static void write_half(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
		       uint32_t value)
{
	right_function->write(f, bar, offset, width, value);
	if (bar == VDEV_BAR && offset - AREA_COMMON < AREA_SIZE)
		clear_high_half(vdev_of(f), offset - AREA_COMMON, COMMON_QUEUE_DESC, COMMON_QUEUE_DRIVER,
				COMMON_QUEUE_DEVICE);
}

static void mmio_write_half(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	generic_mmio_write(dev, offset, width, value);
	clear_high_half(dev, offset, MMIO_QUEUE_DESC, MMIO_QUEUE_DRIVER, MMIO_QUEUE_DEVICE);
}

/* A low half is kept for all addresses together, and counts with the high half of whichever comes next. */
static bool keep_low_half(unsigned int offset, unsigned int first, unsigned int last, uint32_t value,
			  uint32_t *low)
{
	static uint32_t kept;

	*low = kept;
	if (offset < first || offset > last || (offset - first) % 8)
		return false;
	kept = value;
	return true;
}

static void write_on_high_half(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
			       uint32_t value)
{
	uint64_t at = offset - AREA_COMMON;
	uint32_t low;

	if (bar != VDEV_BAR || at >= AREA_SIZE)
		return right_function->write(f, bar, offset, width, value);
	if (keep_low_half(at, COMMON_QUEUE_DESC, COMMON_QUEUE_DEVICE, value, &low))
		return;
	if (at > COMMON_QUEUE_DESC && at <= COMMON_QUEUE_DEVICE + 4)
		right_function->write(f, bar, offset - 4, width, low);
	right_function->write(f, bar, offset, width, value);
}

static void mmio_write_on_high_half(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	static const unsigned int fields[] = {MMIO_QUEUE_DESC, MMIO_QUEUE_DRIVER, MMIO_QUEUE_DEVICE};
	uint32_t low;

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		if (keep_low_half(offset, fields[i], fields[i], value, &low))
			return;
		if (offset == fields[i] + 4)
			generic_mmio_write(dev, fields[i], width, low);
	}
	generic_mmio_write(dev, offset, width, value);
}

/*
 * What the driver accepts and sets up.
 */

static void accept_low_alone(struct vdev *dev, uint32_t word)
{
	generic_accept(dev, word);
	if (!dev->driver_select && !(dev->status & VIRTIO_FEATURES_OK))
		dev->accepted = word;
}

/* A queue that was smaller than it can be stays so. */
static void write_status_keeps_sizes(struct vdev *dev, uint8_t value)
{
	struct vqueue old[VDEV_QUEUES];

	for (unsigned int i = 0; i < VDEV_QUEUES; i++)
		old[i] = dev->queues[i];
	generic_write_status(dev, value);
	for (unsigned int i = 0; i < VDEV_QUEUES && !value; i++)
		if (old[i].enabled)
			dev->queues[i].max = dev->queues[i].size = old[i].size;
}

/* Only a write of the one byte is looked at. */
static void config_write_wide(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value)
{
	if (offset != offsetof(struct iommu_config, bypass) || width == 1)
		return generic_config_write(dev, offset, width, value);
	for (unsigned int i = 0; i < width; i++)
		((uint8_t *)dev->config)[offset + i] = value >> 8 * i;
}

/*
 * Fields of features that the last driver, or this one, did not accept.
 */

/* Until the first FEATURES_OK it is as if all had been accepted. */
static uint64_t declined_last;

static void write_status_keeps_features(struct vdev *dev, uint8_t value)
{
	bool before = dev->status & VIRTIO_FEATURES_OK;

	generic_write_status(dev, value);
	if (!before && (dev->status & VIRTIO_FEATURES_OK))
		declined_last = ~dev->accepted;
}

/* Returns true if the field at @offset is one of a feature in @features. */
static bool is_field_of(uint64_t features, uint64_t offset)
{
	static const struct {
		size_t start, end;
		unsigned int feature;
	} fields[] = {
		{offsetof(struct iommu_config, input_start), offsetof(struct iommu_config, domain_start),
		 VIRTIO_IOMMU_F_INPUT_RANGE},
		{offsetof(struct iommu_config, domain_start), offsetof(struct iommu_config, probe_size),
		 VIRTIO_IOMMU_F_DOMAIN_RANGE},
		{offsetof(struct iommu_config, probe_size), offsetof(struct iommu_config, bypass),
		 VIRTIO_IOMMU_F_PROBE},
		{offsetof(struct iommu_config, bypass), offsetof(struct iommu_config, reserved),
		 VIRTIO_IOMMU_F_BYPASS_CONFIG},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		if (offset >= fields[i].start && offset < fields[i].end &&
		    (features >> fields[i].feature & 1))
			return true;
	return false;
}

static uint32_t read_unless_declined(const struct vdev *dev, uint64_t offset, unsigned int width)
{
	return is_field_of(declined_last, offset) ? 0 : generic_config_read(dev, offset, width);
}

static uint32_t read_if_accepted(const struct vdev *dev, uint64_t offset, unsigned int width)
{
	uint64_t accepted = dev->status & VIRTIO_FEATURES_OK ? dev->accepted : 0;

	return is_field_of(~accepted, offset) ? 0 : generic_config_read(dev, offset, width);
}

/*
 * Resets that leave domains, mappings and caches as they are.
 */

static void reset_but_domains(struct vdev *dev)
{
	vdev_clear(dev);
	request_queue_reset();
	events_reset();
}

static void write_status_after_error(struct vdev *dev, uint8_t value)
{
	if (!value && (dev->status & VIRTIO_NEEDS_RESET))
		reset_but_domains(dev);
	else
		generic_write_status(dev, value);
}

static void reset_function_but_domains(struct vdev *dev)
{
	function_clear(&dev->function);
	vmsix_clear(dev);
	reset_but_domains(dev);
}

/* A reset that leaves the last queue its vector. */
static void write_status_but_vector(struct vdev *dev, uint8_t value)
{
	struct vqueue *last = &dev->queues[dev->queue_count - 1];
	uint16_t vector = last->vector;

	generic_write_status(dev, value);
	last->vector = vector;
}

/*
 * Resuming.
 */

static void forget_kinds(void)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		m->endpoints[i].bypass = false;
	iotlb_forget_all();
}

static void write_status_resumes(struct vdev *dev, uint8_t value)
{
	bool was_suspended = vdev_is_suspended(dev);

	generic_write_status(dev, value);
	if (was_suspended && (dev->status & VIRTIO_DRIVER_OK))
		forget_kinds();
}

bool registers_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_MSIX_MASKED_MESSAGE_LOST, .steps = {.interrupt = interrupt_unless_masked}},
		{MUTANT_MSIX_FUNCTION_MASK_LOSES, .steps = {.interrupt = interrupt_unless_all_masked}},
		{MUTANT_NO_VECTOR_FALLS_BACK, .steps = {.interrupt = interrupt_by_first_queue}},
		{MUTANT_PCI_CFG_WINDOW_WRITES_4, .function = {.config_access = access_writes_word}},
		{MUTANT_CONFIG_GATED_BY_OLD_FEATURES,
		 .steps = {.write_status = write_status_keeps_features,
			   .config_read = read_unless_declined}},
		{MUTANT_VECTOR_LATCHED_AT_ENABLE,
		 .steps = {.enable_queue = enable_and_latch, .push = push_latched, .flush = flush_latched}},
		{MUTANT_ACCESS_WINDOW_WRITES_4, .function = {.config_access = access_writes_4}},
		{MUTANT_CFG_WINDOW_OFFSET_BITS, .function = {.config_access = access_low_bits}},
		{MUTANT_CFG_WINDOW_WRITES_DWORD, .function = {.config_access = access_writes_all}},
		{MUTANT_CFG_WINDOW_READ_CACHED, .function = {.config_access = access_reads_early}},
		{MUTANT_CFG_WINDOW_KICK_LOST, .function = {.config_access = access_loses_notifications}},
		{MUTANT_CFG_WINDOW_READS_TWICE, .function = {.config_access = access_reads_twice}},
		{MUTANT_BAR_MOVE_NOTIFY_STAYS, .function = {.write = write_at_first_base}},
		{MUTANT_QUEUE_ADDR_COMMITS_ON_HIGH, .steps = {.mmio_write = mmio_write_on_high_half},
		 .function = {.write = write_on_high_half}},
		{MUTANT_DRIVER_FEATURE_CLEARS_LOW, .steps = {.accept = accept_low_alone}},
		{MUTANT_QUEUE_SIZE_SURVIVES_RESET, .steps = {.write_status = write_status_keeps_sizes}},
		{MUTANT_BYPASS_WIDE_WRITE_RAW, .steps = {.config_write = config_write_wide}},
		{MUTANT_CONFIG_ZERO_UNTIL_ACCEPTED, .steps = {.config_read = read_if_accepted}},
		{MUTANT_MSIX_EVENTQ_KEPT, .steps = {.write_status = write_status_but_vector}},
		{MUTANT_ADDR_LOW_CLEARS_HIGH, .steps = {.mmio_write = mmio_write_half},
		 .function = {.write = write_half}},
		{MUTANT_HALF_WRITE_CLEARS_OTHER, .steps = {.mmio_write = mmio_write_half},
		 .function = {.write = write_half}},
		{MUTANT_FLR_KEEPS_DOMAINS, .steps = {.reset_function = reset_function_but_domains}},
		{MUTANT_RESET_AFTER_ERROR_KEEPS_DOMAINS, .steps = {.write_status = write_status_after_error}},
		{MUTANT_RESUME_FORGETS_BYPASS_DOMAIN, .steps = {.write_status = write_status_resumes}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
