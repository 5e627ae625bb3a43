# SPDX-License-Identifier: BSD-3-Clause
#
# Unit tests of what reads tables, trees and PCI: make check-unit. Needs BUILD, HOST_CC, IASL, DTC,
# HOST_LIBFDT_CFLAGS and HOST_LIBFDT_LIBS.

UNIT := check/unit
UNIT_OUT := $(BUILD)/check/unit
UNIT_TESTS := acpi viot fdt pci ring libc
UNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-iquote lib -iquote virtio-iommu -I $(UNIT) $(HOST_LIBFDT_CFLAGS)

UNIT_COMMON := $(UNIT)/unit.c lib/error.c lib/boot.c
UNIT_SOURCES_acpi := lib/acpi.c lib/acpi_power.c
UNIT_SOURCES_viot := virtio-iommu/viot.c virtio-iommu/topology.c
UNIT_SOURCES_fdt := lib/fdt.c lib/fdt_pci.c virtio-iommu/topology.c virtio-iommu/topology_fdt.c
UNIT_SOURCES_pci := $(UNIT)/fake_pci.c lib/pci.c lib/pci_setup.c lib/pci_bars.c x86/pci_ports.c
UNIT_SOURCES_ring := lib/virtio/ring.c
UNIT_SOURCES_libc := lib/glob.c

# The image's own libc beside the host's: with a prefix, and without the host's ideas about it.
UNIT_OWN := $(addprefix $(UNIT_OUT)/own/,printf.o stdlib.o string.o)
UNIT_OWN_NAMES := vsnprintf snprintf strtoul memcpy memmove memset memcmp memchr strlen strnlen \
	strcmp strncmp strchr strrchr
$(UNIT_OUT)/libc: $(UNIT_OWN)

UNIT_FIXTURES := $(patsubst $(UNIT)/tables/%.asl,$(UNIT_OUT)/%.aml,$(wildcard $(UNIT)/tables/*.asl)) \
	$(patsubst $(UNIT)/trees/%.dts,$(UNIT_OUT)/%.dtb,$(wildcard $(UNIT)/trees/*.dts))
UNIT_HEADERS := $(wildcard $(UNIT)/*.h $(UNIT)/asm/*.h lib/*.h virtio-iommu/*.h)

.PHONY: check-unit $(addprefix check-unit-,$(UNIT_TESTS))

check-unit: $(addprefix check-unit-,$(UNIT_TESTS))

$(addprefix check-unit-,$(UNIT_TESTS)): check-unit-%: $(UNIT_OUT)/% $(UNIT_FIXTURES)
	@$< $(UNIT_OUT)

define UNIT_RULE
$(UNIT_OUT)/$(1): $(UNIT)/$(1).c $(UNIT_COMMON) $(UNIT_SOURCES_$(1)) $(UNIT_HEADERS) $(UNIT)/unit.mk
	@mkdir -p $(UNIT_OUT)
	@echo "  HOSTCC  $$@"
	@$(HOST_CC) $(UNIT_CFLAGS) -o $$@ $$(filter %.c %.o,$$^) $(HOST_LIBFDT_LIBS)
endef
$(foreach test,$(UNIT_TESTS),$(eval $(call UNIT_RULE,$(test))))

$(UNIT_OUT)/own/%.o: lib/libc/%.c $(wildcard lib/libc/*.h)
	@mkdir -p $(@D)
	@$(HOST_CC) $(UNIT_CFLAGS) -ffreestanding -I lib/libc \
		$(foreach name,$(UNIT_OWN_NAMES),-D$(name)=own_$(name)) -c -o $@ $<

# Tables that iasl of Debian 12 does not know yet are written as plain fields: -G.
$(UNIT_OUT)/viot%.aml: UNIT_IASL_FLAGS := -G

$(UNIT_OUT)/%.aml: $(UNIT)/tables/%.asl
	@mkdir -p $(UNIT_OUT)
	@$(IASL) $(UNIT_IASL_FLAGS) -p $(basename $@) $< >$@.log 2>&1 || { cat $@.log; exit 1; }

$(UNIT_OUT)/%.dtb: $(UNIT)/trees/%.dts
	@mkdir -p $(UNIT_OUT)
	@$(DTC) -q -I dts -O dtb -o $@ $<
