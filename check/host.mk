# SPDX-License-Identifier: BSD-3-Clause
#
# The suite against the reference device (host/): as it is, in all personalities, and as each of its
# mutants. make coverage: what of model, device and suite that reaches.

.PHONY: check-host check-personalities check-mutants coverage

check-host: check-personalities check-mutants

check-personalities: host
	@check/personalities

check-mutants: host
	@check/mutants

coverage:
	@$(MAKE) --no-print-directory -f scripts/host.mk HOST_VARIANT=coverage
	@check/coverage
