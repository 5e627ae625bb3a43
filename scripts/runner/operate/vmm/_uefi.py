# SPDX-License-Identifier: BSD-3-Clause
"""UEFI firmware that a VMM can be given as one file."""
from __future__ import annotations

import os

from ...plan import architecture
from ...plan.errors import UsageError
from . import CannotProvide


def find_uefi(arch: str) -> str:
    """Return the file that the environment names, else the first of the known ones that is there."""
    variable, known = f"UEFI_FIRMWARE_{arch.upper()}", architecture.known()[arch].uefi
    said = os.environ.get(variable)
    if said:
        if not os.path.isfile(said):
            raise UsageError(f"{variable}: {said} is no file")
        return os.path.abspath(said)
    places: tuple[str, ...] = known.get("places", ())
    for path in places:
        if os.path.isfile(path):
            return path
    package = f"install package {known['package']} or " if known else ""
    raise CannotProvide(f"no UEFI firmware for {arch} was found: {package}set {variable}")
