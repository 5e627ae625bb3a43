# SPDX-License-Identifier: BSD-3-Clause
#
# Fuzzing of what reads a VMM's words:
#
#   make check-fuzz        the inputs of check/fuzz/corpus once more, with sanitizers
#   make fuzz              new ones, FUZZ_SECONDS (600) per target, as many targets at a time as
#                          there are CPUs; make fuzz-NAME for one. What is found is kept under
#                          build/check/fuzz/NAME, an input that breaks a target as crash-*.
#
# Needs what check/unit/unit.mk sets; make fuzz needs Clang with libFuzzer.

FUZZ := check/fuzz
FUZZ_OUT := $(BUILD)/check/fuzz
FUZZ_SECONDS := 600
FUZZ_TARGETS := acpi efi fdt pci properties
FUZZ_CC := clang
FUZZ_FLAGS := -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -print_final_stats=1 \
	-close_fd_mask=1 -verbosity=0

FUZZ_SOURCES_acpi := $(UNIT_COMMON) $(UNIT_SOURCES_acpi) lib/acpi/dmar.c lib/acpi/iort.c $(UNIT_SOURCES_viot) $(FUZZ)/promises.c
FUZZ_SOURCES_efi := $(UNIT_COMMON) $(UNIT_SOURCES_efi)
FUZZ_SOURCES_fdt := lib/error.c lib/boot.c $(UNIT)/unit.c $(UNIT_SOURCES_fdt) riscv/imsic_fdt.c \
	$(FUZZ)/promises.c
FUZZ_SOURCES_pci := $(UNIT_COMMON) $(UNIT_SOURCES_pci) lib/virtio/pci.c lib/virtio/virtio.c \
	$(UNIT_RINGS) lib/pci/msix.c lib/time.c
FUZZ_SOURCES_properties := virtio-iommu/standard/property.c virtio-iommu/driver/reserved.c \
	virtio-iommu/driver/iova.c virtio-iommu/standard/status.c
FUZZ_HEADERS := $(UNIT_HEADERS) $(wildcard $(FUZZ)/*.h)

.PHONY: fuzz check-fuzz $(addprefix fuzz-,$(FUZZ_TARGETS) reader)

fuzz:
	@$(MAKE) --no-print-directory -k -j$(shell nproc) $(addprefix fuzz-,$(FUZZ_TARGETS) reader)

define FUZZ_RULES
$(FUZZ_OUT)/$(1)-replay: $(FUZZ)/$(1).c $(FUZZ)/replay.c $(FUZZ_SOURCES_$(1)) $(FUZZ_HEADERS)
	@echo "  HOSTCC  $$@"
	@mkdir -p $$(@D)
	@$(HOST_CC) $(UNIT_CFLAGS) -o $$@ $$(filter %.c,$$^) $(HOST_LIBFDT_LIBS)

$(FUZZ_OUT)/$(1)-fuzzer: $(FUZZ)/$(1).c $(FUZZ_SOURCES_$(1)) $(FUZZ_HEADERS)
	@echo "  FUZZCC  $$@"
	@mkdir -p $$(@D)
	@$(FUZZ_CC) $(UNIT_CFLAGS) -fsanitize=fuzzer -o $$@ $$(filter %.c,$$^) $(HOST_LIBFDT_LIBS)

fuzz-$(1): $(FUZZ_OUT)/$(1)-fuzzer
	@mkdir -p $(FUZZ_OUT)/$(1)
	$$< $(FUZZ_FLAGS) -artifact_prefix=$(FUZZ_OUT)/$(1)/ $(FUZZ_OUT)/$(1) $(FUZZ)/corpus/$(1)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call FUZZ_RULES,$(target))))

fuzz-reader:
	python3 -B $(FUZZ)/reader.py --seconds=$(FUZZ_SECONDS) --keep=$(FUZZ_OUT)/reader

check-fuzz: $(foreach target,$(FUZZ_TARGETS),$(FUZZ_OUT)/$(target)-replay)
	@$(foreach target,$(FUZZ_TARGETS),\
		timeout 600 $(FUZZ_OUT)/$(target)-replay $(wildcard $(FUZZ)/corpus/$(target)/*) >/dev/null &&) true
	@python3 -B $(FUZZ)/reader.py --seconds=0
