# SPDX-License-Identifier: BSD-3-Clause
"""One executable file that runs one test: image, runner, set-up and what the test is about.

It needs Python 3 and the VMM, and can go with a report of a defect: scripts/standalone.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import zipfile

from .judge.expectations import read_expectations
from .operate.vmm import DEFAULT
from .options import parse
from .planning import Plan, make_plan
from .plan.catalogue import Tree, suite_version
from .plan.errors import NothingToRun, UsageError
from .write.package import make_config, runtime_files

SHEBANG = b"#!/usr/bin/env python3\n"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/standalone", allow_abbrev=False,
        description="Writes one executable file that runs one test: needs Python 3 and the VMM.")
    add = parser.add_argument
    add("test", metavar="TEST", help="test id, glob over test ids, or requirement")
    add("--arch", help="as of run_tests.sh")
    add("--vmm", default=DEFAULT, help="as of run_tests.sh")
    add("--run", metavar="RUN", help="only in this run (default: in all it belongs to)")
    add("-o", metavar="F", dest="output", help="(default: build/standalone/TEST-ARCH.pyz)")
    return parser


def arguments(options: argparse.Namespace) -> list[str]:
    """Return options of run_tests.sh. A deviation is red, known or not: the file is there to show it."""
    words = ["-v", "--strict", "--no-expect", "--vmm", options.vmm]
    words += ["--arch", options.arch] if options.arch else []
    return [*words, *([options.run] if options.run else []), options.test]


def about(plan: Plan, tree: Tree, vmm: str) -> list[str]:
    """Return lines that name the tests and what is known of this VMM."""
    tests = {test.id: test for selected in plan.selected for test in selected.tests}
    lines = [f"virtio-iommu-tests {suite_version(tree.root)}, {tree.arch}: {', '.join(tests)}"]
    path = tree.path("expectations", vmm)
    if os.path.exists(path):
        known = (entry.reason for entry in read_expectations(path) if any(map(entry.names, tests)))
        lines += [f"known of {vmm}: {reason}" for reason in dict.fromkeys(known)]
    return lines


def write(path: str, tree: Tree, words: list[str], lines: list[str]) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED,
                             strict_timestamps=False) as archive:
            for name in runtime_files(tree):
                archive.write(tree.path(name), name)
            archive.writestr("build/config.mak", make_config(tree))
            archive.writestr("standalone.json", json.dumps({"arguments": words, "about": lines}))
            archive.write(os.path.join(os.path.dirname(__file__), "standalone_main.py"),
                          "__main__.py")
    os.chmod(path, 0o755)


def main(argv: list[str], root: str) -> int:
    options = make_parser().parse_args(argv)
    try:
        words = arguments(options)
        parsed = parse(words)
        plan = make_plan(parsed, root)
        tree = plan.tree
        name = f"{options.test.replace('/', '.').replace('*', '_')}-{tree.arch}.pyz"
        path = options.output or tree.path("build", "standalone", name)
        write(path, tree, words, about(plan, tree, options.vmm))
    except (UsageError, NothingToRun, OSError) as error:
        print(f"scripts/standalone: {error}", file=sys.stderr)
        return 2
    print(tree.shown(path))
    return 0
