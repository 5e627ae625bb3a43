/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start as an application of UEFI firmware. Clauses are those of the UEFI specification 2.10.
 *
 * Only what the start needs of the firmware's tables has a name; arrays stand for the rest. Signatures,
 * sizes, counts and addresses are checked before use.
 */
#ifndef LIB_EFI_EFI_H
#define LIB_EFI_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/efi.h>

#include "boot.h"
#include "error.h"

#define EFI_PAGE_SIZE 4096

/* Status codes (appendix D): the highest bit stands for an error. */
typedef uint64_t efi_status;
#define EFI_ERROR	      (1ull << 63)
#define EFI_SUCCESS	      0
#define EFI_LOAD_ERROR	      (EFI_ERROR | 1)
#define EFI_INVALID_PARAMETER (EFI_ERROR | 2)
#define EFI_BUFFER_TOO_SMALL  (EFI_ERROR | 5)

typedef void *efi_handle;

/* 2.3.1 */
struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

/* 4.2 */
struct efi_header {
	uint64_t signature;
	uint32_t revision, size, crc, reserved;
};

/* 7.2.3 */
enum efi_memory_type {
	EFI_RESERVED,
	EFI_LOADER_CODE,
	EFI_LOADER_DATA,
	EFI_BOOT_CODE,
	EFI_BOOT_DATA,
	EFI_RUNTIME_CODE,
	EFI_RUNTIME_DATA,
	EFI_CONVENTIONAL,
	EFI_UNUSABLE,
	EFI_ACPI_RECLAIM,
	EFI_ACPI_NVS,
};

#define EFI_MEMORY_WB (1ull << 3)	/* can be cached, write-back */
#define EFI_MEMORY_SP (1ull << 18)	/* kept for a purpose of its own */

struct efi_memory {
	uint32_t type, pad;
	uint64_t physical, virtual, pages, attributes;
};

/* 12.4.1; texts are UCS-2, zero-terminated. */
struct efi_text_output {
	void *reset;
	efi_status (EFIAPI *output)(struct efi_text_output *self, const uint16_t *text);
};

/* 4.4 */
struct efi_boot_services {
	struct efi_header header;
	void *priorities_and_pages[4];
	efi_status (EFIAPI *get_memory_map)(uint64_t *size, void *map, uint64_t *key,
					    uint64_t *descriptor_size, uint32_t *version);
	void *pool_events_and_installation[11];
	efi_status (EFIAPI *handle_protocol)(efi_handle handle, const struct efi_guid *protocol,
					     void **interface);
	void *handles_and_images[9];
	efi_status (EFIAPI *exit_boot_services)(efi_handle image, uint64_t key);
};

/* 4.5 */
struct efi_runtime_services {
	struct efi_header header;
	void *time_and_variables[10];
	void (EFIAPI *reset_system)(uint32_t type, efi_status status, uint64_t size, void *data);
};

enum { EFI_RESET_SHUTDOWN = 2 };	/* 8.5.1 */

/* 4.6 */
struct efi_configuration {
	struct efi_guid guid;
	const void *table;
};

/* 4.3 */
struct efi_system {
	struct efi_header header;
	void *vendor;
	uint32_t revision, pad;
	void *input_handle, *input, *output_handle;
	struct efi_text_output *output;
	void *error_handle, *error;
	struct efi_runtime_services *runtime;
	struct efi_boot_services *boot;
	uint64_t configuration_count;
	const struct efi_configuration *configuration;
};

/* 9.1.1 */
struct efi_loaded_image {
	uint32_t revision, pad;
	void *parent, *system, *device, *path, *reserved;
	uint32_t options_size, pad2;	/* bytes */
	const uint16_t *options;
};

_Static_assert(sizeof(struct efi_guid) == 16, "2.3.1");
_Static_assert(sizeof(struct efi_header) == 24, "4.2");
_Static_assert(sizeof(struct efi_memory) == 40, "7.2.3");
_Static_assert(offsetof(struct efi_text_output, output) == 8, "12.4.1");
_Static_assert(offsetof(struct efi_boot_services, get_memory_map) == 56, "4.4.1");
_Static_assert(offsetof(struct efi_boot_services, handle_protocol) == 152, "4.4.1");
_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 232, "4.4.1");
_Static_assert(offsetof(struct efi_runtime_services, reset_system) == 104, "4.5.1");
_Static_assert(sizeof(struct efi_configuration) == 24, "4.6");
_Static_assert(offsetof(struct efi_system, output) == 64, "4.3.1");
_Static_assert(offsetof(struct efi_system, runtime) == 88, "4.3.1");
_Static_assert(offsetof(struct efi_system, configuration) == 112, "4.3.1");
_Static_assert(offsetof(struct efi_loaded_image, options) == 56, "9.1.1");

/*
 * Fill @boot with memory map, RSDP, tree and command line of the firmware, and end its boot services.
 * Return true when the machine is ours: no service of the firmware may be called any more, and interrupts
 * are as it had them. Otherwise print the reason on the firmware's console, unless that may be gone
 * already, and switch the machine off. Return false if there is no way to do that: the caller then returns
 * EFI_LOAD_ERROR to the firmware.
 */
bool efi_start(struct boot_info *boot, efi_handle image, const struct efi_system *system);

/* The steps of efi_start(). Each returns false, with a message in @error, if something is wrong. */

/* Check the tables that are used: signature, size, and that the services are there. */
bool efi_check(const struct efi_system *system, struct error *error);

/* Take RSDP and device tree from the configuration tables (4.6). */
bool efi_read_tables(struct boot_info *boot, const struct efi_system *system, struct error *error);

/* Take the command line from the load options (9.1.1). What is not printable ASCII becomes a '?'. */
bool efi_read_options(struct boot_info *boot, const struct efi_loaded_image *image,
		      struct error *error);

/* Replace the ranges of @boot by those of the memory map at @map (7.2.3). Sizes are in bytes. */
bool efi_read_map(struct boot_info *boot, const void *map, uint64_t size, uint64_t descriptor_size,
		  struct error *error);

#endif
