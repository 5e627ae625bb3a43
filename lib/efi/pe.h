/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For assembly: the headers by which UEFI firmware loads a flat image (Microsoft PE/COFF specification,
 * "PE Format"; UEFI 2.10, 2.1.1). The image relocates itself, so there is nothing for the firmware to
 * relocate; the headers say nevertheless that it can be anywhere.
 *
 * The linker script lays out: the headers from `image_start` = 0 on, code and what is only read from
 * PE_FIRST to `image_data`, what is written from there to `image_end`. All of it in whole pages, the
 * file in whole sectors. The distances from `header` to pe_data_size and pe_data_loaded are the sizes of
 * the written part, in memory and in the file: a relocatable file cannot say sizes otherwise.
 */
#ifndef LIB_EFI_PE_H
#define LIB_EFI_PE_H

#define PE_X86_64  0x8664
#define PE_AARCH64 0xaa64

#define PE_FIRST 0x1000

#define PE_EXECUTABLE	    0x0002
#define PE_LINES_STRIPPED   0x0004
#define PE_LARGE_ADDRESSES  0x0020
#define PE_DEBUG_STRIPPED   0x0200
#define PE_PLUS		    0x20b
#define PE_EFI_APPLICATION  10
#define PE_NX_COMPATIBLE    0x100
#define PE_DIRECTORIES	    6	/* up to that of base relocations; all are empty */
#define PE_READ_CODE	    0x60000020
#define PE_READ_WRITE_DATA  0xc0000040

	/* Place this at a multiple of 8, and its offset from `header` at `header` + 0x3c. */
	.macro pe_header machine, entry
pe_header:
	.ascii	"PE\0\0"
	.short	\machine
	.short	2			/* sections */
	.long	0			/* time */
	.long	0, 0			/* symbols */
	.short	pe_sections - pe_optional
	.short	PE_EXECUTABLE | PE_LINES_STRIPPED | PE_LARGE_ADDRESSES | PE_DEBUG_STRIPPED
pe_optional:
	.short	PE_PLUS
	.byte	0, 0			/* linker version */
	.long	image_data - header - PE_FIRST	/* code */
	.long	pe_data_loaded - header	/* data */
	.long	0			/* sections that are not in the file at all */
	.long	\entry - header
	.long	PE_FIRST		/* base of code */
	.quad	0			/* preferred address */
	.long	0x1000, 0x200		/* alignment of sections, in the file */
	.short	0, 0, 0, 0, 0, 0	/* versions of system, image, subsystem */
	.long	0
	.long	image_end - header
	.long	PE_FIRST		/* headers */
	.long	0			/* check sum */
	.short	PE_EFI_APPLICATION
	.short	PE_NX_COMPATIBLE
	.quad	0, 0, 0, 0		/* stack and heap: the firmware's */
	.long	0
	.long	PE_DIRECTORIES
	.fill	PE_DIRECTORIES, 8, 0
pe_sections:
	.ascii	".text\0\0\0"
	.long	image_data - header - PE_FIRST, PE_FIRST
	.long	image_data - header - PE_FIRST, PE_FIRST
	.long	0, 0, 0
	.long	PE_READ_CODE
	.ascii	".data\0\0\0"
	.long	pe_data_size - header, image_data - header
	.long	pe_data_loaded - header, image_data - header
	.long	0, 0, 0
	.long	PE_READ_WRITE_DATA
	.endm

#endif
