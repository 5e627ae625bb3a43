# SPDX-License-Identifier: BSD-3-Clause
"""--repeat: a run several times over. A verdict that is not always the same is red."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ..operate.run import BootContext
from ..plan.selection import Selected
from .reproduce import command
from .results import VERDICTS, RunResult, TestResult
from .verdicts import JudgeContext, RunJob


class RepeatedJob:
    def __init__(self, selected: Selected, boots: BootContext, judges: JudgeContext,
                 count: int) -> None:
        self._selected, self._boots, self._judges, self._count = selected, boots, judges, count
        self.result = RunResult(selected.run.name)

    def execute(self) -> None:
        observer, launcher = self._judges.observer, self._boots.launcher
        found: list[RunResult] = []
        for _ in range(self._count):
            job = RunJob(self._selected, self._boots, self._judges)
            job.measure()
            found.append(job.result)
            if launcher.stopping or job.result.skipped:
                break
        self.result = merge(found, f"{self._judges.call} --repeat {self._count}")
        for test in self.result.tests:
            if test.repeats:
                observer.flaky(self.result, test)
        if not launcher.stopping:
            observer.run_done(self.result)


def merge(found: list[RunResult], call: str) -> RunResult:
    first = found[0]
    results: dict[str, list[TestResult]] = {}
    for run in found:
        for test in run.tests:
            results.setdefault(test.id, []).append(test)
    return replace(
        first, seconds=round(sum(run.seconds for run in found), 3),
        boots=sum(run.boots for run in found),
        failure=next((run.failure for run in found if run.failure), None),
        facts=unique(fact for run in found for fact in run.facts),
        notes=unique(note for run in found for note in run.notes),
        tests=[merge_tests(tests, first.name, call) for tests in results.values()])


def unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def merge_tests(tests: list[TestResult], run: str, call: str) -> TestResult:
    """Keep the worst verdict; one that is not always given is red, whatever it is."""
    verdicts = [test.verdict for test in tests]
    worst = max(tests, key=lambda test: VERDICTS.index(test.verdict))
    if len(set(verdicts)) == 1:
        return worst
    counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).items())
    return replace(worst, known=False, red=True, repeats=verdicts,
                   expectation=f"differs between repeats: {counts}",
                   reproduce=command(call, run, worst.id))
