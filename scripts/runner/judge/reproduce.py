# SPDX-License-Identifier: BSD-3-Clause
"""How to get a verdict again: one command for each result that is not as it should be."""
from __future__ import annotations

from .results import BAD, Report, TestResult

MOST_SHOWN = 5                  # on a terminal; the reports have them all


def command(call: str, run: str, test: str, part: str = "") -> str:
    """Return the command that gives a verdict again. @part: words for the image, of what the test was
    about when the VMM ended, or of the cell that made the verdict."""
    options = "".join(f" --{word.replace('=', ' ')}" for word in part.split() if f"--{word}" not in call)
    return f"{call}{options} -v {run} '{test}'"


def deviates(test: TestResult) -> bool:
    return test.red or test.verdict in ("warn", *BAD)


def suite(report: Report) -> str:
    """Return which suite has judged."""
    commit = report.suite["commit"]
    return (f"virtio-iommu-tests {report.suite['version'] or '?'}"
            + (f" ({commit[:12]})" if commit else ""))


def commands(report: Report, call: str) -> list[str]:
    """Return one for each red test, in the first run it is red in; one for a run that never began."""
    found: dict[str, str] = {}
    for run in report.runs:
        if run.failure and not any(test.column != "fail" for test in run.tests):
            found[run.name] = f"{call} {run.name}"
            continue
        for test in run.tests:
            if test.red:
                found.setdefault(test.id, test.reproduce or command(call, run.name, test.id))
    return list(found.values())
