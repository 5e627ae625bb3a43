# SPDX-License-Identifier: BSD-3-Clause
#
# make check-image64: the arm64 image entered as kvmtool and crosvm do it, under QEMU.

IMAGE64 := build/check/image64
IMAGE64_OBJECTS := $(addprefix build/aarch64/,$(addsuffix .o,$(wildcard arm/*.c arm/*.S) \
	$(shell find lib -name "*.c" ! -path "lib/virtio/*" ! -path "lib/dma/*" ! -path "lib/pci/*")))

CHECK_ARCHES += $(if $(filter aarch64,$(ARCHES)),check-image64)

.PHONY: check-image64

check-image64: aarch64
	@mkdir -p $(IMAGE64)
	@$(PREFIX_aarch64)gcc -std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -fpie -fvisibility=hidden \
		-march=armv8-a -mstrict-align -mno-outline-atomics -mgeneral-regs-only -fno-stack-protector \
		-fno-asynchronous-unwind-tables -nostdinc \
		-isystem $$($(PREFIX_aarch64)gcc -print-file-name=include) -isystem lib/libc -iquote lib -I arm \
		-c -o $(IMAGE64)/image64.o check/image64/image64.c
	@$(PREFIX_aarch64)ld --gc-sections -pie --no-dynamic-linker -z text -z noexecstack \
		-z max-page-size=4096 -T arm/image.lds -o $(IMAGE64)/loader.elf $(IMAGE64)/image64.o \
		$(IMAGE64_OBJECTS) $(LIBFDT)/aarch64/libfdt.a
	@$(PREFIX_aarch64)objcopy -O binary $(IMAGE64)/loader.elf $(IMAGE64)/loader.Image
	@check/image64/run $(IMAGE64)/loader.Image build/aarch64/virtio-iommu.Image
