# SPDX-License-Identifier: BSD-3-Clause
#
# Alignment: the MMU is off at first, and then all memory is device memory.
ARCH_CFLAGS := -mgeneral-regs-only -march=armv8-a -mstrict-align -mno-outline-atomics -fomit-frame-pointer -fpie -fvisibility=hidden
ARCH_LDFLAGS := -pie --no-dynamic-linker -z text

# The rule below is read before the first one of image.mk.
.DEFAULT_GOAL := image

$(OUT)/%.Image: $(OUT)/%.debug
	$(call flat_image,R_AARCH64_RELATIVE)
