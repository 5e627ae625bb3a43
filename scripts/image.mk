# SPDX-License-Identifier: BSD-3-Clause
#
# The images of one architecture: make -f scripts/image.mk ARCH=NAME, of the directory whose arch.ini has
# that name. Every .c and .S file below that directory, lib/ and virtio-iommu/ is part of the tests' image.
# That of cost/ shares the objects of all rooms below it.

include build/config.mak

ARCH_DIR := $(patsubst %/arch.ini,%,$(shell grep -lx 'name = $(ARCH)' */arch.ini))
IMAGE := $(shell scripts/arch-ini $(ARCH_DIR)/arch.ini arch image)
OUT := build/$(ARCH)
ELF := $(OUT)/virtio-iommu.debug
COST_ELF := $(OUT)/cost.debug
COST_IMAGE := cost$(suffix $(IMAGE))
PREFIX := $(PREFIX_$(ARCH))

CC_gcc := $(PREFIX)gcc
CC_clang := clang --target=$(ARCH)-linux-gnu
CC := $(CC_$(COMPILER))
LD := $(PREFIX)ld
OBJCOPY := $(PREFIX)objcopy
READELF := $(PREFIX)readelf
LIBFDT_A := $(LIBFDT)/$(ARCH)/libfdt.a

SOURCES := $(sort $(shell find $(ARCH_DIR) lib virtio-iommu -name '*.c' -o -name '*.S'))
OBJECTS := $(addprefix $(OUT)/,$(addsuffix .o,$(SOURCES)))
COST_SOURCES := $(sort $(shell find $(ARCH_DIR) lib $(addprefix virtio-iommu/,standard topology driver) cost \
	-name '*.c' -o -name '*.S'))
COST_OBJECTS := $(addprefix $(OUT)/,$(addsuffix .o,$(COST_SOURCES)))

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
CFLAGS := -std=gnu11 -Os -g $(WARNINGS) -ffreestanding -ffunction-sections -fdata-sections -fno-stack-protector -fno-common \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include) -isystem lib/libc \
	-isystem $(LIBFDT)/include -iquote lib -iquote virtio-iommu -I $(ARCH_DIR) -I $(OUT)/generated
LDFLAGS := --fatal-warnings --gc-sections --build-id=none -z noexecstack -z max-page-size=4096
# Tests run in the order in which they are written.
CFLAGS_gcc := -fno-toplevel-reorder
CFLAGS += $(CFLAGS_$(COMPILER))

.PHONY: image
.DELETE_ON_ERROR:
.SUFFIXES:

# For arch.mk: $@ from the position-independent $<. A relocation of another kind than $(1), which the entry
# applies, would be a wild pointer at run time.
define flat_image
@echo "  OBJCOPY $@"
@$(READELF) -rW $< >$@.relocations
@awk '$$1 ~ /^[0-9a-f]+$$/ && $$3 != "$(1)" { print "  " $$0; bad = 1 } END { exit bad }' $@.relocations >&2 || { \
	echo "$<: the entry cannot apply the relocations above, only $(1)" >&2; exit 1; }
$(Q)$(OBJCOPY) -O binary $< $@
endef

include $(ARCH_DIR)/arch.mk

CFLAGS += $(ARCH_CFLAGS)

image: $(OUT)/$(IMAGE) $(OUT)/tests.tsv $(OUT)/$(COST_IMAGE)

$(ELF): $(OBJECTS) $(OUT)/objects $(ARCH_DIR)/image.lds $(LIBFDT_A)
	@echo "  LD      $@"
	$(Q)$(LD) $(LDFLAGS) $(ARCH_LDFLAGS) -T $(ARCH_DIR)/image.lds -o $@ $(OBJECTS) $(LIBFDT_A)

$(COST_ELF): $(COST_OBJECTS) $(OUT)/cost.objects $(ARCH_DIR)/image.lds $(LIBFDT_A)
	@echo "  LD      $@"
	$(Q)$(LD) $(LDFLAGS) $(ARCH_LDFLAGS) -T $(ARCH_DIR)/image.lds -o $@ $(COST_OBJECTS) $(LIBFDT_A)

$(OUT)/%.c.o: %.c
	@echo "  CC      $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fmacro-prefix-map=$(<D)/= -MMD -MP -c -o $@ $<

$(OUT)/%.S.o: %.S
	@echo "  AS      $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

include scripts/common.mk

# A changed set-up or list of sources builds anew.
$(sort $(OBJECTS) $(COST_OBJECTS)): build/config.mak scripts/image.mk $(ARCH_DIR)/arch.mk $(ARCH_DIR)/arch.ini | $(GENERATED)

# The list of tests, from the section that the TEST() declarations fill.
$(OUT)/tests.tsv: $(ELF) scripts/test-list
	@$(OBJCOPY) --dump-section .test_list=$(OUT)/test-list.bin $< $(OUT)/test-list.elf
	@rm $(OUT)/test-list.elf
	@scripts/test-list <$(OUT)/test-list.bin >$@

-include $(patsubst %.o,%.d,$(sort $(OBJECTS) $(COST_OBJECTS)))
