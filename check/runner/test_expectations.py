# SPDX-License-Identifier: BSD-3-Clause
"""Known deviations: the gate, stale entries, --update-expect."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Tree
from runner.plan import architecture

FAIL = "DEV-ATTACH-3/some_fail"


def entry(section: str = FAIL, **values: str) -> str:
    values = {"verdict": "fail", "reason": "because", **values}
    return f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def expectations(tree: Tree) -> str:
    return (tree.root / "expectations/qemu").read_text()


@pytest.mark.parametrize("text, status, word", (
    (entry(), 0, "known"),
    (entry(where="7.2..9.2"), 0, "known"),
    (entry(where=">=8.0"), 1, "fail"),
    (entry(where="aarch64"), 1, "fail"),
    (entry(where="tcg"), 0, "known"),
    (entry(where="kvm"), 1, "fail"),
    (entry(where="aarch64 x86_64 in o* two", link="https://example.org/1"), 0, "known"),
    (entry(where="in two"), 1, "fail"),
    (entry("here", tests=FAIL, where="in one\n  kvm") + entry("x", tests=FAIL, where="in two"), 0, "known"),
    (entry(verdict="crash"), 1, "fail"),
    (entry() + entry("DEV-ATTACH-1/first_test"), 1, "known"),
    (entry() + entry("DEV-ATTACH-4/other_info", verdict="warn"), 1, "known"),
    (entry() + entry("DEV-MAP-1/b_skip"), 0, "known"),
    (entry() + entry("DEV-FEAT-1/a_warn", verdict="warn"), 0, "known"),
    (entry() + entry("DEV-FEAT-1/a_warn"), 1, "known"),
    (entry() + entry("DEV-FEAT-1/gone", where="aarch64 <1.0"), 1, "known"),
    (entry(where="in one twoo"), 1, "known"),
    (entry("x", tests="DEV-*", seen="*", **{"by-chance": "on"}), 0, "known"),
    (entry("x", tests="DEV-*", seen="another thing", **{"by-chance": "on"}), 1, "fail"),
    (entry("x", tests="*", seen="*", verdict="timeout", **{"by-chance": "on"}) + entry(), 0, "known"),
))
def test_gate(tree: Tree, text: str, status: int, word: str) -> None:
    tree.write("expectations/qemu", text)
    assert tree.run("-v") == status, tree.out
    assert f"{word:<7} one {FAIL}" in tree.out


def test_known_is_not_passed(tree: Tree) -> None:
    tree.write("expectations/qemu", entry())
    assert tree.run() == 0
    assert tree.out.endswith("\n2 known (1 defect), 2 info, 1 warn\n4 passed, 0 failed, 1 skipped\n")
    found = tree.results()["runs"][0]["tests"][2]
    assert (found["verdict"], found["known"], found["red"]) == ("fail", True, False)
    assert found["expectation"] == "because"
    assert tree.run("--no-expect") == 1


def test_link_is_shown(tree: Tree) -> None:
    tree.write("expectations/qemu", entry(link="https://example.org/1"))
    assert tree.run("one") == 0
    assert f"known   one {FAIL}: because (https://example.org/1)" in tree.out
    assert tree.results()["runs"][0]["tests"][2]["expectation"] == "because (https://example.org/1)"


def test_unexpected_pass(tree: Tree) -> None:
    tree.write("other", entry("DEV-ATTACH-1/first_test"))
    assert tree.run("one", "DEV-ATTACH-1", "--expect", "other") == 1
    assert ("pass    one DEV-ATTACH-1/first_test: unexpected pass: expected fail by "
            "[DEV-ATTACH-1/first_test]") in tree.out
    assert "--expect other -v one 'DEV-ATTACH-1/first_test'" in tree.out
    assert tree.out.endswith("0 passed, 1 failed, 0 skipped\n")


def test_stale_is_told(tree: Tree) -> None:
    tree.write("expectations/qemu", "# c\n\n" + entry("DEV-FEAT-1/gone"))
    assert tree.run("DEV-ATTACH-1") == 1
    assert "stale: expectations/qemu:3: [DEV-FEAT-1/gone] names no test that exists" in tree.out
    assert tree.out.endswith("2 passed, 0 failed, 0 skipped\n")


@pytest.mark.parametrize("text, message", (
    (f"[{FAIL}]\nreason = x\n", "verdict: is missing"),
    (f"[{FAIL}]\nverdict = fail\n", "reason: is missing"),
    (f"[{FAIL}]\nverdict = fail\nreason =\n", "reason: is missing"),
    (entry(verdict="pass"), "allowed are warn, fail, error, crash, timeout"),
    (entry(link="bug 12"), "a link begins with http:// or https://"),
    (entry(where="new"), "allowed are"),
    (entry(where="7..8..9"), "such as 7.2..9.2"),
    (entry(where="7."), "such as 7.2..9.2"),
    (entry(where="xen"), "tcg, kvm"),
    (entry(where="mips"), "allowed are " + ", ".join(architecture.names())),
    (entry(vmm="qemu"), "unknown key"),
    ("nonsense\n", "expectations/qemu"),
    ("[ ]\nverdict = fail\nreason = x\n", "[ ] name: is missing"),
    ("[a]\n# \x0c[b]\nverdict = pass\n", "expectations/qemu:3: [a] verdict: 'pass'"),
))
def test_broken_file(tree: Tree, text: str, message: str) -> None:
    tree.write("expectations/qemu", text)
    assert tree.run() == 2
    assert message in tree.err and tree.err.count("\n") == 1
    assert "expectations/qemu" in tree.err


def test_update_from_nothing(tree: Tree) -> None:
    (tree.root / "expectations").mkdir()
    assert tree.run("--update-expect") == 0
    assert expectations(tree) == (f"[{FAIL}]\nverdict = fail\nseen = status \"OK\" (0)\n"
                                  "where = x86_64 >=7.2\nreason = not explained yet\n")
    assert f"expectations/qemu: [{FAIL}]: added, " in tree.out
    assert tree.run() == 0
    assert tree.run("--update-expect", "--strict") == 0
    assert "[DEV-FEAT-1/a_warn]\nverdict = warn\n" in expectations(tree)
    before = expectations(tree)
    assert tree.run("--update-expect", "--strict") == 0
    assert expectations(tree) == before and "nothing to change" in tree.out


def test_update_keeps_what_others_say(tree: Tree) -> None:
    other = "# head\n\n# about this\n" + entry(verdict="crash", where=">=8.0", reason="later\n  on")
    tree.write("expectations/qemu", other)
    assert tree.run("--update-expect", "one") == 0
    assert expectations(tree).startswith(other + f"\n[{FAIL} fail]\ntests = {FAIL}\nverdict = fail\n")


def test_update_drops_and_limits(tree: Tree) -> None:
    tree.write("expectations/qemu", "# head\n" + entry("DEV-ATTACH-1/first_test", where="x86_64 7.2")
               + "\n# for the next\n" + entry(FAIL, verdict="crash", where="x86_64 aarch64")
               + entry("DEV-MAP-1/b_skip") + entry("X/gone") + "\n# tail\n")
    assert tree.run("--update-expect") == 0
    text = expectations(tree)
    assert text.startswith(f"# head\n# for the next\n[{FAIL}]\nverdict = crash\nreason = because\n"
                           "where = aarch64\n    x86_64 <7.2\n[DEV-MAP-1/b_skip]\n")
    assert "X/gone" not in text and "# tail\n" in text and f"[{FAIL} fail]\ntests = {FAIL}\n" in text
    assert "dropped, it names what does not exist" in tree.out
    assert not [line for line in tree.out.splitlines() if line.startswith("fail ")]
    assert tree.run() == 0


def test_update_limits_runs(tree: Tree) -> None:
    """True in one run only, as after a crash of the other."""
    tree.write("expectations/qemu", entry(where="in o*\n  in two"))
    tree.write("unittests.cfg", "[one]\nendpoints = blk\n[two]\nendpoints = blk\ntests = *pass\n"
                                "[out]\nendpoints = blk\n")
    assert tree.run("--update-expect") == 0
    assert tree.run() == 0


def test_several_verdicts_of_one_defect(tree: Tree) -> None:
    tree.write("expectations/qemu", entry("two", tests=f"{FAIL} DEV-FEAT-1/a_warn", verdict="fail warn"))
    assert tree.run("--strict") == 0
    assert "3 known (1 defect)" in tree.out


def test_seen_decides(tree: Tree) -> None:
    tree.write("expectations/qemu", entry(seen="something else\n  status *"))
    assert tree.run() == 0
    tree.write("expectations/qemu", entry(seen="status INVAL (4)*"))
    assert tree.run("one") == 1
    assert "unexpected deviation: expected fail by" in tree.out
