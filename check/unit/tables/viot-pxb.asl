// SPDX-License-Identifier: BSD-3-Clause
// As QEMU's q35 with a second root complex (pxb-pcie) at bus 16.
[0004]                Signature : "VIOT"
[0004]             Table Length : 00000000
[0001]                 Revision : 00
[0001]                 Checksum : 00
[0006]                   Oem ID : "BOCHS "
[0008]             Oem Table ID : "BXPC    "
[0004]             Oem Revision : 00000001
[0004]          Asl Compiler ID : "BXPC"
[0004]    Asl Compiler Revision : 00000001

UINT16 : 0003		// node count
UINT16 : 0030		// node offset
UINT64 : 0

// virtio-iommu on PCI
UINT8 : 03
UINT8 : 00
UINT16 : 0010
UINT16 : 0000		// segment
UINT16 : 0010		// BDF
UINT64 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00000000	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 0000		// BDFs
UINT16 : 00FF
UINT16 : 0030		// output node
UINT48 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00001000	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 1000		// BDFs
UINT16 : 11FF
UINT16 : 0030		// output node
UINT48 : 0
