# SPDX-License-Identifier: BSD-3-Clause
"""One TAP stream over all runs. What is not red and not kept either is a TODO.

It says version 13, of which it uses nothing that 14 has changed: Debian 12's prove refuses 14."""
from __future__ import annotations

import json

from ..judge import reproduce
from ..judge.results import Report, TestResult


def to_tap(report: Report) -> str:
    cases = [(f"{run.name}/{test.id}", test) for run, test in report.tests()]
    lines = ["TAP version 13", f"# {reproduce.suite(report)}", f"1..{len(cases) + len(report.stale)}"]
    for number, (name, test) in enumerate(cases, 1):
        lines += case(number, name, test)
    lines += [f"not ok {number} - stale expectation: {escape(text)}"
              for number, text in enumerate(report.stale, len(cases) + 1)]
    return "\n".join(lines) + "\n"


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
    keys = ("verdict", "expected", "actual", "reason", "cause", "expectation", "at", "cell", "cells",
            "microseconds", "reproduce")
    found = {key: getattr(test, key) for key in keys}
    block = [f"  {key}: {json.dumps(value)}" for key, value in found.items() if value is not None]
    return [f"{word} {number} - {escape(name)}{directive}", "  ---", *block, "  ..."]
