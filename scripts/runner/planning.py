# SPDX-License-Identifier: BSD-3-Clause
"""What a call asks for: which runs and tests, out of all that there are."""
from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from .judge.compare import read_results, red_results
from .plan import selection
from .plan.catalogue import Requirement, Test, Tree, read_manifest, read_requirements, require_images
from .plan.config import Run, read_runs
from .plan.errors import NothingToRun


@dataclass
class Plan:
    """All that is known before a VMM starts."""
    tree: Tree
    runs: list[Run]
    tests: list[Test]
    requirements: dict[str, Requirement]
    selected: list[selection.Selected]
    named: bool                 # tests, and not only runs, are asked for


def make_plan(options: argparse.Namespace, root: str) -> Plan:
    tree = Tree(root, options.arch)
    tests, requirements = read_manifest(tree), read_requirements(tree)
    require_images(tree, tests)
    runs = read_runs(tree.path("unittests.cfg"))
    chosen = selection.in_group(runs, options.group) if options.group else runs
    choice = selection.sort_patterns(patterns(options), runs, tests, requirements)
    selected = selection.select(chosen, tests, choice, options.arch, bool(options.group),
                                wanted(options, tree, requirements))
    if options.shard:
        selected = selection.share(selected, *options.shard)
    return Plan(tree, runs, tests, requirements, selected, bool(choice.asked))


def patterns(options: argparse.Namespace) -> list[str]:
    """Return those of the command line, then those of the file, a line each."""
    lines = read_text(options.read_from).splitlines() if options.read_from else []
    return [*options.patterns, *(line.strip() for line in lines
                                 if line.strip() and not line.startswith("#"))]


def wanted(options: argparse.Namespace, tree: Tree,
           requirements: dict[str, Requirement]) -> selection.Wanted:
    if options.level:
        return selection.of_level(requirements, options.level)
    if not options.rerun_failed:
        return selection.everything
    path = os.path.join(results_directory(options, tree), "results.json")
    red = red_results(read_results(path))
    if not red:
        raise NothingToRun(f"{tree.shown(path)} has no red result")
    return lambda run, test: (run.name, test.id) in red


def results_directory(options: argparse.Namespace, tree: Tree) -> str:
    return options.output or tree.built("results")


def read_text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
