# SPDX-License-Identifier: BSD-3-Clause
"""What is shown while tests run, and the summary behind them."""
from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from typing import Optional, TextIO

from .reproduce import MOST_SHOWN, commands
from .results import Report, RunResult, TestResult

TICK = 0.2                      # seconds between two looks at the clock, on a terminal
COLOURS = {"fail": 31, "error": 31, "crash": 31, "timeout": 31, "warn": 33, "known": 33}


class Progress:
    """Lines for what happens; on a terminal also one line that tells what runs now."""

    def __init__(self, stream: TextIO, verbose: bool, total: int) -> None:
        self._stream, self._verbose, self._total = stream, verbose, total
        self._tty = stream.isatty()
        self._colour = self._tty and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._now: dict[str, tuple[str, float]] = {}     # run: test in progress, since when
        self._done: set[tuple[int, str]] = set()
        self._told: set[tuple[str, str, bool]] = set()
        self._gone = False

    def started(self, run: str, test: str) -> None:
        if self._tty:
            with self._lock:
                self._now[run] = (test, time.monotonic())
                self._status()

    def judged(self, run: RunResult, result: TestResult, trace: Iterable[str] = ()) -> None:
        with self._lock:
            self._done.add((id(run), result.id))
            if self._verbose or self._is_news(run, result):
                text = result.expectation if result.known and not self._verbose else result.text
                place = f" ({result.at})" if self._verbose and result.at else ""
                self._wrapped(f"{self._word(result)} {run.name} {result.id}"
                              + (f": {text}" if text else "") + place)
                for line in trace:
                    self._print(f"          {line}")

    def flaky(self, run: RunResult, result: TestResult) -> None:
        with self._lock:
            word = self._coloured("flaky", "fail")
            self._wrapped(f"{word} {run.name} {result.id}: {result.text}")

    def _is_news(self, run: RunResult, result: TestResult) -> bool:
        """
        Neither a pass nor a skip; nor what an earlier run has shown in the same way, or all tests
        of a run share: that is told once, when the run is done.
        """
        if result.column in ("pass", "skip") or run.skipped or run.failure:
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
                    self._print(f"{run.name}: {note}")
            if not run.skipped:
                self._print(f"{run.name}: {', '.join(counted(run.count, COLUMNS))} "
                            f"in {run.seconds:.2f} s")

    def say(self, text: str = "") -> None:
        with self._lock:
            self._print(text)

    def tick(self) -> Optional[float]:
        """Called while the main thread waits; how long it may wait next."""
        if not self._tty:
            return None
        with self._lock:
            self._status()
        return TICK

    def _word(self, result: TestResult) -> str:
        word = "known" if result.known else result.verdict
        return self._coloured(word, "fail" if result.red else word)

    def _coloured(self, word: str, meaning: str) -> str:
        code = COLOURS.get(meaning)
        text = f"{word:<7}"
        return f"\033[{code}m{text}\033[0m" if self._colour and code else text

    def _status(self) -> None:
        """The oldest test in progress: the one that somebody would wait for."""
        if not self._now:
            return
        run, (test, since) = min(self._now.items(), key=lambda item: item[1][1])
        text = (f"[{len(self._done)}/{self._total}] {run} {test} "
                f"{time.monotonic() - since:.1f} s")
        self._write("\r" + text[:self._width() - 1] + "\033[K")

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _wrapped(self, text: str) -> None:
        """On a terminal between words, with what follows set in; whole for whoever greps."""
        if self._tty:
            text = textwrap.fill(text, max(self._width() - 1, 40), subsequent_indent=" " * 8,
                                 break_long_words=False, break_on_hyphens=False)
        self._print(text)

    def _print(self, text: str) -> None:
        self._write(("\r\033[K" if self._tty else "") + text + "\n")

    def _write(self, text: str) -> None:
        """Nobody reads any more (| head): the verdicts still go to the reports."""
        try:
            if not self._gone:
                self._stream.write(text)
                self._stream.flush()
        except BrokenPipeError:
            self._gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


COLUMNS = (("pass", "passed"), ("fail", "failed"), ("warn", "warn"), ("info", "info"),
           ("known", "known"), ("skip", "skipped"))


def counted(count: Callable[[str], int], columns: Iterable[tuple[str, str]]) -> list[str]:
    """Passed and failed always, the others where there are any."""
    found = ((name, count(column)) for column, name in columns)
    return [f"{number} {name}" for name, number in found if number or name in ("passed", "failed")]


def table(report: Report) -> list[str]:
    columns = ("pass", "info", "skip", "warn", "fail", "known")
    width = max([len(run.name) for run in report.runs] + [3])
    lines = [f"{'run':<{width}}  tests" + "".join(f"{name:>7}" for name in columns) + "  seconds"]
    for run in report.runs:
        if run.skipped:
            continue                    # as told before
        lines.append(f"{run.name:<{width}}{len(run.tests):>7}"
                     + "".join(f"{run.count(name):>7}" for name in columns)
                     + f"{run.seconds:>9.2f}")
    return lines


def summary(report: Report, path: str, call: str, brief: bool) -> list[str]:
    """Ends with the one line that says it all."""
    lines = ["", *table(report), ""] if len(report.runs) > 1 else [""]
    found = [] if brief else commands(report, call)
    lines += ["to reproduce:", *found[:MOST_SHOWN]] if found else []
    lines += [f"... and {len(found) - MOST_SHOWN} more, in the report"] * (len(found) > MOST_SHOWN)
    lines += [""] if found else []
    lines += [f"stale: {text}" for text in report.stale]
    lines += [] if brief else [f"report: {path}"]
    others = [f"{report.count(column)} {column}" for column in ("known", "info", "warn")
              if report.count(column)]
    lines += [", ".join(others)] if others else []
    return [*lines, f"{report.count('pass')} passed, {report.count('fail')} failed, "
                    f"{report.count('skip')} skipped"]
