# SPDX-License-Identifier: BSD-3-Clause
"""Results of the shards of one call, put together to one."""
from __future__ import annotations

from typing import Any

from ..plan.errors import UsageError
from .results import severity

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
    return {**first, "started": min(data["started"] for data in results),
            "seconds": round(sum(data["seconds"] for data in results), 2),
            "selection": selection(results), "runs": runs,
            "interrupted": any(data["interrupted"] for data in results),
            "stale": sorted({text for data in results for text in data["stale"]}),
            "requirements": [worst(rows) for rows in zip(*(data["requirements"] for data in results))],
            "summary": {key: sum(data["summary"][key] for data in results) for key in first["summary"]}}


def selection(results: list[Data]) -> list[str]:
    """Return what left tests out: nothing if these are all shards of all tests."""
    words = [" ".join(data["selection"]) for data in results]
    count = len(results)
    if sorted(words) == sorted(f"--shard {number}/{count}" for number in range(1, count + 1)):
        return []
    return list(dict.fromkeys(words))


def worst(rows: tuple[Data, ...]) -> Data:
    """Return a requirement as the result has it in which its verdict is the worst."""
    return max(rows, key=lambda row: severity(row["verdict"], row.get("cause")))
