# SPDX-License-Identifier: BSD-3-Clause
"""VMM adapters: scripts/runner/vmm/NAME.py is what `--vmm NAME` loads, a
"-" of the name being a "_" of the file. It defines

class Vmm:
    name            str, as in results and expectations/NAME
    binary          str, path of the program, found when the object is made
    accel           tcg or kvm, what it runs with
    def __init__(self, arch: str, path: Optional[str], accel: Optional[str])
                    Finds the program; starts nothing. `path` is that of the program or of its
                    directory, None: search PATH. `accel` is tcg, kvm or None: what this VMM runs
                    with by default. Raises UsageError with one line that names the program and its
                    package, or what this VMM cannot do.
    def identify(self) -> None
                    Starts the VMM once to ask its version; fills
    version         str, digits and dots, as in `versions` of expectations
    detail          str, the version as the VMM prints it
    def prepare(self, setup: Setup, directory: str) -> None
                    Makes the files that the command needs. Called before each boot.
    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]
                    The command line. Console on stdout, nothing else there. Starts nothing. Raises
                    CannotProvide with the reason when this VMM or version has no such set-up.

Called from several threads after identify(); prepare and command must not change the object.
"""
from __future__ import annotations

import importlib
import os
import re
import subprocess
from typing import Optional, Protocol

from ..config import Setup
from ..errors import UsageError, nearest


class CannotProvide(Exception):
    """This VMM, in this version, has no such set-up: the run is skipped with this reason."""


class Adapter(Protocol):
    name: str
    binary: str
    accel: str
    version: str
    detail: str

    def identify(self) -> None: ...

    def prepare(self, setup: Setup, directory: str) -> None: ...

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]: ...


def names() -> list[str]:
    files = os.listdir(os.path.dirname(os.path.abspath(__file__)))
    return sorted(file[:-3].replace("_", "-") for file in files if file.endswith(".py") and file[0] != "_")


def find_adapter(name: str, arch: str, path: Optional[str], accel: Optional[str]) -> Adapter:
    known = names()
    if name not in known:
        raise UsageError(f"--vmm {name}: known are {', '.join(known)}{nearest(name, known)}")
    module = importlib.import_module(f".{name.replace('-', '_')}", __name__)
    adapter: Adapter = module.Vmm(arch, path, accel)
    return adapter


def find_program(program: str, path: Optional[str], package: str) -> str:
    """The program at `path` (or in that directory), or on PATH."""
    if path:
        found = os.path.join(path, program) if os.path.isdir(path) else path
        if not os.access(found, os.X_OK) or os.path.isdir(found):
            raise UsageError(f"{found} is not there or not executable; "
                             f"{program} is in package {package}")
        return os.path.abspath(found)
    for directory in os.get_exec_path():
        found = os.path.join(directory, program)
        if os.access(found, os.X_OK) and not os.path.isdir(found):
            return found
    raise UsageError(f"{program} not found: install package {package} or say --vmm-path")


def ask_version(binary: str) -> tuple[str, str]:
    """What `--version` says behind the word version or a v: the digits, and the rest of the line as well."""
    try:
        done = subprocess.run([binary, "--version"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{binary} --version: {error}") from None
    text = done.stdout.decode("utf-8", "replace")
    match = re.search(r"(?:version |\bv)((\d+(?:\.\d+)+).*)", text)
    if not match:
        raise UsageError(f"{binary} --version: no version in {text[:200]!r}")
    return match[2], match[1].strip()
