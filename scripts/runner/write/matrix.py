# SPDX-License-Identifier: BSD-3-Clause
"""Several results side by side: implementations and versions by requirement."""
from __future__ import annotations

from typing import Any, Optional

from ..judge.score import BROKEN, COLUMNS, KEPT, Row, Score, by_clause, part, scores, verdict_words
from ..operate.vmm import DEFAULT, title
from .markdown import table
from .page import SYMBOLS, Data, render

AGAIN = ("`scripts/report measure VMM ...` runs these commands on each VMM and architecture, and "
         "writes the matrix anew; VMM is an adapter's name, or NAME=PATH.")
BASIS = ("A statement has the worst verdict of its tests in all set-ups. A score is the kept ones (pass, "
         "or info where several ways are legal) of those that every column has judged.")
OWN = "What is demanded of a device, for each result by itself:"
ABSENT = {"verdict": "not-tested", "reason": "this result does not know the requirement"}


class Matrix:
    """Requirements of all results, in the order of the first that has them."""

    def __init__(self, results: list[Data]) -> None:
        self.results = results
        self.titles = [heading(data) for data in results]
        self._rows = [{row["id"]: row for row in data["requirements"]} for data in results]
        merged: dict[str, Row] = {}
        for rows in self._rows:
            for name, row in rows.items():
                merged.setdefault(name, row)
        self.requirements = list(merged.values())

    def cells(self, row: Row) -> list[Row]:
        return [rows.get(row["id"], ABSENT) for rows in self._rows]

    def differs(self, row: Row) -> bool:
        return len({cell["verdict"] for cell in self.cells(row)}) > 1

    def levels(self) -> list[str]:
        return [score.level for score in scores(self.requirements)]

    def scores(self) -> list[list[Optional[Score]]]:
        """
        Return a row for each result, in the order of levels, over the statements that all of them have
        judged: else a result that skips what it breaks would look better.
        """
        common = [row["id"] for row in self.requirements
                  if all(cell["verdict"] in KEPT + BROKEN for cell in self.cells(row))]
        found = [{score.level: score for score in scores([rows[name] for name in common])}
                 for rows in self._rows]
        return [[those.get(level) for level in self.levels()] for those in found]

    def own_scores(self) -> list[Score]:
        """Return for each result all that is demanded of a device, over its own statements."""
        return [scores(list(rows.values()))[0] for rows in self._rows]

    def groups(self) -> list[tuple[str, list[list[tuple[str, str]]]]]:
        """Return for each part of the standard a row of (id, verdict) for each result."""
        parts: dict[str, list[Row]] = {}
        for row in self.requirements:
            if not row.get("judged_by"):
                parts.setdefault(part(row), []).append(row)
        return [(name, [[(row["id"], rows.get(row["id"], ABSENT)["verdict"]) for row in those]
                        for rows in self._rows]) for name, those in parts.items()]

    def origins(self) -> list[dict[str, Any]]:
        """Return how each column was made, in words that hold on any machine."""
        return [origin(data) for data in self.results]


def heading(data: Data) -> str:
    """Name a result as shortly as a column wants it."""
    vmm = data["vmm"]
    arch = f" {data['arch']}" if data["arch"] != vmm["name"] else ""
    accel = f" {data['accel']}" if data["accel"] != "tcg" else ""
    return f"{title(vmm['name'])} {vmm['version']}{arch}{accel}"


def origin(data: Data) -> dict[str, Any]:
    vmm = data["vmm"]
    words = ["./run_tests.sh", "--arch", data["arch"]]
    words += ["--vmm", vmm["name"]] if vmm["name"] != DEFAULT else ["--vmm-path", "DIRECTORY"]
    words += ["--accel", data["accel"]] if data["accel"] != "tcg" else []
    words += ["--no-expect"] if not any(test["expectation"] for run in data["runs"]
                                        for test in run["tests"]) else []
    ran = [run for run in data["runs"] if not run["skipped"]]
    return {"title": heading(data), "vmm": f"{vmm['name']} {vmm.get('detail') or vmm['version']}",
            "suite": f"{data['suite']['version']} ({(data['suite']['commit'] or '?')[:12]})",
            "made": data["started"][:10], "runs": len(ran), "tests": sum(len(run["tests"]) for run in ran),
            "command": " ".join(words)}


def to_html(results: list[Data]) -> str:
    matrix = Matrix(results)
    shown = [row for row in SYMBOLS if any(
        cell["verdict"] == row for line in matrix.requirements for cell in matrix.cells(line))]
    return render("matrix.html", matrix=matrix, tree=by_clause(matrix.requirements),
                  verdicts=shown, again=AGAIN, basis=BASIS, own=OWN)


def to_markdown(results: list[Data]) -> str:
    matrix = Matrix(results)
    lines = ["# virtio-iommu conformance, side by side", "", *_score_table(matrix),
             BASIS, "", *_own_table(matrix), *_origin_table(matrix)]
    for name, topics in by_clause(matrix.requirements).items():
        lines += [f"## {name}", ""]
        for topic, rows in topics.items():
            lines += [f"### {topic}", ""] if topic != name else []
            lines += table(("requirement", "level", "sentence", *matrix.titles), [
                (row["id"], row["level"], row.get("text", ""),
                 *(f"{SYMBOLS[cell['verdict']]} {verdict_words(cell)}" for cell in matrix.cells(row)))
                for row in rows])
    return "\n".join(lines)


def _score_table(matrix: Matrix) -> list[str]:
    rows = [(title, *(score.text if score else "–" for score in row))
            for title, row in zip(matrix.titles, matrix.scores())]
    return table(("VMM", *matrix.levels()), rows)


def _own_table(matrix: Matrix) -> list[str]:
    """Each VMM by itself: what was not judged, and why."""
    rows = [(title, *(getattr(score, key) for _, key in COLUMNS))
            for title, score in zip(matrix.titles, matrix.own_scores())]
    return [OWN, "", *table(("VMM", *(name for name, _ in COLUMNS)), rows)]


def _origin_table(matrix: Matrix) -> list[str]:
    rows = [(made["title"], made["vmm"], made["suite"], made["made"], made["runs"], made["tests"],
             made["command"]) for made in matrix.origins()]
    return ["## How each column was made", "", AGAIN, "",
            *table(("column", "VMM", "suite", "date", "set-ups", "results", "command"), rows)]
