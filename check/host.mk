# SPDX-License-Identifier: BSD-3-Clause
#
# The suite against the reference device (host/): as it is, in all personalities, as each of its
# mutants. make coverage: what of model, device and suite the legal ones and the unit tests reach.

.PHONY: check-host check-actuals check-endings check-attribution check-personalities check-mutants check-docs \
	check-no-reset check-score check-threads check-host-without-bugs host-plain mutate coverage

HOST_CHECKS := check-endings check-attribution check-actuals check-no-reset check-score check-threads \
	check-personalities \
	check-host-without-bugs check-mutants check-docs

check-host:
	@$(call each_part,$(HOST_CHECKS))

check-endings: host
	@check/endings.py

check-attribution: host
	@check/attribution

check-actuals: host
	@check/actuals

check-no-reset: host
	@check/no-reset

check-score: host
	@check/score

check-threads:
	@$(MAKE) $(compiling) -f scripts/host.mk HOST_VARIANT=threads
	@check/threads

check-personalities: host host-plain
	@check/personalities

check-mutants: host host-plain
	@check/mutants

mutate: host-plain
	@check/mutate $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

host-plain:
	@$(MAKE) $(compiling) -f scripts/host.mk HOST_VARIANT=plain

check-host-without-bugs: host
	@$(MAKE) $(compiling) -f scripts/host.mk HOST_VARIANT=nobugs
	@check/without-bugs

check-docs: host
	@mkdir -p $(BUILD)/check
	@scripts/report coverage -o $(BUILD)/check/coverage.md
	@cmp -s $(BUILD)/check/coverage.md docs/coverage.md || \
		{ echo "docs/coverage.md is not what the tables say: run make docs" >&2; exit 1; }

coverage:
	@$(MAKE) $(compiling) -f scripts/host.mk HOST_VARIANT=coverage
	@mkdir -p $(BUILD)/host-coverage/unit
	@find $(BUILD)/host-coverage/unit -name '*.gcda' -delete
	@$(MAKE) --no-print-directory check-unit UNIT_VARIANT=coverage
	@check/coverage
	@$(MAKE) --no-print-directory coverage-runner
