# SPDX-License-Identifier: BSD-3-Clause
"""Runs of the host machine, without the runner around it: what check/mutants and
check/personalities share."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Optional, TypeVar

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "scripts"))

from runner.operate.vmm import CannotProvide  # noqa: E402
from runner.operate.vmm.host import iommu, machine  # noqa: E402
from runner.plan.config import Run, read_runs  # noqa: E402
from runner.plan.selection import matches  # noqa: E402

PROGRAM = os.path.join(TOP, "build", "host", "virtio-iommu")
PLAIN = os.path.join(TOP, "build", "host-plain", "virtio-iommu")    # no sanitizers: takes a third of the time
TIMEOUT = 20                    # seconds on a host that is not busy; a whole run takes a small part of one
TELL_EVERY = 10                 # seconds
FOR_LACK_OF_TIME = ", for lack of time"     # ends the info of a test that might pass on a quicker machine
RED = ("warn", "fail", "error", "crash", "timeout")
LINE = re.compile(r"^# start (?P<start>\S+)|^(?:not )?ok \d+ - (?P<id>\S+)"
                  r"|^  verdict: (?P<verdict>\w+)|^  (?:expected|actual|at): \"(?P<text>.*)\"$"
                  r"|^(?P<end># end$)|^Bail out! (?P<bail>.*)", re.MULTILINE)

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Setup:
    """A run of unittests.cfg that the host machine can be."""
    name: str
    words: list[str]
    tests: tuple[str, ...]
    cmdline: str                # what the image has to know
    default: bool               # a run that need not be asked for

    def selects(self, test: str) -> bool:
        return matches(test, self.tests)


@dataclass
class Outcome:
    verdicts: dict[str, str] = field(default_factory=dict)
    details: dict[str, list[str]] = field(default_factory=dict)     # expected, actual, at
    trouble: str = ""           # how it ended, if not well

    def red(self) -> list[str]:
        return [test for test, verdict in self.verdicts.items() if verdict in RED]

    def as_if_quick(self, test: str) -> Optional[str]:
        """The test's verdict, pass if it is an info for lack of time alone."""
        short_of_time = any(text.endswith(FOR_LACK_OF_TIME) for text in self.details.get(test, ()))
        return "pass" if short_of_time else self.verdicts.get(test)


def setups() -> list[Setup]:
    found = []
    for run in read_runs(os.path.join(TOP, "unittests.cfg")):
        words = words_of(run)
        if words and not is_larger(run):
            found.append(Setup(run.name, words, run.tests, run.cmdline(), run.default))
    return found


def is_larger(run: Run) -> bool:
    """Another run has some of the same: a covering selection of its cells, or the first of its rounds."""
    return run.products == "all" or (not run.default and run.rounds is not None)


def words_of(run: Run) -> Optional[list[str]]:
    try:
        return machine(run.setup) + iommu(run.setup) if "host" in run.arch else None
    except CannotProvide:
        return None


def command(setup: Setup, words: Sequence[str], tests: Iterable[str], program: str = "") -> list[str]:
    return [program or PROGRAM, *setup.words, *words,
            "--cmdline", f"tests={','.join(tests)} {setup.cmdline}"]


def execute(setup: Setup, words: Sequence[str], tests: Iterable[str], program: str = "") -> Outcome:
    """One process: the set-up, and how the device behaves."""
    limit = timeout()
    try:
        done = subprocess.run(command(setup, words, tests, program), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit)
    except subprocess.TimeoutExpired as expired:
        return read(expired.stdout or b"", "timeout", f"no end within {limit:.0f} s")
    errors = done.stderr.decode("utf-8", "replace").strip().splitlines()
    status = f"exit status {done.returncode}" + (f": {errors[0]}" if errors else "")
    return read(done.stdout, "crash", status)


def timeout() -> float:
    """Return how many seconds to wait for a process, by how many there are for each CPU just now."""
    return TIMEOUT * max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def read(tap: bytes, unfinished: str, status: str) -> Outcome:
    outcome = Outcome()
    running, current, ended = "", "", False
    for match in LINE.finditer(tap.decode("utf-8", "replace")):
        if match["start"]:
            running = match["start"]
        elif match["id"]:
            running, current = "", match["id"]
        elif match["verdict"]:
            outcome.verdicts[current] = match["verdict"]
        elif match["text"] is not None:
            outcome.details.setdefault(current, []).append(match["text"])
        else:
            ended = True
            outcome.trouble = match["bail"] or ""
    if not ended:
        outcome.trouble = status
        if running:
            outcome.verdicts[running] = unfinished
            outcome.details[running] = [status]
    return outcome


def listing(option: str) -> Iterator[list[str]]:
    done = subprocess.run([PROGRAM, option], stdout=subprocess.PIPE, check=True)
    for line in done.stdout.decode().splitlines():
        yield line.split("\t")


def requirement_of(test: str) -> str:
    return test.partition("/")[0]


def in_turn(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results in the order of the items, each as soon as it and those before it are there."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(work, items)


def parallel(work: Callable[[T], R], items: Sequence[T], what: str = "") -> list[R]:
    """Return all results. With @what, tell now and then how many of it are there."""
    found: list[R] = []
    told = time.monotonic()
    for result in in_turn(work, items):
        found.append(result)
        if what and time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            print(f"  {len(found)} of {len(items)} {what}", flush=True)
    return found
