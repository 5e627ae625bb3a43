# SPDX-License-Identifier: BSD-3-Clause
"""
Many results as a static site: implementations side by side, the history of each, a page for each
requirement, the report of each result, and badges. It needs no server, no script and no network.
"""
from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..judge.results import BAD, VERDICTS
from ..judge.score import BROKEN, Row, by_clause, part, topic
from ..plan.errors import UsageError
from ..plan.standard import PUBLISHED, parse_clause
from . import page
from .badge import badge, to_endpoint, to_svg
from .files import write_file
from .history import Data, Edition, Implementation, changes, implementations, slug
from .matrix import BASIS, Matrix
from .page import Outcome, outcomes, render
from .results_json import to_text

MARK = "site.json"                      # what is in the site, and the sign that a directory is one
SCHEMA = 1
BARS = (("pass", "kept"), ("info", "kept, one of several legal ways"), ("warn", "not kept: warn"),
        ("fail", "not kept: fail or worse"), ("skip", "skipped"), ("not-tested", "not tested"))


@dataclass
class Seen:
    """What a test gave, with all editions and set-ups in which it gave just that."""
    test: Data
    who: list[str]
    runs: int


class Site:
    """All pages, by their path in the site."""

    def __init__(self, results: list[Data]) -> None:
        self.implementations = implementations(results)
        self.columns = [edition for one in self.implementations for edition in one.versions]
        self.matrix = Matrix([edition.data for edition in self.columns])
        self.matrix.titles = [edition.title for edition in self.columns]
        self.tree = by_clause(self.matrix.requirements)
        self.rows = [row for topics in self.tree.values() for rows in topics.values() for row in rows]
        self.paths = unique_paths(row["id"] for row in self.rows)
        self._outcomes = [outcomes(edition.data) for edition in self.columns]

    def files(self) -> Iterator[tuple[str, str]]:
        yield MARK, self.contents()
        yield "style.css", render("style.css") + render("site.css")
        yield "index.html", self.page("site_index.html", "", basis=BASIS, verdicts=self.verdicts(),
                                      changes=changes, zip=zip)
        yield "differences.html", self.page("site_differences.html", "")
        yield "requirements/index.html", self.page("site_requirements.html", "../")
        for number, row in enumerate(self.rows):
            yield f"requirements/{self.paths[row['id']]}", self.requirement(number, row)
        for one in self.implementations:
            yield f"implementations/{one.slug}.html", self.implementation(one)
            yield f"badges/{one.slug}.svg", to_svg(badge(one.newest))
            yield f"badges/{one.slug}.json", to_endpoint(badge(one.newest))
            for edition in one.editions:
                yield f"results/{edition.slug}.html", page.to_html(edition.data)
                yield f"results/{edition.slug}.json", to_text(edition.data)

    def page(self, template: str, top: str, **values: Any) -> str:
        return render(template, site=self, top=top, **values)

    def requirement(self, number: int, row: Row) -> str:
        around = [self.rows[number - 1] if number else None,
                  self.rows[number + 1] if number + 1 < len(self.rows) else None]
        return self.page("site_requirement.html", "../", row=row, around=around, tests=self.tests(row),
                         part_name=part(row), topic_name=topic(row), published=PUBLISHED,
                         section=parse_clause(row["clause"]).section)

    def implementation(self, one: Implementation) -> str:
        return self.page("site_implementation.html", "../", one=one, badge=badge(one.newest),
                         changes=changes, bars=bars, meanings_of_bars=BARS)

    def tests(self, row: Row) -> dict[str, list[Seen]]:
        """Return what was seen of each test of a requirement, by any column; the worst first."""
        names = dict.fromkeys(name for edition in self.columns for name in edition.row(row["id"])["tests"])
        found = [(name, self.seen(name)) for name in names]
        return dict(sorted(found, key=lambda item: -max(map(severity, item[1]), default=-1)))

    def seen(self, name: str) -> list[Seen]:
        """Return the worst first; columns that gave the same in the same words are together."""
        found: dict[tuple[str, ...], Seen] = {}
        for edition, tests in zip(self.columns, self._outcomes):
            for outcome in tests.get(name, []):
                one = found.setdefault(words_of(outcome), Seen(outcome.test, [], 0))
                one.who += [edition.title] * (edition.title not in one.who)
                one.runs += len(outcome.runs)
        return sorted(found.values(), key=severity, reverse=True)

    def verdicts(self) -> list[str]:
        """Return those that occur, the best first."""
        given = {cell["verdict"] for row in self.rows for cell in self.matrix.cells(row)}
        return [name for name in page.SYMBOLS if name in given]

    def differing(self) -> list[Row]:
        return [row for row in self.rows if self.matrix.differs(row)]

    @staticmethod
    def broken(edition: Edition) -> list[Row]:
        return [row for row in edition.rows.values() if row["verdict"] in BROKEN]

    def contents(self) -> str:
        """Return what the site holds, for programs."""
        found = [{"implementation": one.title, "page": f"implementations/{one.slug}.html",
                  "badge": f"badges/{one.slug}.svg", "results": [entry(edition) for edition in one.editions]}
                 for one in self.implementations]
        return json.dumps({"schema": SCHEMA, "implementations": found}, indent=1) + "\n"


def severity(one: Seen) -> int:
    return VERDICTS.index(one.test["verdict"])


def words_of(outcome: Outcome) -> tuple[str, ...]:
    """Return what makes outcomes differ: addresses, which a build chooses, do not."""
    words = (outcome.test.get(key) for key in ("verdict", "expected", "actual", "reason", "cell",
                                               "expectation"))
    return tuple(re.sub("0x[0-9a-f]{4,}", "0x", str(word)) for word in words)


def entry(edition: Edition) -> Data:
    score = edition.score
    return {"version": edition.version, "started": edition.data["started"], "suite": edition.data["suite"],
            "kept": score.kept, "judged": score.judged, "report": f"results/{edition.slug}.html",
            "data": f"results/{edition.slug}.json"}


def bars(edition: Edition) -> list[tuple[str, str, int, int]]:
    """Return verdict, meaning, start and length of each part of the bar of counts."""
    found, start = [], 0
    for verdict, meaning in BARS:
        number = edition.count(*(BAD if verdict == "fail" else (verdict,)))
        found += [(verdict, meaning, start, number)] * (number > 0)
        start += number
    return found


def unique_paths(names: Iterator[str]) -> dict[str, str]:
    paths = {name: slug(name) + ".html" for name in names}
    if len(set(map(str.lower, [*paths.values(), "index.html"]))) <= len(paths):
        raise ValueError("requirements whose names differ in punctuation only")
    return paths


def write_site(directory: str, results: list[Data]) -> int:
    """
    Write the site in place of the one that is there, and return the number of its files. It is there
    as a whole or not at all. A directory with other things in it is left alone.
    """
    directory = os.path.abspath(directory)
    if os.path.lexists(directory) and not is_replaceable(directory):
        raise UsageError(f"{directory}: is no empty directory, and no site that this command wrote")
    fresh = f"{directory}.{os.getpid()}.tmp"
    try:
        number = write_all(fresh, results)
        shutil.rmtree(directory, ignore_errors=True)
        os.rename(fresh, directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return number


def write_all(directory: str, results: list[Data]) -> int:
    number = 0
    for path, text in Site(results).files():
        write_file(os.path.join(directory, path), text)
        number += 1
    return number


def is_replaceable(directory: str) -> bool:
    return os.path.isdir(directory) and not os.path.islink(directory) and (
        not os.listdir(directory) or os.path.isfile(os.path.join(directory, MARK)))
