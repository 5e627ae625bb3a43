// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of configuration space: registers and capabilities that are not what they should be.
 */
#include "host/bugs/virtio/virtio.h"
#include "host/virtio/capabilities.h"
#include "util.h"

enum { IN_HEADER = 0 };
enum { MSIX_CONTROL = 2 };

/* A field in the first capability of @type, or in the header, with what it should not hold. */
static const struct {
	enum mutant_id id;
	uint8_t type;
	unsigned int offset, width;
	uint32_t value;
} wrong_fields[] = {
	{MUTANT_VENDOR_OTHER, IN_HEADER, PCI_VENDOR_ID, 2, 0x1af3},
	{MUTANT_DEVICE_ID_OF_DRAFT, IN_HEADER, PCI_DEVICE_ID, 2, 0x1014},
	{MUTANT_DEVICE_ID_OTHER_TYPE, IN_HEADER, PCI_DEVICE_ID, 2, 0x1040 + VIRTIO_TYPE_IOMMU + 1},
	{MUTANT_REVISION_0, IN_HEADER, PCI_CLASS_REVISION, 1, 0},
	{MUTANT_SUBSYSTEM_IS_TYPE, IN_HEADER, PCI_SUBSYSTEM_ID, 2, VIRTIO_TYPE_IOMMU},
	{MUTANT_NO_COMMON, TYPE_COMMON, CAP_TYPE, 1, TYPE_NONE},
	{MUTANT_NO_ISR, TYPE_ISR, CAP_TYPE, 1, TYPE_NONE},
	{MUTANT_ISR_LENGTH_0, TYPE_ISR, CAP_STRUCTURE_LENGTH, 4, 0},
	{MUTANT_CAPABILITY_TOO_SHORT, TYPE_ISR, CAP_LENGTH, 1, 12},
	{MUTANT_NO_NOTIFY, TYPE_NOTIFY, CAP_TYPE, 1, TYPE_NONE},
	{MUTANT_MULTIPLIER_6, TYPE_NOTIFY, CAP_NOTIFY_MULTIPLIER, 4, 6},
	{MUTANT_NOTIFY_DATA_MULTIPLIER_2, TYPE_NOTIFY, CAP_NOTIFY_MULTIPLIER, 4, 2},
	{MUTANT_NOTIFY_AREA_TOO_SHORT, TYPE_NOTIFY, CAP_STRUCTURE_LENGTH, 4, NOTIFY_MULTIPLIER},
	{MUTANT_NOTIFY_DATA_AREA_TOO_SHORT, TYPE_NOTIFY, CAP_STRUCTURE_LENGTH, 4, 6},
	{MUTANT_NO_ACCESS_WINDOW, TYPE_ACCESS, CAP_TYPE, 1, TYPE_NONE},
	{MUTANT_SHARED_MEMORY_OUTSIDE, TYPE_SHARED_MEMORY, CAP_LENGTH_HIGH, 4, 1},
	{MUTANT_SHARED_MEMORY_SAME_ID, TYPE_SHARED_MEMORY, CAP_ID, 1, 1},
	{MUTANT_VENDOR_DATA_OF_VIRTIO, TYPE_VENDOR, CAP_VENDOR_ID, 2, 0x1af4},
	{MUTANT_VENDOR_DATA_LENGTH_7, TYPE_VENDOR, CAP_LENGTH, 1, 7},
};

/* A further structure of @type, @offset bytes into where those are, which a driver does not use. */
static const struct {
	enum mutant_id id;
	uint8_t type;
	uint32_t offset, extra;
	uint32_t length;	/* 0: as it should be */
} further_structures[] = {
	{MUTANT_COMMON_UNALIGNED, TYPE_COMMON, 2, 0, 0},
	{MUTANT_DEVICE_CONFIG_UNALIGNED, TYPE_DEVICE, 2, 0, 0},
	{MUTANT_NOTIFY_UNALIGNED, TYPE_NOTIFY, 1, 4, 64},
	{MUTANT_NOTIFY_LENGTH_1, TYPE_NOTIFY, 0, 4, 1},
	{MUTANT_NOTIFY_DATA_UNALIGNED, TYPE_NOTIFY, 2, 4, 64},
	{MUTANT_NOTIFY_DATA_LENGTH_2, TYPE_NOTIFY, 0, 4, 2},
};

unsigned int bug_find_structure(const struct function *f, uint8_t type)
{
	unsigned int cap = function_get(f, PCI_CAPABILITIES, 1);

	while (cap && (function_get(f, cap, 1) != PCI_CAP_VENDOR ||
		       function_get(f, cap + CAP_TYPE, 1) != type))
		cap = function_get(f, cap + 1, 1);
	return cap;
}

static void add_structure(struct vdev *dev, unsigned int row)
{
	unsigned int cap = vdev_add_structure(dev, further_structures[row].type,
					      further_structures[row].offset, further_structures[row].extra);

	if (further_structures[row].length)
		function_set(&dev->function, cap + CAP_STRUCTURE_LENGTH, 4, further_structures[row].length);
}

static void set_field(struct function *f, unsigned int row)
{
	uint8_t type = wrong_fields[row].type;
	unsigned int cap = type == IN_HEADER ? 0 : bug_find_structure(f, type);

	if (cap || type == IN_HEADER)
		function_set(f, cap + wrong_fields[row].offset, wrong_fields[row].width,
			     wrong_fields[row].value);
}

void bugs_in_capabilities(struct vdev *dev)
{
	unsigned int control = dev->msix.capability + MSIX_CONTROL;

	for (unsigned int i = 0; i < ARRAY_SIZE(further_structures); i++)
		if (mutant(further_structures[i].id))
			add_structure(dev, i);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong_fields); i++)
		if (mutant(wrong_fields[i].id))
			set_field(&dev->function, i);
	if (mutant(MUTANT_MSIX_ONE_VECTOR))
		function_set(&dev->function, control, 2, 1 - 1);
	if (mutant(MUTANT_MSIX_TABLE_SIZE_TOO_LARGE))
		function_set(&dev->function, control, 2, VMSIX_VECTORS + 1 - 1);
}
