# SPDX-License-Identifier: BSD-3-Clause
"""A skip for what the device did not do: counted apart, red where it is not expected."""
from __future__ import annotations

import json

import pytest
from conftest import MANIFEST, Tree, rows
from runner.judge.compare import kind

SILENT = "DEV-MAP-2/that_is_silent"
SAID = "needs a second endpoint"
ENTRY = "[no report]\nverdict = skip\ntests = {}\nseen = {}\nreason = it never reports\n"


@pytest.fixture
def quiet(tree: Tree) -> Tree:
    """A tree with a test that such a skip ends."""
    row = (SILENT, "DEV-MAP-2", "0", "map.c:44")
    tree.write("build/x86_64/tests.tsv", rows((*MANIFEST[:2], row)))
    for image in ("virtio-iommu.elf", "virtio-iommu.efi"):
        tree.build(f"build/x86_64/{image}", (*MANIFEST[:2], row))
    return tree


def test_it_is_told_apart(quiet: Tree) -> None:
    assert quiet.run("one") == 0
    assert f"silent  one {SILENT}: {SAID}" in quiet.out
    assert quiet.out.endswith("\n1 silent\n2 passed, 0 failed, 0 skipped\n")
    found = quiet.results()
    assert [(test["verdict"], test["silent"]) for test in found["runs"][0]["tests"]] == [
        ("pass", False), ("pass", False), ("skip", True)]
    assert (found["summary"]["skip"], found["summary"]["silent"]) == (1, 1)
    assert "1 silent" in quiet.result.with_name("results.md").read_text()
    assert quiet.run("-t", "one") == 0
    assert "ok 3 - one/" + SILENT + " # SKIP" in quiet.out and '  cause: "silent"' in quiet.out


@pytest.mark.parametrize("tests, silence, status, word", (
    ("DEV-MAP-*", "*", 0, "known"),
    (f"DEV-ATTACH-1/* {SILENT}", "needs a*", 0, "known"),
    ("DEV-ATTACH-*", "*", 1, "silent"),
    ("DEV-MAP-*", "needs nothing", 1, "silent"),
))
def test_unexpected_is_red(quiet: Tree, tests: str, silence: str, status: int, word: str) -> None:
    quiet.write("expectations/qemu", ENTRY.format(tests, silence))
    assert quiet.run("one") == status
    assert f"{word:<7} one {SILENT}: " in quiet.out
    assert ("unexpected skip" in quiet.out) == (status == 1)
    assert quiet.run("--no-expect", "one") == 0


def test_a_file_without_entries_expects_all(quiet: Tree) -> None:
    quiet.write("expectations/qemu", "# nothing is known\n")
    assert quiet.run("one") == 1


def test_what_is_expected_to_be_skipped_may_be_judged(quiet: Tree) -> None:
    quiet.write("expectations/qemu", ENTRY.format("DEV-*", "*"))
    assert quiet.run("one", "DEV-ATTACH-1") == 0
    assert "1 passed, 0 failed, 0 skipped" in quiet.out


def test_another_deviation_is_no_excuse(quiet: Tree) -> None:
    quiet.write("expectations/qemu", f"[{SILENT}]\nverdict = fail\nreason = x\n")
    assert quiet.run("one") == 1


@pytest.mark.parametrize("text, message", (
    (ENTRY.format("DEV-MAP-*", ""), "seen: is missing"),
    ("[x]\nverdict = skip\nseen = *\nreason = x\n", "tests: is missing"),
    ("[x]\nverdict = fail skip\ntests = *\nreason = x\n", "a skip is no deviation"),
))
def test_broken_entry(quiet: Tree, text: str, message: str) -> None:
    quiet.write("expectations/qemu", text)
    assert quiet.run("one") == 2
    assert message in quiet.err


def test_stale_glob(quiet: Tree) -> None:
    quiet.write("expectations/qemu", ENTRY.format(f"{SILENT} GONE-1/*", "*"))
    assert quiet.run("one") == 1
    assert "stale: expectations/qemu:1: [no report] names no test that exists" in quiet.out


def test_update(quiet: Tree) -> None:
    (quiet.root / "expectations").mkdir()
    assert quiet.run("--update-expect", "one") == 0
    text = (quiet.root / "expectations/qemu").read_text()
    assert text == (f"[{SAID}]\ntests = DEV-MAP-2/*\nverdict = skip\nseen = {SAID}\n"
                    "where = x86_64 >=7.2\nreason = not explained yet\n")
    assert quiet.run("--update-expect", "one") == 0 and "nothing to change" in quiet.out
    assert quiet.run("one") == 0


def test_update_drops(quiet: Tree) -> None:
    quiet.write("expectations/qemu", ENTRY.format("DEV-*", "*")
                + ENTRY.format("DEV-ATTACH-*", "*").replace("no report", "gone"))
    assert quiet.run("--update-expect", "one") == 0
    text = (quiet.root / "expectations/qemu").read_text()
    assert "[no report]" in text and "[gone]" not in text or "<7.2" in text


@pytest.mark.parametrize("old, new, expected", (
    ("pass", "skip", "regressed"), ("info", "skip", "regressed"), ("skip", "pass", "fixed"),
    ("skip", "fail", "regressed"), ("fail", "skip", "changed"), ("pass", "info", "changed"),
))
def test_compare(old: str, new: str, expected: str) -> None:
    assert kind(old, new) == expected


def test_compare_lists_it(quiet: Tree) -> None:
    quiet.run("one")
    old = quiet.results()
    old["runs"][0]["tests"][2].update(verdict="pass", silent=False)
    quiet.write("old.json", json.dumps(old))
    quiet.run("--compare", "old.json", "one")
    assert "1 regressed" in quiet.out and f"regressed one {SILENT}: pass -> skip" in quiet.out
