# SPDX-License-Identifier: BSD-3-Clause
"""
kvmtool, with KVM, where it loads an Image. Only its virtio-iommu branch has the device. On a PC it
loads no ELF file, and has no tables that could describe an IOMMU.
"""
from __future__ import annotations

from typing import Optional

from ...plan import architecture
from ...plan.config import Setup
from . import (CannotProvide, ask, ask_version, disk, find_program, make_disks, need_kvm, need_rings,
               refuse)

PLACES = {"root": "pci", "mmio": "mmio"}
OFFERED = ("indirect", "event-idx")         # always
MOST = {"rng": 1, "blk": 4}
REFUSED = {
    "boot_bypass": "kvmtool's virtio-iommu does not offer BYPASS_CONFIG",
    "address_width": "kvmtool has no option for the input range",
    "reserved_regions": "kvmtool sets the reserved regions itself",
    "interrupts": "this runner says nothing of kvmtool's doorbells",
    "machine_reset": "kvmtool ends when the machine is reset",
}


class Vmm:
    name, title = "kvmtool", "kvmtool"

    @classmethod
    def arches(cls) -> tuple[str, ...]:
        return architecture.entered_by("arm-image")

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None:
        self.accel = accel or "kvm"
        self.version = self.detail = self._options = ""
        self.binary = find_program("lkvm", path, None)
        need_kvm(self.name, arch, self.accel)

    def identify(self) -> None:
        self.version, self.detail = ask_version(self.binary, "version", "kvm tool ")
        self._options = ask(self.binary, "run", "--help")

    def prepare(self, setup: Setup, directory: str) -> None:
        make_disks(setup, directory)

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]:
        if "--viommu" not in self._options:
            raise CannotProvide(f"{self.binary} has no option --viommu: it is not of the"
                                " virtio-iommu branch")
        check(setup)
        return [self.binary, "run", "--nodefaults", "--cpus", str(setup.cpus), "--mem", str(setup.memory),
                "--console", "serial", "--viommu", f"virtio,{setup.transport}",
                *self._transport(setup), *devices(setup, directory),
                "--params", cmdline, "--kernel", image]

    def _transport(self, setup: Setup) -> list[str]:
        """Return the option for the transport of all endpoints together. Before 2023 the default was MMIO."""
        wanted = {transport(endpoint.place) for endpoint in setup.endpoints}
        if len(wanted) > 1:
            raise CannotProvide("kvmtool has all its devices on one transport")
        if not wanted:
            return []
        if "--virtio-transport" in self._options:
            return ["--virtio-transport", *wanted]
        return ["--force-pci"] if wanted == {"pci"} else []


def transport(place: str) -> str:
    if place not in PLACES:
        raise CannotProvide(f"kvmtool has no place {place}: one bus, and all behind the IOMMU")
    return PLACES[place]


def check(setup: Setup) -> None:
    """Refuse what its virtio-iommu has no option for."""
    refuse(setup, REFUSED)
    if setup.granule not in (None, "host"):
        raise CannotProvide("kvmtool's granule is the host's page, with no option")
    need_rings("kvmtool", setup, OFFERED)


def devices(setup: Setup, directory: str) -> list[str]:
    """Return options for the disks in the order of the set-up, and one switch for the rng."""
    words: list[str] = []
    for kind in {endpoint.kind: None for endpoint in setup.endpoints}:
        if kind not in MOST:
            raise CannotProvide(f"this runner has no {kind} of kvmtool")
        if sum(endpoint.kind == kind for endpoint in setup.endpoints) > MOST[kind]:
            raise CannotProvide(f"kvmtool has at most {MOST[kind]} {kind}")
    for number, endpoint in enumerate(setup.endpoints):
        words += ["--rng"] if endpoint.kind == "rng" else ["--disk", disk(directory, number)]
    if "," in directory and "--disk" in words:
        raise CannotProvide(f"kvmtool takes no comma in {directory}")
    return words
