# SPDX-License-Identifier: BSD-3-Clause
#
# Alignment: the MMU is off at first, and then all memory is device memory.
ARCH_CFLAGS := -mgeneral-regs-only -march=armv8-a -mstrict-align -mno-outline-atomics -fomit-frame-pointer -fpie -fvisibility=hidden
ARCH_LDFLAGS := -pie --no-dynamic-linker -z text

# The rule below is read before the first one of image.mk.
.DEFAULT_GOAL := image

# A relocation that entry.S does not apply would be a wild pointer at run time.
$(OUT)/$(IMAGE): $(ELF)
	@echo "  OBJCOPY $@"
	@$(READELF) -rW $< >$(OUT)/relocations.txt
	@awk '$$1 ~ /^[0-9a-f]+$$/ && $$3 != "R_AARCH64_RELATIVE" { print "  " $$0; bad = 1 } \
		END { exit bad }' $(OUT)/relocations.txt >&2 || { \
		echo "$<: arm/entry.S cannot apply the relocations above," \
			"only R_AARCH64_RELATIVE" >&2; exit 1; }
	@$(OBJCOPY) -O binary $< $@
