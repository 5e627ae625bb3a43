# SPDX-License-Identifier: BSD-3-Clause
"""Known deviations: the gate, stale entries, --update-expect."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Tree
from runner.judge.expectations import parse_version, parse_versions
from runner.plan import architecture

FAIL = "DEV-ATTACH-3/some_fail"


def entry(section: str = FAIL, **values: str) -> str:
    values = {"verdict": "fail", "reason": "because", **values}
    return f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def expectations(tree: Tree) -> str:
    return (tree.root / "expectations/qemu").read_text()


@pytest.mark.parametrize("text, inside, outside", (
    ("7.2", "7.2 7.2.22", "7.1 7.3 8.0 10.0"),
    ("7.2..9.2", "7.2.1 8.0 9.2.5", "7.1.9 9.3 10.0"),
    ("7.2 .. 9.2", "7.2.1 8.0 9.2.5", "7.1.9 9.3 10.0"),
    (">=10.0", "10.0 10.0.2 11", "9.9.9"),
    ("<10.0", "9.9.9", "10.0 10.0.2"),
    ("<=10.0", "9.9.9 10.0.13", "10.1"),
))
def test_versions(text: str, inside: str, outside: str) -> None:
    versions = parse_versions(text)
    assert all(parse_version(version) in versions for version in inside.split())
    assert not any(parse_version(version) in versions for version in outside.split())


@pytest.mark.parametrize("text, status, word", (
    (entry(), 0, "known"),
    (entry(versions="7.2..9.2"), 0, "known"),
    (entry(versions=">=8.0"), 1, "fail"),
    (entry(arch="aarch64"), 1, "fail"),
    (entry(accel="tcg"), 0, "known"),
    (entry(accel="kvm"), 1, "fail"),
    (entry(arch="aarch64 x86_64", runs="o* two", link="https://example.org/1"), 0, "known"),
    (entry(runs="two"), 1, "fail"),
    (entry(f"{FAIL} here", runs="one") + entry(f"{FAIL} there", runs="two"), 0, "known"),
    (entry(verdict="crash"), 1, "fail"),
    (entry() + entry("DEV-ATTACH-1/first_test"), 1, "known"),
    (entry() + entry("DEV-ATTACH-4/other_info", verdict="warn"), 1, "known"),
    (entry() + entry("DEV-MAP-1/b_skip"), 0, "known"),
    (entry() + entry("DEV-FEAT-1/a_warn", verdict="warn"), 0, "known"),
    (entry() + entry("DEV-FEAT-1/a_warn"), 1, "known"),
    (entry() + entry("DEV-FEAT-1/gone", arch="aarch64", versions="<1.0"), 1, "known"),
    (entry(runs="one twoo"), 1, "known"),
))
def test_gate(tree: Tree, text: str, status: int, word: str) -> None:
    tree.write("expectations/qemu", text)
    assert tree.run("-v") == status, tree.out
    assert f"{word:<7} one {FAIL}" in tree.out


def test_known_is_not_passed(tree: Tree) -> None:
    tree.write("expectations/qemu", entry())
    assert tree.run() == 0
    assert tree.out.endswith("\n2 known, 2 info, 1 warn\n4 passed, 0 failed, 1 skipped\n")
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
    (entry(versions="new"), "such as 7.2..9.2"),
    (entry(versions="7..8..9"), "such as 7.2..9.2"),
    (entry(versions="7."), "numbers and dots"),
    (entry(accel="xen"), "allowed are tcg, kvm"),
    (entry(arch="mips"), "allowed are " + ", ".join(architecture.names())),
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
    assert expectations(tree) == (f"[{FAIL}]\nverdict = fail\nversions = 7.2\narch = x86_64\n"
                                  "reason = not explained yet\n")
    assert f"expectations/qemu: added [{FAIL}]: fail" in tree.out
    assert tree.run() == 0
    assert tree.run("--update-expect", "--strict") == 0
    assert "[DEV-FEAT-1/a_warn]\nverdict = warn\n" in expectations(tree)
    before = expectations(tree)
    assert tree.run("--update-expect", "--strict") == 0
    assert expectations(tree) == before and "nothing to change" in tree.out


def test_update_keeps_what_others_say(tree: Tree) -> None:
    other = "# head\n\n# about this\n" + entry(versions=">=8.0", reason="later\n  on")
    tree.write("expectations/qemu", other)
    assert tree.run("--update-expect", "one") == 0
    assert expectations(tree).startswith(other + f"\n[{FAIL} x86_64 7.2 fail]\nverdict = fail\n")


def test_update_drops_and_limits(tree: Tree) -> None:
    tree.write("expectations/qemu", "# head\n" + entry("DEV-ATTACH-1/first_test", arch="x86_64")
               + "\n# for the next\n" + entry(f"{FAIL}", verdict="crash", arch="x86_64 aarch64")
               + entry("DEV-MAP-1/b_skip") + entry("X/gone") + "\n# tail\n")
    assert tree.run("--update-expect") == 0
    assert expectations(tree) == (
        f"# head\n# for the next\n[{FAIL}]\nverdict = crash\nreason = because\narch = aarch64\n"
        "[DEV-MAP-1/b_skip]\nverdict = fail\nreason = because\n# tail\n\n"
        f"[{FAIL} x86_64 7.2 fail]\nverdict = fail\nversions = 7.2\narch = x86_64\n"
        "reason = not explained yet\n"
    )
    assert tree.run() == 0


def test_update_limits_runs(tree: Tree) -> None:
    """True in one run only, as after a crash of the other."""
    tree.write("expectations/qemu", entry(verdict="fail", runs="o*\n  two"))
    tree.write("unittests.cfg", "[one]\nendpoints = blk\n[two]\nendpoints = blk\ntests = *pass\n"
                                "[out]\nendpoints = blk\n")
    assert tree.run("--update-expect") == 0
    assert tree.run() == 0


def test_update_for_some_runs(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.judge import update
    from runner.judge.results import TestResult
    found = {"one": TestResult("a/b", "a", "MUST", "crash", red=True),
             "two": TestResult("a/b", "a", "MUST", "pass")}

    report: Any = SimpleNamespace(vmm={"version": "10.0.2"}, arch="x86_64", accel="kvm", strict=False)
    sections = update.Sections("")
    assert update.add(sections, "a/b", found, report) == ["added [a/b]: crash"]
    assert "runs = one\n" in sections.text() and "versions = 10.0\n" in sections.text()
    assert "accel = kvm\n" in sections.text()
    sections.set("a/b", "runs", "one two")
    assert "runs = one two\n" in sections.text()
    assert update.free_name({"a/b", "a/b l"}, "a/b", "l") == "a/b l 2"
