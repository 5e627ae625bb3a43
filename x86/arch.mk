# SPDX-License-Identifier: BSD-3-Clause
ARCH_CFLAGS := -mno-red-zone -fno-pic -fcf-protection=none
ARCH_LDFLAGS := -static

.DEFAULT_GOAL := image

$(OUT)/$(IMAGE): $(ELF)
	@echo "  STRIP   $@"
	@$(OBJCOPY) --strip-all $< $@
