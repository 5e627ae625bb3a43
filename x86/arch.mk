# SPDX-License-Identifier: BSD-3-Clause
#
# The same objects are linked twice: at a fixed address, and, without the entries that need that, as an
# EFI application, which relocates itself.
ARCH_CFLAGS := -mgeneral-regs-only -mno-red-zone -fpie -fvisibility=hidden -fcf-protection=none
ARCH_LDFLAGS := -static
EFI_ELF := $(OUT)/virtio-iommu.efi.debug

.DEFAULT_GOAL := image

image: $(OUT)/virtio-iommu.efi

$(OUT)/%.elf: $(OUT)/%.debug
	@echo "  STRIP   $@"
	$(Q)$(OBJCOPY) --strip-all $< $@

$(EFI_ELF): $(ELF)
	@echo "  LD      $@"
	$(Q)$(LD) $(LDFLAGS) -pie --no-dynamic-linker -z text --defsym=image_base=0 -e efi_entry -u header \
		-T x86/image.lds -o $@ $(filter-out %/x86/entry.S.o,$(OBJECTS)) $(LIBFDT_A)

$(OUT)/virtio-iommu.efi: $(EFI_ELF)
	$(call flat_image,R_X86_64_RELATIVE)
