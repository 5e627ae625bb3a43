# SPDX-License-Identifier: BSD-3-Clause
"""
Architectures: a directory of the tree is one if it has an arch.ini. Section [arch], which configure,
make and scripts/setup read too (so each key is on one line, with one blank around "="):

    name        as --arch, the GNU tools and uname have it
    image       the file below build/NAME/ that a VMM starts
    efi-image   the one that UEFI firmware starts, if it is another
    machines    what else uname may say on a host of it
    debian      Debian's name
    suite       the first release of Debian that has it, if others are in use; where its packages cannot be
                had, configure leaves the architecture out
    entries     how the image can be started, as it calls that itself: what else but a VMM's own
                section tells an adapter that it can

Section [packages] has what other distributions call the packages, for scripts/setup: `fedora` and `arch`;
with `-cross` what a host of another architecture needs as well.

Section [uefi], where there is such firmware, has `package` and `places`, the files that distributions
have it in. Behind it there is a section for each VMM that runs it, for the adapter of that name. Where the
machine of that VMM can have another IOMMU, each is a key of [VMM-iommus]; its value is the word by which the
image of cost knows it, and the VMM's options.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .errors import UsageError, nearest
from .ini import Parsers, Section, parse_values, read_ini, words

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILE = "arch.ini"
HOST = "host"                   # the machine that is a process is a VMM and an architecture
KEYS: Parsers = {"name": str, "machines": words, "image": str, "efi-image": str, "debian": str,
                 "suite": str, "entries": words}
UEFI_KEYS: Parsers = {"package": str, "places": words}


@dataclass(frozen=True)
class Architecture:
    path: str                           # of its arch.ini
    name: str
    image: str                          # file below build/NAME/
    machines: tuple[str, ...] = ()      # further words of uname for a host of it
    debian: str = ""
    suite: str = ""
    entries: tuple[str, ...] = ()
    efi_image: str = ""

    @property
    def uefi(self) -> dict[str, Any]:
        """Return package and places of firmware, empty where there is none."""
        found = [section for section in read_ini(self.path) if section.name == "uefi"]
        return checked(found[0], UEFI_KEYS, tuple(UEFI_KEYS)) if found else {}

    def table(self, name: str) -> dict[str, str]:
        """Return a section whose keys are not known here, empty where there is none."""
        return next((section.values for section in read_ini(self.path) if section.name == name), {})

    def of_vmm(self, vmm: str, parsers: Parsers, needed: Sequence[str] = ()) -> dict[str, Any]:
        """Return what it says for the adapter of this name, each key through its parser."""
        for section in read_ini(self.path):
            if section.name == vmm:
                return checked(section, parsers, needed)
        raise UsageError(f"--arch {self.name}: {os.path.relpath(self.path)} has no [{vmm}]")


def files(root: str) -> list[str]:
    paths = (os.path.join(root, name, FILE) for name in sorted(os.listdir(root)))
    return [path for path in paths if os.path.isfile(path)]


def checked(section: Section, parsers: Parsers, needed: Sequence[str]) -> dict[str, Any]:
    values = parse_values(section, parsers)
    for key in needed:
        if not values.get(key):
            raise section.error(key, "is missing")
    return values


def read(path: str) -> Architecture:
    section = next((section for section in read_ini(path) if section.name == "arch"), None)
    if not section:
        raise UsageError(f"{path}: has no section [arch]")
    values = checked(section, KEYS, ("name", "image"))
    return Architecture(path, **{key.replace("-", "_"): value for key, value in values.items()})


@lru_cache(maxsize=None)
def known() -> dict[str, Architecture]:
    """Return all architectures by name; the host machine is the last."""
    found = sorted(map(read, files(ROOT)), key=lambda arch: (arch.name == HOST, arch.name))
    return {arch.name: arch for arch in found}


def named(name: str) -> Architecture:
    if name not in known():
        raise UsageError(f"--arch {name}: known are {', '.join(names())}"
                         f"{nearest(name, list(names()))}")
    return known()[name]


def names() -> tuple[str, ...]:
    return tuple(known())


def described_for(vmm: str) -> tuple[str, ...]:
    """Return the architectures with a section for this VMM."""
    return tuple(arch.name for arch in known().values()
                 if any(section.name == vmm for section in read_ini(arch.path)))


def entered_by(*entries: str) -> tuple[str, ...]:
    """Return the architectures with an image that is started in one of these ways."""
    return tuple(arch.name for arch in known().values() if set(entries) & set(arch.entries))


def of_machine(machine: str) -> str:
    """Return the architecture of a host whose uname says @machine."""
    return next((arch.name for arch in known().values() if machine in arch.machines), machine)
