// SPDX-License-Identifier: BSD-3-Clause
/*
 * A device tree: memory, console, PSCI, host bridges, IOMMUs and endpoints. The input is the tree.
 * libfdt is not instrumented: the tree ends in front of a page that cannot be read.
 */
#include <libfdt.h>
#include <string.h>
#include <sys/mman.h>

#include "../../riscv/imsic.h"
#include "boot.h"
#include "fdt/fdt.h"
#include "fdt/iommu_map.h"
#include "fuzz.h"
#include "topology/topology.h"

enum { ROOM = 1 << 16, PAGE = 4096, ALIGNMENT = 8 };

static uint8_t *room_end(void)
{
	static uint8_t *room;

	if (!room) {
		room = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		HOLDS(room != MAP_FAILED && !mprotect(room + ROOM, PAGE, PROT_NONE));
	}
	return room + ROOM;
}

/* What is found is a node, and a tree that says who is where answers for every requester. */
static bool look_up(const void *fdt, const struct pci_host *hosts, unsigned int count, struct error *error)
{
	static struct pci pci;
	uint32_t id;
	int iommu;

	pci.host_count = count;
	memcpy(pci.hosts, hosts, count * sizeof(*hosts));
	for (uint32_t requester = 0; requester < 1 << 16; requester += 0x5555) {
		if (!fdt_iommu_of(fdt, &pci, requester & 1, requester, &iommu, &id, error))
			return false;
		HOLDS(iommu < 0 || fdt_get_name(fdt, iommu, NULL));
	}
	return true;
}

static bool read_all(const void *fdt, struct error *error)
{
	struct boot_info boot = {0};
	struct pci_host hosts[PCI_MAX_HOSTS];
	struct topology topology;
	struct fdt_console console;
	struct imsic imsic;
	unsigned int count = 0;
	bool hvc, ok;

	if (!fdt_validate(fdt, error))
		return false;
	(void)strlen(fdt_bootargs(fdt));
	(void)fdt_psci(fdt, &hvc);
	(void)imsic_find(fdt, 0, &imsic);
	if (!fdt_memory(fdt, &boot, error) || !fdt_console(fdt, &console, error) ||
	    !fdt_pci_hosts(fdt, hosts, PCI_MAX_HOSTS, &count, error))
		return false;
	check_hosts(hosts, count);
	if (!look_up(fdt, hosts, count, error))
		return false;
	ok = topology_from_fdt(&topology, fdt, hosts, count, error);
	check_topology(&topology);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t padded = (size + ALIGNMENT - 1) & -(size_t)ALIGNMENT;
	uint8_t *tree = room_end() - padded;
	struct error error = {""};

	/* Memory behind the tree is not ours to judge. */
	if (size < sizeof(struct fdt_header) || size > ROOM || fdt_totalsize(data) > size)
		return -1;
	memcpy(tree, data, size);
	memset(tree + size, 0xff, padded - size);
	HOLDS(read_all(tree, &error) || error.text[0]);
	return 0;
}
