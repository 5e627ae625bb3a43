# SPDX-License-Identifier: BSD-3-Clause
#
# Unit tests of the library and of the model: make check-unit. Needs BUILD, HOST_CC, IASL, DTC,
# HOST_LIBFDT_CFLAGS and HOST_LIBFDT_LIBS.
#
#   UNIT_VARIANT=coverage    builds in build/host-coverage/unit, for make coverage

UNIT := check/unit
UNIT_VARIANT :=
UNIT_FIXTURE_OUT := $(BUILD)/check/unit
UNIT_OUT := $(if $(UNIT_VARIANT),$(BUILD)/host-$(UNIT_VARIANT)/unit,$(UNIT_FIXTURE_OUT))
UNIT_TESTS := acpi acpi_iommu viot efi fdt pci ring libc model console memory virtio iommu iommu_table \
	iommu_units imsic product steps trace alphabet
UNIT_VARIANT_ := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
UNIT_VARIANT_coverage := -O0 --coverage
UNIT_CFLAGS := -std=gnu11 -g -Wall -Wextra -Werror $(UNIT_VARIANT_$(UNIT_VARIANT)) \
	-fno-builtin-printf -iquote lib -iquote virtio-iommu -I $(UNIT) -I $(UNIT_FIXTURE_OUT) \
	$(HOST_LIBFDT_CFLAGS)

UNIT_COMMON := $(UNIT)/unit.c lib/error.c lib/boot.c
UNIT_SOURCES_acpi := lib/acpi/acpi.c lib/acpi/power.c lib/acpi/madt.c
UNIT_SOURCES_acpi_iommu := lib/acpi/acpi.c lib/acpi/dmar.c lib/acpi/iort.c
UNIT_SOURCES_viot := virtio-iommu/topology/viot.c virtio-iommu/topology/topology.c
UNIT_SOURCES_efi := lib/efi/efi.c
UNIT_SOURCES_fdt := lib/fdt/fdt.c lib/fdt/pci.c lib/fdt/virtio.c lib/fdt/iommu_map.c virtio-iommu/topology/topology.c \
	virtio-iommu/topology/fdt.c
UNIT_SOURCES_imsic := riscv/imsic_fdt.c lib/fdt/fdt.c
UNIT_SOURCES_pci := $(UNIT)/fake_pci.c lib/pci/pci.c lib/pci/setup.c lib/pci/bars.c x86/pci_ports.c \
	lib/register.c
UNIT_RINGS := $(wildcard lib/virtio/ring*.c)
UNIT_SOURCES_ring := $(UNIT_RINGS)
UNIT_SOURCES_libc := lib/glob.c
UNIT_SOURCES_model := virtio-iommu/standard/model.c
UNIT_SOURCES_console := lib/time.c
UNIT_SOURCES_memory := lib/memory.c
UNIT_SOURCES_iommu := $(addprefix virtio-iommu/driver/,iommu.c names.c placement.c state.c trace.c \
	trace_registers.c) \
	virtio-iommu/standard/property.c virtio-iommu/standard/status.c \
	lib/virtio/virtio.c $(UNIT_RINGS) lib/time.c lib/register.c
UNIT_SOURCES_iommu_table := lib/iommu/table.c
UNIT_SOURCES_iommu_units := $(wildcard lib/iommu/*.c) lib/time.c lib/register.c \
	$(addprefix lib/fdt/,fdt.c pci.c iommu_map.c)
UNIT_SOURCES_virtio := $(wildcard lib/virtio/*.c lib/dma/*.c) lib/time.c lib/register.c lib/pci/pci.c lib/pci/bars.c \
	lib/pci/location.c
UNIT_SOURCES_trace := $(addprefix virtio-iommu/driver/,names.c state.c trace.c trace_registers.c) \
	virtio-iommu/standard/property.c virtio-iommu/standard/status.c lib/register.c
UNIT_SOURCES_product := virtio-iommu/judge/product.c
UNIT_SOURCES_steps := virtio-iommu/sequences/words.c
UNIT_SOURCES_alphabet := virtio-iommu/sequences/alphabet.c

# The levels of requirements, for whoever includes judge/test.h.
$(addprefix $(UNIT_OUT)/obj/,check/unit/product.o virtio-iommu/judge/product.o): \
	$(UNIT_FIXTURE_OUT)/requirements.h
$(UNIT_FIXTURE_OUT)/requirements.h: virtio-iommu/standard/requirements.tsv scripts/requirements-header
	@mkdir -p $(@D)
	@scripts/requirements-header $< >$@

# The image's own libc beside the host's: with a prefix, and without the host's ideas about it.
UNIT_OWN := $(addprefix $(UNIT_OUT)/own/,printf.o stdlib.o string.o)
UNIT_OWN_NAMES := vsnprintf snprintf strtoul memcpy memmove memset memcmp memchr strlen strnlen \
	strcmp strncmp strchr strrchr
$(UNIT_OUT)/libc: $(UNIT_OWN)

UNIT_TABLES := $(wildcard $(UNIT)/tables/*.asl)
UNIT_TREES := $(wildcard $(UNIT)/trees/*.dts)
# So with the console's printf.
$(UNIT_OUT)/console: $(UNIT_OUT)/own/console.o
$(UNIT_OUT)/own/console.o: $(UNIT_OUT)/obj/lib/console.o
	@mkdir -p $(@D)
	@objcopy --redefine-sym printf=own_printf $< $@

UNIT_FIXTURES := $(patsubst $(UNIT)/tables/%.asl,$(UNIT_FIXTURE_OUT)/%.aml,$(UNIT_TABLES)) \
	$(patsubst $(UNIT)/trees/%.dts,$(UNIT_FIXTURE_OUT)/%.dtb,$(UNIT_TREES))
UNIT_HEADERS := $(wildcard $(UNIT)/*.h $(UNIT)/asm/*.h lib/*.h lib/*/*.h virtio-iommu/*/*.h)

.PHONY: check-unit $(addprefix check-unit-,$(UNIT_TESTS))

check-unit: $(addprefix check-unit-,$(UNIT_TESTS))

$(addprefix check-unit-,$(UNIT_TESTS)): check-unit-%: $(UNIT_OUT)/% $(UNIT_FIXTURES)
	@$< $(UNIT_FIXTURE_OUT)

define UNIT_RULE
$(UNIT_OUT)/$(1): $(patsubst %.c,$(UNIT_OUT)/obj/%.o,$(UNIT)/$(1).c $(UNIT_COMMON) $(UNIT_SOURCES_$(1)))
	@echo "  HOSTLD  $$@"
	@$(HOST_CC) $(UNIT_VARIANT_$(UNIT_VARIANT)) -o $$@ $$(filter %.o,$$^) $(HOST_LIBFDT_LIBS)
endef
$(foreach test,$(UNIT_TESTS),$(eval $(call UNIT_RULE,$(test))))

$(UNIT_OUT)/obj/%.o: %.c $(UNIT_HEADERS) $(UNIT)/unit.mk
	@echo "  HOSTCC  $@"
	@mkdir -p $(@D)
	@$(HOST_CC) $(UNIT_CFLAGS) -c -o $@ $<

$(UNIT_OUT)/own/%.o: lib/libc/%.c $(wildcard lib/libc/*.h) $(UNIT)/unit.mk
	@mkdir -p $(@D)
	@$(HOST_CC) $(UNIT_CFLAGS) -ffreestanding -I lib/libc \
		$(foreach name,$(UNIT_OWN_NAMES),-D$(name)=own_$(name)) -c -o $@ $<

# Tables that iasl of Debian 12 does not know yet are written as plain fields: -G.
$(UNIT_FIXTURE_OUT)/viot%.aml: UNIT_IASL_FLAGS := -G

$(UNIT_FIXTURE_OUT)/%.aml: $(UNIT)/tables/%.asl
	@mkdir -p $(@D)
	@$(IASL) $(UNIT_IASL_FLAGS) -p $(basename $@) $< >$@.log 2>&1 || { cat $@.log; exit 1; }

$(UNIT_FIXTURE_OUT)/%.dtb: $(UNIT)/trees/%.dts
	@mkdir -p $(@D)
	@$(DTC) -q -I dts -O dtb -o $@ $<
