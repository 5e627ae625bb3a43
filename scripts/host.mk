# SPDX-License-Identifier: BSD-3-Clause
#
# The tests and the reference device as one Linux process, and the program of cost/ and that device as
# another: make -f scripts/host.mk
#
#   HOST_CC=clang        another compiler
#   HOST_VARIANT=NAME    builds build/host-NAME: plain (no sanitizers, -O2), coverage, threads
#                        (ThreadSanitizer), or nobugs (the reference device without what can make it wrong,
#                        host/bugs)

include build/config.mak

HOST_CC := cc
HOST_VARIANT :=
OUT := build/host$(addprefix -,$(HOST_VARIANT))
PROGRAM := $(OUT)/virtio-iommu
COST := $(OUT)/cost
LIBFDT_A := $(LIBFDT)/$(shell uname -m)/libfdt.a

# The C library is the host's own, and the reference machine has no IOMMU of another kind.
LEFT_OUT := lib/libc lib/iommu $(if $(filter nobugs,$(HOST_VARIANT)),host/bugs)
SOURCES := $(sort $(shell find host lib virtio-iommu $(LEFT_OUT:%=-path % -prune -o) -name '*.c' -print))
OBJECTS := $(addprefix $(OUT)/obj/,$(addsuffix .o,$(SOURCES)))
COST_SOURCES := $(sort $(filter-out virtio-iommu/%,$(SOURCES)) \
	$(shell find $(addprefix virtio-iommu/,standard topology driver) lib/iommu cost -name '*.c'))
COST_OBJECTS := $(addprefix $(OUT)/obj/,$(addsuffix .o,$(COST_SOURCES)))

# Copying nothing to or from nowhere is what C2y allows.
VARIANT_ := -O1 -fsanitize=address,undefined -fno-sanitize=nonnull-attribute \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
VARIANT_nobugs := $(VARIANT_)
VARIANT_plain := -O2
VARIANT_coverage := -O0 --coverage
VARIANT_threads := -O1 -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan

# Where RAM above 4 GiB is (host/machine/ram.h): behind the shadow memory, or in front of it.
RAM_HIGH := 0x1000fff00000
RAM_HIGH_threads := 0x10fff00000

# printf is the suite's own (lib/console.h), so a compiler must not turn it into anything else.
WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
CFLAGS := -std=gnu11 -g $(WARNINGS) $(VARIANT_$(HOST_VARIANT)) -fno-builtin-printf \
	-DRAM_HIGH_BASE=$(or $(RAM_HIGH_$(HOST_VARIANT)),$(RAM_HIGH))ull \
	-U_FORTIFY_SOURCE -fno-common -fno-strict-aliasing \
	-isystem $(LIBFDT)/include -iquote . -iquote lib -iquote virtio-iommu -I host -I $(OUT)/generated

# Tests run in the order in which they are written; nothing may come between their table's entries.
IS_CLANG := $(findstring clang,$(shell $(HOST_CC) --version))
ASAN := $(findstring address,$(VARIANT_$(HOST_VARIANT)))
CFLAGS += $(if $(IS_CLANG),$(if $(ASAN),-mllvm -asan-globals=0),-fno-toplevel-reorder)

.PHONY: program
.DELETE_ON_ERROR:
.SUFFIXES:

program: $(PROGRAM) $(OUT)/tests.tsv $(COST)

$(PROGRAM): $(OBJECTS) $(OUT)/objects host/tests.lds $(LIBFDT_A)
	@echo "  LD      $@"
	$(Q)$(HOST_CC) $(VARIANT_$(HOST_VARIANT)) -o $@ $(OBJECTS) $(LIBFDT_A) -Wl,-T,host/tests.lds

$(COST): $(COST_OBJECTS) $(OUT)/cost.objects $(LIBFDT_A)
	@echo "  LD      $@"
	$(Q)$(HOST_CC) $(VARIANT_$(HOST_VARIANT)) -o $@ $(COST_OBJECTS) $(LIBFDT_A)

$(OUT)/obj/%.c.o: %.c
	@echo "  HOSTCC  $@"
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(CFLAGS) -fmacro-prefix-map=$(<D)/= -MMD -MP -c -o $@ $<

include scripts/common.mk

$(sort $(OBJECTS) $(COST_OBJECTS)): build/config.mak scripts/host.mk | $(GENERATED)

$(OUT)/tests.tsv: $(PROGRAM) scripts/test-list
	@objcopy --dump-section .test_list=$(OUT)/test-list.bin $< $(OUT)/test-list.elf
	@rm $(OUT)/test-list.elf
	@scripts/test-list <$(OUT)/test-list.bin >$@

-include $(patsubst %.o,%.d,$(sort $(OBJECTS) $(COST_OBJECTS)))
