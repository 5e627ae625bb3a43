# SPDX-License-Identifier: BSD-3-Clause
"""The command: options in, exit status out."""
from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Optional, Union

from .judge.expectations import Gate, read_expectations
from .judge.repeat import RepeatedJob
from .judge.results import Report, judge_requirements, to_json, write_file
from .judge.verdicts import JudgeContext, RunJob
from .operate.launch import Launcher
from .operate.run import BootContext
from .operate.vmm import DEFAULT, Adapter, adapter_class, find_adapter
from .operate.workers import Workers
from .plan import architecture, selection
from .plan.catalogue import (Requirement, Test, Tree, commit, read_make_config, read_manifest,
                        read_requirements, suite_version)
from .plan.config import Run, read_runs, seconds
from .plan.errors import Interrupted, NothingToRun, UsageError
from .write import page
from .write.progress import Progress, summary
from .write.screen import Screen

SPECS = ("1.2", "1.3", "1.4")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EPILOG = """\
A pattern that fits the name of a run selects runs; any other is a test id, a glob over test ids,
or a requirement id, which stands for all its tests.

environment: UEFI_FIRMWARE_X86_64 and so on is the firmware of runs that start by UEFI (default: what
the distribution's package has; without it such a run is skipped).

exit status: 0 all as expected; 1 a red verdict; 2 wrong usage, something missing or unknown, or a
report that cannot be written; 3 nothing ran; 128+N ended by signal N, reports hold what was measured."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def checked(parse: Any) -> Any:
    """A parser of values as a type of argparse, keeping its message."""
    def convert(value: str) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{value}': {error}") from None
    return convert


def workers(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 1024:
        raise ValueError("allowed are 1 to 1024")
    return int(value)


def count(value: str) -> int:
    if not value.isdecimal() or int(value) >= 1 << 64:
        raise ValueError("allowed are 0 to 2^64 - 1")
    return int(value)


def repeats(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 10000:
        raise ValueError("allowed are 1 to 10000")
    return int(value)


def word(value: str) -> str:
    if not re.fullmatch(r"[\w-]{1,40}", value):
        raise ValueError("allowed are letters, digits and '-'")
    return value


def make_parser() -> Parser:
    parser = Parser(prog="run_tests.sh", allow_abbrev=False, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="Runs the virtio-iommu tests under a VMM and judges it.")
    add = parser.add_argument
    add("patterns", nargs="*", metavar="RUN|TEST", help="runs and tests, by name or glob")
    add("--arch", help=f"{' or '.join(architecture.names())}; default: this host's")
    add("--vmm", default=DEFAULT, help=f"adapter in scripts/runner/operate/vmm (default: {DEFAULT})")
    add("--vmm-path", metavar="P", help="the VMM's program or its directory (default: PATH)")
    add("--vmm-version", action="store_true",
        help="show the VMM's version, or why it judges nothing here (exit status 3)")
    add("--accel", choices=("tcg", "kvm"), help="default: tcg where the VMM has it")
    add("-l", "--list", action="store_true", help="show what would run")
    add("-g", metavar="GROUP", dest="group", help="only runs of this group")
    add("-j", metavar="N", dest="jobs", type=checked(workers),
        help="runs at a time (default: CPUs)")
    add("-v", action="store_true", dest="verbose",
        help="one line per test; of tests that are named, also each request and access")
    add("-t", action="store_true", dest="tap", help="TAP on stdout")
    add("--timeout", metavar="S", type=checked(seconds),
        help="seconds without progress that a test or the boot may take (default: 10)")
    add("--spec", choices=SPECS, default=SPECS[-1],
        help="version of the standard that counts (default: the newest)")
    add("--seed", metavar="N", type=checked(count),
        help="what the test of requests drawn by lot draws (default: always the same)")
    add("--rounds", metavar="N", type=checked(count),
        help="how many times it draws, with seeds from N on (default: once)")
    add("--repeat", metavar="N", type=checked(repeats), default=1,
        help="so many times; a test whose verdict is not always the same is red")
    add("--case", metavar="NAME", type=checked(word),
        help="of the tests that try one thing after the other, this thing alone")
    add("--strict", action="store_true", help="a warn is red")
    for name in ("json", "junit", "md", "html"):
        add(f"--{name}", metavar="F", help=f"write the {name} report also to F")
    add("--expect", metavar="F", help="known deviations (default: expectations/VMM)")
    add("--no-expect", action="store_true", help="judge without known deviations")
    add("--update-expect", action="store_true", help="write this result into the expectations")
    add("--compare", metavar="OLD.json", help="show what changed since that result")
    return parser


def parse(argv: list[str], version: str = "") -> argparse.Namespace:
    parser = make_parser()
    parser.add_argument("--version", action="version", version=f"virtio-iommu-tests {version}")
    options = parser.parse_intermixed_args(argv)
    if options.no_expect and (options.expect or options.update_expect):
        raise UsageError("--no-expect contradicts --expect and --update-expect")
    offered = adapter_class(options.vmm).arches()
    machine = architecture.of_machine(os.uname().machine)
    options.arch = options.arch or (machine if machine in offered else offered[0])
    if architecture.named(options.arch).name not in offered:
        raise UsageError(f"--arch {options.arch}: --vmm {options.vmm} has {', '.join(offered)}")
    if options.html:
        page.require()
    for path in (options.json, options.junit, options.md, options.html):
        if path and (os.path.isdir(path) or not os.access(os.path.dirname(path) or ".", os.W_OK)):
            raise UsageError(f"{path}: cannot be written there")
    return options


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
    runs = read_runs(tree.path("unittests.cfg"))
    chosen = selection.in_group(runs, options.group) if options.group else runs
    choice = selection.sort_patterns(options.patterns, runs, tests, requirements)
    selected = selection.select(chosen, tests, choice, options.arch, bool(options.group))
    return Plan(tree, runs, tests, requirements, selected, bool(choice.tests))


def show_list(plan: Plan) -> None:
    rows = [(item.run.name, test.id, levels(plan, test), test.needs if test.needs != "0" else "")
            for item in plan.selected for test in item.tests]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    screen = Screen(sys.stdout)
    for row in rows:
        columns = [f"{text:<{width}}" for text, width in zip(row, widths)]
        screen.line("  ".join([*columns, row[3]]).rstrip())


def levels(plan: Plan, test: Test) -> str:
    row = plan.requirements.get(test.requirement)
    return f"{test.requirement} {row.level if row else '?'}"


def expectations_path(options: argparse.Namespace, tree: Tree) -> Optional[str]:
    default = tree.path("expectations", options.vmm)
    if options.no_expect:
        return None
    if options.expect or options.update_expect or os.path.exists(default):
        return options.expect or default
    return None


def make_gate(options: argparse.Namespace, tree: Tree, version: str, accel: str) -> Gate:
    path = expectations_path(options, tree)
    new = options.update_expect and path and not os.path.exists(path)
    entries = read_expectations(path) if path and not new else []
    return Gate(entries, version, options.arch, accel, options.strict)


def own_directory(tree: Tree) -> tuple[str, Any]:
    """Where VMMs keep their files. Another call of this script gets another one."""
    import fcntl
    number = 1
    while True:
        path = tree.built("run" if number == 1 else f"run.{number}")
        os.makedirs(path, exist_ok=True)
        lock = open(os.path.join(path, ".lock"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return path, lock
        except OSError:
            lock.close()
            number += 1


def cpus() -> int:
    """Those that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def execute(options: argparse.Namespace, plan: Plan, adapter: Adapter, gate: Gate,
            progress: Progress) -> tuple[Report, int]:
    """All runs. The number is that of a signal that came in between, else 0."""
    launcher, signum = Launcher(), 0
    directory, lock = own_directory(plan.tree)
    boots = BootContext(adapter, plan.tree, directory, options.timeout, launcher,
                        words_for_image(options, plan))
    judges = JudgeContext(plan.requirements, gate, progress, call(options))
    jobs = make_jobs(plan.selected, boots, judges, options.repeat)
    with lock:
        try:
            Workers(jobs, launcher).run(options.jobs or cpus(), progress.tick)
        except Interrupted as stop:
            signum = stop.signum
    return make_report(options, plan, adapter, gate, jobs, bool(signum)), signum


Jobs = Sequence[Union[RunJob, RepeatedJob]]


def make_jobs(chosen: list[selection.Selected], boots: BootContext, judges: JudgeContext,
              count: int) -> Jobs:
    if count > 1:
        return [RepeatedJob(selected, boots, judges, count) for selected in chosen]
    return [RunJob(selected, boots, judges) for selected in chosen]


def make_report(options: argparse.Namespace, plan: Plan, adapter: Adapter, gate: Gate,
                jobs: Jobs, interrupted: bool) -> Report:
    runs = [job.result for job in jobs]
    stale = gate.stale({test.id for test in plan.tests}, {run.name for run in plan.runs})
    vmm = {"name": adapter.name, "version": adapter.version, "detail": adapter.detail}
    return Report(suite_identity(plan, runs), vmm, options.arch, adapter.accel, options.strict,
                  runs, judge_requirements(plan.requirements, plan.tests, runs),
                  stale, interrupted)


def suite_identity(plan: Plan, runs: list[Any]) -> dict[str, Optional[str]]:
    """The version that the image itself has told; the commit of this tree."""
    config = read_make_config(plan.tree)
    banner = [fact.split()[1] for run in runs for fact in run.facts
              if fact.startswith("virtio-iommu-tests ")]
    return {"version": banner[0] if banner else suite_version(plan.tree.root) or None,
            "commit": config.get("COMMIT") or commit(plan.tree.root)}


def write_reports(options: argparse.Namespace, tree: Tree, report: Report) -> list[str]:
    """Returns what could not be written, and why: a full disk does not take the others along."""
    from .write.junit import to_junit
    from .write.markdown import to_markdown
    data = to_json(report)
    files = [(path, text) for name, text, copy in (
        ("results.json", data, options.json), ("junit.xml", to_junit(report), options.junit),
        ("results.md", to_markdown(report), options.md), *page_of(data, options.html))
        for path in (tree.built("results", name), copy) if path]
    return [lost for lost in (try_to_write(path, text) for path, text in files) if lost]


def try_to_write(path: str, text: str) -> str:
    try:
        write_file(path, text)
    except OSError as error:
        return f"{path} is not written: {error.strerror}"
    return ""


def page_of(data: str, copy: Optional[str]) -> list[tuple[str, str, Optional[str]]]:
    """The page for people, where its template package is installed."""
    import json
    if not page.available():
        return []
    return [("results.html", page.to_html(json.loads(data)), copy)]


def finish(options: argparse.Namespace, plan: Plan, report: Report, progress: Progress,
           old: Optional[dict[str, Any]]) -> None:
    lost = write_reports(options, plan.tree, report)
    if options.tap:
        from .write.tap import to_tap
        Screen(sys.stdout).line(to_tap(report).rstrip("\n"))
    if old:
        import json
        from .judge.compare import compare
        for line in ["", *compare(old, json.loads(to_json(report)))]:
            progress.say(line)
    name = "results.html" if page.available() else "results.md"
    path = plan.tree.shown(plan.tree.built("results", name))
    for line in summary(report, path, call(options), options.brief, progress.hint()):
        progress.say(line)
    if lost:
        raise UsageError("; ".join(lost))


def call(options: argparse.Namespace) -> str:
    """This call without what selects and reports."""
    words = ["./run_tests.sh", "--arch", options.arch]
    words += ["--vmm", options.vmm] if options.vmm != DEFAULT else []
    words += ["--vmm-path", os.path.abspath(options.vmm_path)] if options.vmm_path else []
    words += ["--accel", options.accel] if options.accel else []
    words += ["--strict"] if options.strict else []
    words += [f"--{word}" for word in chosen_words(options)]
    words += ["--expect", options.expect] if options.expect else []
    words += ["--no-expect"] if options.no_expect else []
    return shlex.join(words)


def words_for_image(options: argparse.Namespace, plan: Plan) -> list[str]:
    return chosen_words(options) + (["trace"] if options.verbose and plan.named else [])


def chosen_words(options: argparse.Namespace) -> list[str]:
    """Which standard, and about tests that draw by lot or try many things."""
    spec = options.spec if options.spec != SPECS[-1] else None
    chosen = [("spec", spec), ("seed", options.seed), ("rounds", options.rounds),
              ("case", options.case)]
    return [f"{name}={value}" for name, value in chosen if value is not None]


def update_expectations(options: argparse.Namespace, plan: Plan, report: Report, gate: Gate,
                        progress: Progress) -> None:
    """Then judges by the new ones."""
    from .judge.update import update
    path = expectations_path(options, plan.tree)
    assert path
    for line in update(path, gate, report):
        progress.say(f"{plan.tree.shown(path)}: {line}")
    new = make_gate(options, plan.tree, report.vmm["version"], report.accel)
    for run, test in report.tests():
        if not test.repeats and not run.failure:
            new.judge(run.name, test)
    report.stale = new.stale({test.id for test in plan.tests}, {run.name for run in plan.runs})


def exit_status(report: Report, signum: int) -> int:
    if signum:
        return 128 + signum
    if report.red:
        return 1
    if report.nothing_ran:
        raise NothingToRun("every selected test was skipped: nothing was judged")
    return 0


def identified(options: argparse.Namespace, tree: Tree) -> Adapter:
    key = f"{options.vmm.upper().replace('-', '_')}_{options.arch}"
    path = options.vmm_path or read_make_config(tree).get(key) or None
    adapter = find_adapter(options.vmm, options.arch, path, options.accel)
    adapter.identify()
    return adapter


def run_tests(argv: list[str], root: str, brief: bool) -> int:
    options = parse(argv, suite_version(root))
    options.brief = brief
    if options.vmm_version:
        adapter = identified(options, Tree(root, options.arch))
        print(f"{adapter.name} {adapter.version}")
        return 0
    plan = make_plan(options, root)
    if options.list:
        show_list(plan)
        return 0
    old = None
    if options.compare:
        from .judge.compare import read_results
        old = read_results(options.compare)
    adapter = identified(options, plan.tree)
    gate = make_gate(options, plan.tree, adapter.version, adapter.accel)
    progress = Progress(sys.stderr if options.tap else sys.stdout, options.verbose,
                        options.repeat * sum(len(selected.tests) for selected in plan.selected),
                        plan.named)
    for note in selection.without_tests(plan.runs, plan.tests, options.arch):
        progress.say(note)
    report, signum = execute(options, plan, adapter, gate, progress)
    if options.update_expect and not signum:
        update_expectations(options, plan, report, gate, progress)
    finish(options, plan, report, progress, old)
    return exit_status(report, signum)


def on_signal(signum: int, _: Any) -> NoReturn:
    """The first one ends the runs; from then on the reports are written undisturbed."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted(signum)


def main(argv: list[str], root: str, brief: bool = False) -> int:
    """@brief: the tree is gone behind the call, so that nothing in it is pointed at."""
    prepare_streams()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:      # as under nohup
            signal.signal(number, on_signal)
    try:
        return run_tests(argv, root, brief)
    except (UsageError, NothingToRun) as error:
        print(f"run_tests.sh: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 3
    except OSError as error:
        print(f"run_tests.sh: {error.filename or 'this host'}: {error.strerror or error}",
              file=sys.stderr)
        return 2
    except Interrupted as stop:
        return 128 + stop.signum
    except Exception:                   # Python's own 1 would be a red verdict
        traceback.print_exc()
        return 2


def prepare_streams() -> None:
    """One that the caller has closed goes nowhere; no character ends the call."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
