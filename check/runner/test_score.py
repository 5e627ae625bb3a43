# SPDX-License-Identifier: BSD-3-Clause
"""Why a statement is not judged, and how the scores count it."""
from __future__ import annotations

import json

import pytest
from conftest import Tree
from runner.judge.merge import worst
from runner.judge import results as judged
from runner.judge.results import CAUSES, deciding
from runner.judge.score import COLUMNS, Row, scores, verdict_words


def skip(test: str, cause: str) -> judged.TestResult:
    return judged.TestResult(f"X-1/{test}", "X-1", "MUST", "skip", cause=cause)


@pytest.mark.parametrize("skips, cause", (
    ("a not-provided", "not-provided"),
    ("a not-provided, a not-applicable", "not-applicable"),     # another run has found it out
    ("a not-possible, a not-applicable", "not-applicable"),
    ("a not-applicable, b not-applicable", "not-applicable"),
    ("a not-applicable, b not-possible", "not-possible"),       # the other test would judge it
    ("a not-possible, a not-applicable, b not-applicable", "not-applicable"),
    ("a not-possible, b silent", "silent"),
))
def test_cause_of_a_statement(skips: str, cause: str) -> None:
    results = [skip(*words.split()) for words in skips.split(", ")]
    for order in (results, results[::-1]):
        held = deciding(order)
        assert held and held.cause == cause
    held = deciding([*results, judged.TestResult("X-1/c", "X-1", "MUST", "pass")])
    assert held and held.verdict == "pass"


def row(name: str, verdict: str, cause: str = "", judged_by: tuple[str, ...] = ()) -> Row:
    return {"id": name, "level": "MUST", "verdict": verdict, "cause": cause or None, "judged_by": judged_by}


def test_columns() -> None:
    """Each statement is in one column."""
    rows = [row("A-1", "pass"), row("A-2", "fail"), row("A-3", "not-tested"),
            row("A-4", "fail", "", ("A-2",)), *(row(f"B-{cause}", "skip", cause) for cause in CAUSES)]
    score = scores(rows)[0]
    found = {name: getattr(score, key) for name, key in COLUMNS}
    assert found == {"number": 8, "kept, of those judged": "1 of 2 (50 %)", "not kept": 1,
                     "not applicable": 1, "not possible here": 2, "silent": 1, "untested": 1,
                     "counted with another": 1}
    assert verdict_words(rows[4]) == "skip, not possible here"


def test_shards_are_merged_as_one_result() -> None:
    """A test that one shard could not provide, and the other found to be not applicable."""
    shards = tuple({**row("X-1", "skip", cause), "tests": ["X-1/a"]}
                   for cause in ("not-possible", "not-applicable"))
    found = worst(shards, {"X-1/a": [skip("a", "not-possible"), skip("a", "not-applicable")]})
    assert found["cause"] == "not-applicable"


def test_reports_have_the_columns(tree: Tree) -> None:
    tree.run("one")
    found = {item["id"]: item for item in tree.results()["requirements"]}
    assert found["DEV-MAP-1"]["cause"] == "not-possible" and found["DEV-ATTACH-1"]["cause"] is None
    text = tree.result.with_name("results.md").read_text()
    assert "| statements | number | kept, of those judged | not kept | not applicable |" in text
    assert "| DEV-MAP-1 | MUST | MAP request | skip, not possible here |" in text
    assert "<th scope=\"col\">Not possible here</th>" in tree.result.with_name("results.html").read_text()


def test_a_run_that_is_not_provided(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk @segment\n")
    assert tree.run() == 3
    tests = json.loads(tree.result.read_text())["runs"][0]["tests"]
    assert {test["cause"] for test in tests} == {"not-provided"}
