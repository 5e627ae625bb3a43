// SPDX-License-Identifier: BSD-3-Clause
#include <libfdt.h>

#include "../../riscv/imsic.h"
#include "fdt/fdt.h"
#include "unit.h"

#define NODE "/soc/imsic@28000000"

static struct blob load(const char *directory)
{
	struct blob file = blob_load(directory, "imsic.dtb"), tree = blob_resized(&file, file.size + 256);

	CHECK(!fdt_open_into(file.bytes, tree.bytes, tree.size));
	blob_free(&file);
	return tree;
}

static void check_hart(const struct blob *tree, uint64_t hart, uint64_t doorbell)
{
	struct error error;
	struct imsic found;

	if (!CHECK_OK(fdt_validate(tree->bytes, &error), error))
		return;
	if (!unit_check(imsic_find(tree->bytes, hart, &found) == (doorbell != 0), __FILE__, __LINE__,
			"hart %d: file where there should be none, or none", (int)hart) || !doorbell)
		return;
	CHECK_EQ(found.doorbell, doorbell);
	CHECK_EQ(found.ids, 255);
}

static void test_harts(const char *directory)
{
	struct blob tree = load(directory);

	check_hart(&tree, 4, 0x428000000);
	check_hart(&tree, 1, 0x428004000);
	check_hart(&tree, 0, 0);
	check_hart(&tree, 9, 0);
	check_hart(&tree, 0x100000004, 0);
	blob_free(&tree);
}

/* One cell of the node of supervisor mode, and where the file of hart 1 is then. */
static void test_cell(const char *directory, const char *property, uint32_t value, uint64_t doorbell)
{
	struct blob tree = load(directory);

	CHECK(!fdt_setprop_u32(tree.bytes, fdt_path_offset(tree.bytes, NODE), property, value));
	check_hart(&tree, 1, doorbell);
	blob_free(&tree);
}

static void test_disabled(const char *directory)
{
	struct blob tree = load(directory);

	CHECK(!fdt_setprop_string(tree.bytes, fdt_path_offset(tree.bytes, NODE), "status", "disabled"));
	check_hart(&tree, 4, 0);
	blob_free(&tree);
}

/* Half an entry counts for nothing, and a phandle of nobody neither. */
static void test_entries(const char *directory)
{
	struct blob tree = load(directory);
	int node = fdt_path_offset(tree.bytes, NODE);
	const fdt32_t *cells = fdt_getprop(tree.bytes, node, "interrupts-extended", NULL);
	const fdt32_t odd[] = {cells[0], cells[1], cells[2]};
	const fdt32_t nobody[] = {cpu_to_fdt32(0x1234), cells[1], cells[2], cells[3]};

	CHECK(!fdt_setprop(tree.bytes, node, "interrupts-extended", odd, sizeof(odd)));
	check_hart(&tree, 4, 0x428000000);
	check_hart(&tree, 1, 0);
	node = fdt_path_offset(tree.bytes, NODE);
	CHECK(!fdt_setprop(tree.bytes, node, "interrupts-extended", nobody, sizeof(nobody)));
	check_hart(&tree, 4, 0);
	check_hart(&tree, 1, 0x428004000);
	CHECK(!fdt_delprop(tree.bytes, fdt_path_offset(tree.bytes, NODE), "interrupts-extended"));
	check_hart(&tree, 1, 0);
	blob_free(&tree);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";

	test_harts(directory);
	test_cell(directory, "riscv,guest-index-bits", 0, 0x428001000);
	test_cell(directory, "riscv,guest-index-bits", 3, 0);	/* past the node's registers */
	test_cell(directory, "riscv,guest-index-bits", 7, 0);
	test_cell(directory, "riscv,guest-index-bits", 60, 0);
	test_cell(directory, "riscv,group-index-bits", 1, 0);
	test_cell(directory, "riscv,num-ids", 0, 0);
	test_cell(directory, "riscv,num-ids", 2048, 0);
	test_disabled(directory);
	test_entries(directory);
	return unit_end("imsic");
}
