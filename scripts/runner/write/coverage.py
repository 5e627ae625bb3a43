# SPDX-License-Identifier: BSD-3-Clause
"""docs/coverage.md: each requirement with its tests and with the mutants that break it."""
from __future__ import annotations

import subprocess
from collections.abc import Iterable
from typing import Any

from ..judge.score import by_clause
from ..plan.catalogue import Requirement, Test, Tree, read_manifest, read_requirements
from ..plan.errors import UsageError
from .markdown import table

HEAD = """\
# What is covered

Made by `make docs` from `requirements.tsv` and `untested.tsv` in `virtio-iommu/standard/`, the tests'
declarations, and `host/bugs/mutants.def`. A mutant is the reference device with one bug; `make check` wants a
test of the same requirement to turn red on it, and a mutant for each requirement that has tests. What a VMM
does is in the report of its run.
"""
Mutants = dict[str, list[str]]          # names, by requirement


def read_mutants(tree: Tree) -> Mutants:
    """Ask the program with the reference device for its mutants."""
    listing = subprocess.run([tree.image, "--list-mutants"], stdout=subprocess.PIPE, timeout=10)
    found: Mutants = {}
    for line in listing.stdout.decode().splitlines():
        name, requirement = line.split("\t")[:2]
        found.setdefault(requirement, []).append(name)
    if listing.returncode or not found:
        raise UsageError(f"{tree.shown(tree.image)} --list-mutants: lists none: run `make`")
    return found


def to_markdown(tree: Tree) -> str:
    requirements, mutants = read_requirements(tree), read_mutants(tree)
    tests: dict[str, list[Test]] = {}
    for test in read_manifest(tree):
        tests.setdefault(test.requirement, []).append(test)
    lines = [HEAD, *totals(requirements, tests, mutants)]
    rows = ({"id": row.id, "clause": row.clause, "row": row} for row in requirements.values())
    for part, topics in by_clause(rows).items():
        lines += [f"## {part}", ""]
        for topic, those in topics.items():
            lines += [f"### {topic}", ""] if topic != part else []
            lines += table(("requirement", "level", "tests", "mutants"),
                           (line(item["row"], tests, mutants) for item in those))
    return "\n".join(lines)


def line(row: Requirement, tests: dict[str, list[Test]], mutants: Mutants) -> tuple[Any, ...]:
    own = [test.id.partition("/")[2] for test in tests.get(row.id, [])]
    others = [f"those of {', '.join(row.judged_by)}"] if row.judged_by else []
    reason = [f"({row.untested})"] if row.untested else []
    return row.id, row.level, ", ".join([*own, *others, *reason]), ", ".join(mutants.get(row.id, []))


def totals(requirements: dict[str, Requirement], tests: dict[str, list[Test]],
           mutants: Mutants) -> list[str]:
    def number(rows: Iterable[Requirement]) -> int:
        return sum(1 for _ in rows)
    rows = [row for row in requirements.values() if row.id not in tests]
    return table(("requirements", "with tests", "judged by tests of others", "without a test",
                  "tests", "mutants"), [
        (len(requirements), len(requirements) - len(rows), number(r for r in rows if r.judged_by),
         number(r for r in rows if not r.judged_by), sum(map(len, tests.values())),
         sum(map(len, mutants.values())))])
