# SPDX-License-Identifier: BSD-3-Clause
"""--compare on what QEMU 7.2 and 10.0 gave: exactly the differences, in both directions.

qemu_results.tsv has four runs of two results.json of x86_64.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Tree
from runner.judge.compare import compare, read_results, verdicts
from runner.plan.errors import UsageError

ROWS = [line.split("\t") for line in
        (Path(__file__).parent / "qemu_results.tsv").read_text().splitlines()]
LINE = re.compile(r"(\w+) +(\S+) (\S+): (\w+)(?: -> (\w+))?")
MIRROR = {"new": "gone", "gone": "new", "fixed": "regressed"}


def results(column: int, leave_out: str = "") -> dict:
    runs: dict[str, list] = {}
    for row in ROWS[1:]:
        if not leave_out or not row[1].startswith(leave_out):
            runs.setdefault(row[0], []).append({"id": row[1], "verdict": row[column]})
    return {"vmm": {"name": "qemu", "version": ROWS[0][column]}, "arch": "x86_64", "accel": "tcg",
            "runs": [{"name": name, "tests": tests} for name, tests in runs.items()]}


def told(old: dict, new: dict) -> dict:
    """(run, test): kind, old verdict, new verdict."""
    found = {}
    for line in compare(old, new)[1:]:
        match = LINE.fullmatch(line)
        assert match, line
        kind, run, test, first, second = match.groups()
        before, after = (None, first) if kind == "new" else (first, second)
        assert (run, test) not in found
        found[run, test] = kind, before, after
    return found


PAIRS = [(2, "", 3, ""), (3, "", 2, ""), (2, "DEV-MAP", 3, "DEV-DETACH"),
         (3, "DEV-DETACH", 2, "DEV-MAP"), (2, "", 2, "")]


@pytest.mark.parametrize("first, without, second, lacking", PAIRS)
def test_exactly_the_differences(first: int, without: str, second: int, lacking: str) -> None:
    old, new = results(first, without), results(second, lacking)
    before, after = verdicts(old), verdicts(new)
    differ = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
              if before.get(key) != after.get(key)}
    found = told(old, new)
    assert {key: value[1:] for key, value in found.items()} == differ
    assert bool(differ) == (first != second)
    head = compare(old, new)[0]
    for kind in ("regressed", "fixed", "changed", "new", "gone"):
        count = sum(value[0] == kind for value in found.values())
        assert f"{count} {kind}" in head


def test_directions_mirror() -> None:
    forth = told(results(2, "DEV-MAP"), results(3, "DEV-DETACH"))
    back = told(results(3, "DEV-DETACH"), results(2, "DEV-MAP"))
    assert forth.keys() == back.keys()
    for key, (kind, before, after) in forth.items():
        assert back[key][1:] == (after, before)
        if kind in MIRROR:
            assert back[key][0] == MIRROR[kind]
    assert {kind for kind, _, _ in forth.values()} == {"regressed", "fixed", "changed", "new",
                                                       "gone"}


def test_names_are_text(tree: Tree) -> None:
    broken = results(2)
    broken["runs"][0]["name"] = None
    path = tree.write("old.json", json.dumps(broken))
    with pytest.raises(UsageError, match="old.json: is no results.json"):
        read_results(str(path))


def test_round_trip(tree: Tree) -> None:
    path = tree.write("old.json", json.dumps(results(2)))
    assert compare(read_results(str(path)), results(2))[1:] == []
