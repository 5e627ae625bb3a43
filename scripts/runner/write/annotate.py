# SPDX-License-Identifier: BSD-3-Clause
"""What is red, as CI services show it beside files: workflow commands of GitHub, code quality of GitLab."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from .page import Data

STALE = "stale expectation"


@dataclass(frozen=True)
class Note:
    """A red test, once for all runs that it is red in."""
    test: str
    file: str
    line: int
    text: str


def notes(results: Iterable[Data]) -> list[Note]:
    found: dict[str, Note] = {}
    for data in results:
        for run in data["runs"]:
            for test in run["tests"]:
                if test["red"]:
                    found.setdefault(test["id"], note(data, run["name"], test))
        for text in data["stale"]:
            found.setdefault(text, Note(STALE, "", 0, text))
    return list(found.values())


def note(data: Data, run: str, test: Data) -> Note:
    file, _, line = (test["at"] or "").rpartition(":")
    seen = f"expected {test['expected']}, got {test['actual']}" if test["expected"] else test["actual"]
    words = (test["verdict"], seen, test["reason"], test["expectation"])
    lines = [f"{data['vmm']['name']} {data['vmm']['version']} {data['arch']}, {run}: "
             + ": ".join(filter(None, words)), test["reproduce"]]
    known = line.isdecimal()
    return Note(test["id"], file if known else "", int(line) if known else 0, "\n".join(filter(None, lines)))


def escape(text: str, more: str = "") -> str:
    """Return the text as a workflow command holds it; @more: what a property escapes besides."""
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def to_github(results: Iterable[Data]) -> str:
    """Return a line for each red test, which a step prints."""
    return "".join(command(one) + "\n" for one in notes(results))


def command(one: Note) -> str:
    place = {"file": one.file, "line": str(one.line)} if one.file else {}
    words = {**place, "title": one.test}
    properties = ",".join(f"{key}={escape(value, ':,')}" for key, value in words.items())
    return f"::error {properties}::{escape(one.text)}"


def to_gitlab(results: Iterable[Data]) -> str:
    """Return a code quality report, an artifact of a job."""
    return json.dumps([finding(one) for one in notes(results)], indent=1) + "\n"


def finding(one: Note) -> Data:
    """The fingerprint tells old from new: the text may hold addresses, which change."""
    name = one.text if one.test == STALE else one.test
    return {"description": f"{one.test}: {one.text}", "check_name": one.test, "severity": "major",
            "fingerprint": hashlib.sha256(name.encode()).hexdigest(),
            "location": {"path": one.file or "expectations", "lines": {"begin": one.line or 1}}}
