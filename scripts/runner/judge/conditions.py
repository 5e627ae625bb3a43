# SPDX-License-Identifier: BSD-3-Clause
"""Where an expectation holds: lines of architectures, accelerators, versions and runs."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Optional

from ..plan import architecture
from ..plan.config import one_of

ACCELS = ("tcg", "kvm")
Version = tuple[int, ...]
NUMBERS = r"\d+(?:\.\d+)*"
RANGE = re.compile(rf"(>=|<=|>|<)?({NUMBERS})(?:\.\.({NUMBERS}))?")


def parse_version(text: str) -> Version:
    if not re.fullmatch(NUMBERS, text):
        raise ValueError("a version is numbers and dots")
    return tuple(int(part) for part in text.split("."))


def version_text(version: Version) -> str:
    return ".".join(map(str, version))


def release(version: Version) -> Version:
    """Return the release that a version is of, 7.2 of 7.2.22: ranges made here go by releases."""
    return version[:2]


def is_above(version: Version, end: Version) -> bool:
    """Return True for a version behind all of @end: 9.2 stands for all of 9.2.x."""
    return version[:len(end)] > end


@dataclass(frozen=True)
class Range:
    """Versions without a gap. An end that is None is open."""
    low: Optional[Version] = None       # included
    above: Optional[Version] = None     # not included, nor anything that it stands for
    high: Optional[Version] = None      # included
    below: Optional[Version] = None     # not included

    def __contains__(self, version: Version) -> bool:
        return ((self.low is None or version >= self.low)
                and (self.above is None or is_above(version, self.above))
                and (self.high is None or not is_above(version, self.high))
                and (self.below is None or version < self.below))

    def __str__(self) -> str:
        if self.low and self.high:
            both = (version_text(self.low), version_text(self.high))
            return both[0] if self.low == self.high else "..".join(both)
        ends = ((">=", self.low), (">", self.above), ("<=", self.high), ("<", self.below))
        return " ".join(sign + version_text(end) for sign, end in ends if end is not None)

    def without(self, version: Version) -> list[Range]:
        """
        Return what is left without this version: what lies below it. Only where that is nothing, as far as
        the range says, what lies above.
        """
        if version not in self:
            return [self]
        gone = release(version)
        if self.low is None or release(self.low) < gone:
            return [replace(self, high=None, below=gone)]
        if self.high is not None and not is_above(self.high, gone):
            return []
        return [replace(self, low=None, above=gone)]

    def reaching(self, version: Version) -> Optional[Range]:
        """Return the range with this version too, None where it is known not to hold in between."""
        if version in self:
            return self
        if self.low is not None and version < self.low:
            return replace(self, low=release(version))
        if self.high is not None and is_above(version, self.high):
            return replace(self, high=release(version))
        return None


def parse_ranges(words: list[str]) -> tuple[Range, ...]:
    """Parse words: those with a sign make one range together, until the second of the same side."""
    found: list[Range] = []
    for word in words:
        match = RANGE.fullmatch(word)
        if not match or (match[1] and match[3]):
            raise ValueError("allowed are V, V..V, >=V, >V, <=V and <V, such as 7.2..9.2 or >=10.0")
        version = parse_version(match[2])
        if not match[1]:
            found.append(Range(low=version, high=parse_version(match[3]) if match[3] else version))
            continue
        key = {">=": "low", ">": "above", "<=": "high", "<": "below"}[match[1]]
        last = found[-1] if found else Range()
        if key in ("high", "below") and (last.low or last.above) and not (last.high or last.below):
            found[-1] = replace(last, **{key: version})
        else:
            found.append(Range(**{key: version}))
    return tuple(found)


@dataclass(frozen=True)
class Where:
    """One line: all of it holds together."""
    arches: frozenset[str]
    accels: frozenset[str] = frozenset(ACCELS)
    ranges: tuple[Range, ...] = ()              # none: all versions
    runs: tuple[str, ...] = ()                  # globs over names; none: all runs

    def at(self, place: Place) -> bool:
        return (place.arch in self.arches and place.accel in self.accels
                and (not self.ranges or any(place.version in part for part in self.ranges)))

    def has_run(self, run: str) -> bool:
        return not self.runs or any(fnmatchcase(run, glob) for glob in self.runs)

    def __str__(self) -> str:
        words = [] if self.arches == frozenset(architecture.names()) else sorted(self.arches)
        words += [] if self.accels == frozenset(ACCELS) else sorted(self.accels)
        words += [str(part) for part in self.ranges]
        words += ["in", *self.runs] if self.runs else []
        return " ".join(words)


@dataclass(frozen=True)
class Place:
    """What was judged."""
    arch: str
    accel: str
    version: Version


def everywhere() -> Where:
    return Where(frozenset(architecture.names()))


def parse_line(line: str) -> Where:
    said, _, runs = f" {line} ".partition(" in ")
    words = said.replace(",", " ").split()
    arches = [word for word in words if word in architecture.names()]
    accels = [word for word in words if word in ACCELS]
    others = [word for word in words if word not in arches and word not in accels]
    for word in others:
        if not RANGE.match(word):
            one_of(word, (*architecture.names(), *ACCELS, "a version", "in RUN ..."))
    if not words and not runs.split():
        raise ValueError("a line says where: architectures, accelerators, versions, in RUN ...")
    return Where(frozenset(arches or architecture.names()), frozenset(accels or ACCELS),
                 parse_ranges(others), tuple(runs.split()))


def parse_where(value: str) -> tuple[Where, ...]:
    return tuple(parse_line(line.strip()) for line in value.splitlines() if line.strip())


def where_text(lines: Iterable[Where]) -> str:
    """Return what the key `where` says; nothing for a line that holds everywhere."""
    return "\n    ".join(str(line) for line in lines)


def widened(lines: tuple[Where, ...], place: Place, met: tuple[str, ...],
            all_runs: bool) -> tuple[Where, ...]:
    """Return lines that hold in the runs @met at @place, too. @all_runs: there were no others."""
    for number, line in enumerate(lines):
        fits = place.arch in line.arches and place.accel in line.accels
        if not fits or len(line.arches) > 1 or not all(line.has_run(run) for run in met):
            continue
        reached = [(part, part.reaching(place.version)) for part in line.ranges]
        for part, wider in reached:
            if wider:
                ranges = tuple(wider if other is part else other for other in line.ranges)
                return (*lines[:number], replace(line, ranges=ranges), *lines[number + 1:])
    return tidy((*lines, first_seen(place, () if all_runs else met)))


def first_seen(place: Place, runs: tuple[str, ...]) -> Where:
    """Return a line for what is new: from this version on."""
    accels = ACCELS if place.accel == "tcg" else (place.accel,)
    return Where(frozenset([place.arch]), frozenset(accels), (Range(low=release(place.version)),), runs)


def narrowed(lines: tuple[Where, ...], place: Place, met: tuple[str, ...]) -> tuple[Where, ...]:
    """Return lines that hold at @place, of the runs that they cover there, in those of @met only."""
    kept: list[Where] = []
    for line in lines:
        if not line.at(place):
            kept.append(line)
            continue
        # What TCG shows is no matter of the accelerator.
        accels = line.accels if place.accel == "tcg" else frozenset([place.accel])
        here = replace(line, arches=frozenset([place.arch]), accels=accels)
        kept += [replace(line, arches=line.arches - {place.arch}),
                 replace(line, arches=frozenset([place.arch]), accels=line.accels - accels)]
        left = [rest for part in line.ranges or (Range(),) for rest in part.without(place.version)]
        kept += [replace(here, ranges=tuple(left))] if left else []
        if met:
            kept.append(replace(here, ranges=(Range(low=release(place.version)),), runs=met))
    return tidy(tuple(line for line in kept if line.arches and line.accels))


def tidy(lines: tuple[Where, ...]) -> tuple[Where, ...]:
    """Join lines that differ in their architectures only, or in their accelerators."""
    found: list[Where] = []
    for line in lines:
        same = next((other for other in found if joined(other, line)), None)
        if same:
            found[found.index(same)] = joined(same, line) or same
        else:
            found.append(line)
    return tuple(found)


def joined(one: Where, other: Where) -> Optional[Where]:
    if replace(one, arches=other.arches) == other:
        return replace(one, arches=one.arches | other.arches)
    if replace(one, accels=other.accels) == other:
        return replace(one, accels=one.accels | other.accels)
    return None
