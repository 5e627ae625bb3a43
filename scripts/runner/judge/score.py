# SPDX-License-Identifier: BSD-3-Clause
"""Requirements put in order: by part and clause of the standard, and by level with a score."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..plan import standard
from ..plan.standard import ISOLATION, NONE, OPEN, PLATFORM, parse_clause
from .results import BAD, NOT_APPLICABLE, NOT_POSSIBLE, SILENT

Row = dict[str, Any]                    # of "requirements" in results.json
KEPT = ("pass", "info")
BROKEN = ("warn", *BAD)
ALL, DRIVER = "all of the device", "driver"
GROUPS = (ISOLATION, "MUST", "SHOULD", NONE, "MAY", DRIVER, OPEN, PLATFORM)
UNSCORED = ("MAY", DRIVER, OPEN)        # nothing is demanded of the device there
APART = (*UNSCORED, PLATFORM)           # nothing that the standard demands


def part(row: Row) -> str:
    return parse_clause(row["clause"]).part


def topic(row: Row) -> str:
    return standard.topic(row["id"], row["clause"])


def by_clause(rows: Iterable[Row]) -> dict[str, dict[str, list[Row]]]:
    """Return part -> topic -> rows, in the order in which they come."""
    tree: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        tree.setdefault(part(row), {}).setdefault(topic(row), []).append(row)
    return tree


def level_class(row: Row) -> str:
    return standard.level_class(row["id"], row["level"])


def group(row: Row) -> str:
    """Return what a statement is counted with: whom it binds, and how strictly."""
    return DRIVER if row["id"].startswith("DRV") else level_class(row)


# Of tables: what each number of a score is called.
COLUMNS = (("number", "total"), ("kept, of those judged", "text"), ("not kept", "broken"),
           ("not applicable", "not_applicable"), ("not possible here", "not_possible"), ("silent", "silent"),
           ("untested", "untested"), ("counted with another", "elsewhere"))
CAUSE_WORDS = {"not-provided": "not possible here", "not-applicable": "not applicable",
               "not-possible": "not possible here", "silent": "silent"}


def verdict_words(row: Row) -> str:
    """Return the verdict of a row, and of a skip why."""
    cause = CAUSE_WORDS.get(row.get("cause") or "")
    return f"{row['verdict']}, {cause}" if cause else str(row["verdict"])


@dataclass(frozen=True)
class Score:
    level: str
    total: int
    kept: int                           # or legal, where several ways are
    broken: int
    not_applicable: int                 # the device does not have what they are about
    not_possible: int                   # no such set-up on this VMM
    silent: int                         # the device did not do what their tests need
    untested: int
    elsewhere: int                      # judged by the tests of another statement, and counted there

    @property
    def judged(self) -> int:
        return self.kept + self.broken

    @property
    def percent(self) -> str:
        """Return no figure where nothing is demanded of the device."""
        demanded = self.level not in UNSCORED and self.judged
        return f"{100 * self.kept // self.judged} %" if demanded else "–"

    @property
    def count(self) -> str:
        if self.level in UNSCORED:
            return f"{self.judged} judged" if self.judged else ""
        return f"{self.kept} of {self.judged}" if self.judged else ""

    @property
    def text(self) -> str:
        return f"{self.count} ({self.percent})" if self.count and self.percent != "–" else self.count or "–"


def score(level: str, rows: list[Row]) -> Score:
    own = [row for row in rows if not row.get("judged_by")]

    def count(*verdicts: str) -> int:
        return sum(row["verdict"] in verdicts for row in own)

    causes = [row.get("cause") or NOT_POSSIBLE for row in own if row["verdict"] == "skip"]
    inapplicable, silent = causes.count(NOT_APPLICABLE), causes.count(SILENT)
    return Score(level, len(rows), count(*KEPT), count(*BROKEN), inapplicable,
                 len(causes) - inapplicable - silent, silent, count("not-tested"), len(rows) - len(own))


def scores(rows: list[Row]) -> list[Score]:
    """
    Return a score for all that the standard demands of a device, then one for each kind of statement that occurs.
    Each statement is in one of them, whatever tests judge it.
    """
    found = [(name, [row for row in rows if group(row) == name]) for name in GROUPS]
    demanded = [row for name, those in found if name not in APART for row in those]
    return [score(ALL, demanded)] + [score(name, those) for name, those in found if those]
