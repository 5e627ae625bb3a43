# SPDX-License-Identifier: BSD-3-Clause
"""Boots the image of cost behind an IOMMU, and keeps what it says (docs/cost.md)."""
from __future__ import annotations

import os
import shlex
import subprocess
import time
from dataclasses import dataclass, field
from typing import Optional

from ..plan.catalogue import Tree
from ..plan.config import Endpoint, Setup
from .launch import Ending, Launcher, Log, boot
from .reader import clean
from .usage import resident
from .vmm import Adapter, iommus_of, further_endpoints_of

LIMIT = 120.0                   # seconds without a word
DISK_SIZE = 2 << 20             # bytes: the largest I/O is half of it
NO = ": NO"                     # what a proof says that failed
BAIL_OUT = "Bail out! "
# Kinds of boots. That of endpoints has as many as there can be, which would make all else slow.
TIMES, INSTRUCTIONS, GROWTH, ENDPOINTS = "times", "instructions", "growth", "endpoints"
FEW = 24                        # endpoints beside the disks, for all other growth
MEMORY = "# memory "            # look at that of the VMM
STRETCH, STRETCH_END = "# stretch ", "# stretch end "
GROWTH_MEMORY = 512             # MiB: tables of many mappings, and one for each domain
DISKS = (Endpoint("blk"), Endpoint("blk"))
NET_AND_DISKS = (*DISKS, Endpoint("net"))


@dataclass(frozen=True)
class Plan:
    """What a boot is to measure."""
    iommu: str
    kind: str = TIMES
    workloads: tuple[str, ...] = ()     # names of the image's; none: the usual ones
    mappings: int = 0                   # growth: the most; 0: as the image has it
    options: tuple[str, ...] = ()       # of the reference device
    settle: int = 0                     # growth: ms for memory to come back; 0: as the image has it

    @property
    def words(self) -> str:
        named = [f"workloads={','.join(self.workloads)}"] if self.workloads else []
        kind = f"{self.kind}={self.mappings}" if self.mappings else self.kind
        settle = [f"settle={self.settle}"] if self.settle else []
        return " ".join([*([kind] if self.kind != TIMES else []), *named, *settle])

    @property
    def directory(self) -> str:
        return f"cost-{self.iommu}{'' if self.kind == TIMES else f'-{self.kind}'}"


@dataclass(frozen=True)
class Stretch:
    """What was seen between two marks of the image."""
    words: str                          # of the image, on both
    cpu_ns: int                         # that the VMM had
    seconds: float


@dataclass
class CostBoot:
    """One boot, and what it cost the host."""
    iommu: str
    kind: str
    command: str
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    memory: list[tuple[str, int]] = field(default_factory=list)     # the image's words, KiB
    failure: Optional[str] = None


class CpuClock(Launcher):
    """Starts a VMM, and knows its memory, and the CPU time of all its threads, ended or not."""

    def __init__(self) -> None:
        super().__init__()
        self._clock: Optional[int] = None
        self._pid = 0

    def start(self, command: list[str], stdin: int = subprocess.DEVNULL,
              kept: tuple[int, ...] = ()) -> Optional[subprocess.Popen[bytes]]:
        process = super().start(command, stdin, kept)
        # clock_getcpuclockid(3), which Python does not have.
        self._clock = ~process.pid << 3 | 2 if process else None
        self._pid = process.pid if process else 0
        return process

    def nanoseconds(self) -> int:
        return 0 if self._clock is None else time.clock_gettime_ns(self._clock)

    def memory(self) -> Optional[int]:
        """Return KiB that are resident, None if the VMM has ended."""
        return resident(self._pid)


class Lines:
    """Listen to the console: each line is progress."""

    def __init__(self, log: Log, cpu: CpuClock) -> None:
        self.lines: list[str] = []
        self.stretches: list[Stretch] = []
        self.memory: list[tuple[str, int]] = []
        self.progress, self.finished = 0, False
        self.bail_out: Optional[str] = None
        self._log, self._cpu, self._rest = log, cpu, b""
        self._begun = ("", 0, 0.0)

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
        if line.startswith(STRETCH):
            self._mark(line)
        if line.startswith(MEMORY):
            seen = self._cpu.memory()
            self.memory += [] if seen is None else [(line[len(MEMORY):], seen)]
        self.finished |= line == "# end" or self.bail_out is not None

    def _mark(self, line: str) -> None:
        words, cpu, clock = self._begun
        if line.startswith(STRETCH_END):
            self.stretches.append(Stretch(f"{words} {line[len(STRETCH_END):]}", self._cpu.nanoseconds() - cpu,
                                          time.monotonic() - clock))
        else:
            self._begun = (line[len(STRETCH):], self._cpu.nanoseconds(), time.monotonic())


def failure(console: Lines, ending: Ending) -> Optional[str]:
    """Return why there are no figures to rely on, None if there are."""
    wrong = [line[2:] for line in console.lines if line.startswith("# proof: ") and line.endswith(NO)]
    if console.bail_out is not None:
        wrong.append(console.bail_out)
    elif not console.finished:
        wrong.append(ending.describe(LIMIT))
    return "; ".join(wrong) or None


def setup_of(plan: Plan, further: tuple[Endpoint, ...]) -> Setup:
    """Return two disks and a network; the test device if it may be asked for. Growth: more endpoints."""
    if plan.kind in (GROWTH, ENDPOINTS):
        endpoints = (*DISKS, *(further if plan.kind == ENDPOINTS else further[:FEW]))
        return Setup(endpoints=endpoints, memory=GROWTH_MEMORY, iommu=plan.iommu, disk_size=DISK_SIZE,
                     quick_disks=False)
    edu = any(name == "all" or name.startswith("edu") for name in plan.workloads)
    endpoints = (*NET_AND_DISKS, *([Endpoint("edu")] if edu else []))
    return Setup(endpoints=endpoints, memory=256, iommu=plan.iommu, disk_size=DISK_SIZE, quick_disks=False,
                 instructions=plan.kind == INSTRUCTIONS)


def boot_cost(adapter: Adapter, tree: Tree, parent: str, plan: Plan) -> CostBoot:
    """Boot once; logs are in a directory of their own below the parent."""
    directory = os.path.join(parent, plan.directory)
    os.makedirs(directory, exist_ok=True)
    setup = setup_of(plan, further_endpoints_of(adapter))
    words = f"iommu={iommus_of(adapter)[plan.iommu]} {plan.words}".strip()
    command = [*adapter.command(setup, tree.cost_image, words, directory), *plan.options]
    adapter.prepare(setup, directory)
    done = CostBoot(plan.iommu, plan.kind, shlex.join(command))
    clock, cpu = time.monotonic(), CpuClock()
    with open(os.path.join(directory, "console.log"), "wb", 0) as out, \
            open(os.path.join(directory, "stderr.log"), "wb", 0) as err:
        console = Lines(Log(out), cpu)
        ending = boot(cpu, command, console, Log(err), LIMIT)
    done.seconds = round(time.monotonic() - clock, 2)
    done.lines, done.stretches, done.memory = console.lines, console.stretches, console.memory
    done.failure = failure(console, ending)
    return done
