# SPDX-License-Identifier: BSD-3-Clause
"""crosvm, with KVM: its virtio-iommu with nothing behind it but an empty hot-plug port."""
from __future__ import annotations

from typing import Optional

from ...plan import architecture
from ...plan.config import Setup
from . import CannotProvide, ask_version, find_program, need_kvm, need_rings, refuse

# Its CMDLINE_MAX_SIZE without the zero, and without the words that it adds itself.
LONGEST_CMDLINE = 0x7ff - len("panic=-1 ")

# It wants a directory of its own for its sandboxes, and the rights to make them.
NO_SANDBOX = "--disable-sandbox"

REFUSED = {
    "endpoints": "crosvm puts only VFIO devices behind its virtio-iommu",
    "boot_bypass": "crosvm's virtio-iommu does not offer BYPASS_CONFIG",
    "address_width": "crosvm has no option for the input range",
    "reserved_regions": "crosvm sets the reserved regions itself",
    "interrupts": "crosvm has no option for the doorbell",
    "machine_reset": "crosvm ends when the machine is reset",
}


class Vmm:
    name, title = "crosvm", "crosvm"
    one_test_per_boot = True    # "reset not implemented for virtio-iommu", it logs

    @classmethod
    def arches(cls) -> tuple[str, ...]:
        return architecture.entered_by("linux64")

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None:
        self.accel = accel or "kvm"
        self.version = self.detail = ""
        self.binary = find_program("crosvm", path, None)
        need_kvm(self.name, arch, self.accel)

    def identify(self) -> None:
        """Ask for the version, one for years: the detail has the commit it was built from."""
        self.version, self.detail = ask_version(self.binary, "version", "crosvm ")

    def prepare(self, setup: Setup, directory: str) -> None:
        """There are no files."""

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]:
        check(setup)
        if len(cmdline) > LONGEST_CMDLINE:
            raise CannotProvide(f"crosvm takes a command line of {LONGEST_CMDLINE} characters,"
                                f" this one has {len(cmdline)}")
        return [self.binary, "--no-syslog", "--log-level", "error", "run", NO_SANDBOX,
                "--cpus", str(setup.cpus), "--mem", str(setup.memory),
                "--serial", "type=stdout,hardware=serial,num=1", "--vfio-isolate-hotplug",
                "--params", cmdline, image]


def check(setup: Setup) -> None:
    """Refuse all that its virtio-iommu would need an option for: there is none."""
    refuse(setup, REFUSED)
    if setup.transport != "pci":
        raise CannotProvide(f"crosvm's virtio-iommu is not on {setup.transport}")
    if setup.granule not in (None, "4k", "host"):
        raise CannotProvide("crosvm's granule is the host's page, with no option")
    need_rings("crosvm", setup, ("event-idx",))
