# SPDX-License-Identifier: BSD-3-Clause
#
# The same objects are linked twice: at a fixed address, and, without the entries that need that, as an
# EFI application, which relocates itself.
ARCH_CFLAGS := -mgeneral-regs-only -mno-red-zone -fpie -fvisibility=hidden -fcf-protection=none
ARCH_LDFLAGS := -static
EFI_ELF := $(OUT)/virtio-iommu.efi.debug

.DEFAULT_GOAL := image

image: $(OUT)/virtio-iommu.efi

$(OUT)/$(IMAGE): $(ELF)
	@echo "  STRIP   $@"
	@$(OBJCOPY) --strip-all $< $@

$(EFI_ELF): $(ELF)
	@echo "  LD      $@"
	@$(LD) $(LDFLAGS) -pie --no-dynamic-linker -z text --defsym=image_base=0 -e efi_entry -u header \
		-T x86/image.lds -o $@ $(filter-out %/x86/entry.S.o,$(OBJECTS)) $(LIBFDT_A)

# A relocation that efi_entry.S does not apply would be a wild pointer at run time.
$(OUT)/virtio-iommu.efi: $(EFI_ELF)
	@echo "  OBJCOPY $@"
	@$(READELF) -rW $< >$(OUT)/relocations.txt
	@awk '$$1 ~ /^[0-9a-f]+$$/ && $$3 != "R_X86_64_RELATIVE" { print "  " $$0; bad = 1 } \
		END { exit bad }' $(OUT)/relocations.txt >&2 || { \
		echo "$<: x86/efi_entry.S cannot apply the relocations above," \
			"only R_X86_64_RELATIVE" >&2; exit 1; }
	@$(OBJCOPY) -O binary $< $@
