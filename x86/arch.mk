# SPDX-License-Identifier: BSD-3-Clause
ARCH_CFLAGS := -mno-red-zone -fno-pic -fcf-protection=none
ARCH_LDFLAGS := -static
IMAGE := virtio-iommu.elf

.DEFAULT_GOAL := image

$(OUT)/virtio-iommu.elf: $(ELF)
	@echo "  STRIP   $@"
	@$(OBJCOPY) --strip-all $< $@
