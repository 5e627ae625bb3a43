# SPDX-License-Identifier: BSD-3-Clause
"""cloud-hypervisor, on a host of the same architecture with KVM."""
from __future__ import annotations

import os
import re
from typing import Optional

from ...plan import architecture
from ...plan.config import RING_KEYS, Endpoint, Setup
from . import CannotProvide, ask_version, disk, find_program, make_disks, need_kvm, refuse

TUN, STATUS, CAP_NET_ADMIN = "/dev/net/tun", "/proc/self/status", 12

SEGMENTS = {"root": 0, "segment": 1}
NO_PLACE = {
    "root-port": "cloud-hypervisor has no PCI bridges",
    "function": "cloud-hypervisor has no PCI bridges",
    "switch": "cloud-hypervisor has no PCI bridges",
    "pci-bridge": "cloud-hypervisor has no PCI bridges",
    "second-root": "cloud-hypervisor has one root complex in each segment",
    "outside": "cloud-hypervisor gives devices outside of the IOMMU no ACCESS_PLATFORM",
    "slot": "cloud-hypervisor has no slots of which a guest switches the power",
    "outside-root": "cloud-hypervisor has no root complex that bypasses the IOMMU",
    "mmio": "cloud-hypervisor has no virtio-mmio",
    "outside-mmio": "cloud-hypervisor has no virtio-mmio",
}

REFUSED = {
    "boot_bypass": "cloud-hypervisor's field bypass is 0 at power-on, with no option",
    "reserved_regions": "cloud-hypervisor sets the reserved regions itself",
    "interrupts": "cloud-hypervisor has no option for the doorbell",
}

# A device thread that ends keeps the machine up; but if it takes a backtrace then, the filter of its
# system calls kills all.
QUIET = ["env", "-u", "RUST_BACKTRACE", "-u", "RUST_LIB_BACKTRACE"]


class Vmm:
    name, title = "cloud-hypervisor", "cloud-hypervisor"

    @classmethod
    def arches(cls) -> tuple[str, ...]:
        return architecture.entered_by("pvh", "arm-image")

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None:
        self.accel = accel or "kvm"
        self.version = self.detail = ""
        self.binary = find_program("cloud-hypervisor", path, None)
        need_kvm(self.name, arch, self.accel)

    def identify(self) -> None:
        self.version, self.detail = ask_version(self.binary, before=r"cloud-hypervisor v?")

    def prepare(self, setup: Setup, directory: str) -> None:
        make_disks(setup, directory)

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]:
        check(setup)
        if has(setup, kind="net"):
            need_taps(self.binary)
        allowed = " machine-reset" if setup.machine_reset else ""
        return [*QUIET, self.binary, "--kernel", image, "--cmdline", cmdline + allowed,
                "--cpus", f"boot={setup.cpus}", "--memory", f"size={setup.memory}M", "--serial", "tty",
                *platform(setup), *devices(setup, directory)]


def check(setup: Setup) -> None:
    """Refuse what its virtio-iommu has no option for; there is one only with devices behind it."""
    if not setup.endpoints:
        raise CannotProvide("cloud-hypervisor has no virtio-iommu without a device behind it")
    refuse(setup, REFUSED)
    if setup.transport != "pci":
        raise CannotProvide(f"cloud-hypervisor's virtio-iommu is not on {setup.transport}")
    if setup.granule not in (None, "4k"):
        raise CannotProvide("cloud-hypervisor's granule is 4k, with no option")
    for key in RING_KEYS:
        if getattr(setup, key.replace("-", "_")):
            raise CannotProvide(f"cloud-hypervisor's virtio-iommu does not offer {key}")


def need_taps(binary: str) -> None:
    """Raise CannotProvide if it cannot make a tap device, as it does for each net."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        raise CannotProvide(f"cloud-hypervisor's net needs {TUN}")
    with open(STATUS, encoding="ascii", errors="replace") as file:
        match = re.search(r"^CapEff:\s*([0-9a-f]+)$", file.read(), re.MULTILINE)
    own = bool(match and int(match[1], 16) >> CAP_NET_ADMIN & 1)
    if not own and "security.capability" not in os.listxattr(binary):
        raise CannotProvide("cloud-hypervisor's net needs CAP_NET_ADMIN")


def platform(setup: Setup) -> list[str]:
    words = ["num_pci_segments=2,iommu_segments=[1]"] if has(setup, place="segment") else []
    if setup.address_width:
        words.append(f"iommu_address_width={setup.address_width}")
    return ["--platform", ",".join(words)] if words else []


def has(setup: Setup, **wanted: str) -> bool:
    return any(all(getattr(endpoint, key) == value for key, value in wanted.items())
               for endpoint in setup.endpoints)


def devices(setup: Setup, directory: str) -> list[str]:
    """Return each option once, with a value for each device."""
    values: dict[str, list[str]] = {"--console": [], "--rng": [], "--disk": [], "--net": []}
    for number, endpoint in enumerate(setup.endpoints):
        option, value = DEVICES.get(endpoint.kind, missing)(number, endpoint, directory)
        values[option].append(value + place(endpoint))
    for option in ("--console", "--rng"):
        if len(values[option]) > 1:
            raise CannotProvide(f"cloud-hypervisor has one device of {option}")
    values["--console"] = values["--console"] or ["off"]
    return [word for option, found in values.items() if found for word in (option, *found)]


def place(endpoint: Endpoint) -> str:
    if endpoint.place not in SEGMENTS:
        raise CannotProvide(NO_PLACE[endpoint.place])
    segment = SEGMENTS[endpoint.place]
    return ",iommu=on" + (f",pci_segment={segment}" if segment else "")


def blk(number: int, _: Endpoint, directory: str) -> tuple[str, str]:
    path = disk(directory, number)
    if "," in path or '"' in path:
        raise CannotProvide(f"cloud-hypervisor takes no comma and no quote in {path}")
    return "--disk", f"path={path},image_type=raw"


def rng(_: int, __: Endpoint, ___: str) -> tuple[str, str]:
    return "--rng", "src=/dev/urandom"


def console(_: int, __: Endpoint, ___: str) -> tuple[str, str]:
    return "--console", "null"


def net(number: int, _: Endpoint, __: str) -> tuple[str, str]:
    """The kernel answers for the address that the tap gets."""
    return "--net", f"tap=,mac=52:54:00:00:00:{number:02x}"


def missing(_: int, endpoint: Endpoint, __: str) -> tuple[str, str]:
    raise CannotProvide(f"cloud-hypervisor has no {endpoint.kind}")


DEVICES = {"blk": blk, "rng": rng, "console": console, "net": net}
