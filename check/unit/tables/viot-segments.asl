// SPDX-License-Identifier: BSD-3-Clause
// As cloud-hypervisor: one range for each endpoint, and a segment behind the IOMMU.
[0004]                Signature : "VIOT"
[0004]             Table Length : 00000000
[0001]                 Revision : 00
[0001]                 Checksum : 00
[0006]                   Oem ID : "CLOUDH"
[0008]             Oem Table ID : "CHVIOT  "
[0004]             Oem Revision : 00000001
[0004]          Asl Compiler ID : "RVAT"
[0004]    Asl Compiler Revision : 00000001

UINT16 : 0004		// node count
UINT16 : 0030		// node offset
UINT64 : 0

// virtio-iommu on PCI
UINT8 : 03
UINT8 : 00
UINT16 : 0010
UINT16 : 0000		// segment
UINT16 : 0008		// BDF
UINT64 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00000010	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 0010		// BDFs
UINT16 : 0010
UINT16 : 0030		// output node
UINT48 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00000018	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 0018		// BDFs
UINT16 : 0018
UINT16 : 0030		// output node
UINT48 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00010008	// endpoint start
UINT16 : 0001		// segments
UINT16 : 0001
UINT16 : 0008		// BDFs
UINT16 : 0008
UINT16 : 0030		// output node
UINT48 : 0
