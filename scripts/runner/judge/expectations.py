# SPDX-License-Identifier: BSD-3-Clause
"""expectations/VMM: known deviations, and the gate that they change."""
from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Optional

from ..plan import architecture
from ..plan.config import arches, one_of
from ..plan.ini import Parsers, Section, parse_values, read_ini, words
from .results import BAD, TestResult

ACCELS = ("tcg", "kvm")
EXPECTABLE = ("warn", *BAD, "skip")
UNEXPLAINED = "not explained yet"
Version = tuple[int, ...]


def parse_version(text: str) -> Version:
    if not re.fullmatch(r"\d+(\.\d+)*", text):
        raise ValueError("a version is numbers and dots")
    return tuple(int(part) for part in text.split("."))


@dataclass(frozen=True)
class Versions:
    """Both ends may be missing. 9.2 as an end stands for all of 9.2.x."""
    low: Optional[Version] = None
    high: Optional[Version] = None
    below: Optional[Version] = None

    def __contains__(self, version: Version) -> bool:
        return ((self.low is None or version >= self.low)
                and (self.high is None or version[:len(self.high)] <= self.high)
                and (self.below is None or version < self.below))


def parse_versions(value: str) -> Versions:
    match = re.fullmatch(r"(>=|<=|<)?\s*([\d.]+)(?:\s*\.\.\s*([\d.]+))?",
                         value.replace("..", " .. "))
    if not match or (match[1] and match[3]):
        raise ValueError("allowed are V, V..V, >=V, <=V and <V, such as 7.2..9.2 or >=10.0")
    version = parse_version(match[2])
    if match[1]:
        return Versions(**{{">=": "low", "<=": "high", "<": "below"}[match[1]]: version})
    return Versions(version, parse_version(match[3]) if match[3] else version)


def link(value: str) -> str:
    if not re.fullmatch(r"https?://\S+", value):
        raise ValueError("a link begins with http:// or https://, without blanks")
    return value


@dataclass
class Entry:
    section: Section
    tests: tuple[str, ...]      # globs; the id of one, but for a skip
    verdict: str
    reason: str
    silence: str = "*"          # of a skip: glob over what the image says that the device did not do
    versions: Versions = Versions()
    arch: tuple[str, ...] = field(default_factory=architecture.names)
    accel: str = ""             # any
    runs: tuple[str, ...] = ("*",)
    link: str = ""

    def names(self, test: str) -> bool:
        return any(fnmatchcase(test, glob) for glob in self.tests)

    def covers(self, run: str, test: str) -> bool:
        return self.names(test) and any(fnmatchcase(run, glob) for glob in self.runs)

    def fits(self, run: str, result: TestResult) -> bool:
        """Return True if this is what the entry expects."""
        if self.verdict != result.verdict or not self.covers(run, result.id):
            return False
        return not result.silent or fnmatchcase(result.reason or "", self.silence)


KEYS: Parsers = {
    "verdict": lambda value: one_of(value, EXPECTABLE),
    "tests": words,
    "silence": lambda value: " ".join(value.split()),
    "versions": parse_versions,
    "arch": arches,
    "accel": lambda value: one_of(value, ACCELS),
    "runs": words,
    "reason": lambda value: " ".join(value.split()),
    "link": link,
}


def read_expectations(path: str) -> list[Entry]:
    return [_entry(section) for section in read_ini(path)]


def _entry(section: Section) -> Entry:
    values = parse_values(section, KEYS)
    if not section.name.split():
        raise section.error("name", "is missing: it is the id of a test")
    for key in ("verdict", "reason"):
        if not values.get(key):
            raise section.error(key, "is missing: an entry says which verdict and why")
    for key in ("tests", "silence"):
        if bool(values.get(key)) != (values["verdict"] == "skip"):
            raise section.error(key, "is what an entry with verdict skip has, and no other")
    tests = values.pop("tests", (section.name.split()[0],))
    return Entry(section, tests, **values)


class Gate:
    """Decide about each result: known, and red. @entries: None where nobody has said what to expect."""

    def __init__(self, entries: Optional[list[Entry]], version: str, arch: str, accel: str,
                 strict: bool) -> None:
        self.entries = entries or []
        self._has_baseline = entries is not None
        self.applying = [entry for entry in self.entries
                         if parse_version(version) in entry.versions and arch in entry.arch
                         and entry.accel in ("", accel)]
        self._strict = strict

    def judge(self, run: str, result: TestResult) -> None:
        result.known, result.expectation = False, None
        result.red = result.verdict in BAD or (result.verdict == "warn" and self._strict)
        if result.verdict == "skip" and not result.silent:
            return
        match = next((entry for entry in self.applying if entry.fits(run, result)), None)
        if match:
            result.known, result.red = True, False
            result.expectation = match.reason + (f" ({match.link})" if match.link else "")
        elif result.silent and self._has_baseline:
            result.red = True
            result.expectation = "unexpected skip: the device did not do this, and no entry expects that"
        else:
            self._judge_other(run, result)

    def _judge_other(self, run: str, result: TestResult) -> None:
        """Judge a verdict that no entry expects. Where a skip is expected, any other is as good."""
        entry = next((entry for entry in self.applying
                      if entry.verdict != "skip" and entry.covers(run, result.id)), None)
        if entry:
            result.red = True
            result.expectation = (f"unexpected {result.verdict}: expected {entry.verdict} by "
                                  f"[{entry.section.name}]")

    def stale(self, tests: Collection[str], runs: Collection[str]) -> list[str]:
        """Return entries that can never apply: they name what does not exist."""
        return [text for text in (_stale(entry, tests, runs) for entry in self.entries) if text]


def _stale(entry: Entry, tests: Collection[str], runs: Collection[str]) -> str:
    where = f"{entry.section.path}:{entry.section.lines['']}: [{entry.section.name}]"
    if not all(any(fnmatchcase(test, glob) for test in tests) for glob in entry.tests):
        return f"{where} names no test that exists"
    missing = [glob for glob in entry.runs if not any(fnmatchcase(run, glob) for run in runs)]
    return f"{where} runs: no run is named {missing[0]}" if missing else ""
