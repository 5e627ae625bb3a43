# SPDX-License-Identifier: BSD-3-Clause
"""--update-expect: makes the expectations say what this VMM, version and machine does."""
from __future__ import annotations

from glob import escape
from typing import Optional

from ..plan.ini import HEADER
from .expectations import UNEXPLAINED, Entry, Gate
from .results import BAD, Report, RunResult, TestResult

Verdicts = dict[str, dict[str, TestResult]]      # by test, then by run


class Sections:
    """An INI file as text: whole sections change, comments and all others stay."""

    def __init__(self, text: str) -> None:
        self.blocks: list[tuple[Optional[str], list[str]]] = [(None, [])]
        for line in text.splitlines():
            header = HEADER.match(line)
            if header:
                self.blocks.append((header[1], []))
            self.blocks[-1][1].append(line)

    def names(self) -> set[str]:
        return {name for name, _ in self.blocks if name}

    def _lines(self, name: str) -> list[str]:
        return next(lines for held, lines in self.blocks if held == name)

    @staticmethod
    def _own(line: str, key: str = "") -> bool:
        """Return True for a line of the section itself: not a comment, not blank, and of that key."""
        if not line.strip() or line.startswith("#"):
            return False
        return not key or ("=" in line and line.split("=", 1)[0].strip() == key)

    def drop(self, name: str) -> None:
        """Drop a section but for the comments after its last line: they belong to the next one."""
        lines = self._lines(name)
        last = max(number for number, line in enumerate(lines) if self._own(line))
        del lines[:last + 1]
        if lines and not lines[0].strip():
            del lines[0]

    def set(self, name: str, key: str, value: str) -> None:
        lines = self._lines(name)
        place = next((n for n, line in enumerate(lines) if self._own(line, key)), None)
        if place is None:
            lines.insert(1, f"{key} = {value}")
            return
        end = place + 1
        while end < len(lines) and lines[end][:1] in (" ", "\t") and lines[end].strip():
            end += 1                    # continuation lines of the old value
        lines[place:end] = [f"{key} = {value}"]

    def add(self, name: str, values: dict[str, str]) -> None:
        """Add a section, with a blank line above it."""
        above = [line for _, lines in self.blocks for line in lines]
        if above and above[-1].strip():
            self.blocks[-1][1].append("")
        self.blocks.append((name, [f"[{name}]", *(f"{k} = {v}" for k, v in values.items())]))

    def text(self) -> str:
        return "\n".join(line for _, lines in self.blocks for line in lines).rstrip("\n") + "\n"


def update(text: str, gate: Gate, report: Report) -> tuple[str, list[str]]:
    """Return the new text of the expectations, and what was done to it."""
    sections = Sections(text)
    found = by_test(report)
    stale = [entry for entry in gate.entries
             if any(f": [{entry.section.name}]" in line for line in report.stale)]
    for entry in stale:
        sections.drop(entry.section.name)
    done = [f"dropped [{entry.section.name}]: stale" for entry in stale]
    for entry in gate.applying:
        if entry not in stale:
            done += (revise_silence(sections, entry, report) if entry.verdict == "skip" else
                     revise(sections, entry, found.get(entry.tests[0], {}), report.arch))
    for test, runs in found.items():
        done += add(sections, test, runs, report)
    done += add_silences(sections, report)
    return sections.text(), done


def by_test(report: Report) -> Verdicts:
    """Return what was seen: not a skip, nor what a set-up that did not start left undone."""
    found: Verdicts = {}
    for run, test in report.tests():
        if test.verdict != "skip" and not test.repeats and not run.failure:
            found.setdefault(test.id, {})[run.name] = test
    return found


def revise(sections: Sections, entry: Entry, runs: dict[str, TestResult], arch: str) -> list[str]:
    """Limit an entry that did not come true everywhere to where it did, or drop it."""
    covered = {name: test for name, test in runs.items() if entry.covers(name, test.id)}
    met = [name for name, test in covered.items() if test.verdict == entry.verdict]
    name = entry.section.name
    if len(met) == len(covered):
        return []
    if met:
        sections.set(name, "runs", " ".join(met))
        return [f"limited [{name}] to runs {' '.join(met)}"]
    return retire(sections, entry, arch)


def retire(sections: Sections, entry: Entry, arch: str) -> list[str]:
    """Leave an entry to the other architectures that it names, or drop it."""
    name = entry.section.name
    others = [other for other in entry.arch if other != arch]
    if others:
        sections.set(name, "arch", " ".join(others))
        return [f"limited [{name}] to {' '.join(others)}"]
    sections.drop(name)
    return [f"dropped [{name}]: {entry.reason}"]


def add(sections: Sections, test: str, runs: dict[str, TestResult], report: Report) -> list[str]:
    """Add an entry per verdict that the gate calls red; for all runs when all agree."""
    done = []
    for verdict in ("warn", *BAD):
        names = [name for name, result in runs.items() if result.verdict == verdict
                 and not result.known and (verdict != "warn" or report.strict)]
        if not names:
            continue
        values = {"verdict": verdict, **conditions(report)}
        if len(names) < len(runs):
            values["runs"] = " ".join(names)
        section = free_name(sections.names(), test, f"{describe(report)} {verdict}")
        sections.add(section, {**values, "reason": UNEXPLAINED})
        done.append(f"added [{section}]: {verdict}")
    return done


def measured(report: Report) -> list[tuple[RunResult, TestResult]]:
    return [(run, test) for run, test in report.tests() if not test.repeats and not run.failure]


def revise_silence(sections: Sections, entry: Entry, report: Report) -> list[str]:
    """Keep an entry for skips as long as one is left, of all that it covers."""
    covered = [(run, test) for run, test in measured(report) if entry.covers(run.name, test.id)
               and (test.silent or test.verdict != "skip")]
    if not covered or any(entry.fits(run.name, test) for run, test in covered):
        return []
    return retire(sections, entry, report.arch)


def add_silences(sections: Sections, report: Report) -> list[str]:
    """Add an entry for each thing that the device did not do, with the requirements that it leaves open."""
    found: dict[str, dict[str, None]] = {}
    for _, test in measured(report):
        if test.silent and not test.known:
            found.setdefault(test.reason or "", {})[f"{test.requirement}/*"] = None
    done = []
    for reason, tests in found.items():
        name = free_name(sections.names(), reason, describe(report))
        sections.add(name, {"verdict": "skip", **conditions(report), "tests": " ".join(tests),
                            "silence": escape(reason), "reason": UNEXPLAINED})
        done.append(f"added [{name}]: skip")
    return done


def version_of(report: Report) -> str:
    return ".".join(report.vmm["version"].split(".")[:2])


def describe(report: Report) -> str:
    return f"{report.arch} {version_of(report)}"


def conditions(report: Report) -> dict[str, str]:
    """Return the keys that limit a new entry to this VMM."""
    values = {"versions": version_of(report), "arch": report.arch}
    return {**values, "accel": "kvm"} if report.accel == "kvm" else values


def free_name(taken: set[str], test: str, label: str) -> str:
    name, number = test, 1
    while name in taken:
        name = f"{test} {label}" + (f" {number}" if number > 1 else "")
        number += 1
    return name
