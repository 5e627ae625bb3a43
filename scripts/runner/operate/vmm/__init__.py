# SPDX-License-Identifier: BSD-3-Clause
"""VMM adapters: scripts/runner/operate/vmm/NAME.py is what `--vmm NAME` loads, a
"-" of the name being a "_" of the file. It defines

class Vmm:
    name            str, of the class: as in results and expectations/NAME
    title           str, of the class: what people call it, as in headings
    def arches(cls) -> tuple[str, ...]
                    Of the class: the architectures that it runs the suite on. The first is meant
                    where the host's is none of them and --arch is not said.
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

    one_test_per_boot
                    True, only if its IOMMU does not come back from a reset: each test that does not
                    skip gets a boot of its own
    iommus          dict of str, only if it has others than a virtio-iommu: what a set-up may call them, with
                    the word that the image of cost knows each by
    further_endpoints
                    tuple of Endpoint, only if there can be more than two disks: up to 254 beside these, for
                    the image of cost
    firmware        tuple of str, only if it has any: the values of the key `firmware` that it provides
                    on some architecture; with others, command() is not called
    def stopped(self, command: list[str], socket: str) -> list[str]
    def load_address(self, setup: Setup) -> int
                    Only if it can stop before the first instruction: the command line that does so, with
                    gdb's remote protocol on that unix socket; and where it puts an image that is linked to
                    address 0, 0 for one that is not. Raises UsageError if that is not known.
    def controlled(self, command: list[str], channel: int) -> list[str]
                    Only if it can operate a machine that runs: the command line of a VMM that takes orders on
                    that file descriptor, a connected stream socket.
    def migrate(self, machine: OperatedMachine, setup: Setup, directory: str) -> None
    def reset(self, machine: OperatedMachine, setup: Setup, directory: str) -> None
    def plug(self, machine: OperatedMachine, setup: Setup, directory: str, slot: int) -> None
    def pull(self, machine: OperatedMachine, setup: Setup, directory: str, slot: int) -> None
    def pulled(self, machine: OperatedMachine, setup: Setup, directory: str, slot: int) -> None
                    Only what it can do to a machine that was started in that way: go on in another
                    process, by OperatedMachine.move(); reset it; plug the device in that the set-up has
                    for a slot, which shows that number to the guest; ask the guest to let the device go,
                    and wait until it has gone. Raise CannotHappen with the reason if the VMM refuses and
                    goes on as before, EventFailed if it can do neither (_operated.py). Files are left in
                    the directory.
    answers_itself  True, only if the VMM answers what the image asks for without an operator

Called from several threads after identify(); prepare and command must not change the object.
"""
from __future__ import annotations

import importlib
import os
import re
import subprocess
from typing import Optional, Protocol

from ...plan import architecture
from ...plan.catalogue import Tree
from ...plan.config import RING_KEYS, Endpoint, Setup
from ...plan.errors import UsageError, nearest

DEFAULT = "qemu"                # without --vmm
KVM = "/dev/kvm"


class CannotProvide(Exception):
    """This VMM, in this version, has no such set-up: the run is skipped with this reason."""


class Adapter(Protocol):
    name: str
    title: str
    binary: str
    accel: str
    version: str
    detail: str

    @classmethod
    def arches(cls) -> tuple[str, ...]: ...

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None: ...

    def identify(self) -> None: ...

    def prepare(self, setup: Setup, directory: str) -> None: ...

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]: ...


def names() -> list[str]:
    files = os.listdir(os.path.dirname(os.path.abspath(__file__)))
    return sorted(file[:-3].replace("_", "-") for file in files if file.endswith(".py") and file[0] != "_")


def adapter_class(name: str) -> type[Adapter]:
    known = names()
    if name not in known:
        raise UsageError(f"--vmm {name}: known are {', '.join(known)}{nearest(name, known)}")
    found: type[Adapter] = importlib.import_module(f".{name.replace('-', '_')}", __name__).Vmm
    return found


def find_adapter(name: str, arch: str, path: Optional[str], accel: Optional[str]) -> Adapter:
    return adapter_class(name)(arch, path, accel)


def iommus_of(adapter: Adapter) -> dict[str, str]:
    """Return the IOMMUs that this VMM has, with the words for the image of cost. A variant is NAME-WORD."""
    return getattr(adapter, "iommus", {"virtio": "virtio"})


def further_endpoints_of(adapter: Adapter) -> tuple[Endpoint, ...]:
    """Return as many endpoints as there can be beside two disks; none where nobody has tried."""
    return getattr(adapter, "further_endpoints", ())


def counts_instructions(adapter: Adapter) -> bool:
    """Return true if this VMM can take an instruction of the guest for a nanosecond."""
    return getattr(adapter, "counts_instructions", False)


def title(name: str) -> str:
    """Return what people call a VMM of a result, which may be one of another tree."""
    return adapter_class(name).title if name in names() else name


def command_for(adapter: Adapter, setup: Setup, tree: Tree, cmdline: str,
                directory: str) -> list[str]:
    """Return the adapter's command for the image that this set-up starts."""
    if setup.firmware and setup.firmware not in getattr(adapter, "firmware", ()):
        raise CannotProvide(f"the adapter of {adapter.name} starts no {setup.firmware}")
    return adapter.command(setup, tree.image_for(setup.firmware), cmdline, directory)


def find_program(program: str, path: Optional[str], package: Optional[str]) -> str:
    """Return the program at `path` (or in that directory), or on PATH. No package: Debian has none."""
    if path:
        found = os.path.join(path, program) if os.path.isdir(path) else path
        if not os.access(found, os.X_OK) or os.path.isdir(found):
            raise UsageError(f"{found} is not there or not executable"
                             + (f"; {program} is in package {package}" if package else ""))
        return os.path.abspath(found)
    for directory in os.get_exec_path():
        found = os.path.join(directory, program)
        if os.access(found, os.X_OK) and not os.path.isdir(found):
            return found
    advice = f"install package {package} or" if package else "build it from its sources and"
    raise UsageError(f"{program} not found: {advice} say --vmm-path")


def disk(directory: str, number: int) -> str:
    """Return the path of the file behind endpoint `number`, a blk."""
    return os.path.join(directory, f"disk{number}.img")


def make_disks(setup: Setup, directory: str) -> None:
    """
    Make each disk all zeros, also where an earlier boot has left one. The zeros are written: a VMM that finds
    no room for them later may stop its machine.
    """
    for number, endpoint in enumerate(setup.endpoints):
        if endpoint.kind == "blk":
            fill(disk(directory, number), bytes(setup.disk_size))


def fill(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def refuse(setup: Setup, reasons: dict[str, str]) -> None:
    """Raise CannotProvide if the set-up asks for a field that has a reason here."""
    for field, reason in reasons.items():
        if getattr(setup, field):
            raise CannotProvide(reason)


def need_rings(name: str, setup: Setup, offered: tuple[str, ...]) -> None:
    """Raise CannotProvide unless the IOMMU, which offers these features always, is what is wanted."""
    for key in RING_KEYS:
        wanted = getattr(setup, key.replace("-", "_"))
        if wanted is not None and wanted != (key in offered):
            raise CannotProvide(f"{name}'s virtio-iommu offers {' and '.join(offered)} and no other"
                                " ring feature, with no option")


def need_kvm(name: str, arch: str, accel: str) -> None:
    """Raise UsageError unless KVM runs here for this architecture."""
    if accel != "kvm":
        raise UsageError(f"--accel {accel}: {name} runs with KVM only")
    if architecture.of_machine(os.uname().machine) != arch:
        raise UsageError(f"--arch {arch}: {name} needs a host of that architecture,"
                         f" this one is {os.uname().machine}")
    if not os.access(KVM, os.R_OK | os.W_OK):
        raise UsageError(f"{name} needs {KVM}, which "
                         + ("may not be opened" if os.path.exists(KVM) else "is missing"))


def ask(binary: str, *words: str) -> str:
    """Return what the program prints when it is called with these words."""
    try:
        done = subprocess.run([binary, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{binary} {' '.join(words)}: {error}") from None
    return done.stdout.decode("utf-8", "replace")


def ask_version(binary: str, word: str = "--version",
                before: str = r"(?:version |\bv)") -> tuple[str, str]:
    """Return what the program says to `word` after the pattern `before`: the digits; the rest of the line."""
    text = ask(binary, word)
    match = re.search(rf"{before}((\d+(?:\.\d+)+).*)", text)
    if not match:
        first = text.strip().split("\n")[0][:100]
        raise UsageError(f"{binary} {word}: no version in {first!r}: is it this VMM?")
    return match[2], match[1].strip()
