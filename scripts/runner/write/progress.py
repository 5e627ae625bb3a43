# SPDX-License-Identifier: BSD-3-Clause
"""What is shown while tests run, and the summary after them."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Optional, TextIO

from ..judge.reproduce import MOST_SHOWN, commands
from ..judge.results import COLUMNS, Report, RunResult, TestResult
from .screen import Screen

TICK = 0.2                      # seconds between two looks at the clock, on a terminal
COLOURS = {"fail": 31, "error": 31, "crash": 31, "timeout": 31, "warn": 33, "known": 33}


class Progress:
    """
    Show lines for what happens; on a terminal also one line that tells what runs now. There, what
    is as it should be, known and info, is counted only, unless tests are asked for by name.
    """

    def __init__(self, stream: TextIO, verbose: bool, total: int, named: bool = False,
                 updates: bool = False) -> None:
        self._screen = Screen(stream)
        self._verbose, self._total, self._updates = verbose, total, updates
        self._folds = self._screen.live and not named
        self._lock = threading.Lock()
        self._now: dict[str, tuple[str, float]] = {}     # run: test in progress, since when
        self._done: set[tuple[int, str]] = set()
        self._told: set[tuple[str, str, bool]] = set()
        self._folded = False

    def started(self, run: str, test: str) -> None:
        if self._screen.live:
            with self._lock:
                self._now[run] = (test, time.monotonic())
                self._status()

    def judged(self, run: RunResult, result: TestResult, story: Iterable[str] = ()) -> None:
        with self._lock:
            self._done.add((id(run), result.id))
            if self._verbose or self._is_news(run, result):
                text = result.expectation if result.known and not self._verbose else result.text
                place = f" ({result.at})" if self._verbose and result.at else ""
                word = "known" if result.known else "seen" if self._updates else result.kind
                self._entry(word, "fail" if result.red else word,
                            f"{run.name} {result.id}" + (f": {text}" if text else "") + place)
                for line in story:
                    self._screen.line(f"          {line}")

    def flaky(self, run: RunResult, result: TestResult) -> None:
        with self._lock:
            self._entry("flaky", "fail", f"{run.name} {result.id}: {result.text}")

    def _entry(self, word: str, meaning: str, text: str) -> None:
        self._screen.entry(word, text, COLOURS.get(meaning))

    def _is_news(self, run: RunResult, result: TestResult) -> bool:
        """
        Return True for a result to show: neither a pass nor a skip, nor what an earlier run has shown
        in the same way, or all tests of a run share: that is told once, when the run is done.
        """
        if result.column in ("pass", "skip") or run.skipped or run.failure:
            return False
        if self._folds and result.column in ("known", "info", "silent"):
            self._folded = True
            return False
        key = (result.id, result.verdict, result.red)
        new = key not in self._told
        self._told.add(key)
        return new

    def run_done(self, run: RunResult) -> None:
        with self._lock:
            self._now.pop(run.name, None)
            for note in (run.failure, run.skipped and f"skipped: {run.skipped}", *run.notes):
                if note:
                    self._screen.line(f"{run.name}: {note}")
            if not run.skipped:
                self._screen.line(f"{run.name}: {', '.join(counted(run.count, COUNTED))} "
                                  f"in {run.seconds:.2f} s")

    def say(self, text: str = "") -> None:
        with self._lock:
            self._screen.line(text)

    def hint(self) -> str:
        """Return where to find what was counted only."""
        return " (each with its reason: in the report, with -v, or in a pipe)" * self._folded

    def tick(self) -> Optional[float]:
        """Renew the status while the main thread waits; return the seconds it may wait next, None: any."""
        if not self._screen.live:
            return None
        with self._lock:
            self._status()
        return TICK

    def _status(self) -> None:
        """Show the oldest test in progress: the one that keeps the call waiting."""
        if not self._now:
            return
        run, (test, since) = min(self._now.items(), key=lambda item: item[1][1])
        self._screen.status(f"[{len(self._done)}/{self._total}] {run} {test} "
                            f"{time.monotonic() - since:.1f} s")


COUNTED = (("pass", "passed"), ("fail", "failed"), ("warn", "warn"), ("info", "info"),
           ("known", "known"), ("silent", "silent"), ("skip", "skipped"))


def counted(count: Callable[[str], int], columns: Iterable[tuple[str, str]]) -> list[str]:
    """Return texts: passed and failed always, the others where there are any."""
    found = ((name, count(column)) for column, name in columns)
    return [f"{number} {name}" for name, number in found if number or name in ("passed", "failed")]


def table(report: Report) -> list[str]:
    width = max([len(run.name) for run in report.runs] + [3])
    lines = [f"{'run':<{width}}  tests" + "".join(f"{name:>7}" for name in COLUMNS) + "  seconds"]
    for run in report.runs:
        if run.skipped or not run.tests:
            continue                    # as told before, or not reached
        lines.append(f"{run.name:<{width}}{len(run.tests):>7}"
                     + "".join(f"{run.count(name):>7}" for name in COLUMNS)
                     + f"{run.seconds:>9.2f}")
    return lines


def summary(report: Report, path: str, call: str, brief: bool, hint: str = "") -> list[str]:
    """Return lines, of which the last one says it all."""
    lines = ["", *table(report), ""] if len(report.runs) > 1 else [""]
    lines += [] if brief else reproducing(report, call)
    lines += [f"stale: {text}" for text in report.stale]
    lines += ["interrupted: not all tests have a verdict"] * report.interrupted
    lines += [] if brief else [f"report: {path}"]
    others = [f"{report.count(column)} {column}{defects(report, column)}"
              for column in ("known", "info", "silent", "warn")
              if report.count(column)]
    others += [f"{len(report.stale)} stale"] if report.stale else []
    lines += [", ".join(others) + hint] if others else []
    return [*lines, f"{report.count('pass')} passed, {report.count('fail')} failed, "
                    f"{report.count('skip')} skipped"]


def defects(report: Report, column: str) -> str:
    """Return how many defects the known results show."""
    number = len({test.defect for _, test in report.tests() if test.defect})
    return f" ({number} defect{'s' if number > 1 else ''})" if column == "known" else ""


def reproducing(report: Report, call: str) -> list[str]:
    found = commands(report, call)
    if not found:
        return []
    more = len(found) - MOST_SHOWN
    return ["to reproduce:", *found[:MOST_SHOWN],
            *[f"... and {more} more, in the report"] * (more > 0), ""]
