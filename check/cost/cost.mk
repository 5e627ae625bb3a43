# SPDX-License-Identifier: BSD-3-Clause
#
# make check-cost: the image of cost behind the IOMMUs of QEMU, and before the reference device, which is slow
# in one way after another.

.PHONY: check-cost

check-cost: $(ARCHES) host
	@mkdir -p $(BUILD)/check/cost/slow
	@$(PYTHON) -B check/cost/slow $(BUILD)/check/cost/slow
	@$(PYTHON) -B check/cost/run $(BUILD)/check/cost $(ARCHES)
