/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RISCV_ASM_EFI_H
#define RISCV_ASM_EFI_H

/* The firmware's functions use the usual calling convention. */
#define EFIAPI

#endif
