/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef X86_ASM_EFI_H
#define X86_ASM_EFI_H

/* The calling convention of the firmware's functions (UEFI 2.10, 2.3.4.2). */
#define EFIAPI __attribute__((ms_abi))

#endif
