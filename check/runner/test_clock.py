# SPDX-License-Identifier: BSD-3-Clause
"""The clock of time limits: a host that does not let the VMM run takes nothing from its time."""
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import Tree
from runner.operate import clock
from runner.operate.launch import Ending

SECOND = 10 ** 9


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with a VMM, process 7, of two threads, and its child."""
    monkeypatch.setattr(clock, "PROC", str(tmp_path / "proc"))
    monkeypatch.setattr(clock, "EVERY", 0.0)
    for thread, children in (("7/task/7", "9 "), ("7/task/8", ""), ("9/task/9", "")):
        (tmp_path / "proc" / thread).mkdir(parents=True)
        (tmp_path / "proc" / thread / "children").write_text(children)
        (tmp_path / "proc" / thread / "schedstat").write_text("0 0 0\n")
    return tmp_path / "proc"


def test_whose_waits(proc: Path) -> None:
    (proc / "7/task/8/schedstat").write_text("77 5 3\n")
    (proc / "9/task/9/schedstat").write_text("77 6 3\n")
    (proc / "7/task/7/schedstat").unlink()              # it has ended just now
    assert sorted(clock.waits(7).values()) == [5, 6]
    assert clock.waits(8) == {}


@pytest.mark.parametrize("thread", ("7/task/7", "9/task/9"))
def test_waiting_for_a_cpu_does_not_count(proc: Path, monkeypatch: pytest.MonkeyPatch, thread: str) -> None:
    """That of the thread that waited longest; but never all, so that each limit has an end."""
    times = iter((0.0, 0.0, 10.0, 20.0))
    monkeypatch.setattr(clock.time, "monotonic", lambda: next(times))
    found = clock.Clock(7)
    (proc / thread / "schedstat").write_text(f"1 {6 * SECOND} 1\n")
    (proc / "7/task/8/schedstat").write_text(f"1 {SECOND} 1\n")
    assert found.seconds() == 4 and found.lost == 6
    (proc / thread / "schedstat").write_text(f"1 {60 * SECOND} 1\n")
    assert found.seconds() == 4.5 and found.lost == 15.5


def test_what_a_hypervisor_takes_does_not_count(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a part of the time in which the host's CPUs were busy."""
    times = iter((0.0, 0.0, 10.0))
    monkeypatch.setattr(clock.time, "monotonic", lambda: next(times))
    (proc / "stat").write_text("cpu  100 0 100 9000 50 0 0 10 0 0\ncpu0 1 1 1\n")
    found = clock.Clock(7)
    (proc / "stat").write_text("cpu  120 0 110 9900 50 0 0 20 0 0\ncpu0 1 1 1\n")
    assert found.seconds() == 7.5


def test_kernel_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PROC", "/nonexistent")
    monkeypatch.setattr(clock, "EVERY", 0.0)
    found = clock.Clock(os.getpid())
    time.sleep(0.01)
    assert found.seconds() >= 0.01 and found.lost == 0


def test_a_limit_on_a_busy_host(tree: Tree, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """The limit is of the VMM's time, and the verdict tells of the rest."""
    start = time.monotonic()
    monkeypatch.setenv("MOCK_SCENARIO", "silent")
    monkeypatch.setattr(clock, "EVERY", 0.01)
    monkeypatch.setattr(clock, "waits", lambda _: {"thread": int(0.75 * (time.monotonic() - start) * SECOND)})
    assert tree.run("--timeout", limit, "one") == 1
    assert time.monotonic() - start > 3 * float(limit)
    assert f"no progress within {limit} s, and " in tree.out and " s more on a busy host" in tree.out


@pytest.mark.parametrize("lost, more", ((0.0, ""), (0.9, ""), (12.34, ", and 12.3 s more on a busy host")))
def test_how_it_is_told(lost: float, more: str) -> None:
    assert Ending(True, -9, "", lost).describe(10) == f"no progress within 10 s{more}"
