# SPDX-License-Identifier: BSD-3-Clause
#
# The suite against the reference device (host/): as it is, in all personalities, as each of its
# mutants. make coverage: what of model, device and suite the legal ones and the unit tests reach.

.PHONY: check-host check-endings check-attribution check-personalities check-mutants coverage

check-host: check-endings check-attribution check-personalities check-mutants

check-endings: host
	@check/endings.py

check-attribution: host
	@check/attribution

check-personalities: host
	@check/personalities

check-mutants: host
	@check/mutants

coverage:
	@$(MAKE) --no-print-directory -f scripts/host.mk HOST_VARIANT=coverage
	@mkdir -p $(BUILD)/host-coverage/unit
	@find $(BUILD)/host-coverage/unit -name '*.gcda' -delete
	@$(MAKE) --no-print-directory check-unit UNIT_VARIANT=coverage
	@check/coverage
	@$(MAKE) --no-print-directory coverage-runner
