# SPDX-License-Identifier: BSD-3-Clause
"""Products: cells are progress, a red one is told by its name and runs again alone."""
from __future__ import annotations

import json

import pytest
from conftest import RUNS, Tree

TRAP = "DEV-ATTACH-2/trap_here"


def trapped(tree: Tree) -> dict:
    tests = tree.results()["runs"][0]["tests"]
    return next(test for test in tests if test["id"] == TRAP)


def test_red_cell(tree: Tree, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Each cell is within the limit, all together are not."""
    monkeypatch.setenv("MOCK_SCENARIO", "cells")
    assert tree.run("--timeout", limit, "one") == 1
    test = trapped(tree)
    assert (test["verdict"], test["cell"], test["cells"]) == ("fail", "detach/600-ranges", 3)
    again = f"--case detach/600-ranges -v one '{TRAP}'"
    assert test["reproduce"].endswith(again) and f"{again}\n" in tree.out
    assert 'got status "OK" (0); cell: detach, 600 ranges\n' in tree.out
    tree.run("--case", "detach/600-ranges", "one")
    assert trapped(tree)["reproduce"].count("--case") == 1
    others = [other for other in tree.results()["runs"][0]["tests"] if other["id"] != TRAP]
    assert {(other["cell"], other["cells"]) for other in others} == {(None, None)}


def test_red_cell_in_the_reports(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jinja2")
    monkeypatch.setenv("MOCK_SCENARIO", "cells")
    copies = ("results.html", "results.md", "junit.xml")
    tree.run("-t", "--html", copies[0], "--md", copies[1], "--junit", copies[2], "one")
    assert '  cell: "detach/600-ranges"\n  cells: 3\n' in tree.out
    html, markdown, junit = ((tree.root / name).read_text() for name in copies)
    assert "<dt>Cell</dt><dd>detach/600-ranges</dd>" in html and "in one; 3 cells;" in html
    assert "cell: detach, 600 ranges" in markdown and "cell: detach/600-ranges" in junit


def test_hang_in_a_cell(tree: Tree, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "hangs-in-a-cell")
    tree.run("--timeout", limit, "one")
    test = trapped(tree)
    assert test["verdict"] == "timeout"
    assert test["reason"].startswith("in case=unmap-of-each/1-range: ")
    assert f"--case unmap-of-each/1-range -v one '{TRAP}'" in test["reproduce"]


def test_which_cells(tree: Tree) -> None:
    """A covering selection without a word, all of them where a run says so, one by its name."""
    tree.write("unittests.cfg", RUNS + "[every]\nendpoints = blk\nproducts = all\ndefault = off\n")
    tree.run("one")
    assert "products" not in json.dumps(tree.results()["runs"])
    tree.run("every", "--case", "detach/600-ranges")
    assert tree.results()["runs"][0]["command"].endswith(" case=detach/600-ranges products=all'")
    assert tree.run("--case", "detach 600") == 2
    tree.write("unittests.cfg", "[every]\nendpoints = blk\nproducts = some\n")
    assert tree.run("every") == 2 and "allowed are covering, all" in tree.err
