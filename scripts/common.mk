# SPDX-License-Identifier: BSD-3-Clause
#
# For image.mk and host.mk.

# make V=1 shows the commands.
Q := $(if $(V),,@)

# Headers made from files of the tree, in $(OUT)/generated.
GENERATED := $(addprefix $(OUT)/generated/,requirements.h test_files.h version.h)

$(OUT)/generated/requirements.h: virtio-iommu/standard/requirements.tsv scripts/requirements-header
	@mkdir -p $(@D)
	@scripts/requirements-header $< >$@

# Rooms of the tests come and go with their folders.
$(OUT)/generated/test_files.h: $(sort $(shell find virtio-iommu/tests -type d))
	@mkdir -p $(@D)
	@find virtio-iommu/tests -name '*.c' | sort | sed 's|virtio-iommu/tests/\(.*\)|"\1",|' >$@

$(OUT)/generated/version.h: VERSION
	@mkdir -p $(@D)
	@echo '#define SUITE_VERSION "$(shell cat VERSION)"' >$@

# A source that went away must leave the program too: link anew when the list has changed.
.PHONY: FORCE
$(OUT)/objects: FORCE
	@mkdir -p $(@D)
	@echo $(OBJECTS) | cmp -s - $@ || echo $(OBJECTS) >$@

$(OUT)/cost.objects: FORCE
	@mkdir -p $(@D)
	@echo $(COST_OBJECTS) | cmp -s - $@ || echo $(COST_OBJECTS) >$@
