# SPDX-License-Identifier: BSD-3-Clause
#
# The distribution's libfdt has the ABI with floating-point registers; nothing here uses one.
ARCH_CFLAGS := -march=rv64gc -mabi=lp64d -mcmodel=medany -msmall-data-limit=0 -fomit-frame-pointer -fpie -fvisibility=hidden
ARCH_LDFLAGS := -pie --no-dynamic-linker -z text

# The rule below is read before the first one of image.mk.
.DEFAULT_GOAL := image

$(OUT)/%.Image: $(OUT)/%.debug
	$(call flat_image,R_RISCV_RELATIVE)
