# SPDX-License-Identifier: BSD-3-Clause
"""A red test once more, alone and traced: what it did, and whether it is red again."""
from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..operate.run import BootContext
from ..plan.selection import Selected
from .results import RunResult, TestResult
from .verdicts import MARK, JudgeContext, RunJob

MOST = 100                      # tests of a call
EXCERPT = 20                    # lines of a trace, for other runs with that red test
SECONDS = 60.0                  # after which no other one is begun


@dataclass
class Red:
    """A red test, and where it was."""
    selected: Selected          # that test alone
    result: TestResult
    others: list[TestResult]    # the same test, red in other runs


class Story:
    """Keep what a test did, and tell nobody."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, run: str, test: str) -> None: ...

    def judged(self, run: RunResult, result: TestResult, story: Iterable[str] = ()) -> None:
        self.lines = list(story)

    def flaky(self, run: RunResult, result: TestResult) -> None: ...

    def run_done(self, run: RunResult) -> None: ...


class AgainJob:
    def __init__(self, red: Red, boots: BootContext, judges: JudgeContext, end: float) -> None:
        self._red, self._end = red, end
        directory = os.path.join(boots.directory, "again", red.result.id.replace("/", "."))
        self._boots = replace(boots, directory=directory, words=[*boots.words, "trace"])
        self._judges = judges

    def execute(self) -> None:
        if time.monotonic() >= self._end:
            return
        story = Story()
        job = RunJob(self._red.selected, self._boots, replace(self._judges, observer=story))
        job.measure()
        if self._boots.launcher.stopping or not job.result.tests:
            return
        first, second = self._red.result, job.result.tests[0]
        first.trace = story.lines
        for other in self._red.others:
            other.trace = excerpt(self._red.selected.run.name, first.trace)
        if second.verdict != first.verdict:
            first.repeats = [first.verdict, second.verdict]
            first.expectation = f"flaky: {second.verdict} when it was tried again alone"
            self._judges.observer.flaky(job.result, first)


def excerpt(run: str, trace: list[str]) -> list[str]:
    """Return the lines of a trace around the one that says what deviates, for another run of the test."""
    marked = [place for place, line in enumerate(trace) if line.lstrip().startswith(MARK)]
    end = marked[-1] + 1 if marked else len(trace)
    return [f"as traced in run {run}:", *trace[max(0, end - EXCERPT):end]] if trace else []


def red_tests(found: Sequence[tuple[Selected, RunResult]]) -> list[Red]:
    """Return each red test in the first run where it is red, but for runs in which none could start."""
    reds: dict[str, Red] = {}
    for selected, run in found:
        for result in run.tests:
            if not result.red or run.failure or result.trace or result.repeats:
                continue
            if result.id in reds:
                reds[result.id].others.append(result)
                continue
            test = next(test for test in selected.tests if test.id == result.id)
            reds[result.id] = Red(Selected(selected.run, [test], ""), result, [])
    return list(reds.values())[:MOST]


def jobs(reds: list[Red], boots: BootContext, judges: JudgeContext) -> list[AgainJob]:
    end = time.monotonic() + SECONDS
    return [AgainJob(red, boots, judges, end) for red in reds]
