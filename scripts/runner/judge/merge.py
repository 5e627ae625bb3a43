# SPDX-License-Identifier: BSD-3-Clause
"""Results of the shards of one call, put together to one."""
from __future__ import annotations

from typing import Any

from ..plan.errors import UsageError
from .results import VERDICTS, TestResult, deciding, result_of

Data = dict[str, Any]                   # a results.json
SAME = ("schema", "suite", "vmm", "arch", "accel", "standard", "strict")


def merge(results: list[Data]) -> Data:
    """Return one result; UsageError if they are not of one suite and VMM, or if a run is in two of them."""
    first = results[0]
    for key in SAME:
        if any(data[key] != first[key] for data in results):
            raise UsageError(f"these results differ in {key}: "
                             + ", ".join(dict.fromkeys(str(data[key]) for data in results)))
    runs = [run for data in results for run in data["runs"]]
    names = [run["name"] for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"run {twice} is in two of these results")
    tests = results_by_test(runs)
    return {**first, "started": min(data["started"] for data in results),
            "seconds": round(sum(data["seconds"] for data in results), 2),
            "selection": selection(results), "runs": runs,
            "interrupted": any(data["interrupted"] for data in results),
            "stale": sorted({text for data in results for text in data["stale"]}),
            "requirements": [worst(rows, tests) for rows in zip(*(data["requirements"] for data in results))],
            "summary": {key: sum(data["summary"][key] for data in results) for key in first["summary"]}}


def selection(results: list[Data]) -> list[str]:
    """Return what left tests out: nothing if these are all shards of all tests."""
    words = [" ".join(data["selection"]) for data in results]
    count = len(results)
    if sorted(words) == sorted(f"--shard {number}/{count}" for number in range(1, count + 1)):
        return []
    return list(dict.fromkeys(words))


def results_by_test(runs: list[Data]) -> dict[str, list[TestResult]]:
    found: dict[str, list[TestResult]] = {}
    for test in (test for run in runs for test in run["tests"]):
        found.setdefault(test["id"], []).append(result_of(test))
    return found


def worst(rows: tuple[Data, ...], results: dict[str, list[TestResult]]) -> Data:
    """Return a requirement as the result has it in which its verdict is the worst; why of a skip from all."""
    order = ("not-tested", *VERDICTS)
    row = max(rows, key=lambda row: order.index(row["verdict"]))
    held = deciding([result for test in row["tests"] for result in results.get(test, [])])
    return {**row, "cause": held.cause, "reason": held.text} if held and row["verdict"] == "skip" else row
