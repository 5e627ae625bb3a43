/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values in the standard's words, for traces and messages.
 */
#ifndef DRIVER_NAMES_H
#define DRIVER_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Room for any of these, in characters. */
#define NAMES_SIZE 200

/* Write the names of the flags of ATTACH, of MAP or of a fault into @text: "READ|WRITE", "0", "READ|0x8". */
const char *attach_flag_names(uint32_t flags, char text[NAMES_SIZE]);
const char *map_flag_names(uint32_t flags, char text[NAMES_SIZE]);
const char *fault_flag_names(uint32_t flags, char text[NAMES_SIZE]);

/* The same of feature bits: "MAP_UNMAP|PROBE|VERSION_1". */
const char *feature_names(uint64_t features, char text[NAMES_SIZE]);

/* Write a value of device_status or of the ISR status, with names: "0xf (ACKNOWLEDGE|DRIVER|...)", "0". */
const char *device_status_names(uint8_t status, char text[NAMES_SIZE]);
const char *isr_names(uint8_t status, char text[NAMES_SIZE]);

/* Return the name of 32 bits of the device configuration: "input_range.start[31:0]" for word 2. */
const char *config_word_name(unsigned int word);

/* Call the endpoint @id by the name of its device and by its place from now on. At most 16 are kept. */
void name_endpoint(uint32_t id, const char *device, const char *place);

/* Return an endpoint's id and name, "0x18 (virtio-blk 00:03.0)", or its id, valid until the next call. */
const char *endpoint_name(uint32_t id);

/* Return the name of a fault's reason: "MAPPING", "?". */
const char *fault_reason_name(uint8_t reason);

#endif
