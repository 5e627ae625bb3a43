# SPDX-License-Identifier: BSD-3-Clause
#
# make check: tests of the suite itself, on the host. Each part is done, whatever became of those before it.

BUILD := build
# The packages that scripts/setup installs are those of the system's Python.
PYTHON ?= $(or $(wildcard /usr/bin/python3),python3)
HOST_CC := cc
HOST_LIBFDT_CFLAGS := -isystem $(LIBFDT)/include
HOST_LIBFDT_LIBS := $(LIBFDT)/$(shell uname -m)/libfdt.a
IASL := iasl
DTC := dtc

# One target after the other; which ones failed, if any.
each_part = failed=; for part in $(1); do \
		echo "== $$part"; \
		$(MAKE) --no-print-directory $$part || failed="$$failed $$part"; \
	done; \
	[ -z "$$failed" ] || { echo "make $@: failed:$$failed" >&2; exit 1; }

# Checks of one architecture, if it is configured.
CHECK_ARCHES :=

-include check/unit/unit.mk
include check/boot64/boot64.mk
include check/image64/image64.mk
include check/cost/cost.mk
include check/uefi/uefi.mk
include check/fuzz/fuzz.mk
include check/host.mk
include check/lint.mk

.PHONY: check-architectures check-rooms check-requirement-lines check-runner check-clang coverage-runner

# -B: leave no byte code in the tree.
check-runner:
	$(PYTHON) -B -m pytest -q -p no:cacheprovider check/runner

# Lines of the runner that its tests reach.
coverage-runner:
	@COVERAGE_FILE=$(BUILD)/runner.coverage $(PYTHON) -B -m pytest -q -p no:cacheprovider \
		--cov=$(CURDIR)/scripts/runner --cov-report=term-missing:skip-covered --cov-fail-under=90 \
		check/runner

# What the other compiler warns of is an error, too.
check-clang:
	@$(foreach arch,$(ARCHES),$(MAKE) $(compiling) -f scripts/image.mk ARCH=$(arch) \
		COMPILER=clang OUT=$(BUILD)/check/clang/$(arch) &&) \
	$(MAKE) $(compiling) -f scripts/host.mk HOST_CC=clang HOST_VARIANT=plain \
		OUT=$(BUILD)/check/clang/host

# An architecture is a directory: nobody else names one.
check-architectures:
	@check/architectures

# Calls between the rooms go down only.
check-rooms: all
	@check/rooms

# Above the first test of a requirement stands what the catalogue says of it.
check-requirement-lines:
	@scripts/requirement-lines --check

CHECKS := check-architectures check-rooms check-requirement-lines check-types check-shell check-lines check-unit \
	check-fuzz $(CHECK_ARCHES) check-cost check-uefi check-runner $(HOST_CHECKS) check-clang

check:
	@$(call each_part,$(CHECKS))
