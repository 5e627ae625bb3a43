// SPDX-License-Identifier: BSD-3-Clause
// All four kinds of node, ranges before the IOMMUs, an unknown node in between, a range over
// two segments.
[0004]                Signature : "VIOT"
[0004]             Table Length : 00000000
[0001]                 Revision : 00
[0001]                 Checksum : 00
[0006]                   Oem ID : "CHECK "
[0008]             Oem Table ID : "CHECK   "
[0004]             Oem Revision : 00000001
[0004]          Asl Compiler ID : "CHCK"
[0004]    Asl Compiler Revision : 00000001

UINT16 : 0006		// node count
UINT16 : 0030		// node offset
UINT64 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00020000	// endpoint start
UINT16 : 0002		// segments
UINT16 : 0003
UINT16 : 0100		// BDFs
UINT16 : 01FF
UINT16 : 0080		// output node
UINT48 : 0

// MMIO endpoint
UINT8 : 02
UINT8 : 00
UINT16 : 0018
UINT32 : 00000042	// endpoint
UINT64 : 000000000A003E00	// base
UINT16 : 0070		// output node
UINT48 : 0

// of a type that is not known yet
UINT8 : 7F
UINT8 : 00
UINT16 : 0010
UINT32 : FFFFFFFF
UINT64 : FFFFFFFFFFFFFFFF

// virtio-iommu on MMIO
UINT8 : 04
UINT8 : 00
UINT16 : 0010
UINT32 : 0
UINT64 : 000000000A003C00	// base

// virtio-iommu on PCI
UINT8 : 03
UINT8 : 00
UINT16 : 0010
UINT16 : 0002		// segment
UINT16 : 0108		// BDF
UINT64 : 0

// MMIO endpoint
UINT8 : 02
UINT8 : 00
UINT16 : 0018
UINT32 : 00000043	// endpoint
UINT64 : 000000000A003A00	// base
UINT16 : 0080		// output node
UINT48 : 0
