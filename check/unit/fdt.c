// SPDX-License-Identifier: BSD-3-Clause
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "fdt/fdt.h"
#include "fdt/iommu_map.h"
#include "topology/topology.h"
#include "unit.h"

/* All that can be read from a tree, one after the other. */
struct result {
	struct boot_info boot;
	struct fdt_console console;
	struct pci_host hosts[PCI_MAX_HOSTS];
	unsigned int host_count;
	struct topology topology;
	bool psci, hvc;
};

static bool read_all(const void *fdt, struct result *r, struct error *error)
{
	memset(r, 0, sizeof(*r));
	if (!fdt_validate(fdt, error) || !fdt_memory(fdt, &r->boot, error) ||
	    !fdt_console(fdt, &r->console, error) ||
	    !fdt_pci_hosts(fdt, r->hosts, PCI_MAX_HOSTS, &r->host_count, error) ||
	    !topology_from_fdt(&r->topology, fdt, r->hosts, r->host_count, error))
		return false;
	r->boot.cmdline = fdt_bootargs(fdt);
	r->psci = fdt_psci(fdt, &r->hvc);
	return true;
}

static bool load(const char *directory, const char *name, struct blob *tree, struct result *r)
{
	struct error error;

	*tree = blob_load(directory, name);
	return CHECK_OK(read_all(tree->bytes, r, &error), error);
}

static void check_range(const struct memory_range *range, uint64_t base, uint64_t size)
{
	CHECK_EQ(range->base, base);
	CHECK_EQ(range->size, size);
}

static void check_window(const struct pci_window *w, uint64_t pci, uint64_t cpu, uint64_t size,
			 bool is64, bool prefetch)
{
	CHECK_EQ(w->pci_base, pci);
	CHECK_EQ(w->cpu_base, cpu);
	CHECK_EQ(w->size, size);
	CHECK(w->is64 == is64 && w->prefetch == prefetch);
}

#define NONE UINT64_MAX

static void check_pci(const struct result *r, uint16_t segment, uint16_t bdf, unsigned int iommu,
		      uint64_t id)
{
	unsigned int found_iommu = 0;
	uint32_t found_id = 0;
	bool found = topology_pci_endpoint(&r->topology, segment, bdf, &found_iommu, &found_id);

	unit_check(found == (id != NONE) && (!found || (found_id == id && found_iommu == iommu)),
		   __FILE__, __LINE__, "%x:%04x: found %d, id 0x%x, iommu %u", segment, bdf, found,
		   found_id, found_iommu);
}

static void test_qemu(const char *directory)
{
	struct blob tree;
	struct result r;

	if (!load(directory, "qemu-virt.dtb", &tree, &r))
		return;
	CHECK_EQ(fdt_size(tree.bytes), tree.size);
	CHECK_EQ(r.boot.ram_count, 1);
	check_range(&r.boot.ram[0], 0x40000000, 0x4000000);
	CHECK_EQ(r.boot.reserved_count, 1);
	check_range(&r.boot.reserved[0], 0x48000000, 0x10000);
	CHECK(!strcmp(r.boot.cmdline, "only=DEV-ATTACH-1/* strict"));
	CHECK_EQ(r.console.kind, FDT_UART_PL011);
	CHECK_EQ(r.console.base, 0x9000000);
	CHECK(r.psci && r.hvc);
	CHECK_EQ(r.host_count, 1);
	CHECK_EQ(r.hosts[0].ecam, 0x4010000000);
	CHECK(r.hosts[0].bus_first == 0 && r.hosts[0].bus_last == 255 && r.hosts[0].segment == 0);
	CHECK_EQ(r.hosts[0].window_count, 2);
	check_window(&r.hosts[0].windows[0], 0x10000000, 0x10000000, 0x2eff0000, false, false);
	check_window(&r.hosts[0].windows[1], 0x8000000000, 0x8000000000, 0x8000000000, true, false);
	CHECK(!strcmp(r.topology.source, "FDT"));
	CHECK_EQ(r.topology.iommu_count, 1);
	CHECK_EQ(r.topology.iommus[0].kind, IOMMU_PCI);
	CHECK_EQ(r.topology.iommus[0].bdf, 0x10);
	check_pci(&r, 0, 0x00, 0, 0x00);
	check_pci(&r, 0, 0x0f, 0, 0x0f);
	check_pci(&r, 0, 0x10, 0, NONE);
	check_pci(&r, 0, 0x11, 0, 0x11);
	check_pci(&r, 0, 0xffff, 0, 0xffff);
	check_pci(&r, 1, 0x18, 0, NONE);
	CHECK(!topology_id_is_listed(&r.topology, 0x10));
	CHECK(!topology_id_is_listed(&r.topology, 0x10000));
	blob_free(&tree);
}

static void test_cloud_hypervisor(const char *directory)
{
	struct blob tree;
	struct result r;

	if (!load(directory, "cloud-hypervisor.dtb", &tree, &r))
		return;
	CHECK_EQ(r.boot.ram_count, 2);
	check_range(&r.boot.ram[1], 0x100000000, 0x8000000);
	CHECK_EQ(r.console.base, 0x9000000);
	CHECK_EQ(r.host_count, 2);
	CHECK_EQ(r.hosts[1].segment, 1);
	CHECK_EQ(r.hosts[1].bus_last, 0);
	CHECK_EQ(r.hosts[1].ecam, 0x30100000);
	CHECK(r.hosts[0].windows[1].is64);
	CHECK_EQ(r.topology.iommus[0].bdf, 8);
	check_pci(&r, 0, 0x10, 0, 0x10);
	check_pci(&r, 0, 0x08, 0, NONE);
	check_pci(&r, 1, 0x08, 0, 0x10008);
	check_pci(&r, 1, 0x100, 0, NONE);
	CHECK(!strcmp(r.boot.cmdline, ""));
	blob_free(&tree);
}

static void test_kvmtool(const char *directory)
{
	unsigned int iommu = 9;
	struct blob tree;
	struct result r;
	uint32_t id;

	if (!load(directory, "kvmtool.dtb", &tree, &r))
		return;
	CHECK_EQ(r.boot.ram_count, 1);
	check_range(&r.boot.ram[0], 0x80000000, 0x10000000);
	CHECK_EQ(r.host_count, 1);
	CHECK_EQ(r.hosts[0].ecam, 0x40000000);
	CHECK(r.psci && r.hvc);
	CHECK_EQ(r.console.kind, FDT_UART_16550);
	CHECK_EQ(r.console.base, 0x1000000);
	CHECK_EQ(r.console.reg_shift, 0);
	CHECK_EQ(r.console.reg_io_width, 1);
	CHECK_EQ(r.topology.iommu_count, 1);
	CHECK_EQ(r.topology.iommus[0].kind, IOMMU_MMIO);
	CHECK_EQ(r.topology.iommus[0].base, 0x3000000);
	CHECK(topology_mmio_endpoint(&r.topology, 0x3000200, &iommu, &id));
	CHECK_EQ(id, 0x20001);
	CHECK_EQ(iommu, 0);
	CHECK(!topology_mmio_endpoint(&r.topology, 0x3000000, &iommu, &id));
	check_pci(&r, 0, 0x08, 0, 0x10008);
	blob_free(&tree);
}

static void check_soc_hosts(const struct result *r)
{
	CHECK_EQ(r->host_count, 2);
	CHECK_EQ(r->hosts[0].ecam, 0x210000000);
	CHECK(r->hosts[0].segment == 0 && r->hosts[0].bus_last == 7);
	check_window(&r->hosts[0].windows[0], 0x1000000, 0x218000000, 0x1000000, false, true);
	check_window(&r->hosts[0].windows[1], 0x2000000, 0x219000000, 0x1000000, false, false);
	CHECK(r->hosts[1].segment == 1 && r->hosts[1].bus_first == 4 && r->hosts[1].bus_last == 5);
	CHECK_EQ(r->hosts[1].ecam, 0x211000000);
	check_window(&r->hosts[1].windows[0], 0, 0x21a000000, 0x1000000, false, false);
}

/* Those that are enabled, with a device there or not. */
static void check_mmio(const struct blob *tree)
{
	struct error error = { "" };
	uint64_t bases[2];
	unsigned int count = 0;

	CHECK_OK(fdt_virtio_mmio(tree->bytes, bases, 2, &count, &error), error);
	CHECK(count == 2 && bases[0] == 0x100002000 && bases[1] == 0x100002200);
	CHECK_ERROR(fdt_virtio_mmio(tree->bytes, bases, 2, &count, &error), error, "more than 2 devices",
		    "no room");
}

static void test_soc(const char *directory)
{
	unsigned int iommu;
	struct blob tree;
	struct result r;
	uint32_t id = 0;

	if (!load(directory, "soc.dtb", &tree, &r))
		return;
	CHECK_EQ(r.boot.ram_count, 2);
	check_range(&r.boot.ram[0], 0x80000000, 0x40000000);
	CHECK_EQ(r.boot.reserved_count, 1);
	check_range(&r.boot.reserved[0], 0x80000000, 0x100000);
	CHECK_EQ(r.console.kind, FDT_UART_16550);
	CHECK_EQ(r.console.base, 0x100100400);
	CHECK_EQ(r.console.reg_shift, 2);
	CHECK_EQ(r.console.reg_io_width, 4);
	CHECK(r.psci && !r.hvc);
	check_soc_hosts(&r);
	check_mmio(&tree);
	CHECK_EQ(r.topology.iommu_count, 2);
	CHECK_EQ(r.topology.iommus[0].base, 0x100002000);
	CHECK_EQ(r.topology.iommus[1].bdf, 8);
	CHECK(topology_mmio_endpoint(&r.topology, 0x100002200, &iommu, &id) && id == 0x77);
	CHECK(!topology_mmio_endpoint(&r.topology, 0x100002400, &iommu, &id));
	check_pci(&r, 0, 0x10, 0, NONE);	/* behind the foreign one */
	check_pci(&r, 0, 0x100, 1, 0x1100);
	check_pci(&r, 0, 0x107, 1, 0x1100);	/* mask */
	check_pci(&r, 0, 0x109, 1, 0x5555);	/* its own iommus */
	check_pci(&r, 0, 0x10a, 1, 0x1108);
	check_pci(&r, 1, 0x100, 1, NONE);
	blob_free(&tree);
}

/* Set @property of @path to @cells, to @text, or delete it; NULL: the tree is still good. */
struct patch {
	const char *tree, *path, *property;
	uint32_t cells[14];
	unsigned int count;
	const char *text;
	const char *message;
};

#define CELLS(...) { __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, NULL
#define TEXT(text) { 0 }, 0, text
#define DELETE	   { 0 }, 0, NULL

#define QEMU "qemu-virt.dtb"
#define KVMT "kvmtool.dtb"
#define SOC  "soc.dtb"
#define CLOUD "cloud-hypervisor.dtb"
#define PCIE "/pcie@10000000"

static const struct patch patches[] = {
	/* Memory. */
	{QEMU, "/memory@40000000", "device_type", DELETE, "no memory node with a reg property"},
	{QEMU, "/memory@40000000", "reg", DELETE, "no memory node with a reg property"},
	{QEMU, "/memory@40000000", "reg", CELLS(0, 0x40000000, 0),
	 "memory@40000000: reg: no entries"},
	{QEMU, "/memory@40000000", "reg", CELLS(~0, ~0, 0, 2),
	 "0x2 bytes at 0xffffffffffffffff wrap"},
	{QEMU, "/memory@40000000", "reg", TEXT("ab"),
	 "memory@40000000: reg: no entries of 4 cells"},
	{QEMU, "/", "#address-cells", CELLS(3), "/: #address-cells and #size-cells are not 1 or 2"},
	{QEMU, "/", "#address-cells", CELLS(0), "/: #address-cells and #size-cells are not 1 or 2"},
	{QEMU, "/", "#size-cells", CELLS(4), "/: #address-cells and #size-cells are not 1 or 2"},
	{SOC, "/reserved-memory", "ranges", DELETE, "reserved-memory: no ranges"},
	{SOC, "/reserved-memory/firmware@80000000", "reg", CELLS(0, 0x80000000),
	 "firmware@80000000: reg"},

	/* Console. */
	{QEMU, "/pl011@9000000", "reg", DELETE, "pl011@9000000: reg: no entry 0"},
	{SOC, "/soc/bus@100000/serial@400", "reg-shift", CELLS(4),
	 "serial@400: reg-shift 4 is above 3"},
	{SOC, "/soc/bus@100000/serial@400", "reg-io-width", CELLS(3),
	 "reg-io-width 3 is not 1, 2 or 4"},
	{SOC, "/soc/bus@100000", "ranges", DELETE, "bus@100000: no ranges"},
	{SOC, "/soc/bus@100000", "ranges", CELLS(0, 0x100000),
	 "bus@100000: ranges: 2 cells are not entries of 3"},
	{SOC, "/soc/bus@100000", "ranges", CELLS(0, 0x100000, 0x400),
	 "bus@100000: ranges: no entry for"},
	{SOC, "/soc/bus@100000", "ranges", CELLS(0, 0x100000, 0x4ff),
	 "bus@100000: ranges: no entry for"},
	{SOC, "/soc/bus@100000", "#size-cells", CELLS(3),
	 "bus@100000: #address-cells and #size-cells"},
	{CLOUD, "/aliases", "serial0", TEXT("serial0"), NULL},
	{CLOUD, "/aliases", "serial0", CELLS(0x2f2f2f2f), NULL},
	{QEMU, "/chosen", "stdout-path", TEXT("/nowhere:115200"), NULL},
	{QEMU, "/chosen", "stdout-path", CELLS(0x2f2f2f2f), NULL},
	{QEMU, "/chosen", "bootargs", CELLS(0x2f2f2f2f), NULL},
	{QEMU, "/psci", "method", TEXT("call"), NULL},

	/* Host bridges. */
	{QEMU, PCIE, "compatible", TEXT("pci-host-cam-generic"),
	 "pci-host-cam-generic: CAM is not supported"},
	{QEMU, PCIE, "reg", DELETE, "pcie@10000000: reg: no entry 0"},
	{QEMU, PCIE, "reg", CELLS(0, 0, 0, 0x10000000), "reg: less than 1 MiB for each bus"},
	{QEMU, PCIE, "reg", CELLS(0x40, 0x10000000, 0, 0xff00000),
	 "reg: less than 1 MiB for each bus"},
	{SOC, "/soc/pcie@10000000", "reg", CELLS(0x10000000, 0xfffff), "reg: less than 1 MiB"},
	{QEMU, PCIE, "bus-range", CELLS(0, 256), "bus-range: not first <= last <= 255"},
	{QEMU, PCIE, "bus-range", CELLS(2, 1), "bus-range: not first <= last <= 255"},
	{QEMU, PCIE, "bus-range", CELLS(0), "bus-range: not two cells"},
	{QEMU, PCIE, "linux,pci-domain", CELLS(0x10000),
	 "linux,pci-domain: not one cell of 16 bits"},
	{QEMU, PCIE, "linux,pci-domain", CELLS(0, 0), "linux,pci-domain: not one cell of 16 bits"},
	{CLOUD, "/pci@30100000", "linux,pci-domain", CELLS(0),
	 "linux,pci-domain: the number is in use"},
	{QEMU, PCIE, "#address-cells", CELLS(2),
	 "a PCI bus has #address-cells 3 and #size-cells 2"},
	{QEMU, PCIE, "#size-cells", CELLS(1), "a PCI bus has #address-cells 3 and #size-cells 2"},
	{QEMU, PCIE, "ranges", DELETE, "pcie@10000000: ranges: no entries of 7 cells"},
	{QEMU, PCIE, "ranges", CELLS(0x2000000, 0, 0, 0, 0, 0), "ranges: no entries of 7 cells"},
	{QEMU, PCIE, "ranges", CELLS(0x3000000, ~0, ~0, 0, 0, 0, 2),
	 "ranges: a window wraps around"},
	{QEMU, PCIE, "ranges", CELLS(0x2000000, 0, ~0, 0, 0, 0, 2),
	 "a 32-bit window reaches above 4 GiB"},
	{QEMU, PCIE, "ranges", CELLS(0x3000000, 0, 0, ~0, ~0, 0, 2),
	 "0x2 bytes at 0xffffffffffffffff wrap"},
	{SOC, "/soc/pcie@11000000", "ranges", CELLS(0x2000000, 0, 0, 0x50000000, 0, 1),
	 "soc: ranges: no entry for address 0x50000000"},
	{QEMU, PCIE, "ranges", CELLS(0x1000000, 0, 0, 0, 0, 0, 1, 0x2000000, 0, 0, 0, 0, 0, 0),
	 NULL},

	/* IOMMUs. */
	{QEMU, PCIE "/virtio_iommu@2,0", "#iommu-cells", CELLS(2), "a virtio-iommu has one cell"},
	{QEMU, PCIE "/virtio_iommu@2,0", "#iommu-cells", DELETE, "a virtio-iommu has one cell"},
	{QEMU, PCIE "/virtio_iommu@2,0", "reg", CELLS(0x1000, 0, 0, 0),
	 "reg: a PCI function has at least 5"},
	{QEMU, "/psci", "compatible", TEXT("virtio,pci-iommu"),
	 "not directly below a known host bridge"},
	{KVMT, "/virtio@3000000", "#iommu-cells", CELLS(0), "a virtio-iommu has one cell"},
	{KVMT, "/virtio@3000000", "reg", DELETE, "virtio@3000000: reg: no entry 0"},

	/* Endpoints. */
	{KVMT, "/virtio@3000200", "iommus", TEXT("ab"), "iommus: not a whole number of cells"},
	{KVMT, "/virtio@3000200", "iommus", CELLS(0x1234, 1), "no node has the phandle 0x1234"},
	{SOC, "/soc/virtio@2200", "iommus", CELLS(1), "iommus: an entry has less cells"},
	{SOC, "/iommu@70000000", "#iommu-cells", DELETE, "iommus: an entry has less cells"},
	{SOC, "/iommu@70000000", "#iommu-cells", CELLS(~0), "iommus: an entry has less cells"},
	{KVMT, "/virtio@3000200", "reg", DELETE, "virtio@3000200: reg: no entry 0"},
	{SOC, "/soc/pcie@10000000/net@2,0", "reg", DELETE,
	 "net@2,0: reg: a PCI function has at least 5"},
	{QEMU, PCIE, "iommu-map", CELLS(0, 1, 0), "iommu-map: no entries of 4 cells"},
	{QEMU, PCIE, "iommu-map", CELLS(0, 0x1234, 0, 1), "no node has the phandle 0x1234"},
	{QEMU, PCIE, "iommu-map", CELLS(0x10000, 1, 0, 1),
	 "0x1 requester ids from 0x10000 on exceed 16"},
	{QEMU, PCIE, "iommu-map", CELLS(1, 1, 0, 0x10000),
	 "0x10000 requester ids from 0x1 on exceed 16"},
	{QEMU, PCIE, "iommu-map", CELLS(0, 1, ~0, 2), "0x2 ids from 0xffffffff on exceed 32 bits"},
	{QEMU, PCIE, "iommu-map", CELLS(0, 0x1234, 0, 0), NULL},
	{QEMU, PCIE, "iommu-map-mask", CELLS(0x10000), "iommu-map-mask: not one cell of 16 bits"},
	{QEMU, PCIE, "iommu-map-mask", CELLS(0xfff8),
	 "requester id 0x11 is hidden by iommu-map-mask 0xfff8"},
};

/* A copy of the tree with room for changes. */
static struct blob open_tree(const char *directory, const char *name)
{
	struct blob file = blob_load(directory, name);
	struct blob tree = blob_resized(&file, file.size + 4096);

	if (fdt_open_into(file.bytes, tree.bytes, tree.size))
		abort();
	blob_free(&file);
	return tree;
}

static void apply(void *fdt, const struct patch *patch)
{
	int node = fdt_path_offset(fdt, patch->path);
	fdt32_t cells[14];
	int failed;

	for (unsigned int i = 0; i < patch->count; i++)
		cells[i] = cpu_to_fdt32(patch->cells[i]);
	if (patch->text)
		failed = fdt_setprop_string(fdt, node, patch->property, patch->text);
	else if (patch->count)
		failed = fdt_setprop(fdt, node, patch->property, cells, 4 * patch->count);
	else
		failed = fdt_delprop(fdt, node, patch->property);
	unit_check(!failed && !fdt_pack(fdt), __FILE__, __LINE__, "%s %s: %s", patch->path,
		   patch->property, fdt_strerror(failed));
}

static void test_patch(const char *directory, const struct patch *patch)
{
	struct blob big = open_tree(directory, patch->tree), tree;
	struct error error = { "" };
	struct result r;

	apply(big.bytes, patch);
	tree = blob_resized(&big, fdt_totalsize(big.bytes));
	if (patch->message)
		CHECK_ERROR(read_all(tree.bytes, &r, &error), error, patch->message,
			    patch->message);
	else
		CHECK_OK(read_all(tree.bytes, &r, &error), error);
	blob_free(&tree);
	blob_free(&big);
}

static void test_header(const char *directory)
{
	struct blob tree = blob_load(directory, QEMU);
	struct blob shifted = blob_resized(&tree, tree.size + 8);
	struct error error = { "" };

	memmove(shifted.bytes + 4, shifted.bytes, tree.size);
	CHECK_ERROR(fdt_validate(NULL, &error), error, "is not a multiple of 8", "no tree");
	CHECK_ERROR(fdt_validate(shifted.bytes + 4, &error), error, "is not a multiple of 8",
		    "shifted");
	tree.bytes[0]++;
	CHECK_ERROR(fdt_validate(tree.bytes, &error), error, "header: FDT_ERR_BADMAGIC", "magic");
	tree.bytes[0]--;
	tree.bytes[23] = 1;
	CHECK_ERROR(fdt_validate(tree.bytes, &error), error, "header: FDT_ERR_BADVERSION",
		    "version");
	tree.bytes[23] = tree.bytes[27] = 15;
	CHECK_ERROR(fdt_validate(tree.bytes, &error), error, "offset 0x14: version 15 is below 16",
		    "old version");
	tree.bytes[27] = 16;
	tree.bytes[23] = 17;
	tree.bytes[5] = 0x30;
	CHECK_ERROR(fdt_validate(tree.bytes, &error), error, "offset 0x4: total size", "size");
	tree.bytes[5] = 0;
	tree.bytes[fdt_off_dt_struct(tree.bytes) + 3] = 7;	/* no such tag */
	CHECK_ERROR(fdt_validate(tree.bytes, &error), error, "structure: FDT_ERR_BADSTRUCTURE",
		    "tag");
	blob_free(&shifted);
	blob_free(&tree);
}

static void test_reservations(const char *directory)
{
	struct blob tree = open_tree(directory, QEMU);
	struct error error = { "" };
	struct result r;

	CHECK(!fdt_add_mem_rsv(tree.bytes, UINT64_MAX, 2));
	CHECK_ERROR(read_all(tree.bytes, &r, &error), error, "reservation block: entry 1 wraps",
		    "wrap");
	blob_free(&tree);
}

static void test_limits(const char *directory)
{
	struct blob tree = blob_load(directory, CLOUD);
	struct pci_host hosts[1];
	unsigned int count = 0;
	struct error error;
	uint64_t base;

	CHECK_ERROR(fdt_pci_hosts(tree.bytes, hosts, 1, &count, &error), error,
		    "pci@30100000: more than 1 host bridges", "two bridges");
	CHECK(fdt_translate(tree.bytes, fdt_path_offset(tree.bytes, "/memory@40000000"), 1, &base,
			    NULL, &error));
	CHECK_EQ(base, 0x100000000);
	CHECK_ERROR(fdt_translate(tree.bytes, fdt_path_offset(tree.bytes, "/memory@40000000"), 2,
				  &base, NULL, &error),
		    error, "memory@40000000: reg: no entry 2", "entry 2");
	blob_free(&tree);
}

static void test_many_windows(const char *directory)
{
	struct blob tree = open_tree(directory, QEMU);
	struct error error = { "" };
	fdt32_t ranges[7 * (PCI_MAX_WINDOWS + 1)] = { 0 };
	struct result r;

	for (unsigned int i = 0; i <= PCI_MAX_WINDOWS; i++) {
		ranges[7 * i] = cpu_to_fdt32(0x2000000);
		ranges[7 * i + 2] = ranges[7 * i + 4] = cpu_to_fdt32(i << 24);
		ranges[7 * i + 6] = cpu_to_fdt32(1 << 24);
	}
	CHECK(!fdt_setprop(tree.bytes, fdt_path_offset(tree.bytes, PCIE), "ranges", ranges,
			   sizeof(ranges)));
	CHECK_ERROR(read_all(tree.bytes, &r, &error), error, "more than 4 memory windows",
		    "5 windows");
	blob_free(&tree);
}

static void test_many_ranges(const char *directory)
{
	struct blob tree = open_tree(directory, QEMU);
	fdt32_t map[4 * (TOPOLOGY_MAX_RANGES + 1)];
	struct error error = { "" };
	struct result r;

	for (unsigned int i = 0; i <= TOPOLOGY_MAX_RANGES; i++) {
		map[4 * i] = map[4 * i + 2] = cpu_to_fdt32(i);
		map[4 * i + 1] = cpu_to_fdt32(fdt_get_phandle(tree.bytes,
			fdt_path_offset(tree.bytes, PCIE "/virtio_iommu@2,0")));
		map[4 * i + 3] = cpu_to_fdt32(1);
	}
	CHECK(!fdt_setprop(tree.bytes, fdt_path_offset(tree.bytes, PCIE), "iommu-map", map,
			   sizeof(map)));
	CHECK_ERROR(read_all(tree.bytes, &r, &error), error, "FDT: more than 64 endpoint ranges",
		    "65");
	blob_free(&tree);
}

/* Look one requester of segment 0 up in a tree; -1: the property is broken. */
static int64_t id_of(const struct blob *tree, uint16_t segment, uint16_t requester, const char *compatible,
		     struct error *error)
{
	static struct pci pci;
	uint32_t id = 0;
	int iommu;

	pci.host_count = 0;
	CHECK_OK(fdt_pci_hosts(tree->bytes, pci.hosts, PCI_MAX_HOSTS, &pci.host_count, error), *error);
	if (!fdt_iommu_of(tree->bytes, &pci, segment, requester, &iommu, &id, error))
		return -1;
	if (iommu < 0)
		return -2;
	CHECK_EQ(fdt_node_check_compatible(tree->bytes, iommu, compatible), 0);
	return id;
}

static void set_pcie(const struct blob *tree, const char *name, const fdt32_t *cells, unsigned int size)
{
	CHECK(!fdt_setprop(tree->bytes, fdt_path_offset(tree->bytes, PCIE), name, cells, size));
}

/* The look-up of one requester: inside and outside of entries, with a mask, and in a broken property. */
static void test_iommu_of(const char *directory)
{
	static const char viommu[] = "virtio,pci-iommu";
	struct blob kvm = open_tree(directory, KVMT), tree = open_tree(directory, QEMU);
	const fdt32_t mask = cpu_to_fdt32(0xff1f), orphan[] = {0, cpu_to_fdt32(0x1234), 0, cpu_to_fdt32(1)};
	struct error error = {""};

	CHECK_EQ(id_of(&kvm, 0, 0x123, "virtio,mmio", &error), 0x10123);
	CHECK_EQ(id_of(&tree, 0, 0xf, viommu, &error), 0xf);
	CHECK_EQ(id_of(&tree, 0, 0x10, viommu, &error), -2);
	CHECK_EQ(id_of(&tree, 0, 0x11, viommu, &error), 0x11);
	CHECK_EQ(id_of(&tree, 0, 0xffff, viommu, &error), 0xffff);
	CHECK_EQ(id_of(&tree, 1, 0x11, viommu, &error), -2);
	set_pcie(&tree, "iommu-map-mask", &mask, sizeof(mask));
	CHECK_EQ(id_of(&tree, 0, 0x1f3, viommu, &error), 0x113);
	set_pcie(&tree, "iommu-map", orphan, sizeof(orphan));
	CHECK_EQ(id_of(&tree, 0, 0, viommu, &error), -1);
	CHECK(strstr(error.text, "no node has the phandle 0x1234"));
	set_pcie(&tree, "iommu-map", orphan, sizeof(orphan) - 4);
	CHECK_EQ(id_of(&tree, 0, 0, viommu, &error), -1);
	CHECK(strstr(error.text, "no entries of 4 cells"));
	blob_free(&tree);
	blob_free(&kvm);
}

/* Whatever a byte of the tree becomes: no access outside it, no endless loop. */
static void test_any_byte(const char *directory, const char *name)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x2f, 0x80, 0xff };
	struct blob tree = blob_load(directory, name);
	struct error error;
	struct result r;

	for (size_t at = 0; at < tree.size; at++) {
		uint8_t was = tree.bytes[at];

		for (unsigned int i = 0; i < sizeof(values); i++) {
			tree.bytes[at] = values[i];
			if (fdt_magic(tree.bytes) == FDT_MAGIC &&
			    fdt_totalsize(tree.bytes) > tree.size)
				continue;	/* memory behind the tree is not ours to judge */
			(void)read_all(tree.bytes, &r, &error);
		}
		tree.bytes[at] = was;
	}
	blob_free(&tree);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";

	test_qemu(directory);
	test_cloud_hypervisor(directory);
	test_kvmtool(directory);
	test_soc(directory);
	for (unsigned int i = 0; i < sizeof(patches) / sizeof(patches[0]); i++)
		test_patch(directory, &patches[i]);
	test_header(directory);
	test_reservations(directory);
	test_limits(directory);
	test_many_windows(directory);
	test_many_ranges(directory);
	test_iommu_of(directory);
	test_any_byte(directory, KVMT);
	test_any_byte(directory, SOC);
	return unit_end("fdt");
}
