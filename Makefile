# SPDX-License-Identifier: BSD-3-Clause
#
# make              the images of all configured architectures, under build/ARCH/, and the host machine
# make ARCH         one of them, such as make host: the reference device (host/)
# make run [ARCH=NAME] [QEMU=PATH] [ACCEL=kvm]
#                   judge a QEMU, by default that on PATH, on every architecture
# make check        test the suite itself; each of its parts is a target, such as make check-unit
# make fuzz         new inputs for what reads a VMM's words; FUZZ_SECONDS=600 for each reader
# make mutate       mutants of the reference device, made by rule; SAMPLE=200 for so many of them
# make bench        what a run costs, as a ratio
# make cost [ARCH=NAME] [QEMU=PATH]
#                   what DMA costs behind each IOMMU of a QEMU: table and page (docs/cost.md)
# make coverage     what of model, library and reference device the suite's own tests reach
# make docs         docs/coverage.md anew, from the tables
# make dist         build/virtio-iommu-tests-VERSION.tar.gz, for machines without compilers
# make images       the images alone, without the host machine
# make install      images, runner and documents to $(DESTDIR)$(prefix), by default /usr/local
# make standalone TEST=ID [ARCH=NAME] [VMM=qemu] [RUN=NAME]
#                   one executable file that runs this test, to go with a report of a defect
# make clean        forget what was built; distclean: the configuration and libfdt, too
# make help         this text; V=1 with any of them shows the commands of the build

-include build/config.mak
ARCHES := $(subst ",,$(ARCHES))

KNOWN := $(shell sed -n 's/^name = //p' */arch.ini)

.PHONY: all help host run check bench cost docs dist images install standalone clean distclean $(or $(ARCHES),$(KNOWN))

all: $(ARCHES) host

help:
	@sed -n 's/^# \(make\|   \)/\1/p' Makefile

ifeq ($(ARCHES),)
unconfigured = @echo "make: not configured; run ./configure (or scripts/setup)" >&2; exit 2

all run check bench cost coverage docs dist images install standalone fuzz mutate $(KNOWN):
	$(unconfigured)

check-%:
	$(unconfigured)
else

# All processors, unless the caller says how many. Not for phases, which are to be read one after another.
compiling = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

$(ARCHES):
	@$(MAKE) $(compiling) -f scripts/image.mk ARCH=$@

host:
	@$(MAKE) $(compiling) -f scripts/host.mk

run: $(or $(filter $(ARCHES),$(ARCH)),all)
	@scripts/run-all $(if $(QEMU),--vmm-path '$(QEMU)') $(if $(ACCEL),--accel $(ACCEL)) \
		$(or $(ARCH),$(ARCHES))

bench: all
	scripts/bench $(ARCHES)

# Status 3: this QEMU has nothing to measure on that architecture.
cost: $(or $(filter $(ARCHES),$(ARCH)),$(ARCHES))
	@for arch in $(or $(ARCH),$(ARCHES)); do \
		scripts/cost --arch $$arch $(if $(QEMU),--vmm-path '$(QEMU)') || [ $$? = 3 ] || exit 1; \
		echo; \
	done

docs: host
	@scripts/report coverage -o docs/coverage.md

dist: $(ARCHES)
	@scripts/dist $(ARCHES)

prefix ?= /usr/local

images: $(ARCHES)

install: images
	@scripts/install '$(DESTDIR)' '$(prefix)' $(ARCHES)

standalone: $(if $(filter host,$(VMM)),host,$(or $(ARCH),$(shell uname -m)))
	@test -n '$(TEST)' || { echo "make standalone: say TEST=ID, such as TEST=N-MAP-1" >&2; exit 2; }
	@scripts/standalone $(if $(ARCH),--arch $(ARCH)) $(if $(VMM),--vmm $(VMM)) \
		$(if $(RUN),--run $(RUN)) '$(TEST)'

include check/check.mk

endif

clean:
	rm -rf $(addprefix build/,$(KNOWN) host-plain host-coverage host-nobugs check)

distclean:
	rm -rf build
