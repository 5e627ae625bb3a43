# SPDX-License-Identifier: BSD-3-Clause
#
# make           the images of all configured architectures, under build/<arch>/, and the host
#                machine (host/)
# make run       judge QEMU on every architecture        make check   test the suite itself
# make bench     what a run costs, as a ratio            make clean   forget what was built
# make fuzz      new inputs for what reads a VMM's words; FUZZ_SECONDS=600 for each reader
# make docs      docs/coverage.md anew, from the tables
# make dist      build/virtio-iommu-tests-VERSION.tar.gz, for machines without compilers
# make standalone TEST=ID [ARCH=NAME] [VMM=qemu] [RUN=NAME]
#                one executable file that runs this test, to go with a report of a defect

-include build/config.mak
ARCHES := $(subst ",,$(ARCHES))

.PHONY: all run check bench docs dist standalone clean distclean host $(ARCHES)

all: $(ARCHES) host

ifeq ($(ARCHES),)
all run check bench docs dist standalone:
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

docs: host
	@scripts/report coverage -o docs/coverage.md

dist: $(ARCHES)
	@scripts/dist $(ARCHES)

standalone: $(if $(filter host,$(VMM)),host,$(or $(ARCH),$(shell uname -m)))
	@scripts/standalone $(if $(ARCH),--arch $(ARCH)) $(if $(VMM),--vmm $(VMM)) \
		$(if $(RUN),--run $(RUN)) '$(TEST)'

include check/check.mk

endif

clean:
	rm -rf $(addprefix build/,$(foreach ini,$(wildcard */arch.ini),$(shell scripts/arch-ini $(ini) arch name)) host-plain host-coverage check)

distclean:
	rm -rf build
