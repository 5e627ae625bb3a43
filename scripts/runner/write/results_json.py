# SPDX-License-Identifier: BSD-3-Clause
"""results.json: all that a call found out, for programs."""
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..judge.results import Report
from ..operate.environment import read_environment


SCHEMA = 2                              # docs/results.schema.json describes it


def to_json(report: Report) -> str:
    """Return one line per test and requirement: fast to write, and diff shows what changed."""
    runs = []
    for run in report.runs:
        head = json.dumps({**{key: value for key, value in vars(run).items()
                              if key not in ("facts", "tests")},
                           "environment": read_environment(run.facts)})
        runs.append(f'{head[:-1]}, "tests": {rows(vars(test) for test in run.tests)}}}')
    top = {"schema": SCHEMA, **vars(report.circumstances)}
    top.update({key: getattr(report, key) for key in ("suite", "vmm", "arch", "accel", "strict",
                                                      "interrupted", "stale")})
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in top.items()]
    lines += ['"runs": [\n' + ",\n".join(runs) + "\n]",
              '"requirements": ' + rows(report.requirements),
              '"summary": ' + json.dumps(report.summary())]
    return "{" + ",\n".join(lines) + "}\n"


def rows(items: Iterable[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"
