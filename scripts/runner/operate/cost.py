# SPDX-License-Identifier: BSD-3-Clause
"""Boots the image of cost behind an IOMMU, and keeps what it says (docs/cost.md)."""
from __future__ import annotations

import os
import resource
import shlex
import time
from dataclasses import dataclass, field
from typing import Optional

from ..plan.catalogue import Tree
from ..plan.config import Endpoint, Setup
from .launch import Ending, Launcher, Log, boot
from .reader import clean
from .vmm import Adapter, iommus_of

LIMIT = 120.0                   # seconds without a word
DISK_SIZE = 2 << 20             # bytes: the largest I/O is half of it
NO = ": NO"                     # what a proof says that failed
BAIL_OUT = "Bail out! "


@dataclass
class CostBoot:
    """One boot, and what it cost the host."""
    iommu: str
    growth: bool
    command: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0            # of the VMM's process, from its start to its end
    lines: list[str] = field(default_factory=list)
    failure: Optional[str] = None


class Lines:
    """Listen to the console: each line is progress."""

    def __init__(self, log: Log) -> None:
        self.lines: list[str] = []
        self.progress, self.finished = 0, False
        self.bail_out: Optional[str] = None
        self._log, self._rest = log, b""

    def feed(self, data: bytes) -> None:
        self._log.feed(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._note(clean(line).strip())

    def _note(self, line: str) -> None:
        self.lines.append(line)
        self.progress += 1
        if line.startswith(BAIL_OUT):
            self.bail_out = line[len(BAIL_OUT):]
        self.finished |= line == "# end" or self.bail_out is not None


def failure(console: Lines, ending: Ending) -> Optional[str]:
    """Return why there are no figures to rely on, None if there are."""
    wrong = [line[2:] for line in console.lines if line.startswith("# proof: ") and line.endswith(NO)]
    if console.bail_out is not None:
        wrong.append(console.bail_out)
    elif not console.finished:
        wrong.append(ending.describe(LIMIT))
    return "; ".join(wrong) or None


def setup_behind(iommu: str) -> Setup:
    return Setup(endpoints=(Endpoint("blk"), Endpoint("blk")), memory=256, iommu=iommu, disk_size=DISK_SIZE)


def boot_cost(adapter: Adapter, tree: Tree, launcher: Launcher, parent: str, iommu: str,
              growth: bool = False) -> CostBoot:
    """Boot once; logs are in a directory of their own below the parent."""
    directory = os.path.join(parent, f"cost-{iommu}{'-growth' if growth else ''}")
    os.makedirs(directory, exist_ok=True)
    setup, words = setup_behind(iommu), f"iommu={iommus_of(adapter)[iommu]}{' growth' if growth else ''}"
    command = adapter.command(setup, tree.cost_image, words, directory)
    adapter.prepare(setup, directory)
    done = CostBoot(iommu, growth, shlex.join(command))
    clock, cpu = time.monotonic(), cpu_seconds()
    with open(os.path.join(directory, "console.log"), "wb", 0) as out, \
            open(os.path.join(directory, "stderr.log"), "wb", 0) as err:
        console = Lines(Log(out))
        ending = boot(launcher, command, console, Log(err), LIMIT)
    done.seconds, done.cpu_seconds = round(time.monotonic() - clock, 2), round(cpu_seconds() - cpu, 2)
    done.lines, done.failure = console.lines, failure(console, ending)
    return done


def cpu_seconds() -> float:
    """Return what the CPUs spent on children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
