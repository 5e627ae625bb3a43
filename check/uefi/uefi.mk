# SPDX-License-Identifier: BSD-3-Clause
#
# make check-uefi: the headers by which firmware loads the image, and the verdicts that it gives when
# started so.

.PHONY: check-uefi

check-uefi: $(ARCHES)
	@$(PYTHON) -B check/uefi/headers $(ARCHES)
	@$(PYTHON) -B check/uefi/same-verdicts $(ARCHES)
