# SPDX-License-Identifier: BSD-3-Clause
"""What the process of a VMM takes of the host, seen from outside."""
from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from typing import Optional

EVERY = 0.25                    # seconds between two looks
PROC = "/proc"


def resident(pid: int) -> Optional[int]:
    """Return KiB. All of these return None of a process that has ended, or cannot be looked at."""
    return field_of(pid, "VmRSS")


def threads(pid: int) -> Optional[int]:
    return field_of(pid, "Threads")


def field_of(pid: int, key: str) -> Optional[int]:
    try:
        with open(os.path.join(PROC, str(pid), "status"), encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(f"{key}:")), None)
    except OSError:
        return None


def open_files(pid: int) -> Optional[int]:
    try:
        return len(os.listdir(os.path.join(PROC, str(pid), "fd"))) or None
    except OSError:
        return None


@dataclass
class Gauge:
    """A number that was looked at again and again."""
    first: Optional[int] = None
    most: int = 0
    last: int = 0

    def note(self, value: int) -> None:
        self.first = value if self.first is None else self.first
        self.most, self.last = max(self.most, value), value


@dataclass
class Usage:
    """Of all processes of a run, one after the other."""
    cpu: float = 0.0                    # seconds
    memory: Gauge = field(default_factory=Gauge)        # resident, KiB
    threads: Gauge = field(default_factory=Gauge)
    files: Gauge = field(default_factory=Gauge)         # open ones
    _looked: float = 0.0

    def look(self, pid: int) -> None:
        """Look, unless that was a moment ago."""
        if time.monotonic() - self._looked < EVERY:
            return
        self._looked = time.monotonic()
        for gauge, value in ((self.memory, resident(pid)), (self.threads, threads(pid)),
                             (self.files, open_files(pid))):
            if value is not None:
                gauge.note(value)

    def reap(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for its end, and return its status as subprocess has it."""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu += used.ru_utime + used.ru_stime
        return process.returncode

    def data(self) -> dict[str, object]:
        """Return what results.json has of it."""
        return {"cpu_seconds": round(self.cpu, 3), "memory_kib": vars(self.memory),
                "threads": vars(self.threads), "open_files": vars(self.files)}
