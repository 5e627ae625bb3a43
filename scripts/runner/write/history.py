# SPDX-License-Identifier: BSD-3-Clause
"""Many results in order: each implementation with its versions and dates, and what changed between."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..judge.score import BROKEN, KEPT, Row, Score, scores
from ..plan.architecture import HOST
from ..plan.errors import UsageError
from ..plan.standard import PUBLISHED
from .matrix import heading

Data = dict[str, Any]                   # a results.json
NEWEST = list(PUBLISHED)[-1]            # version of the standard
UNKNOWN = {"verdict": "not-tested", "reason": "this result does not know the requirement", "tests": []}
KINDS = ("regressed", "fixed", "deviation found", "changed", "new", "gone")


def slug(*words: str) -> str:
    """Return a name of a file, whatever the words hold."""
    return "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", word).strip("-.") or "x" for word in words)


def in_order(version: str) -> list[int]:
    """Return a key that sorts versions as people count: 9.2 before 10.0."""
    return [int(number) for number in re.findall(r"\d+", version)]


@dataclass(frozen=True)
class Edition:
    """One result: an implementation as it was in one version, on one date."""
    data: Data

    @property
    def version(self) -> str:
        return str(self.data["vmm"]["version"])

    @property
    def date(self) -> str:
        return str(self.data["started"])[:10]

    @property
    def suite(self) -> str:
        suite = self.data["suite"]
        return f"{suite['version']} ({(suite['commit'] or '?')[:12]})"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what makes results ones of the same implementation, but for its version."""
        return self.data["vmm"]["name"], self.data["arch"], self.data["accel"], self.data["standard"]

    @property
    def order(self) -> tuple[Any, ...]:
        return in_order(self.version), self.version, self.data["started"]

    @property
    def slug(self) -> str:
        name, arch, accel, standard = self.key
        return slug(name, self.version, arch, accel, standard, self.data["started"])

    @property
    def title(self) -> str:
        return heading(self.data) + by_standard(self.data["standard"])

    @cached_property
    def rows(self) -> dict[str, Row]:
        return {row["id"]: row for row in self.data["requirements"]}

    @property
    def score(self) -> Score:
        """Return that of all that is demanded of a device."""
        return scores(self.data["requirements"])[0]

    @cached_property
    def scores(self) -> list[Score]:
        return scores(self.data["requirements"])

    def row(self, requirement: str) -> Row:
        return self.rows.get(requirement, UNKNOWN)

    def count(self, *verdicts: str) -> int:
        return sum(row["verdict"] in verdicts for row in self.rows.values())


def by_standard(version: str) -> str:
    return f" by virtio {version}" if version != NEWEST else ""


@dataclass
class Implementation:
    """All editions of one VMM, architecture and accelerator, from old to new."""
    editions: list[Edition]

    @property
    def newest(self) -> Edition:
        return self.editions[-1]

    @property
    def slug(self) -> str:
        return slug(*self.newest.key)

    @property
    def title(self) -> str:
        return self.newest.title.replace(f" {self.newest.version}", "", 1)

    @property
    def versions(self) -> list[Edition]:
        """Return the newest edition of each version."""
        return list({edition.version: edition for edition in self.editions}.values())

    @property
    def steps(self) -> list[tuple[Edition, Edition]]:
        """Return each edition with the one before it, from new to old."""
        return list(zip(self.editions[-2::-1], self.editions[:0:-1]))


def implementations(results: Iterable[Data]) -> list[Implementation]:
    """Sort results by implementation, the reference device last; UsageError for one that is there twice."""
    found: dict[tuple[str, ...], list[Edition]] = {}
    for edition in map(Edition, results):
        found.setdefault(edition.key, []).append(edition)
    for editions in found.values():
        editions.sort(key=lambda edition: edition.order)
        slugs = [edition.slug for edition in editions]
        twice = next((name for name in slugs if slugs.count(name) > 1), None)
        if twice:
            raise UsageError(f"the result {twice} is given twice")
    return [Implementation(found[key]) for key in sorted(found, key=lambda key: (key[0] == HOST, key))]


@dataclass(frozen=True)
class Change:
    """A statement whose verdict differs between two editions."""
    row: Row
    before: str
    after: str

    @property
    def kind(self) -> str:
        if self.before == "absent" or self.after == "absent":
            return "new" if self.before == "absent" else "gone"
        if self.after in BROKEN and self.before not in BROKEN:
            return "regressed" if self.before in KEPT else "deviation found"
        return "fixed" if self.before in BROKEN and self.after in KEPT else "changed"


def changes(old: Edition, new: Edition) -> dict[str, list[Change]]:
    """Return what is different in the new one, by kind; kinds without a change are left out."""
    absent = {"verdict": "absent"}
    rows = {**old.rows, **new.rows}
    pairs = [Change(row, old.rows.get(name, absent)["verdict"], new.rows.get(name, absent)["verdict"])
             for name, row in rows.items()]
    found = {kind: [pair for pair in pairs if pair.before != pair.after and pair.kind == kind]
             for kind in KINDS}
    return {kind: those for kind, those in found.items() if those}
