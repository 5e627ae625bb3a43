# SPDX-License-Identifier: BSD-3-Clause
"""scripts/report seen: what results have shown, put into the entries of expectations that do not tell it."""
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

from .compare import Data
from .conditions import Place, parse_version
from .expectations import Entry, is_like, told
from .results import TestResult, result_of
from .update import Sections, pattern

# A number that is neither a status nor a length, or what stands for any.
COUNT = re.compile(r"(\*|(?<!used\.len )(?<!raw )(?<![\w(.*])\d\b)")


def place_of(data: Data) -> Place:
    return Place(data["arch"], data["accel"], parse_version(data["vmm"]["version"]))


def results_of(data: Data) -> Iterable[tuple[str, TestResult]]:
    """Return run and result of each test."""
    return ((run["name"], result_of(test)) for run in data["runs"] for test in run["tests"])


def owner(entries: list[Entry], run: str, result: TestResult, place: Place) -> Optional[Entry]:
    """Return the entry that tells a result, else the first one that expects its verdict."""
    covering = [entry for entry in entries
                if result.verdict in entry.verdict and entry.covers(run, result.id, place)]
    return next((entry for entry in covering if entry.is_this(result)), covering[0] if covering else None)


def texts(entries: list[Entry], results: list[Data]) -> dict[str, list[str]]:
    """Return what was seen of each section, each text once."""
    found: dict[str, dict[str, None]] = {}
    for data in results:
        place = place_of(data)
        for run, result in results_of(data):
            entry = None if result.verdict == "skip" else owner(entries, run, result, place)
            if entry:
                found.setdefault(entry.section.name, {})[told(result)] = None
    return {name: list(texts) for name, texts in found.items()}


def common(forms: list[str]) -> str:
    """Return what texts have in common that differ in their counts only."""
    columns = zip(*(COUNT.split(form) for form in forms))
    return "".join(column[0] if len(set(column)) == 1 else "*" for column in columns)


def patterns(seen: Iterable[str]) -> list[str]:
    """Return patterns that fit all texts. Where texts differ in a count only, `*` stands for it."""
    alike: dict[str, list[str]] = {}
    for text in map(pattern, seen):
        alike.setdefault(COUNT.sub("*", text), []).append(text)
    found = [common(forms) for forms in alike.values()]
    return [text for text in found if not any(is_like(text, other) for other in found if other != text)]


def fill(text: str, entries: list[Entry], results: list[Data]) -> tuple[str, list[str]]:
    """Return the expectations with what was seen, and a line for each section that tells more than before."""
    sections, done = Sections(text), []
    found = texts(entries, results)
    for entry in entries:
        seen = found.get(entry.section.name, [])
        new = [one for one in seen if not any(is_like(one, form) for form in entry.seen)]
        if new:
            kept = [form for form in entry.seen if any(is_like(one, form) for one in seen)]
            forms = patterns([*kept, *new])
            sections.set(entry.section.name, "seen", "\n    ".join(forms))
            done.append(f"[{entry.section.name}]: seen as {' or '.join(forms)}")
    return sections.text(), done
