/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation tables of IOMMUs: pages of 512 entries of 64 bits, 9 bits of an address for each level.
 *
 * What differs between the kinds of IOMMU are the bits of an entry: struct table_format. Pages of a table
 * come from the arena, and stay part of it for its life: to unmap clears leaf entries only.
 */
#ifndef LIB_IOMMU_TABLE_H
#define LIB_IOMMU_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define TABLE_PAGE 4096
#define TABLE_MAX_LEVELS 5

/* What a device may do: any of both. */
enum { RIGHT_READ = 1 << 0, RIGHT_WRITE = 1 << 1 };

/* The bits of an entry. */
struct table_format {
	uint64_t present;	/* an entry without any of these is empty */
	uint64_t kind_mask, branch_kind;	/* an entry with these bits of the mask leads to a table */
	uint64_t branch;	/* of an entry that leads to a table, beside its address */
	uint64_t page, large;	/* of a leaf of the last level and above it, beside address and rights */
	uint64_t rights[4];	/* by RIGHT_READ and RIGHT_WRITE; 0 if a leaf cannot say that */
	uint64_t address;	/* the bits that hold an address */
	unsigned int address_shift;	/* they are the address, to the right by this */
};

struct table {
	const struct table_format *format;
	unsigned int levels;
	uint64_t page_sizes;	/* that a leaf may have, as one bit each; 4096 is among them */
	uint64_t *root;
	unsigned int pages;	/* of memory that the table takes */
};

/* Second-level tables of VT-d (rev. 4.1, 9.8), stage 1 of VMSAv8-64 and first-stage tables of RISC-V. */
extern const struct table_format table_vtd, table_arm, table_riscv;

/*
 * Make @table an empty one of @levels levels. 2 MiB and 1 GiB leaves are used if @page_sizes has these
 * bits. Its root is a page.
 */
void table_init(struct table *table, const struct table_format *format, unsigned int levels,
		uint64_t page_sizes);

/* Return how many bits an address that the table translates has. */
unsigned int table_bits(const struct table *table);

/* Return true if a leaf can grant exactly these @rights. */
bool table_can_grant(const struct table *table, unsigned int rights);

/*
 * Let [@iova, @iova + @size) lead to what begins at @pa, in leaves as large as possible. All three are
 * multiples of 4096. Return false, with the table's leaves as they were, if the range is empty or not of the
 * table, if any of it is mapped, or if a leaf cannot grant @rights.
 */
bool table_map(struct table *table, uint64_t iova, uint64_t pa, uint64_t size, unsigned int rights);

/*
 * Clear all leaves in [@iova, @iova + @size), mapped or not. Return false, with nothing cleared, if a leaf
 * lies only partly in it.
 */
bool table_unmap(struct table *table, uint64_t iova, uint64_t size);

/* Find where @iova leads to, and the rights. Return false if it is not mapped. */
bool table_look_up(const struct table *table, uint64_t iova, uint64_t *pa, unsigned int *rights);

#endif
