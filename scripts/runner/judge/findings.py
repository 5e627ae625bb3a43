# SPDX-License-Identifier: BSD-3-Clause
"""The defects of a VMM, from its expectations and from results that show them."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Optional

from ..plan.standard import ISOLATION
from .compare import Data
from .conditions import Place
from .expectations import Entry
from .results import VERDICTS, TestResult
from .score import group
from .seen import owner, place_of, results_of

PART = re.compile(r"--(?:case|seed) \S+")


@dataclass(frozen=True)
class Shown:
    """A result that shows a defect."""
    place: Place
    run: str
    result: TestResult

    @property
    def rank(self) -> tuple[Any, ...]:
        """Return a key by which the best to report is the least: traced, severe, newest version, shortest."""
        newest = tuple(-part for part in self.place.version)
        return not self.result.trace, -VERDICTS.index(self.result.verdict), newest, len(self.result.trace)

    @property
    def words(self) -> str:
        """Return the options, run and test that give it again."""
        part = PART.search(self.result.reproduce or "")
        accel = f"--accel {self.place.accel} " if self.place.accel != "tcg" else ""
        return (f"--arch {self.place.arch} {accel}--no-expect {part[0] + ' ' if part else ''}"
                f"-v {self.run} '{self.result.id}'")


@dataclass
class Defect:
    name: str
    entries: list[Entry]                # that tell of it
    requirements: list[Data]            # rows of those that it breaks
    shown: list[Shown] = field(default_factory=list)
    judged: set[Place] = field(default_factory=set)     # where a test of it had a verdict that is no skip

    @property
    def best(self) -> Optional[Shown]:
        return min(self.shown, key=lambda shown: shown.rank) if self.shown else None

    @property
    def verdicts(self) -> list[str]:
        return list(dict.fromkeys(verdict for entry in self.entries for verdict in entry.verdict))

    def at(self, place: Place) -> list[Shown]:
        return [shown for shown in self.shown if shown.place == place]

    @property
    def breaks_isolation(self) -> list[str]:
        """Return the requirements of isolation that fail."""
        failed = {shown.result.requirement for shown in self.shown if shown.result.verdict == "fail"}
        return [row["id"] for row in self.requirements
                if row["id"] in failed and group(row) == ISOLATION]

    @property
    def does_harm(self) -> bool:
        """
        Return True for a fail of what has no MUST for a device: DMA has reached what it must not, a buffer
        was written outside of its bounds, or a request never came back.
        """
        failed = {shown.result.requirement for shown in self.shown if shown.result.verdict == "fail"}
        return any(group(row) not in ("MUST", ISOLATION) for row in self.requirements if row["id"] in failed)


def defects(entries: list[Entry], results: list[Data]) -> list[Defect]:
    """Return the defects that the entries tell of, in their order, with what the results show of each."""
    rows = {row["id"]: row for data in results for row in data["requirements"]}
    told: dict[str, list[Entry]] = {}
    for entry in entries:
        if not entry.is_skip:
            told.setdefault(entry.defect, []).append(entry)
    found = {name: Defect(name, those, rows_of(those, rows)) for name, those in told.items()}
    for data in results:
        add(found, entries, data)
    return list(found.values())


def add(found: dict[str, Defect], entries: list[Entry], data: Data) -> None:
    """Add what one result shows."""
    place = place_of(data)
    for run, result in results_of(data):
        if result.verdict == "skip":
            continue
        for defect in found.values():
            if any(entry.names(result.id) for entry in defect.entries):
                defect.judged.add(place)
        entry = owner(entries, run, result, place)
        if entry:
            found[entry.defect].shown.append(Shown(place, run, result))


def rows_of(entries: list[Entry], rows: dict[str, Data]) -> list[Data]:
    names = dict.fromkeys(test.partition("/")[0] for entry in entries for test in entry.tests)
    return [rows[name] for name in names if name in rows]
