# SPDX-License-Identifier: BSD-3-Clause
"""--gdb: a VMM that waits for gdb before the first instruction, and the commands that get there."""
from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..plan import architecture
from ..plan.catalogue import Test, Tree
from ..plan.config import Setup
from ..plan.errors import UsageError
from .vmm import Adapter

SYMBOLS = "virtio-iommu.debug"
LONGEST_SOCKET = 107            # bytes of a path: struct sockaddr_un


class Stoppable(Protocol):
    """An adapter whose VMM has gdb's remote protocol."""

    def stopped(self, command: list[str], socket: str) -> list[str]: ...

    def load_address(self, setup: Setup) -> int: ...


@dataclass
class Gdb:
    """What a test is looked at with."""
    adapter: Stoppable
    tree: Tree
    test: Test
    say: Callable[[str], None]

    def stopped(self, command: list[str], setup: Setup, directory: str) -> list[str]:
        """Return the command of a VMM that waits, and tell how to go on from there."""
        socket = os.path.join(directory, "gdb.sock")
        if len(os.fsencode(socket)) > LONGEST_SOCKET:
            raise UsageError(f"{socket}: is too long for a socket: say --output DIR")
        waiting = self.adapter.stopped(command, socket)
        for line in ["the VMM waits for gdb; in another terminal, from the top of the tree:",
                     *commands(self.tree, self.adapter.load_address(setup), socket, self.test)]:
            self.say(line)
        return waiting


def commands(tree: Tree, address: int, socket: str, test: Test) -> list[str]:
    """Return what to type: gdb with the symbols of the image, and the way to the test."""
    native = tree.arch == architecture.of_machine(os.uname().machine)
    symbols = shlex.quote(tree.shown(tree.built(SYMBOLS)))
    moved = f"-ex 'symbol-file -o {address:#x} {symbols}'" if address else symbols
    return [f"{'gdb' if native else 'gdb-multiarch'} {moved}", f"(gdb) target remote {tree.shown(socket)}",
            f"(gdb) hbreak {test.at}", "(gdb) continue"]


def stoppable(adapter: Adapter) -> Stoppable:
    if not hasattr(adapter, "stopped"):
        raise UsageError(f"--gdb: the adapter of {adapter.name} cannot start it stopped")
    found: Stoppable = adapter      # type: ignore[assignment]
    return found
