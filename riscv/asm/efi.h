/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RISCV_ASM_EFI_H
#define RISCV_ASM_EFI_H

/* Functions of the firmware are called as all others are. */
#define EFIAPI

#endif
