# SPDX-License-Identifier: BSD-3-Clause
#
# make check: tests of the suite itself, on the host.

BUILD := build
HOST_CC := cc
HOST_LIBFDT_CFLAGS := -isystem $(LIBFDT)/include
HOST_LIBFDT_LIBS := $(LIBFDT)/$(shell uname -m)/libfdt.a
IASL := iasl
DTC := dtc

-include check/unit/unit.mk
include check/boot64/boot64.mk
include check/host.mk

.PHONY: check-runner

# -B: leave no byte code in the tree.
check-runner:
	python3 -B -m pytest -q -p no:cacheprovider check/runner

check: check-unit check-boot64 check-runner check-host
