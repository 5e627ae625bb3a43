# SPDX-License-Identifier: BSD-3-Clause
"""expectations/VMM: known deviations, and the gate that they change."""
from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Optional

from ..plan.config import on_off, one_of
from ..plan.ini import Parsers, Section, parse_values, read_ini, words
from .conditions import Place, Where, everywhere, parse_version, parse_where
from .results import BAD, TestResult

EXPECTABLE = ("warn", *BAD, "skip")
UNEXPLAINED = "not explained yet"


def link(value: str) -> str:
    if not re.fullmatch(r"https?://\S+", value):
        raise ValueError("a link begins with http:// or https://, without blanks")
    return value


def is_like(text: str, pattern: str) -> bool:
    """Return True if the text is the pattern, in which only `*` stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), " ".join(text.split())))


def told(result: TestResult) -> str:
    """Return what `seen` is about."""
    if result.verdict in ("skip", "crash", "timeout"):
        return result.reason or ""
    return result.actual or result.reason or ""


@dataclass
class Entry:
    """A defect, or a choice, of a device: what it shows in, where, and why."""
    section: Section
    tests: tuple[str, ...]      # ids; of a skip, and by chance, globs
    verdict: tuple[str, ...]
    reason: str
    seen: tuple[str, ...] = ()  # patterns of what was seen, of a skip of its reason; none: any
    where: tuple[Where, ...] = ()       # lines of which one has to hold; none: everywhere
    link: str = ""
    defect: str = ""            # which one it is; other entries may tell of it, too
    by_chance: bool = False     # a race: it shows in any of the tests or in none

    @property
    def is_demanded(self) -> bool:
        """Return True if a test that it covers has to show it."""
        return not self.is_skip and not self.by_chance

    @property
    def is_skip(self) -> bool:
        return "skip" in self.verdict

    @property
    def lines(self) -> tuple[Where, ...]:
        return self.where or (everywhere(),)

    def names(self, test: str) -> bool:
        return any(test == glob if self.is_demanded else fnmatchcase(test, glob) for glob in self.tests)

    def covers(self, run: str, test: str, place: Place) -> bool:
        return self.names(test) and any(line.at(place) and line.has_run(run) for line in self.lines)

    def is_this(self, result: TestResult) -> bool:
        """Return True if the result is what the entry tells, wherever it was seen."""
        return (result.verdict in self.verdict and self.names(result.id)
                and (not self.seen or any(is_like(told(result), pattern) for pattern in self.seen)))


def one_line(value: str) -> str:
    return " ".join(value.split())


def each_line(value: str) -> tuple[str, ...]:
    return tuple(one_line(line) for line in value.splitlines() if line.strip())


KEYS: Parsers = {
    "tests": words,
    "verdict": lambda value: tuple(one_of(word, EXPECTABLE) for word in words(value)),
    "seen": each_line,
    "where": parse_where,
    "reason": one_line,
    "link": link,
    "defect": one_line,
    "by-chance": on_off,
}


def read_expectations(path: str) -> list[Entry]:
    return [_entry(section) for section in read_ini(path)]


def _entry(section: Section) -> Entry:
    values = parse_values(section, KEYS)
    if not section.name.split():
        raise section.error("name", "is missing: what is wrong, in a few words, or the id of a test")
    for key in ("verdict", "reason"):
        if not values.get(key):
            raise section.error(key, "is missing: an entry says which verdict and why")
    if values["verdict"] != ("skip",) and "skip" in values["verdict"]:
        raise section.error("verdict", "a skip is no deviation: it has an entry of its own")
    if values["verdict"] == ("skip",) and not (values.get("tests") and values.get("seen")):
        raise section.error("tests" if not values.get("tests") else "seen",
                            "is missing: an entry for a skip says of which tests, and what is not seen")
    by_chance = values.pop("by-chance", False)
    if by_chance and not values.get("seen"):
        raise section.error("seen", "is missing: what comes by chance has to be known by what is seen")
    tests = values.pop("tests", (section.name,))
    values.setdefault("defect", section.name)
    return Entry(section, tests, by_chance=by_chance, **values)


class Gate:
    """Decide about each result: known, and red. @entries: None where nobody has said what to expect."""

    def __init__(self, entries: Optional[list[Entry]], version: str, arch: str, accel: str,
                 strict: bool) -> None:
        self.entries = entries or []
        self._has_baseline = entries is not None
        self.place = Place(arch, accel, parse_version(version))
        self._strict = strict

    def judge(self, run: str, result: TestResult) -> None:
        result.known, result.expectation = False, None
        result.red = result.verdict in BAD or (result.verdict == "warn" and self._strict)
        if result.verdict == "skip" and not result.silent:
            return
        covering = [entry for entry in self.entries if entry.covers(run, result.id, self.place)]
        match = next((entry for entry in covering if entry.is_this(result)), None)
        if match:
            result.known, result.red, result.defect = True, False, match.defect
            result.expectation = match.reason + (f" ({match.link})" if match.link else "")
        elif result.silent and self._has_baseline:
            result.red = True
            result.expectation = "unexpected skip: the device did not do this, and no entry expects that"
        else:
            self._judge_other(result, covering)

    def _judge_other(self, result: TestResult, covering: list[Entry]) -> None:
        """Judge a verdict that no entry expects: any will do where it may be a skip, or comes by chance."""
        entry = next((entry for entry in covering if entry.is_demanded), None)
        if not entry:
            return
        result.red = True
        same = result.verdict in entry.verdict
        seen = f", seen as {' or '.join(entry.seen)}" if same else ""
        result.expectation = (f"unexpected {'deviation' if same else result.verdict}: expected "
                              f"{' or '.join(entry.verdict)} by [{entry.section.name}]{seen}")

    def stale(self, tests: Collection[str], runs: Collection[str]) -> list[str]:
        """Return entries that can never apply: they name what does not exist."""
        return [text for text in (_stale(entry, tests, runs) for entry in self.entries) if text]


def _stale(entry: Entry, tests: Collection[str], runs: Collection[str]) -> str:
    where = f"{entry.section.path}:{entry.section.lines['']}: [{entry.section.name}]"
    if not all(any(fnmatchcase(test, glob) for test in tests) for glob in entry.tests):
        return f"{where} names no test that exists"
    globs = (glob for line in entry.lines for glob in line.runs)
    missing = [glob for glob in globs if not any(fnmatchcase(run, glob) for run in runs)]
    return f"{where} where: no run is named {missing[0]}" if missing else ""
