# SPDX-License-Identifier: BSD-3-Clause
#
# make check-boot64: the image through its 64-bit Linux entry, and on a large machine, under QEMU.

BOOT64 := build/check/boot64
BOOT64_OBJECTS := $(addprefix build/x86_64/,$(addsuffix .o,$(wildcard x86/*.c x86/*.S) \
	$(filter-out lib/fdt/%,$(shell find lib -name "*.c" ! -path "lib/virtio/*" ! -path "lib/dma/*" ! -path "lib/pci/*"))))

CHECK_ARCHES += $(if $(filter x86_64,$(ARCHES)),check-boot64)

.PHONY: check-boot64

check-boot64: x86_64
	@mkdir -p $(BOOT64)
	@$(PREFIX_x86_64)gcc -std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -mno-red-zone \
		-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -nostdinc \
		-isystem $$($(PREFIX_x86_64)gcc -print-file-name=include) -isystem lib/libc -iquote lib \
		-c -o $(BOOT64)/boot64.o check/boot64/boot64.c
	@$(PREFIX_x86_64)ld --gc-sections -static -z noexecstack --defsym=image_base=0x2000000 \
		-T x86/image.lds -o $(BOOT64)/boot64.elf $(BOOT64)/boot64.o $(BOOT64_OBJECTS)
	@check/boot64/run $(BOOT64)/boot64.elf build/x86_64/virtio-iommu.elf
