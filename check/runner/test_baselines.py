# SPDX-License-Identifier: BSD-3-Clause
"""
A baseline over the versions of a VMM: made on one, updated on the next ones, and judged on the first again.

qemu_deviations.tsv has what deviated on QEMU 7.2, 10.0 or 11.1, in all runs of x86_64.
"""
from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from runner.judge.conditions import Place, Range, narrowed, parse_version, parse_where, where_text, widened
from runner.judge.expectations import Gate, read_expectations
from runner.judge.results import TestResult
from runner.judge.update import pattern, update

ROWS = [line.split("\t") for line in
        (Path(__file__).parent / "qemu_deviations.tsv").read_text().splitlines()]
VERSIONS = ROWS[0][3::2]


class Baseline:
    def __init__(self, path: Path, text: str = "") -> None:
        self.path = path
        path.write_text(text)

    def gate(self, version: str, arch: str = "x86_64", accel: str = "tcg") -> Gate:
        return Gate(read_expectations(str(self.path)), version, arch, accel, True)

    def red(self, report: Any) -> list[str]:
        gate = self.gate(report.vmm["version"], report.arch, report.accel)
        for run, test in report.tests():
            gate.judge(run.name, test)
        return [f"{run.name} {test.id}: {test.expectation}" for run, test in report.tests() if test.red]

    def update(self, report: Any) -> list[str]:
        self.red(report)
        gate = self.gate(report.vmm["version"], report.arch, report.accel)
        text, done = update(self.path.read_text(), gate, report)
        self.path.write_text(text)
        return done

    def sections(self) -> list[str]:
        return re.findall(r"^\[(.*)\]$", self.path.read_text(), re.MULTILINE)


def report(results: dict[tuple[str, str], tuple[str, str]], version: str, arch: str = "x86_64",
           accel: str = "tcg") -> Any:
    runs: dict[str, list[TestResult]] = {}
    for (run, test), (verdict, seen) in results.items():
        runs.setdefault(run, []).append(TestResult(test, test.split("/")[0], "MUST", verdict, actual=seen))
    named = [SimpleNamespace(name=name, tests=tests, failure=None) for name, tests in runs.items()]
    return SimpleNamespace(vmm={"version": version}, arch=arch, accel=accel, strict=True, stale=[],
                           tests=lambda: ((run, test) for run in named for test in run.tests))


def recorded(version: str) -> Any:
    column = ROWS[0].index(version)
    return report({(row[0], row[1]): (row[column], row[column + 1]) for row in ROWS[1:]}, version)


def test_a_baseline_goes_with_the_versions(tmp_path: Path) -> None:
    """Green after each update, no section twice, reasons kept, and green again on the first version."""
    base = Baseline(tmp_path / "qemu")
    base.update(recorded(VERSIONS[0]))
    base.path.write_text(base.path.read_text().replace("not explained yet", "by hand"))
    first = set(base.sections())
    for version in VERSIONS[1:]:
        base.update(recorded(version))
        assert base.red(recorded(version)) == []
    for version in VERSIONS:
        assert base.red(recorded(version)) == [], version
    assert base.update(recorded(VERSIONS[0])) == []
    assert len(base.sections()) == len(set(base.sections()))
    assert first <= set(base.sections()), "what was explained by hand"
    assert base.path.read_text().count("by hand") == len(first)


def one(verdict: str, seen: str = "OK", run: str = "a") -> dict[tuple[str, str], tuple[str, str]]:
    return {(run, "X-1/y"): (verdict, seen)}


def test_a_fix_is_capped(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e", "# head\n[defect]\ntests = X-1/y\nverdict = fail\n# why\nreason = r\n")
    assert base.update(report(one("pass"), "10.0.2")) == ["[defect]: holds aarch64 host riscv64 or "
                                                          "x86_64 <10.0"]
    text = base.path.read_text()
    assert text.startswith("# head\n[defect]\n") and "# why\nreason = r" in text
    assert base.red(report(one("fail"), "7.2")) == [] and base.red(report(one("pass"), "10.1")) == []
    assert base.red(report(one("fail"), "10.0.2"))
    assert not base.red(report(one("fail"), "10.1", "aarch64"))


def test_what_comes_back_is_a_second_range(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e", "[d]\ntests = X-1/y\nverdict = fail\nwhere = x86_64 >=7.2 <10.0\n"
                    "reason = r\n")
    base.update(report(one("fail"), "11.0"))
    assert "where = x86_64 >=7.2 <10.0\n    x86_64 >=11.0\n" in base.path.read_text()
    assert base.sections() == ["d"]


def test_an_older_version_widens(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e")
    base.update(report(one("fail"), "10.0"))
    base.update(report(one("fail"), "7.2"))
    assert "where = x86_64 >=7.2\n" in base.path.read_text() and base.sections() == ["X-1/y"]


def test_a_range_keeps_the_versions_below(tmp_path: Path) -> None:
    """A range that passes at its end is cut there, for this architecture alone."""
    base = Baseline(tmp_path / "e", "[d]\ntests = X-1/y\nverdict = fail\nwhere = 7.2..10.0\nreason = r\n")
    base.update(report(one("pass"), "10.0"))
    assert base.red(report(one("fail"), "7.2")) == []
    assert base.red(report(one("fail"), "10.0", "aarch64")) == []
    assert base.red(report(one("fail"), "10.0"))


def test_another_deviation_is_red(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e")
    base.update(report(one("fail", "status OK (0), raw 0, used.len 4, at 0x32afff"), "7.2"))
    assert "seen = status OK (0), raw 0, used.len 4, at *\n" in base.path.read_text()
    assert not base.red(report(one("fail", "status OK (0), raw 0, used.len 4, at 0x1000"), "7.2"))
    found = base.red(report(one("fail", "status INVAL (4), raw 4, used.len 0, at 0x1000"), "7.2"))
    assert found == ["a X-1/y: unexpected deviation: expected fail by [X-1/y], seen as "
                     "status OK (0), raw 0, used.len 4, at *"]


def test_the_accelerator_is_narrowed(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e")
    base.update(report(one("fail"), "7.2"))
    assert not base.red(report(one("fail"), "7.2", accel="kvm")), "TCG speaks for both"
    base.update(report(one("pass"), "7.2", accel="kvm"))
    assert not base.red(report(one("fail"), "7.2")) and base.red(report(one("fail"), "7.2", accel="kvm"))


def test_runs_are_narrowed_from_this_version_on(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e")
    base.update(report({**one("fail"), **one("fail", run="b")}, "7.2"))
    base.update(report({**one("fail"), **one("pass", run="b")}, "10.0"))
    assert base.red(report({**one("fail"), **one("fail", run="b")}, "7.2")) == []
    assert base.red(report({**one("fail"), **one("pass", run="b")}, "10.0")) == []
    assert base.red(report({**one("fail"), **one("fail", run="b")}, "10.0"))


def test_one_test_of_a_defect_parts(tmp_path: Path) -> None:
    base = Baseline(tmp_path / "e", "[d]\ntests = X-1/y X-1/z\nverdict = fail\nreason = r\n\n# next\n"
                    "[other]\ntests = X-1/o\nverdict = fail\nreason = o\n")
    base.update(report({("a", "X-1/y"): ("fail", ""), ("a", "X-1/z"): ("pass", "")}, "10.0"))
    assert base.sections() == ["d", "d: X-1/z", "other"]
    assert [entry.defect for entry in read_expectations(str(base.path))] == ["d", "d", "other"]
    assert base.red(report({("a", "X-1/y"): ("fail", ""), ("a", "X-1/z"): ("fail", "")}, "7.2")) == []


@pytest.mark.parametrize("text, inside, outside", (
    ("7.2", "7.2 7.2.22", "7.1 7.3 8.0 10.0"), ("7.2..9.2", "7.2.1 8.0 9.2.5", "7.1.9 9.3 10.0"),
    (">=10.0", "10.0 10.0.2 11", "9.9.9"), ("<10.0", "9.9.9", "10.0 10.0.2"),
    ("<=10.0", "9.9.9 10.0.13", "10.1"), (">7.2", "7.3 8", "7.2 7.2.22 7.1"),
    (">=7.2 <10.0", "7.2 9.2", "7.1 10.0"), (">=7.2 <10.0 >=11", "7.2 11.1", "10.2"),
))
def test_versions(text: str, inside: str, outside: str) -> None:
    lines = parse_where(text)
    assert lines and where_text(lines) == text

    def holds(version: str) -> bool:
        return any(line.at(Place("x86_64", "tcg", parse_version(version))) for line in lines)
    assert all(map(holds, inside.split())) and not any(map(holds, outside.split()))


def test_narrowing_and_widening_are_opposites() -> None:
    place = Place("x86_64", "tcg", (8, 0))
    lines = parse_where("x86_64 tcg >=7.2")
    assert where_text(narrowed(lines, place, ())) == "x86_64 tcg >=7.2 <8.0"
    assert where_text(widened(parse_where("x86_64 tcg >8.0 <9.0"), place, ("a",), True)).count("\n") == 1
    assert Range(low=(7, 2)).without((7, 2, 1)) == [Range(above=(7, 2))]


def test_pattern() -> None:
    assert pattern("25 of 33 pages at 0x1000, used.len 516") == "* of * pages at *, used.len 516"
