/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ARM_ASM_EFI_H
#define ARM_ASM_EFI_H

/* The firmware's functions use the usual calling convention. */
#define EFIAPI

#endif
