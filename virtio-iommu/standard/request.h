/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wire format of the virtio-iommu (virtio 1.4, 5.13). All fields are little-endian, as the CPUs are that
 * we run on. Beside each name is that of the standard.
 */
#ifndef STANDARD_REQUEST_H
#define STANDARD_REQUEST_H

#include <stddef.h>
#include <stdint.h>

/* Virtqueues (5.13.2). */
enum {
	REQUEST_QUEUE = 0,	/* requestq */
	EVENT_QUEUE = 1,	/* eventq */
};

/* Feature bits (5.13.3). */
enum {
	VIRTIO_IOMMU_F_INPUT_RANGE = 0,
	VIRTIO_IOMMU_F_DOMAIN_RANGE = 1,
	VIRTIO_IOMMU_F_MAP_UNMAP = 2,
	VIRTIO_IOMMU_F_BYPASS = 3,
	VIRTIO_IOMMU_F_PROBE = 4,
	VIRTIO_IOMMU_F_MMIO = 5,
	VIRTIO_IOMMU_F_BYPASS_CONFIG = 6,
};

/* Device configuration (5.13.4): virtio_iommu_config. */
struct iommu_config {
	uint64_t page_size_mask;
	uint64_t input_start;	/* input_range.start */
	uint64_t input_end;	/* input_range.end, inclusive */
	uint32_t domain_start;	/* domain_range.start */
	uint32_t domain_end;	/* domain_range.end, inclusive */
	uint32_t probe_size;
	uint8_t bypass;
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct iommu_config) == 40, "5.13.4");
_Static_assert(offsetof(struct iommu_config, input_start) == 8, "5.13.4");
_Static_assert(offsetof(struct iommu_config, input_end) == 16, "5.13.4");
_Static_assert(offsetof(struct iommu_config, domain_start) == 24, "5.13.4");
_Static_assert(offsetof(struct iommu_config, domain_end) == 28, "5.13.4");
_Static_assert(offsetof(struct iommu_config, probe_size) == 32, "5.13.4");
_Static_assert(offsetof(struct iommu_config, bypass) == 36, "5.13.4");
_Static_assert(offsetof(struct iommu_config, reserved) == 37, "5.13.4");

/* Types of requests (5.13.6). */
enum request_type {
	REQUEST_ATTACH = 1,	/* VIRTIO_IOMMU_T_ATTACH */
	REQUEST_DETACH = 2,	/* VIRTIO_IOMMU_T_DETACH */
	REQUEST_MAP = 3,	/* VIRTIO_IOMMU_T_MAP */
	REQUEST_UNMAP = 4,	/* VIRTIO_IOMMU_T_UNMAP */
	REQUEST_PROBE = 5,	/* VIRTIO_IOMMU_T_PROBE */
};

/* Status of a request (5.13.6). */
enum {
	STATUS_OK = 0,		/* VIRTIO_IOMMU_S_OK */
	STATUS_IOERR = 1,	/* VIRTIO_IOMMU_S_IOERR */
	STATUS_UNSUPP = 2,	/* VIRTIO_IOMMU_S_UNSUPP */
	STATUS_DEVERR = 3,	/* VIRTIO_IOMMU_S_DEVERR */
	STATUS_INVAL = 4,	/* VIRTIO_IOMMU_S_INVAL */
	STATUS_RANGE = 5,	/* VIRTIO_IOMMU_S_RANGE */
	STATUS_NOENT = 6,	/* VIRTIO_IOMMU_S_NOENT */
	STATUS_FAULT = 7,	/* VIRTIO_IOMMU_S_FAULT */
	STATUS_NOMEM = 8,	/* VIRTIO_IOMMU_S_NOMEM */
};

/*
 * Every request starts with a head and ends, in the writable part, with a tail (5.13.6):
 * virtio_iommu_req_head and virtio_iommu_req_tail.
 */
struct request_head {
	uint8_t type;
	uint8_t reserved[3];
};

struct request_tail {
	uint8_t status;
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct request_head) == 4, "5.13.6");
_Static_assert(sizeof(struct request_tail) == 4, "5.13.6");

/* The structures of requests below are the readable parts, without the tail. */

/* Flags of ATTACH (5.13.6.3). */
enum {
	ATTACH_BYPASS = 1 << 0,	/* VIRTIO_IOMMU_ATTACH_F_BYPASS */
};

/* virtio_iommu_req_attach */
struct attach_request {
	struct request_head head;
	uint32_t domain;
	uint32_t endpoint;
	uint32_t flags;
	uint8_t reserved[4];
};

_Static_assert(sizeof(struct attach_request) == 20, "5.13.6.3");
_Static_assert(offsetof(struct attach_request, domain) == 4, "5.13.6.3");
_Static_assert(offsetof(struct attach_request, endpoint) == 8, "5.13.6.3");
_Static_assert(offsetof(struct attach_request, flags) == 12, "5.13.6.3");
_Static_assert(offsetof(struct attach_request, reserved) == 16, "5.13.6.3");

/* virtio_iommu_req_detach */
struct detach_request {
	struct request_head head;
	uint32_t domain;
	uint32_t endpoint;
	uint8_t reserved[8];
};

_Static_assert(sizeof(struct detach_request) == 20, "5.13.6.4");
_Static_assert(offsetof(struct detach_request, domain) == 4, "5.13.6.4");
_Static_assert(offsetof(struct detach_request, endpoint) == 8, "5.13.6.4");
_Static_assert(offsetof(struct detach_request, reserved) == 12, "5.13.6.4");

/* Flags of MAP (5.13.6.5). */
enum {
	MAP_READ = 1 << 0,	/* VIRTIO_IOMMU_MAP_F_READ */
	MAP_WRITE = 1 << 1,	/* VIRTIO_IOMMU_MAP_F_WRITE */
	MAP_MMIO = 1 << 2,	/* VIRTIO_IOMMU_MAP_F_MMIO */
	MAP_RW = MAP_READ | MAP_WRITE,
};

/* virtio_iommu_req_map */
struct map_request {
	struct request_head head;
	uint32_t domain;
	uint64_t virt_start;
	uint64_t virt_end;	/* inclusive */
	uint64_t phys_start;
	uint32_t flags;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct map_request) == 36, "5.13.6.5");
_Static_assert(offsetof(struct map_request, domain) == 4, "5.13.6.5");
_Static_assert(offsetof(struct map_request, virt_start) == 8, "5.13.6.5");
_Static_assert(offsetof(struct map_request, virt_end) == 16, "5.13.6.5");
_Static_assert(offsetof(struct map_request, phys_start) == 24, "5.13.6.5");
_Static_assert(offsetof(struct map_request, flags) == 32, "5.13.6.5");

/* virtio_iommu_req_unmap */
struct unmap_request {
	struct request_head head;
	uint32_t domain;
	uint64_t virt_start;
	uint64_t virt_end;	/* inclusive */
	uint8_t reserved[4];
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct unmap_request) == 28, "5.13.6.6");
_Static_assert(offsetof(struct unmap_request, domain) == 4, "5.13.6.6");
_Static_assert(offsetof(struct unmap_request, virt_start) == 8, "5.13.6.6");
_Static_assert(offsetof(struct unmap_request, virt_end) == 16, "5.13.6.6");
_Static_assert(offsetof(struct unmap_request, reserved) == 24, "5.13.6.6");

/* virtio_iommu_req_probe; properties follow in the writable part, in front of the tail. */
struct probe_request {
	struct request_head head;
	uint32_t endpoint;
	uint8_t reserved[64];
};

_Static_assert(sizeof(struct probe_request) == 72, "5.13.6.7");
_Static_assert(offsetof(struct probe_request, endpoint) == 4, "5.13.6.7");
_Static_assert(offsetof(struct probe_request, reserved) == 8, "5.13.6.7");

/* Types of properties in the reply to PROBE (5.13.6.7, 5.13.6.8). */
enum {
	PROPERTY_NONE = 0,	/* the empty property, which ends the list */
	PROPERTY_RESV_MEM = 1,	/* VIRTIO_IOMMU_PROBE_T_RESV_MEM */
	PROPERTY_TYPE_MASK = 0xfff,
};

/* virtio_iommu_probe_property */
struct property_head {
	uint16_t type;		/* bits 12-15 reserved */
	uint16_t length;	/* bytes after this head */
};

_Static_assert(sizeof(struct property_head) == 4, "5.13.6.8");

/* Subtypes of RESV_MEM (5.13.6.8.1). */
enum {
	RESV_RESERVED = 0,	/* VIRTIO_IOMMU_RESV_MEM_T_RESERVED */
	RESV_MSI = 1,		/* VIRTIO_IOMMU_RESV_MEM_T_MSI */
};

/* virtio_iommu_probe_resv_mem */
struct property_resv_mem {
	struct property_head head;
	uint8_t subtype;
	uint8_t reserved[3];
	uint64_t start;
	uint64_t end;	/* inclusive */
};

_Static_assert(sizeof(struct property_resv_mem) == 24, "5.13.6.8.1");
_Static_assert(offsetof(struct property_resv_mem, subtype) == 4, "5.13.6.8.1");
_Static_assert(offsetof(struct property_resv_mem, reserved) == 5, "5.13.6.8.1");
_Static_assert(offsetof(struct property_resv_mem, start) == 8, "5.13.6.8.1");
_Static_assert(offsetof(struct property_resv_mem, end) == 16, "5.13.6.8.1");

/* Reasons of a fault (5.13.6.9). */
enum {
	FAULT_UNKNOWN = 0,	/* VIRTIO_IOMMU_FAULT_R_UNKNOWN */
	FAULT_DOMAIN = 1,	/* VIRTIO_IOMMU_FAULT_R_DOMAIN */
	FAULT_MAPPING = 2,	/* VIRTIO_IOMMU_FAULT_R_MAPPING */
};

/* Flags of a fault. */
enum {
	FAULT_READ = 1 << 0,	/* VIRTIO_IOMMU_FAULT_F_READ */
	FAULT_WRITE = 1 << 1,	/* VIRTIO_IOMMU_FAULT_F_WRITE */
	FAULT_ADDRESS = 1 << 8,	/* VIRTIO_IOMMU_FAULT_F_ADDRESS */
};

/* A record on the event queue: virtio_iommu_fault. */
struct fault_record {
	uint8_t reason;
	uint8_t reserved[3];
	uint32_t flags;
	uint32_t endpoint;
	uint32_t reserved1;
	uint64_t address;	/* valid with FAULT_ADDRESS */
};

_Static_assert(sizeof(struct fault_record) == 24, "5.13.6.9");
_Static_assert(offsetof(struct fault_record, reserved) == 1, "5.13.6.9");
_Static_assert(offsetof(struct fault_record, flags) == 4, "5.13.6.9");
_Static_assert(offsetof(struct fault_record, endpoint) == 8, "5.13.6.9");
_Static_assert(offsetof(struct fault_record, reserved1) == 12, "5.13.6.9");
_Static_assert(offsetof(struct fault_record, address) == 16, "5.13.6.9");

/* Return "INVAL (4)"; "unknown (0xff)", valid until the next call, for what the standard does not define. */
const char *status_name(uint8_t status);

#endif
