# SPDX-License-Identifier: BSD-3-Clause
#
# make           the images of all configured architectures, under build/<arch>/, and the host
#                machine (host/)
# make run       judge QEMU on every architecture        make check   test the suite itself
# make bench     what a run costs, as a ratio            make clean   forget what was built

-include build/config.mak
ARCHES := $(subst ",,$(ARCHES))

.PHONY: all run check bench clean distclean host $(ARCHES)

all: $(ARCHES) host

ifeq ($(ARCHES),)
all run check bench:
	@echo "make: not configured; run ./configure (or scripts/setup)" >&2; exit 2
else

$(ARCHES):
	@$(MAKE) --no-print-directory -f scripts/image.mk ARCH=$@

host:
	@$(MAKE) --no-print-directory -f scripts/host.mk

run: all
	scripts/run-all $(ARCHES)

bench: all
	scripts/bench $(ARCHES)

include check/check.mk

endif

clean:
	rm -rf $(addprefix build/,x86_64 aarch64 host host-plain host-coverage check)

distclean:
	rm -rf build
