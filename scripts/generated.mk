# SPDX-License-Identifier: BSD-3-Clause
#
# Headers made from files of the tree, in $(OUT)/generated: for image.mk and host.mk.

GENERATED := $(addprefix $(OUT)/generated/,requirements.h version.h)

$(OUT)/generated/requirements.h: virtio-iommu/requirements.tsv scripts/requirements-header
	@mkdir -p $(@D)
	@scripts/requirements-header $< >$@

$(OUT)/generated/version.h: VERSION
	@mkdir -p $(@D)
	@echo '#define SUITE_VERSION "$(shell cat VERSION)"' >$@
