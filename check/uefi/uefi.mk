# SPDX-License-Identifier: BSD-3-Clause
#
# make check-uefi: the headers by which firmware loads the image, the verdicts that it gives when started
# so, a start from a disk, and one above 4 GiB.

UEFI := build/check/uefi
UEFI_HIGH := $(UEFI)/high.c.o $(UEFI)/high.S.o build/x86_64/lib/libc/string.c.o

.PHONY: check-uefi check-uefi-high

check-uefi: $(ARCHES) $(if $(filter x86_64,$(ARCHES)),check-uefi-high)
	@$(PYTHON) -B check/uefi/headers $(ARCHES)
	@$(PYTHON) -B check/uefi/same-verdicts $(ARCHES)
	@$(PYTHON) -B check/uefi/from-disk $(ARCHES)

check-uefi-high: x86_64
	@mkdir -p $(UEFI)
	@for file in high.c high.S; do \
		$(PREFIX_x86_64)gcc -std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -fpie -fvisibility=hidden \
			-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
			-fcf-protection=none -nostdinc -DINNER='"build/x86_64/virtio-iommu.efi"' \
			-isystem $$($(PREFIX_x86_64)gcc -print-file-name=include) -isystem lib/libc \
			-iquote lib -I x86 -c -o $(UEFI)/$$file.o check/uefi/$$file || exit 1; \
	done
	@$(PREFIX_x86_64)ld --gc-sections -pie --no-dynamic-linker -z text -z noexecstack \
		-z max-page-size=4096 --defsym=image_base=0 -e efi_entry -u header -T x86/image.lds \
		-o $(UEFI)/high.debug $(UEFI_HIGH)
	@$(PREFIX_x86_64)objcopy -O binary $(UEFI)/high.debug $(UEFI)/high.efi
	@check/uefi/run-high $(UEFI)/high.efi
