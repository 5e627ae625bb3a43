# SPDX-License-Identifier: BSD-3-Clause
"""A clock that slows down while a busy host does not let a VMM run."""
from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterator

EVERY = 0.25                    # seconds between two looks
MOST_LOST = 0.95                # of a time: a limit has an end on any host
PROC = "/proc"


class Clock:
    """
    Seconds since restart(), but for those in which the VMM waited for a CPU. Where the host's kernel does
    not tell them (schedstat of proc(5)), the clock is that of the host.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._looked = time.monotonic()
        self._waits, self._stolen = waits(pid), stolen()
        self.restart()

    def restart(self) -> None:
        self._start, self.lost = time.monotonic(), 0.0

    def seconds(self) -> float:
        now = time.monotonic()
        if now - self._looked >= EVERY:
            self._look(now)
        return now - self._start - self.lost

    def _look(self, now: float) -> None:
        passed = now - self._looked
        new_waits, new_stolen = waits(self._pid), stolen()
        longest = max((wait - self._waits.get(thread, 0) for thread, wait in new_waits.items()), default=0)
        lost = longest / 1e9 + share(self._stolen, new_stolen) * passed
        self.lost += min(lost, MOST_LOST * passed)
        self._looked, self._waits, self._stolen = now, new_waits, new_stolen


def waits(pid: int) -> dict[str, int]:
    """Return the nanoseconds that each thread of a process, and of its children, has waited for a CPU."""
    found: dict[str, int] = {}
    for thread in threads(str(pid)):
        numbers = read(f"{thread}/schedstat").split()
        if len(numbers) == 3:
            found[thread] = int(numbers[1])
    return found


def threads(pid: str) -> Iterator[str]:
    """Yield the directories of the threads of a process, and of all below it."""
    for thread in glob.glob(os.path.join(PROC, pid, "task", "*")):
        yield thread
        for child in read(f"{thread}/children").split():
            yield from threads(child)


def stolen() -> tuple[int, int]:
    """Return what a hypervisor above took from this host's CPUs, and all that these were busy, in ticks."""
    words = read(os.path.join(PROC, "stat")).split("\n")[0].split()
    ticks = [int(word) for word in words[1:9]]      # user nice system idle iowait irq softirq steal
    return (ticks[7], sum(ticks[:3] + ticks[5:])) if len(ticks) == 8 else (0, 0)


def share(old: tuple[int, int], new: tuple[int, int]) -> float:
    taken, busy = new[0] - old[0], new[1] - old[1]
    return taken / busy if 0 < taken <= busy else 0.0


def read(path: str) -> str:
    """Return what a file says; nothing if it is not, or no longer, there."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
