# SPDX-License-Identifier: BSD-3-Clause
"""A page for each defect of a VMM, as its maintainers would want a report; and an index of them."""
from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

from ..judge.compare import Data
from ..judge.conditions import Place, version_text, where_text
from ..judge.findings import Defect, Shown
from ..operate.vmm import title
from ..plan.standard import PUBLISHED
from .markdown import cell, table

MOST_TRACE = 40                 # lines: the last ones
NEWEST = max(PUBLISHED)
HEAD = """\
Made by `scripts/report findings` from `expectations/` and from results of the suite. A page tells what the
standard demands, what the device does, and how to see it; `make standalone` writes the test, image and all,
into one file that runs.
"""


def file_name(defect: Defect) -> str:
    return re.sub("[^a-z0-9]+", "-", defect.name.lower()).strip("-") + ".md"


def places(defects: Iterable[Defect]) -> list[Place]:
    """Return what was judged, the oldest version first."""
    found = {place for defect in defects for place in defect.judged}
    return sorted(found, key=lambda place: (place.version, place.arch, place.accel))


def place_text(place: Place) -> str:
    return f"{version_text(place.version)} {place.arch}" + (f" {place.accel}" if place.accel != "tcg" else "")


def isolation(defect: Defect) -> str:
    """Return what the defect means for isolation, which is what the device is there for."""
    if defect.breaks_isolation:
        return f"broken ({', '.join(defect.breaks_isolation)})"
    if defect.does_harm:
        return ("at stake: DMA reached what it must not, a buffer was written outside of its bounds, "
                "or a request never came back")
    return "no statement of it is broken by this"


def state(defect: Defect, place: Place) -> str:
    """Return what is known of one version and architecture."""
    shown = defect.at(place)
    if shown:
        runs = len({item.run for item in shown})
        verdict = ", ".join(dict.fromkeys(item.result.verdict for item in shown))
        return f"{verdict} in {runs} set-up{'s' if runs > 1 else ''}"
    return "not seen" if place in defect.judged else "not judged"


def page(defect: Defect, of: list[Place], vmm: str) -> str:
    best = defect.best
    lines = [f"# {title(vmm)}: {cell(defect.name)}", "", *facts(defect), *demands(defect),
             "## What the device does", ""]
    for entry in defect.entries:
        lines += [cell(entry.reason), "", *([f"<{entry.link}>", ""] if entry.link else [])]
    lines += [*seen(best), *reproducer(best, vmm)] if best else [
        "None of the results that this page is made from shows it.", ""]
    lines += ["## Where it was seen", "", *table(("version", "result"), (
        (place_text(place), state(defect, place)) for place in of))]
    return "\n".join(lines).rstrip("\n") + "\n"


def facts(defect: Defect) -> list[str]:
    rows = [("Verdict", ", ".join(defect.verdicts)), ("Isolation", isolation(defect)),
            ("Versions", span(defect))]
    where = [line for entry in defect.entries for line in entry.where]
    if where and all(entry.where for entry in defect.entries):
        rows.append(("Where", where_text(where).replace("\n    ", ", or ")))
    return table(("", ""), rows)


def span(defect: Defect) -> str:
    """Return since and until when, as far as the versions tell that were judged."""
    tried = sorted({place.version for place in defect.judged})
    shown = sorted({item.place.version for item in defect.shown})
    if not shown:
        return "seen in none of those tried"
    before = [version for version in tried if version < shown[0]]
    after = [version for version in tried if version > shown[-1]]
    since = f"since {version_text(shown[0])}, not in {version_text(before[-1])}" if before else (
        f"in {version_text(shown[0])}, the oldest one tried")
    return since + (f"; gone in {version_text(after[0])}" if after else
                    f"; still in {version_text(shown[-1])}, the newest one tried")


def demands(defect: Defect) -> list[str]:
    lines = ["## What the standard demands", ""]
    for row in defect.requirements:
        lines += [f"{row['id']} ({row['level'].strip('()')}), {row['clause']}, paraphrased:", "",
                  f"> {cell(row['text'])}", ""]
    return [*lines, f"[virtio {NEWEST}]({PUBLISHED[NEWEST]})", ""]


def seen(best: Shown) -> list[str]:
    result = best.result
    rows = [(name, text) for name, text in (("expected", result.expected), ("got", result.actual),
                                            ("cell", result.cell), ("reason", result.reason)) if text]
    return table((f"{result.id}, {best.run}", place_text(best.place)), rows)


def reproducer(best: Shown, vmm: str) -> list[str]:
    lines = ["## To reproduce", "", f"    ./run_tests.sh --vmm {vmm} {best.words}",
             f"    make standalone TEST={best.result.id} ARCH={best.place.arch} VMM={vmm} RUN={best.run}", ""]
    told = trace(best)
    return lines + (["What it did:", "", *(f"    {line}" for line in told), ""] if told else [])


def trace(best: Shown) -> list[str]:
    """Return what the test did, without what it was about, and what undoes it afterwards."""
    about = f"{best.result.requirement} ("
    lines = [line for line in best.result.trace if not line.startswith(about)]
    if best.result.verdict not in ("crash", "timeout"):
        lines = list(takewhile(lambda line: not line.startswith("clean-up"), lines))
    lines = without_bring_up(lines)
    return [f"... {len(lines) - MOST_TRACE} lines before"] * (len(lines) > MOST_TRACE) + lines[-MOST_TRACE:]


def without_bring_up(lines: Iterable[str]) -> list[str]:
    """Return the lines without the accesses that a reset consists of: its own line says how it ended."""
    kept, depth = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent > depth and "!!" not in line:
            continue
        depth = indent if line.lstrip().startswith("reset, ") else None
        kept.append(line)
    return kept


def pages(vmm: str, found: list[Defect]) -> dict[str, str]:
    """Return file names and pages."""
    of = places(found)
    return {file_name(defect): page(defect, of, vmm) for defect in found}


def index(by_vmm: dict[str, list[Defect]], results: list[Data]) -> str:
    lines = ["# Findings", "", HEAD]
    for vmm, found in by_vmm.items():
        versions = dict.fromkeys(f"{data['vmm']['detail']}, {data['arch']}, {data['accel']}"
                                 for data in results if data["vmm"]["name"] == vmm)
        lines += [f"## {title(vmm)}", "", *(f"* {cell(text)}" for text in versions), "",
                  *linked(vmm, found)]
    return "\n".join(lines).rstrip("\n") + "\n"


def linked(vmm: str, found: list[Defect]) -> list[str]:
    lines = table(("defect", "verdict", "statements", "isolation", "seen in"), (
        (defect.name, ", ".join(defect.verdicts), ", ".join(row["id"] for row in defect.requirements),
         "broken" if defect.breaks_isolation else "at stake" if defect.does_harm else "",
         ", ".join(map(version_text, sorted({item.place.version for item in defect.shown}))))
        for defect in found))
    links = (f"| [{cell(defect.name)}]({vmm}/{file_name(defect)}) |" for defect in found)
    return [*lines[:2], *(link + line.split("|", 2)[2] for link, line in zip(links, lines[2:])), ""]
