/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIB_EXCEPTION_H
#define LIB_EXCEPTION_H

#include <stddef.h>
#include <stdint.h>

/*
 * End the running test as an error, and the run. The program supplies it; the machine's exception handler
 * calls it after it has printed the registers. @summary is one line: which exception, where.
 */
void exception_report(const char *summary) __attribute__((noreturn));

/*
 * Write @address into @text, of @size characters, as "image+0x1234": an offset in the ELF file from where
 * that is linked. An address outside of the image is written as it is. Return @text.
 */
const char *image_address(uint64_t address, char *text, size_t size);

#endif
