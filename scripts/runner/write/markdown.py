# SPDX-License-Identifier: BSD-3-Clause
"""The report for people, in Markdown: what a CI service can show as its summary."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..judge import reproduce
from ..judge.results import COLUMNS, Report, RunResult, TestResult
from ..judge.score import COLUMNS as SCORE_COLUMNS
from ..judge.score import Score, scores, verdict_words


def cell(value: object) -> str:
    text = re.sub(r"([\\|*_`<>\[\]])", r"\\\1", "" if value is None else str(value))
    return text.replace("\n", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows] + [""]


def to_markdown(report: Report) -> str:
    head = (f"# virtio-iommu conformance of {report.vmm['name']} {report.vmm['version']}, "
            f"{report.arch} ({report.accel})")
    lines = [head, "", f"{report.count('pass')} passed, {report.count('fail')} failed, "
             f"{report.count('skip')} skipped, {report.count('known')} known, "
             f"{report.count('info')} info, {report.count('silent')} silent, "
             f"{report.count('warn')} warn"
             + (" (interrupted)" if report.interrupted else "")
             + f"; judged by {reproduce.suite(report)}", ""]
    lines += ["## Runs", "", *runs(report), "## Statements of the standard", "",
              *statements(scores(report.requirements))]
    for title, column in (("Failures", "fail"), ("Known deviations", "known"),
                          ("Warnings", "warn"), ("Left open or optional", "info"),
                          ("Not judged, as the device did not do what they need", "silent")):
        lines += results(title, [(run, test) for run, test in report.tests()
                                 if test.column == column])
    red = dict.fromkeys(test.reproduce for _, test in report.tests() if test.red)
    if red:
        lines += ["## To reproduce", "", *(f"    {text}" for text in red if text), ""]
    if report.stale:
        lines += ["## Stale expectations", "", *(f"* {cell(text)}" for text in report.stale), ""]
    lines += ["## Requirements", "", *requirements(report)]
    return "\n".join(lines)


def runs(report: Report) -> list[str]:
    rows = [(run.name, len(run.tests), *(run.count(name) for name in COLUMNS),
             f"{run.seconds:.2f}", "; ".join(filter(None, (run.failure, run.skipped, *run.notes))))
            for run in report.runs]
    return table(("run", "tests", *COLUMNS, "seconds", ""), rows)


def statements(found: Iterable[Score]) -> list[str]:
    return table(("statements", *(name for name, _ in SCORE_COLUMNS)),
                 ((score.level, *(getattr(score, key) for _, key in SCORE_COLUMNS)) for score in found))


def results(title: str, found: list[tuple[RunResult, TestResult]]) -> list[str]:
    if not found:
        return []
    rows = [(run.name, test.id, test.level, test.verdict, test.expected, test.actual,
             "; ".join(filter(None, (test.cell_words, test.reason, test.expectation))), test.at)
            for run, test in found]
    return [f"## {title}", "", *table(("run", "test", "level", "verdict", "expected", "actual",
                                       "reason", "at"), rows)]


def requirements(report: Report) -> list[str]:
    rows = [(row["id"], row["level"], row["clause"], verdict_words(row), row["reason"])
            for row in report.requirements]
    return table(("requirement", "level", "clause", "verdict", ""), rows)
