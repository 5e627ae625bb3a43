// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a reset of the machine: tables of the device that outlive it, and each reset of the device after
 * it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/bugs/bugs.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* In the environment of the next process: the file descriptor of what it inherits. */
static const char variable[] = "VIRTIO_IOMMU_OUTLIVED";

static struct outlived {
	struct model_endpoint endpoints[MODEL_MAX_ENDPOINTS];
	unsigned int endpoint_count;
	struct model_mapping mappings[MODEL_MAX_MAPPINGS];
	unsigned int mapping_count;
} outlived;

void bug_machine_reset(void)
{
	const struct model *m = &ref_iommu.model;
	int file = memfd_create("outlived", 0);
	char text[12];

	memcpy(outlived.endpoints, m->endpoints, sizeof(m->endpoints));
	memcpy(outlived.mappings, m->mappings, sizeof(m->mappings));
	outlived.endpoint_count = m->endpoint_count;
	outlived.mapping_count = m->mapping_count;
	snprintf(text, sizeof(text), "%d", file);
	if (write(file, &outlived, sizeof(outlived)) == sizeof(outlived))
		setenv(variable, text, 1);
}

void bug_machine_restarted(void)
{
	const char *text = getenv(variable);
	int file = text ? atoi(text) : -1;

	if (file >= 0 && pread(file, &outlived, sizeof(outlived), 0) != sizeof(outlived))
		outlived.endpoint_count = outlived.mapping_count = 0;
	if (file >= 0)
		close(file);
	unsetenv(variable);
}

static void reset_keeping_attachments(struct vdev *dev)
{
	struct model *m = &ref_iommu.model;

	right_ops->reset(dev);
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < outlived.endpoint_count; j++)
			if (m->endpoints[i].id == outlived.endpoints[j].id)
				m->endpoints[i] = outlived.endpoints[j];
}

static void reset_keeping_mappings(struct vdev *dev)
{
	right_ops->reset(dev);
	memcpy(ref_iommu.model.mappings, outlived.mappings, sizeof(outlived.mappings));
	ref_iommu.model.mapping_count = outlived.mapping_count;
}

bool machine_reset_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_MACHINE_RESET_KEEPS_ATTACHMENTS, {0}, {.reset = reset_keeping_attachments}},
		{MUTANT_MACHINE_RESET_KEEPS_MAPPINGS, {0}, {.reset = reset_keeping_mappings}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
