// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "fdt/fdt.h"
#include "fdt/node.h"
#include "util.h"

#define FDT_ALIGN 8

/* In older trees names are paths: libfdt 1.6.1 fails on a root without one. */
#define FDT_OLDEST 16

uint32_t fdt_size(const void *fdt)
{
	return fdt_totalsize(fdt);
}

bool fdt_validate(const void *fdt, struct error *error)
{
	int code;

	if (!fdt || (uintptr_t)fdt % FDT_ALIGN)
		return error_set(error, "device tree: address %p is not a multiple of %u", fdt,
				 FDT_ALIGN);
	code = fdt_check_header(fdt);
	if (code)
		return error_set(error, "device tree: header: %s", fdt_strerror(code));
	if (fdt_version(fdt) < FDT_OLDEST)
		return error_set(error, "device tree: offset 0x14: version %u is below %u",
				 fdt_version(fdt), FDT_OLDEST);
	if (fdt_size(fdt) > FDT_MAX_SIZE)
		return error_set(error, "device tree: offset 0x4: total size %u is above %u",
				 fdt_size(fdt), FDT_MAX_SIZE);
	code = fdt_check_full(fdt, fdt_size(fdt));
	if (code)
		return error_set(error, "device tree: structure: %s", fdt_strerror(code));
	return true;
}

const char *fdt_node_name(const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);

	return !name ? "?" : *name ? name : "/";
}

const fdt32_t *fdt_cells(const void *fdt, int node, const char *name, unsigned int *count)
{
	int length;
	const fdt32_t *cells = fdt_getprop(fdt, node, name, &length);

	if (!cells || length % sizeof(*cells))
		return NULL;
	*count = length / sizeof(*cells);
	return cells;
}

uint32_t fdt_cell(const void *fdt, int node, const char *name, uint32_t fallback)
{
	unsigned int count;
	const fdt32_t *cells = fdt_cells(fdt, node, name, &count);

	return cells && count == 1 ? fdt32_ld(cells) : fallback;
}

/* Return property @name as text, NULL if it is absent or not terminated. */
static const char *string_property(const void *fdt, int node, const char *name)
{
	int length;
	const char *text = fdt_getprop(fdt, node, name, &length);

	return text && memchr(text, 0, length) ? text : NULL;
}

bool fdt_is_enabled(const void *fdt, int node)
{
	const char *status = string_property(fdt, node, "status");

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

int fdt_next_enabled(const void *fdt, int node, const char *compatible)
{
	do
		node = fdt_node_offset_by_compatible(fdt, node, compatible);
	while (node >= 0 && !fdt_is_enabled(fdt, node));
	return node;
}

/* How many cells addresses and sizes have on a bus that the CPU addresses directly. */
struct cells {
	unsigned int address, size;
};

static bool read_cell_counts(const void *fdt, int bus, struct cells *cells, struct error *error)
{
	int address = fdt_address_cells(fdt, bus);
	int size = fdt_size_cells(fdt, bus);

	if (address < 1 || address > 2 || size < 0 || size > 2)
		return error_set(error,
				 "device tree: %s: #address-cells and #size-cells are not 1 or 2",
				 fdt_node_name(fdt, bus));
	cells->address = address;
	cells->size = size;
	return true;
}

static uint64_t load_cells(const fdt32_t *cells, unsigned int count)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < count; i++)
		value = value << 32 | fdt32_ld(cells + i);
	return value;
}

/* Translate one step up, from @bus to its parent. An empty ranges property changes nothing. */
static bool translate_step(const void *fdt, int bus, int parent, uint64_t *address, uint64_t size,
			   struct error *error)
{
	struct cells child, above;
	unsigned int count, entry;
	const fdt32_t *ranges = fdt_cells(fdt, bus, "ranges", &count);

	if (!ranges)
		return error_set(error,
				 "device tree: %s: no ranges, its addresses are not the CPU's",
				 fdt_node_name(fdt, bus));
	if (!count)
		return true;
	if (!read_cell_counts(fdt, bus, &child, error) ||
	    !read_cell_counts(fdt, parent, &above, error))
		return false;
	entry = child.address + above.address + child.size;
	if (count % entry)
		return error_set(error, "device tree: %s: ranges: %u cells are not entries of %u",
				 fdt_node_name(fdt, bus), count, entry);
	for (; count; count -= entry, ranges += entry) {
		uint64_t from = load_cells(ranges, child.address);
		uint64_t to = load_cells(ranges + child.address, above.address);
		uint64_t length = load_cells(ranges + child.address + above.address, child.size);

		if (*address - from >= length || size > length - (*address - from))
			continue;
		*address += to - from;
		return true;
	}
	return error_set(error, "device tree: %s: ranges: no entry for address 0x%llx",
			 fdt_node_name(fdt, bus), (unsigned long long)*address);
}

bool fdt_translate_from(const void *fdt, int bus, uint64_t *address, uint64_t size,
			struct error *error)
{
	for (int parent; (parent = fdt_parent_offset(fdt, bus)) >= 0; bus = parent)
		if (!translate_step(fdt, bus, parent, address, size, error))
			return false;
	if (*address + size < *address)
		return error_set(error, "device tree: 0x%llx bytes at 0x%llx wrap around",
				 (unsigned long long)size, (unsigned long long)*address);
	return true;
}

/* Find the reg property and count its entries: 0 if there is none. */
static bool count_reg(const void *fdt, int node, const fdt32_t **reg, struct cells *cells,
		      unsigned int *entries, struct error *error)
{
	int parent = fdt_parent_offset(fdt, node);
	unsigned int count;

	*entries = 0;
	if (parent < 0 || !fdt_getprop(fdt, node, "reg", NULL))
		return true;
	if (!read_cell_counts(fdt, parent, cells, error))
		return false;
	*reg = fdt_cells(fdt, node, "reg", &count);
	if (!*reg || count % (cells->address + cells->size))
		return error_set(error, "device tree: %s: reg: no entries of %u cells",
				 fdt_node_name(fdt, node), cells->address + cells->size);
	*entries = count / (cells->address + cells->size);
	return true;
}

bool fdt_translate(const void *fdt, int node, unsigned int index, uint64_t *base, uint64_t *size,
		   struct error *error)
{
	struct cells cells = { 0 };
	const fdt32_t *reg = NULL;
	unsigned int entries;
	uint64_t length;

	if (!count_reg(fdt, node, &reg, &cells, &entries, error))
		return false;
	if (index >= entries)
		return error_set(error, "device tree: %s: reg: no entry %u",
				 fdt_node_name(fdt, node), index);
	reg += index * (cells.address + cells.size);
	*base = load_cells(reg, cells.address);
	length = load_cells(reg + cells.address, cells.size);
	if (size)
		*size = length;
	return fdt_translate_from(fdt, fdt_parent_offset(fdt, node), base, length, error);
}

typedef void (*add_range)(struct boot_info *boot, uint64_t base, uint64_t size);

static bool add_reg(const void *fdt, int node, add_range add, struct boot_info *boot,
		    struct error *error)
{
	struct cells cells = { 0 };
	const fdt32_t *reg = NULL;
	unsigned int entries;

	if (!count_reg(fdt, node, &reg, &cells, &entries, error))
		return false;
	for (unsigned int i = 0; i < entries; i++) {
		uint64_t base, size;

		if (!fdt_translate(fdt, node, i, &base, &size, error))
			return false;
		add(boot, base, size);
	}
	return true;
}

static bool is_memory(const void *fdt, int node)
{
	const char *type = string_property(fdt, node, "device_type");

	return type && !strcmp(type, "memory") && fdt_is_enabled(fdt, node);
}

static bool add_reserved_memory(const void *fdt, struct boot_info *boot, struct error *error)
{
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	int node;

	if (parent < 0)
		return true;
	fdt_for_each_subnode(node, fdt, parent) if (fdt_is_enabled(fdt, node) &&
						    !add_reg(fdt, node, boot_add_reserved, boot,
							     error)) return false;
	return true;
}

static bool add_reservation_block(const void *fdt, struct boot_info *boot, struct error *error)
{
	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(fdt, i, &base, &size) || base + size < base)
			return error_set(
				error, "device tree: reservation block: entry %d wraps around", i);
		boot_add_reserved(boot, base, size);
	}
	return true;
}

bool fdt_memory(const void *fdt, struct boot_info *boot, struct error *error)
{
	unsigned int before = boot->ram_count;
	int node;

	fdt_for_each_subnode(node, fdt, 0)
		if (is_memory(fdt, node) && !add_reg(fdt, node, boot_add_ram, boot, error))
			return false;
	if (boot->ram_count == before)
		return error_set(error, "device tree: no memory node with a reg property");
	return add_reservation_block(fdt, boot, error) && add_reserved_memory(fdt, boot, error);
}

const char *fdt_bootargs(const void *fdt)
{
	const char *text = string_property(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs");

	return text ? text : "";
}

static const struct {
	const char *compatible;
	int kind;
} uarts[] = {
	{ "arm,pl011", FDT_UART_PL011 },
	{ "arm,sbsa-uart", FDT_UART_PL011 },
	{ "ns16550a", FDT_UART_16550 },
	{ "ns16550", FDT_UART_16550 },
};

static int uart_kind(const void *fdt, int node)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(uarts); i++)
		if (!fdt_node_check_compatible(fdt, node, uarts[i].compatible))
			return uarts[i].kind;
	return FDT_UART_NONE;
}

/*
 * Return the node that stdout-path names: "/path", "/path:options", "alias" or "alias:options". Negative if
 * there is none. An alias must be a path, or libfdt may follow it for ever.
 */
static int stdout_node(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = string_property(fdt, chosen, "stdout-path");
	const char *options = path ? strchr(path, ':') : NULL;
	int aliases, length;
	const char *alias;

	if (!path)
		return -FDT_ERR_NOTFOUND;
	length = options ? options - path : (int)strlen(path);
	if (path[0] == '/')
		return fdt_path_offset_namelen(fdt, path, length);
	aliases = fdt_path_offset(fdt, "/aliases");
	alias = fdt_getprop_namelen(fdt, aliases, path, length, &length);
	if (!alias || alias[0] != '/' || !memchr(alias, 0, length))
		return -FDT_ERR_NOTFOUND;
	return fdt_path_offset(fdt, alias);
}

static int first_uart(const void *fdt)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(uarts); i++) {
		int node = fdt_next_enabled(fdt, -1, uarts[i].compatible);

		if (node >= 0)
			return node;
	}
	return -FDT_ERR_NOTFOUND;
}

bool fdt_console(const void *fdt, struct fdt_console *console, struct error *error)
{
	int node = stdout_node(fdt);

	memset(console, 0, sizeof(*console));
	if (node < 0 || uart_kind(fdt, node) == FDT_UART_NONE)
		node = first_uart(fdt);
	if (node < 0)
		return true;
	console->reg_shift = fdt_cell(fdt, node, "reg-shift", 0);
	console->reg_io_width = fdt_cell(fdt, node, "reg-io-width", 1);
	if (console->reg_shift > 3)
		return error_set(error, "device tree: %s: reg-shift %u is above 3",
				 fdt_node_name(fdt, node), console->reg_shift);
	if (console->reg_io_width != 1 && console->reg_io_width != 2 && console->reg_io_width != 4)
		return error_set(error, "device tree: %s: reg-io-width %u is not 1, 2 or 4",
				 fdt_node_name(fdt, node), console->reg_io_width);
	if (!fdt_translate(fdt, node, 0, &console->base, NULL, error))
		return false;
	console->kind = uart_kind(fdt, node);
	return true;
}

bool fdt_psci(const void *fdt, bool *hvc)
{
	static const char *const compatible[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };
	int node = -FDT_ERR_NOTFOUND;
	const char *method;

	for (unsigned int i = 0; node < 0 && i < ARRAY_SIZE(compatible); i++)
		node = fdt_node_offset_by_compatible(fdt, -1, compatible[i]);
	method = string_property(fdt, node, "method");
	if (!method || (strcmp(method, "hvc") && strcmp(method, "smc")))
		return false;
	*hvc = !strcmp(method, "hvc");
	return true;
}

/* The number has one cell or two. */
static bool cpu_number(const void *fdt, int node, uint64_t *id)
{
	const char *type = string_property(fdt, node, "device_type");
	int length;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

	if (!type || strcmp(type, "cpu") || !reg || (length != 4 && length != 8))
		return false;
	*id = fdt32_to_cpu(reg[0]);
	if (length == 8)
		*id = *id << 32 | fdt32_to_cpu(reg[1]);
	return true;
}

bool fdt_other_cpu(const void *fdt, uint64_t own, uint64_t *id)
{
	int cpus = fdt_path_offset(fdt, "/cpus"), node;

	fdt_for_each_subnode(node, fdt, cpus)
		if (cpu_number(fdt, node, id) && *id != own)
			return true;
	return false;
}
