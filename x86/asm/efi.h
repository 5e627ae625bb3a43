/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef X86_ASM_EFI_H
#define X86_ASM_EFI_H

/* How functions of the firmware are called (UEFI 2.10, 2.3.4.2). */
#define EFIAPI __attribute__((ms_abi))

#endif
