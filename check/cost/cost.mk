# SPDX-License-Identifier: BSD-3-Clause
#
# make check-cost: the image of cost behind the IOMMUs of QEMU.

.PHONY: check-cost

check-cost: $(ARCHES)
	@$(PYTHON) -B check/cost/run $(BUILD)/check/cost $(ARCHES)
