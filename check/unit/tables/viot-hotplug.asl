// SPDX-License-Identifier: BSD-3-Clause
// As crosvm: single endpoints, then whole buses for hot-plug ports.
[0004]                Signature : "VIOT"
[0004]             Table Length : 00000000
[0001]                 Revision : 00
[0001]                 Checksum : 00
[0006]                   Oem ID : "CROSVM"
[0008]             Oem Table ID : "CROSVMDT"
[0004]             Oem Revision : 00000001
[0004]          Asl Compiler ID : "CROS"
[0004]    Asl Compiler Revision : 00000001

UINT16 : 0003		// node count
UINT16 : 0030		// node offset
UINT64 : 0

// virtio-iommu on PCI
UINT8 : 03
UINT8 : 00
UINT16 : 0010
UINT16 : 0000		// segment
UINT16 : 0020		// BDF
UINT64 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00000030	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 0030		// BDFs
UINT16 : 0030
UINT16 : 0030		// output node
UINT48 : 0

// PCI range
UINT8 : 01
UINT8 : 00
UINT16 : 0018
UINT32 : 00000100	// endpoint start
UINT16 : 0000		// segments
UINT16 : 0000
UINT16 : 0100		// BDFs
UINT16 : 01FF
UINT16 : 0030		// output node
UINT48 : 0
