# SPDX-License-Identifier: BSD-3-Clause
"""The host machine: the tests and the reference device in one process, no VMM at all (host/)."""
from __future__ import annotations

import os
from typing import Optional

from ...plan import architecture
from ...plan.config import RING_KEYS, Endpoint, Setup
from ...plan.errors import UsageError
from . import CannotProvide, ask_version

PROGRAM = os.path.join(architecture.ROOT, "build", "host", "virtio-iommu")
KINDS = ("blk", "rng", "console", "net", "edu")
MMIO = ("mmio", "outside-mmio")
MOST_MEMORY = 1700              # MiB, below what the sanitizers take


class Vmm:
    name, title = "host", "reference device"
    further_endpoints = (Endpoint("rng"),) * 6
    answers_itself = True

    @classmethod
    def arches(cls) -> tuple[str, ...]:
        return architecture.entered_by("process")

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None:
        self.binary = os.path.abspath(path) if path else PROGRAM
        self.version = self.detail = ""
        if os.path.isdir(self.binary):
            self.binary = os.path.join(self.binary, "virtio-iommu")
        if not os.access(self.binary, os.X_OK):
            raise UsageError(f"{self.binary} is missing: run `./configure && make`")
        self.accel = accel or "tcg"
        if self.accel != "tcg":
            raise UsageError(f"--accel {accel}: the host machine runs nothing but its own process")

    def identify(self) -> None:
        self.version, self.detail = ask_version(self.binary, before="reference device version ")

    def prepare(self, setup: Setup, directory: str) -> None:
        """There are no files: disks are in memory."""

    def _program(self, image: str) -> str:
        """Return the program, or that of cost beside it."""
        name = os.path.basename(image)
        return self.binary if name == os.path.basename(PROGRAM) else os.path.join(
            os.path.dirname(self.binary), name)

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]:
        return [self._program(image), *machine(setup), *iommu(setup), "--cmdline", cmdline]


def machine(setup: Setup) -> list[str]:
    if setup.interrupts:
        raise CannotProvide("the host machine has a doorbell of its own")
    if setup.memory > MOST_MEMORY:
        raise CannotProvide(f"the host machine has at most {MOST_MEMORY} MiB of memory")
    return ["--memory", str(setup.memory),
            "--endpoints", ",".join(map(endpoint, setup.endpoints)) or "none"]


def endpoint(endpoint: Endpoint) -> str:
    if endpoint.kind not in KINDS:
        raise CannotProvide(f"the host machine has no {endpoint.kind}")
    if endpoint.kind == "edu" and endpoint.place in MMIO:
        raise CannotProvide("an edu is on PCI")
    if endpoint.place == "segment":
        raise CannotProvide("the host machine has one PCI segment")
    if endpoint.place == "slot" and endpoint.kind == "edu":
        raise CannotProvide("the host machine plugs virtio devices alone")
    if endpoint.place == "function":
        raise CannotProvide("the host machine has no device of several functions")
    if endpoint.place == "outside-root":
        raise CannotProvide("the host machine's first root complex is behind the IOMMU")
    if endpoint.slow and endpoint.kind != "blk":
        raise CannotProvide(f"the host machine has no slow {endpoint.kind}")
    if endpoint.threaded:
        raise CannotProvide("the host machine has one thread")
    return f"{endpoint.kind}{'-slow' if endpoint.slow else ''}@{endpoint.place}"


def iommu(setup: Setup) -> list[str]:
    if setup.granule == "host":
        raise CannotProvide("the reference device has no granule of a host")
    words = ["--transport", setup.transport, "--boot-bypass", switch(setup.boot_bypass is not False)]
    if setup.reserved_regions:
        regions = [f"{region.first:#x}-{region.last:#x}:{region.kind}"
                   for region in setup.reserved_regions]
        words += ["--reserved-regions", ",".join(regions)]
    words += ["--machine-reset"] if setup.machine_reset else []
    words += ["--operator"] if setup.operator else []
    for option, value in (("granule", setup.granule), ("address-width", setup.address_width)):
        words += [f"--{option}", str(value)] if value else []
    for key in RING_KEYS:
        on = getattr(setup, key.replace("-", "_"))
        words += [f"--{key}", switch(on)] if on is not None else []
    return words


def switch(value: bool) -> str:
    return "on" if value else "off"
