# SPDX-License-Identifier: BSD-3-Clause
"""Pages for each defect, and what was seen put into expectations."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, Tree
from runner import report
from runner.judge.expectations import read_expectations
from runner.judge.seen import patterns
from runner.write.findings import MOST_TRACE

FAIL, WARN = "DEV-ATTACH-3/some_fail", "DEV-FEAT-1/a_warn"
ENTRY = "[{}]\ntests = {}\nverdict = {}\nreason = It does `{}`.\n\n"
EXPECTED = (ENTRY.format("that fails", FAIL, "fail", "fail_so")
            + ENTRY.format("that warns", WARN, "warn", "warn_so")).rstrip("\n") + "\n"
SEEN = 'status "OK" (0)'


@pytest.fixture
def results(tree: Tree) -> Path:
    """What the mock shows when its red tests are tried again."""
    tree.write("expectations/qemu", EXPECTED)
    assert tree.run("--no-expect", "--strict", again=True) == 1
    return tree.result


def pages(tree: Tree, *results: Path) -> dict[str, str]:
    assert report.main(["findings", *map(str, results), "-o", str(tree.root / "out")], str(tree.root)) == 0
    return {path.name: path.read_text() for path in (tree.root / "out").rglob("*.md")}


def test_a_page_for_each_defect(tree: Tree, results: Path) -> None:
    tree.write("out/qemu/gone.md", "a defect of yesterday")
    found = pages(tree, results)
    assert set(found) == {"README.md", "that-fails.md", "that-warns.md"}
    page = found["that-fails.md"]
    for text in ("DEV-ATTACH-3 (MUST), ATTACH request", "https://docs.oasis-open.org/",
                 r"It does \`fail\_so\`.",
                 "| expected | status INVAL (4) |", "| got | status \"OK\" (0) |",
                 f"    ./run_tests.sh --vmm qemu --arch x86_64 --no-expect -v one '{FAIL}'\n",
                 f"    make standalone TEST={FAIL} ARCH=x86_64 VMM=qemu RUN=one\n",
                 "    ATTACH domain 5 endpoint 0x10 flags 0 -> OK (0), used.len 4\n",
                 "| Isolation | no statement of it is broken by this |", "| fail in 2 set-ups |"):
        assert text in page, text


def test_the_index_leads_to_all(tree: Tree, results: Path) -> None:
    index = pages(tree, results)["README.md"]
    links = re.findall(r"\]\((.*?)\)", index)
    assert len(links) == 2 and all((tree.root / "out" / link).is_file() for link in links)


def changed(results: Path, name: str, version: str, change: Any) -> Path:
    data = json.loads(results.read_text())
    data["vmm"]["version"] = version
    for test in (test for run in data["runs"] for test in run["tests"] if test["id"] == FAIL):
        change(test)
    path = results.with_name(name)
    path.write_text(json.dumps(data))
    return path


def test_since_and_until(tree: Tree, results: Path) -> None:
    older = changed(results, "older.json", "6.0", lambda test: test.update(verdict="pass"))
    newer = changed(results, "newer.json", "99.1", lambda test: test.update(verdict="pass"))
    text = pages(tree, results, older, newer)["that-fails.md"]
    version = json.loads(results.read_text())["vmm"]["version"]
    assert f"| Versions | since {version}, not in 6.0; gone in 99.1 |" in text
    assert "| 6.0 x86\\_64 | not seen |" in text
    text = pages(tree, results)["that-fails.md"]
    assert f"in {version}, the oldest one tried; still in {version}, the newest one tried" in text


def test_isolation(tree: Tree, results: Path) -> None:
    """A statement of isolation that fails; or a fail where none is due, which only harm makes."""
    for level, text in (("ISOLATION", "broken (DEV-ATTACH-3)"), ("SHOULD", "at stake: DMA reached")):
        data = json.loads(results.read_text())
        next(row for row in data["requirements"] if row["id"] == "DEV-ATTACH-3")["level"] = level
        other = results.with_name("other.json")
        other.write_text(json.dumps(data))
        assert f"| Isolation | {text}" in pages(tree, other)["that-fails.md"]


def test_a_long_trace_is_cut(tree: Tree, results: Path) -> None:
    long = [f"line {number}" for number in range(3 * MOST_TRACE)]
    path = changed(results, "long.json", "7.2", lambda test: test.update(trace=long + ["clean-up", "DETACH"]))
    text = pages(tree, path)["that-fails.md"]
    assert f"    ... {2 * MOST_TRACE} lines before\n    line {2 * MOST_TRACE}\n" in text
    assert "    line 119\n" in text and "DETACH" not in text


def test_two_entries_of_one_defect(tree: Tree, results: Path) -> None:
    tree.write("expectations/qemu", EXPECTED + "defect = that fails\n")
    found = pages(tree, results)
    assert set(found) == {"README.md", "that-fails.md"}
    assert r"fail\_so" in found["that-fails.md"] and r"warn\_so" in found["that-fails.md"]
    assert tree.run("--strict") == 0
    assert "1 defect)" in tree.out


def test_pages_of_the_tree() -> None:
    """Those that are committed are of the defects that the expectations list, in the same words."""
    defects: dict[str, list[str]] = {}
    for entry in read_expectations(str(TOP / "expectations/qemu")):
        if not entry.is_skip:
            defects.setdefault(entry.defect, []).append(entry.reason)
    texts = {path.read_text().replace("\\", "") for path in (TOP / "docs/findings/qemu").glob("*.md")}
    assert len(texts) == len(defects)
    for name, reasons in defects.items():
        assert any(text.startswith(f"# qemu: {name}\n") and all(reason in text for reason in reasons)
                   for text in texts), f"{name}: make its page anew by scripts/report findings"


def test_what_was_seen(tree: Tree, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tree.root / "expectations/qemu")
    assert report.main(["seen", str(results), "-o", path], "") == 0
    assert f"[that fails]: seen as {SEEN}" in capsys.readouterr().out
    assert Path(path).read_text() == EXPECTED.replace("fail\nreason", f"fail\nseen = {SEEN}\nreason").replace(
        "warn\nreason", f"warn\nseen = {SEEN}\nreason")
    assert report.main(["seen", str(results), "-o", path], "") == 0
    assert "nothing to change" in capsys.readouterr().out
    assert tree.run("--strict") == 0
    Path(path).write_text(Path(path).read_text().replace('"OK"', '"RANGE"', 1))
    assert tree.run("--strict") == 1
    assert report.main(["seen", str(results)], "") == 2


def test_what_is_not_seen_any_more_goes(tree: Tree, results: Path) -> None:
    path = str(tree.root / "expectations/qemu")
    Path(path).write_text(EXPECTED.replace("fail\nreason", "fail\nseen = other words\n    status*\nreason"))
    other = changed(results, "other.json", "7.2", lambda test: test.update(actual="not so"))
    assert report.main(["seen", str(results), str(other), "-o", path], "") == 0
    assert "\nseen = status*\n    not so\nreason" in Path(path).read_text()


@pytest.mark.parametrize("seen, expected", (
    (("3 of 9 at 0x1000", "4 of 9 at 0x2000"), ["* of 9 at *"]),
    (("status OK (0), raw 0x0", "status INVAL (4), raw 0x4"), ["status OK (0), raw 0x0",
                                                              "status INVAL (4), raw 0x4"]),
    (("used.len 4", "used.len 5"), ["used.len 4", "used.len 5"]),
    (("0: bypass", "0x1: bypass"), ["*: bypass"]),
))
def test_patterns(seen: tuple[str, ...], expected: list[str]) -> None:
    assert patterns(seen) == expected


def test_each_known_deviation_of_qemu_says_what_was_seen() -> None:
    """But for what shows with KVM only."""
    entries = read_expectations(str(TOP / "expectations/qemu"))
    without = [entry.section.name for entry in entries if not entry.seen]
    assert without == ["messages are not translated with KVM"]
