# SPDX-License-Identifier: BSD-3-Clause
"""results.json as a page: one file that needs nothing beside it."""
from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..judge.compare import title
from ..judge.results import VERDICTS
from ..judge.score import COLUMNS, Row, by_clause, level_class, part, scores, verdict_words
from ..plan.errors import UsageError
from ..plan.standard import LEVELS, PUBLISHED

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
PACKAGE = "python3-jinja2"
Data = dict[str, Any]                   # a results.json
SHOWN = (*reversed(VERDICTS), "not-tested")
SYMBOLS = {"pass": "✓", "info": "i", "skip": "–", "warn": "!", "fail": "✗", "error": "✗",
           "crash": "✗", "timeout": "✗", "not-tested": "○"}
MEANINGS = {
    "pass": "everything held that the test asked",
    "info": "the text allows several ways: the reason says which one the device took",
    "skip": "a condition of the requirement does not hold here: the reason names it",
    "warn": "a SHOULD, or a statement without keyword, is not followed",
    "fail": "a MUST is broken, DMA reached what it must not, or a request never came back",
    "error": "set-up or control did not work, so that nothing can be said",
    "crash": "the VMM ended while the test ran",
    "timeout": "the VMM was silent for longer than the limit",
    "not-tested": "no selected test has judged it",
}


def obstacle() -> str:
    """Return why no page can be made here, nothing if one can."""
    try:
        import jinja2   # noqa: F401
    except Exception as error:          # a damaged package may raise any
        missing = isinstance(error, ModuleNotFoundError) and error.name == "jinja2"
        what = " ".join(str(error).split())
        return f"install package {PACKAGE}" if missing else f"it does not load: {what}"
    return ""


def available() -> bool:
    return not obstacle()


def require() -> None:
    why = obstacle()
    if why:
        raise UsageError(f"a page needs Jinja2: {why}")


def render(template: str, **values: Any) -> str:
    """Fill a template; ValueError if it wants what the values do not have."""
    require()
    import jinja2
    try:
        return str(environment(sys.pycache_prefix or "").get_template(template).render(
            symbols=SYMBOLS, meanings=MEANINGS, standard_links=PUBLISHED,
            level_class=level_class, part=part, score_columns=COLUMNS, verdict_words=verdict_words,
            levels=LEVELS, **values))
    except jinja2.UndefinedError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=None)
def environment(directory: str) -> Any:
    """Return where templates are found and compiled, each once. @directory: of compiled_cache()."""
    import jinja2
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, bytecode_cache=compiled_cache(directory), undefined=jinja2.StrictUndefined)
    made.filters["spans"] = spans
    return made


def compiled_cache(directory: str) -> Any:
    """Keep compiled templates where run_tests.sh wants compiled code, if anywhere. It is never needed."""
    import jinja2

    class Cache(jinja2.FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Any) -> None:
            try:
                super().dump_bytecode(bucket)
            except OSError:             # such as a full disk
                pass
    return Cache(directory) if os.path.isdir(directory) else None


def spans(text: str) -> Any:
    """Mark up the `words` of the standard, as the catalogue has them."""
    from markupsafe import Markup, escape
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))


@dataclass
class Outcome:
    """One verdict of one test, with all set-ups that gave it in the same words."""
    test: Data
    runs: list[str] = field(default_factory=list)


@dataclass
class Line:
    """A requirement with all that is known of it."""
    row: Row
    outcomes: list[Outcome]

    @property
    def flags(self) -> list[str]:
        tests = [outcome.test for outcome in self.outcomes]
        return [flag for flag in ("red", "known", "silent") if any(test[flag] for test in tests)]

    @property
    def setups(self) -> int:
        return len({run for outcome in self.outcomes for run in outcome.runs})


WORDS = ("id", "verdict", "known", "red", "silent", "expected", "actual", "reason", "expectation")


def outcomes(data: Data) -> dict[str, list[Outcome]]:
    """Return the outcomes of each test, the worst first."""
    found: dict[tuple[Any, ...], Outcome] = {}
    for run in data["runs"]:
        for test in run["tests"]:
            key = tuple(test[word] for word in WORDS)
            outcome = found.setdefault(key, Outcome(test))
            outcome.runs.append(run["name"])
    tests: dict[str, list[Outcome]] = {}
    for outcome in sorted(found.values(), key=lambda item: -VERDICTS.index(item.test["verdict"])):
        tests.setdefault(outcome.test["id"], []).append(outcome)
    return tests


def lines(data: Data) -> dict[str, dict[str, list[Line]]]:
    tests = outcomes(data)
    return {name: {topic: [line(row, tests) for row in rows] for topic, rows in topics.items()}
            for name, topics in by_clause(data["requirements"]).items()}


def line(row: Row, tests: dict[str, list[Outcome]]) -> Line:
    own = [outcome for test in row["tests"] for outcome in tests.get(test, [])]
    own.sort(key=lambda item: -VERDICTS.index(item.test["verdict"]))
    return Line(row, own)


def environments(data: Data) -> list[tuple[list[str], Data]]:
    """Return what the image found, once for all runs in which it found the same."""
    found: list[tuple[list[str], Data]] = []
    for run in data["runs"]:
        if not run.get("environment", {}).get("boot"):
            continue                    # skipped, or it did not get that far
        same = next((names for names, seen in found if seen == run["environment"]), None)
        if same is not None:
            same.append(run["name"])
        else:
            found.append(([run["name"]], run["environment"]))
    return found


def counts(rows: list[Row]) -> list[tuple[str, int]]:
    """Count the verdicts that occur, from severe to mild."""
    numbers = ((verdict, sum(row["verdict"] == verdict for row in rows)) for verdict in SHOWN)
    return [(verdict, number) for verdict, number in numbers if number]


def to_html(data: Data) -> str:
    rows = data["requirements"]
    return render("report.html", data=data, title=title(data), tree=lines(data), counts=counts,
                  scores=scores(rows), environments=environments(data),
                  verdicts=counts(rows), given=[name for name in VERDICTS if data["summary"][name]],
                  red=sum(test["red"] for run in data["runs"] for test in run["tests"]))
