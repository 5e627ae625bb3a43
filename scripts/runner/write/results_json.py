# SPDX-License-Identifier: BSD-3-Clause
"""results.json: all that a call found out, for programs."""
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..judge.results import Report, RunResult
from ..operate.environment import read_environment


SCHEMA = 2                              # docs/results.schema.json describes it


TOP = ("suite", "vmm", "arch", "accel", "strict", "interrupted", "stale")


def to_json(report: Report) -> str:
    return to_text({"schema": SCHEMA, **vars(report.circumstances),
                    **{key: getattr(report, key) for key in TOP},
                    "runs": [run_data(run) for run in report.runs],
                    "requirements": report.requirements, "summary": report.summary()})


def run_data(run: RunResult) -> dict[str, Any]:
    facts = {key: value for key, value in vars(run).items() if key not in ("facts", "tests", "usage")}
    return {**facts, "process": run.usage.data(), "environment": read_environment(run.facts),
            "tests": [{**vars(test), "silent": test.silent} for test in run.tests]}


def to_text(data: dict[str, Any]) -> str:
    """Return one line per test and requirement: fast to write, and diff shows what changed."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in data.items()
             if key not in ("runs", "requirements")]
    runs = (json.dumps({**run, "tests": 0})[:-2] + rows(run["tests"]) + "}" for run in data["runs"])
    lines[-1:-1] = ['"runs": [\n' + ",\n".join(runs) + "\n]",
                    '"requirements": ' + rows(data["requirements"])]
    return "{" + ",\n".join(lines) + "}\n"


def rows(items: Iterable[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"
