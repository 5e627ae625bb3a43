/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIB_EXCEPTION_H
#define LIB_EXCEPTION_H

#include <stddef.h>
#include <stdint.h>

/*
 * Called by the machine's exception handler after it has printed the registers. Ends the running
 * test as an error, and the run. @summary is one line: which exception, where.
 */
void exception_report(const char *summary) __attribute__((noreturn));

/*
 * @address as "image+0x1234", to be looked up in the ELF file less where that is linked, or as it is if it
 * is none of the image's. @text, of @size characters, is filled and returned.
 */
const char *image_address(uint64_t address, char *text, size_t size);

#endif
