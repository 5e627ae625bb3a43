# SPDX-License-Identifier: BSD-3-Clause
"""One TAP stream over all runs. What is not red and not kept either is a TODO.

It says version 13, of which it uses nothing that 14 has changed: Debian 12's prove refuses 14."""
from __future__ import annotations

import json

from . import reproduce
from .results import Report, TestResult


def to_tap(report: Report) -> str:
    lines: list[str] = []
    for run in report.runs:
        for test in run.tests:
            lines += case(len(lines_of(lines)) + 1, f"{run.name}/{test.id}", test)
    for text in report.stale:
        lines.append(f"not ok {len(lines_of(lines)) + 1} - stale expectation: {escape(text)}")
    head = ["TAP version 13", f"# {reproduce.suite(report)}", f"1..{len(lines_of(lines))}"]
    return "\n".join([*head, *lines]) + "\n"


def lines_of(lines: list[str]) -> list[str]:
    return [line for line in lines if line[0] != " "]


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("#", "\\#")


def case(number: int, name: str, test: TestResult) -> list[str]:
    word, directive = "ok", ""
    if test.red:
        word = "not ok"
    elif test.known or test.verdict == "warn":
        word, directive = "not ok", f" # TODO {escape(test.text)}"
    elif test.verdict == "skip":
        directive = f" # SKIP {escape(test.reason or '')}"
    keys = ("verdict", "expected", "actual", "reason", "expectation", "at", "microseconds",
            "reproduce")
    found = {key: getattr(test, key) for key in keys}
    block = [f"  {key}: {json.dumps(value)}" for key, value in found.items() if value is not None]
    return [f"{word} {number} - {escape(name)}{directive}", "  ---", *block, "  ..."]
