# SPDX-License-Identifier: BSD-3-Clause
#
# The distribution's libfdt has the ABI with floating-point registers; nothing here uses one.
ARCH_CFLAGS := -march=rv64gc -mabi=lp64d -mcmodel=medany -msmall-data-limit=0 -fomit-frame-pointer -fpie -fvisibility=hidden
ARCH_LDFLAGS := -pie --no-dynamic-linker -z text

# The rule below is read before the first one of image.mk.
.DEFAULT_GOAL := image

# A relocation that entry.S does not apply would be a wild pointer at run time.
$(OUT)/$(IMAGE): $(ELF)
	@echo "  OBJCOPY $@"
	@$(READELF) -rW $< >$(OUT)/relocations.txt
	@awk '$$1 ~ /^[0-9a-f]+$$/ && $$3 != "R_RISCV_RELATIVE" { print "  " $$0; bad = 1 } \
		END { exit bad }' $(OUT)/relocations.txt >&2 || { \
		echo "$<: riscv/entry.S cannot apply the relocations above, only R_RISCV_RELATIVE" >&2; exit 1; }
	@$(OBJCOPY) -O binary $< $@
