# SPDX-License-Identifier: BSD-3-Clause
"""--repeat: what is not always the same is red and named."""
from __future__ import annotations

import pytest
from conftest import Tree

TRAP = "DEV-ATTACH-2/trap_here"
PLAIN = ("DEV-ATTACH-1", "DEV-ATTACH-2")


def test_same_verdicts(tree: Tree) -> None:
    assert tree.run("--repeat", "3", "one", *PLAIN) == 0
    run = tree.results()["runs"][0]
    assert run["boots"] == 3 and [test["verdict"] for test in run["tests"]] == ["pass", "pass"]
    assert tree.out.count("one: 2 passed") == 1 and "flaky" not in tree.out


@pytest.mark.parametrize("count, told", ((2, "1 pass, 1 fail"), (3, "2 pass, 1 fail")))
def test_flaky_is_red_and_named(tree: Tree, monkeypatch: pytest.MonkeyPatch, count: int,
                                told: str) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "flaky")
    assert tree.run("--repeat", str(count), "one", *PLAIN) == 1
    assert f"flaky   one {TRAP}: expected status INVAL (4)" in tree.out
    assert f"differs between repeats: {told}" in tree.out
    assert f"--repeat {count} -v one '{TRAP}'" in tree.out
    assert tree.out.endswith("1 passed, 1 failed, 0 skipped\n")
    test = tree.results()["runs"][0]["tests"][1]
    assert sorted(test["repeats"]) == sorted(["fail"] + ["pass"] * (count - 1))
    assert test["red"] and test["reproduce"].endswith(f"'{TRAP}'")
    assert told in tree.result.with_name("junit.xml").read_text()


def test_flaky_is_not_known(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by an entry there is, nor by a new one."""
    monkeypatch.setenv("MOCK_SCENARIO", "flaky")
    text = f"[{TRAP}]\nverdict = fail\nreason = now and then\n"
    path = tree.write("expectations/qemu", text)
    assert tree.run("--repeat", "2", "one", TRAP) == 1
    assert tree.results()["runs"][0]["tests"][0]["known"] is False
    assert tree.run("--repeat", "2", "--update-expect", "one", TRAP) == 1
    assert path.read_text() == text


def test_set_up_that_is_not_there(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk\ngranule = 16k\n")
    assert tree.run("--repeat", "5") == 3
    assert tree.out.count("has no option granule") == 1
