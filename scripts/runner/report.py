# SPDX-License-Identifier: BSD-3-Clause
"""scripts/report: pages from results, and from the tables of the tree."""
from __future__ import annotations

import argparse
import glob
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Optional, TypeVar

from .judge.compare import read_results
from .judge.expectations import read_expectations
from .judge.findings import Defect, defects
from .judge.merge import merge
from .judge.seen import fill
from .operate.vmm import DEFAULT, adapter_class, find_adapter, names
from .options import Parser
from .plan import architecture
from .plan.architecture import HOST
from .plan.catalogue import Tree
from .plan.errors import NothingToRun, UsageError
from .planning import read_text
from .write import annotate, coverage, findings, matrix, page, site
from .write.files import write_file
from .write.results_json import to_text

EPILOG = """\
commands:
  html R.json [-o F.html]                one result as a page (default: R.html)
  matrix R.json ... [-o F.html] [--md F] several, side by side (default: Markdown on stdout)
  merge R.json ... -o R.json             results of `--shard K/N`, put together
  measure VMM ... [-o DIR]               run the suite on each VMM and architecture that is built,
                                         write DIR/matrix.html and .md (default: docs/results);
                                         VMM is an adapter's name, NAME=PATH where it is not
                                         on PATH, or a directory of the default VMM
  site DIR R.json ...                    many results as a static site in DIR: side by side, the history
                                         of each implementation, each requirement, badges
  github R.json ... [-o F]               what is red, as workflow commands that annotate (default: stdout)
  gitlab R.json ... [-o F]               the same as a code quality report
  seen R.json ... -o EXPECTATIONS        put what the results have seen into the entries that do not
                                         tell it yet
  findings R.json ... [-o DIR]           a page for each defect that expectations/VMM lists, and an
                                         index (default: docs/findings); best of --no-expect
  coverage [-o F.md]                     requirements with their tests and mutants (default: stdout)

A page needs Jinja2 (package python3-jinja2); Markdown does not."""


def make_parser() -> Parser:
    parser = Parser(prog="scripts/report", allow_abbrev=False, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=tuple(COMMANDS))
    parser.add_argument("inputs", nargs="*", metavar="R.json|VMM|DIR")
    parser.add_argument("-o", dest="output", metavar="F|DIR")
    parser.add_argument("--md", metavar="F", help="with matrix: write Markdown to F")
    return parser


def write(text: str, target: Optional[str]) -> None:
    if target:
        write_file(target, text)
    else:
        print(text)


def write_html(options: argparse.Namespace) -> None:
    if len(options.inputs) > 1:
        raise UsageError("html takes one result; matrix takes several")
    source = options.inputs[0]
    target = options.output or os.path.splitext(source)[0] + ".html"
    write_file(target, made(page.to_html, read_results(source), source))


def read_whole(path: str) -> dict[str, Any]:
    """Read a result of all tests: beside others, one of a few tests would say nothing of the rest."""
    data = read_results(path)
    selected = made(lambda those: " ".join(map(str, those.get("selection") or [])), data, path)
    if selected:
        raise UsageError(f"{path}: is a result of {selected} only; results of all tests are wanted")
    return data


def write_matrix(inputs: list[str], html: Optional[str], markdown: Optional[str]) -> None:
    results = [read_whole(path) for path in inputs]
    if html:
        write_file(html, made(matrix.to_html, results, ", ".join(inputs)))
    if markdown or not html:
        write(made(matrix.to_markdown, results, ", ".join(inputs)), markdown)


def write_merged(inputs: list[str], target: Optional[str]) -> None:
    results = [read_results(path) for path in inputs]
    write(made(lambda those: to_text(merge(those)), results, ", ".join(inputs)), target)


def write_site(directory: str, inputs: list[str]) -> None:
    if not inputs:
        raise UsageError("site takes a directory and at least one result")
    page.require()
    results = [read_whole(path) for path in inputs]
    number = made(lambda those: site.write_site(directory, those), results, ", ".join(inputs))
    print(f"{directory}: {number} files")


def write_annotations(inputs: list[str], make: Callable[[Any], str], target: Optional[str]) -> None:
    results = [read_results(path) for path in inputs]
    write(made(make, results, ", ".join(inputs)).rstrip("\n"), target)


def write_seen(inputs: list[str], target: Optional[str]) -> None:
    if not target:
        raise UsageError("seen: say -o EXPECTATIONS, the file to put it into")
    text, done = fill(read_text(target), read_expectations(target), [read_results(path) for path in inputs])
    write_file(target, text)
    for line in done or ["nothing to change"]:
        print(f"{target}: {line}")


def write_findings(inputs: list[str], target: str, root: str) -> None:
    """Write pages; those of what is no defect any more go."""
    results = [read_results(path) for path in inputs]
    by_vmm: dict[str, list[Defect]] = {}
    for vmm in dict.fromkeys(data["vmm"]["name"] for data in results):
        entries = read_expectations(os.path.join(root, "expectations", vmm))
        by_vmm[vmm] = defects(entries, [data for data in results if data["vmm"]["name"] == vmm])
        texts = findings.pages(vmm, by_vmm[vmm])
        for old in glob.glob(os.path.join(glob.escape(target), vmm, "*.md")):
            if os.path.basename(old) not in texts:
                os.remove(old)
        for name, text in texts.items():
            write_file(os.path.join(target, vmm, name), text)
    write_file(os.path.join(target, "README.md"), findings.index(by_vmm, results))


Made = TypeVar("Made")


def made(make: Callable[[Any], Made], results: Any, where: str) -> Made:
    """Make a page of results, which may have other fields: of another version, or edited by hand."""
    try:
        return make(results)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{where}: is no results.json of this version of the suite: "
                         f"{type(error).__name__} {error}") from None


def measure(vmms: list[str], target: str, root: str) -> None:
    """Run the suite on each VMM, and write the matrix. A red verdict is no error: the matrix shows it."""
    page.require()
    results = [path for vmm in vmms for path in measure_one(vmm, root, str(vmms.index(vmm)))]
    write_matrix(results, os.path.join(target, "matrix.html"), os.path.join(target, "matrix.md"))


def measure_one(vmm: str, root: str, name: str) -> list[str]:
    adapter, path = which(vmm)
    return [run(adapter, path, arch, root, os.path.join(root, "build", "matrix", f"{name}-{arch}.json"))
            for arch in measurable(adapter, path, root)]


def which(vmm: str) -> tuple[str, Optional[str]]:
    """Return adapter and path that a word of the command line means."""
    name, _, path = vmm.partition("=")
    return (name, path or None) if name in names() else (DEFAULT, vmm)


def measurable(adapter: str, path: Optional[str], root: str) -> list[str]:
    """Return what is built and this VMM can run on this host; UsageError if it can run none."""
    built = [arch for arch in adapter_class(adapter).arches() if os.path.exists(
        os.path.join(root, "build", arch, architecture.known()[arch].image))]
    refused: dict[str, Exception] = {}
    for arch in built:
        try:
            find_adapter(adapter, arch, path, None).identify()
        except (UsageError, NothingToRun) as error:
            refused[arch] = error
    if refused and len(refused) == len(built):
        raise UsageError(f"{path or adapter} {built[0]}: {refused[built[0]]}")
    return [arch for arch in built if arch not in refused]


def run(adapter: str, path: Optional[str], arch: str, root: str, target: str) -> str:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    where = ["--vmm", adapter, *(["--vmm-path", path] if path else [])]
    done = subprocess.run([os.path.join(root, "run_tests.sh"), "--arch", arch, *where,
                           "--no-expect", "--json", target], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, env={**os.environ, "PYTHON": sys.executable})
    if done.returncode not in (0, 1):
        raise UsageError(f"{path or adapter} {arch}: {done.stderr.decode(errors='replace').strip()}")
    return target


# Each with what it does: from options and the top of the tree.
COMMANDS: dict[str, Callable[[argparse.Namespace, str], None]] = {
    "html": lambda options, root: write_html(options),
    "matrix": lambda options, root: write_matrix(options.inputs, options.output, options.md),
    "merge": lambda options, root: write_merged(options.inputs, options.output),
    "seen": lambda options, root: write_seen(options.inputs, options.output),
    "findings": lambda options, root: write_findings(
        options.inputs, options.output or os.path.join(root, "docs", "findings"), root),
    "measure": lambda options, root: measure(
        options.inputs, options.output or os.path.join(root, "docs", "results"), root),
    "site": lambda options, root: write_site(options.inputs[0], options.inputs[1:]),
    "github": lambda options, root: write_annotations(options.inputs, annotate.to_github, options.output),
    "gitlab": lambda options, root: write_annotations(options.inputs, annotate.to_gitlab, options.output),
    "coverage": lambda options, root: write(coverage.to_markdown(Tree(root, HOST)), options.output),
}


def main(argv: list[str], root: str) -> int:
    try:
        options = make_parser().parse_intermixed_args(argv)
        if bool(options.inputs) == (options.command == "coverage"):
            raise UsageError(f"{options.command} takes "
                             + ("no input" if options.inputs else "at least one input"))
        COMMANDS[options.command](options, root)
    except (UsageError, OSError) as error:
        print(f"scripts/report: {error}", file=sys.stderr)
        return 2
    return 0
