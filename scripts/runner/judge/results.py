# SPDX-License-Identifier: BSD-3-Clause
"""What a call found out, as data."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Optional

from ..operate.run import RunRecord
from ..plan.catalogue import Requirement, Test

# From mild to severe; for a requirement a skip in one set-up yields to a verdict from another.
VERDICTS = ("skip", "pass", "info", "warn", "fail", "error", "crash", "timeout")
NOT_APPLICABLE, NOT_POSSIBLE, SILENT = "not-applicable", "not-possible", "silent"
# Why a test is skipped. Of its runs the last cause here decides: what a run lacks says less of the device
# than what another one found. Of the tests of a statement the last one of the other list does: it is not
# applicable if all are.
CAUSES = ("not-provided", NOT_POSSIBLE, NOT_APPLICABLE, SILENT)
CAUSES_OF_TESTS = ("not-provided", NOT_APPLICABLE, NOT_POSSIBLE, SILENT)
BAD = ("fail", "error", "crash", "timeout")
COLUMNS = ("pass", "info", "skip", "silent", "warn", "fail", "known")      # of tables: each result in one


@dataclass
class TestResult:
    id: str
    requirement: str
    level: str
    verdict: str
    known: bool = False                 # as an expectation says
    red: bool = False                   # turns the gate
    cause: Optional[str] = None         # of a skip
    expected: Optional[str] = None
    actual: Optional[str] = None
    reason: Optional[str] = None
    at: Optional[str] = None
    cell: Optional[str] = None          # of a product: the name of the one that made the verdict
    cells: Optional[int] = None         # how many of them were judged
    microseconds: Optional[int] = None
    expectation: Optional[str] = None   # what the expectations say to it
    defect: Optional[str] = None        # the name of the entry that makes it known
    reproduce: Optional[str] = None     # the command that gives it again
    repeats: Optional[list[str]] = None     # verdicts of one test that disagree
    trace: list[str] = field(default_factory=list)  # what a red test was about and did

    @property
    def silent(self) -> bool:
        """Return True for a skip for what the device did not do."""
        return self.cause == SILENT

    @property
    def column(self) -> str:
        """Return the column that counts it: each result is in one."""
        if self.known:
            return "known"
        return "fail" if self.red else self.kind

    @property
    def kind(self) -> str:
        """Return the verdict, and of a skip which kind."""
        return "silent" if self.silent else self.verdict

    @property
    def severity(self) -> tuple[int, bool]:
        return VERDICTS.index(self.verdict), self.silent

    @property
    def cell_words(self) -> Optional[str]:
        """Return the coordinates of the cell for people: its name has a dash for each space."""
        return f"cell: {self.cell.replace('/', ', ').replace('-', ' ')}" if self.cell else None

    @property
    def text(self) -> str:
        outcome = self.actual
        if self.expected and self.verdict != "info":
            outcome = f"expected {self.expected}, got {self.actual or '?'}"
        return "; ".join(part for part in (outcome, self.cell_words, self.reason, self.expectation)
                         if part)


def result_of(data: dict[str, Any]) -> TestResult:
    """Return a result as results.json has it; fields that are not known here are left out."""
    names = {item.name for item in fields(TestResult)}
    return TestResult(**{name: value for name, value in data.items() if name in names})


@dataclass
class RunResult(RunRecord):
    tests: list[TestResult] = field(default_factory=list)

    def count(self, column: str) -> int:
        return sum(test.column == column for test in self.tests)


@dataclass
class Circumstances:
    """When, where and how a call was made."""
    started: str                        # date and time, as ISO 8601 has it
    seconds: float                      # from the start of the first VMM to the end of the last
    host: dict[str, Any]                # system, release, machine, cpus
    standard: str                       # version of the standard that counts
    selection: list[str]                # options and patterns that left tests out; none: all of them


@dataclass
class Report:
    suite: dict[str, Optional[str]]
    vmm: dict[str, str]
    arch: str
    accel: str
    strict: bool
    runs: list[RunResult]
    requirements: list[dict[str, Any]]
    stale: list[str]
    circumstances: Circumstances
    interrupted: bool = False

    def tests(self) -> Iterable[tuple[RunResult, TestResult]]:
        return ((run, test) for run in self.runs for test in run.tests)

    def count(self, column: str) -> int:
        return sum(run.count(column) for run in self.runs)

    @property
    def red(self) -> bool:
        return bool(self.stale) or any(test.red for _, test in self.tests())

    @property
    def nothing_ran(self) -> bool:
        return all(test.verdict == "skip" for _, test in self.tests())

    def summary(self) -> dict[str, int]:
        """Count every verdict, a known one too; known and red say how many of them are."""
        counts = {verdict: 0 for verdict in VERDICTS}
        for _, test in self.tests():
            counts[test.verdict] += 1
        return {**counts, "silent": sum(test.silent for _, test in self.tests()),
                "known": self.count("known"), "stale": len(self.stale),
                "red": sum(test.red for _, test in self.tests())}


def judge_requirements(known: dict[str, Requirement], tests: list[Test],
                       runs: list[RunResult]) -> list[dict[str, Any]]:
    """Return a row per requirement, with the worst verdict of its tests or why there is none."""
    by_requirement: dict[str, list[str]] = {}
    for test in tests:
        by_requirement.setdefault(test.requirement, []).append(test.id)
    results: dict[str, list[TestResult]] = {}
    for result in (result for run in runs for result in run.tests):
        results.setdefault(result.requirement, []).append(result)
    return [_requirement_row(row, by_requirement, results) for row in known.values()]


def deciding(results: list[TestResult]) -> Optional[TestResult]:
    """Return the result that makes a statement's verdict: the worst, and of skips as CAUSES_OF_TESTS says."""
    worst = max(results, key=lambda result: result.severity, default=None)
    if not worst or worst.verdict != "skip":
        return worst
    tests: dict[str, TestResult] = {}
    for result in results:
        held = tests.setdefault(result.id, result)
        if CAUSES.index(result.cause or NOT_POSSIBLE) > CAUSES.index(held.cause or NOT_POSSIBLE):
            tests[result.id] = result
    return max(tests.values(), key=lambda result: CAUSES_OF_TESTS.index(result.cause or NOT_POSSIBLE))


def _requirement_row(row: Requirement, tests: dict[str, list[str]],
                     results: dict[str, list[TestResult]]) -> dict[str, Any]:
    judges = (row.id, *row.judged_by)
    own = [test for judge in judges for test in tests.get(judge, [])]
    held = deciding([result for judge in judges for result in results.get(judge, [])])
    return {"id": row.id, "level": row.level, "clause": row.clause, "text": row.text,
            "judged_by": row.judged_by,
            "verdict": held.verdict if held else "not-tested",
            "cause": held.cause if held else None,
            "reason": "; ".join(filter(None, (row.untested, _reason(row, held, bool(own))))),
            "tests": own}


def _reason(row: Requirement, held: Optional[TestResult], has_tests: bool) -> str:
    if held:
        return held.text
    if has_tests:
        return "its tests were not selected, or not reached"
    return "" if row.untested else "no test is written for it yet"
