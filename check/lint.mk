# SPDX-License-Identifier: BSD-3-Clause
#
# What is checked of sources without running them: their types (mypy), the shell scripts (shellcheck, with
# .shellcheckrc), the width of lines.

.PHONY: check-types check-shell check-lines

# Those whose first line ends so, below what else is named. $(call programs,python3,scripts check)
programs = $(shell awk 'FNR == 1 && /^..\/.*[\/ ]$(1)$$/ { print FILENAME }' $$(find $(2) -type f))

# 3.9 is the oldest Python that the runner wants.
MYPY = MYPYPATH=scripts:check $(PYTHON) -B -m mypy --python-version=3.9 --cache-dir=$(BUILD)/check/mypy

# Strict, but for the tests of the runner: their mocks and fixtures are not annotated throughout.
check-types:
	@$(MYPY) --strict --scripts-are-modules $(filter-out check/runner/%,$(sort \
		$(call programs,python3,scripts check) $(shell find scripts check -name '*.py')))
	@$(MYPY) --check-untyped-defs check/runner

check-shell:
	@shellcheck $(call programs,(ba)?sh,configure run_tests.sh .ci scripts check)

check-lines:
	@$(PYTHON) -B check/lines
