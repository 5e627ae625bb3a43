# SPDX-License-Identifier: BSD-3-Clause
"""The catalogue of the tree: every requirement is judged, or it says why not."""
from __future__ import annotations

import re

import pytest

from conftest import TOP
from runner.plan.catalogue import Tree, read_requirements

COMPLETE = ("DEV-", "DRV-", "N-", "VIOT-", "FDT-", "AMB-")
REQUIREMENTS = read_requirements(Tree(str(TOP), "host"))
TESTED = {name.replace("_", "-")
          for file in (TOP / "virtio-iommu" / "tests").rglob("*.c")
          for name in re.findall(r"^TEST\((\w+),", file.read_text(), re.MULTILINE)}


def test_tests_name_requirements() -> None:
    assert TESTED <= REQUIREMENTS.keys()


@pytest.mark.parametrize("row", REQUIREMENTS.values(), ids=lambda row: row.id)
def test_judged_or_explained(row) -> None:
    assert not (row.untested and row.id in TESTED), "untested.tsv is out of date"
    assert set(row.judged_by) <= TESTED
    if row.id.startswith(COMPLETE):
        assert row.untested or row.id in TESTED


def test_each_requirement_with_tests_has_mutants() -> None:
    """docs/coverage.md is what the tables say: make check-docs."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in (TOP / "docs/coverage.md").read_text().splitlines()
            if re.match(r"\| [A-Z0-9]+-[A-Z0-9-]+ \|", line)]
    assert {row[0] for row in rows} == REQUIREMENTS.keys()
    assert not [row[0] for row in rows if row[0] in TESTED and not row[3]]
