# SPDX-License-Identifier: BSD-3-Clause
"""The verdicts of a run: what the image said of each test, and what the expectations say to it."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional, Protocol

from ..operate.reader import Event, Judged, Started, Trace
from ..operate.run import BootContext, BootLoop
from ..plan.catalogue import Requirement, Test
from ..plan.selection import Selected
from .expectations import Gate
from .reproduce import command, deviates
from .results import CAUSES, NOT_POSSIBLE, RunResult, TestResult

MOST_TRACE = 1000               # lines of a test: the last ones
MARK = "!! "                    # of a line that says what deviates from what was expected


class Observer(Protocol):
    """Who is told while tests run."""

    def started(self, run: str, test: str) -> None: ...

    def judged(self, run: RunResult, result: TestResult, story: Iterable[str] = ()) -> None: ...

    def flaky(self, run: RunResult, result: TestResult) -> None: ...

    def run_done(self, run: RunResult) -> None: ...


@dataclass
class JudgeContext:
    """What all runs of a call share to judge tests."""
    requirements: dict[str, Requirement]
    gate: Gate
    observer: Observer
    call: str                           # of the runner, without what selects


class RunJob:
    """A run: its boots, and the verdicts of its tests."""

    def __init__(self, selected: Selected, boots: BootContext, judges: JudgeContext) -> None:
        self._selected, self._boots, self._judges = selected, boots, judges
        self.result = RunResult(selected.run.name)

    def execute(self) -> None:
        self.measure()
        if not self._boots.launcher.stopping:
            self._judges.observer.run_done(self.result)

    def measure(self) -> None:
        verdicts = Verdicts(self._selected.tests, self.result, self._judges)
        BootLoop(self._selected, self._boots, self.result, verdicts.take).run()
        self.result.tests = verdicts.results()


class Verdicts:
    """Make a result of each verdict, from the events of a run."""

    def __init__(self, tests: list[Test], run: RunResult, context: JudgeContext) -> None:
        self._tests = {test.id: test for test in tests}
        self._run, self._context = run, context
        self._results: dict[str, TestResult] = {}
        self._traces: dict[str, TraceLines] = {}

    def results(self) -> list[TestResult]:
        """Return the results in the order in which the tests were selected."""
        return [self._results[test] for test in self._tests if test in self._results]

    def take(self, event: Event) -> None:
        if isinstance(event, Started):
            self._context.observer.started(self._run.name, event.id)
        elif isinstance(event, Trace):
            self._traces.setdefault(event.id, TraceLines()).add(event.text)
        elif isinstance(event, Judged):
            self._judge(event)

    def _judge(self, event: Judged) -> None:
        test = self._tests[event.id]
        row = self._context.requirements.get(test.requirement)
        result = make_result(event, test, row.level if row else "")
        self._context.gate.judge(self._run.name, result)
        if self._run.failure:           # what was never begun is no deviation that is known
            result.known, result.red, result.expectation = False, True, None
        if deviates(result):
            result.reproduce = command(self._context.call, self._run.name, test.id, part_of(event))
        self._results[test.id] = result
        story = self._story(result, row)
        result.trace = story if result.red else []
        self._context.observer.judged(self._run, result, story)

    def _story(self, result: TestResult, row: Optional[Requirement]) -> list[str]:
        """Return what a test was about and did, if it was asked for."""
        trace = self._traces.pop(result.id, None)
        if trace and result.verdict in ("crash", "timeout"):
            trace.add(f"{MARK}{result.text}")
        about = [f"{row.id} ({row.level}, {row.clause}): {row.text}"] if row and trace else []
        return [*about, *(trace.lines() if trace else ())]


class TraceLines:
    """What a test did: the last lines up to the one that says what deviates, and the last ones of all."""

    def __init__(self) -> None:
        self._before: deque[str] = deque(maxlen=MOST_TRACE)
        self._after: deque[str] = deque(maxlen=MOST_TRACE)
        self._marked = False

    def lines(self) -> list[str]:
        return [*self._before, *self._after]

    def add(self, text: str) -> None:
        """Add an answer to the line that waits for it; where none does, it was the VMM's last word."""
        if text.startswith("-> ") and (answer_in(self._after, text) or answer_in(self._before, text)):
            return
        if text.lstrip().startswith(MARK):
            self._before.extend(self._after)
            self._before.append(text)
            self._after.clear()
            self._marked = True
        else:
            (self._after if self._marked else self._before).append(text)


def answer_in(lines: deque[str], text: str) -> bool:
    """Add the answer to the last of these lines that waits for one. Return False if none does."""
    waiting = [place for place, line in enumerate(lines) if line.endswith(" ->")]
    if waiting:
        lines[waiting[-1]] += text[2:]
    return bool(waiting)


def part_of(event: Judged) -> str:
    """Return the words for the image that make it do again what the verdict is about, and no more."""
    cell = event.fields.get("cell")
    return event.fields.get("part") or (f"case={cell}" if cell else "")


def cause_of(event: Judged) -> Optional[str]:
    """Return why a test was skipped. What VMM output has damaged says nothing of the device."""
    if event.verdict != "skip":
        return None
    cause = event.fields.get("cause", "")
    return cause if cause in CAUSES else NOT_POSSIBLE


def number(text: str) -> Optional[int]:
    return int(text) if text.isdecimal() else None


def make_result(event: Judged, test: Test, level: str) -> TestResult:
    fields = event.fields
    return TestResult(
        test.id, test.requirement, level, event.verdict, expected=fields.get("expected"),
        actual=fields.get("actual"), reason=fields.get("reason"),
        cause=cause_of(event),
        at=fields.get("at") or test.at or None,
        cell=fields.get("cell"), cells=number(fields.get("cells", "")),
        microseconds=number(fields.get("microseconds", "")))
