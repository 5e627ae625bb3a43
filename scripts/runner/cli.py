# SPDX-License-Identifier: BSD-3-Clause
"""The command: options in, exit status out."""
from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Optional, Union

from .judge import again
from .judge.compare import compare, read_results
from .judge.expectations import Gate, read_expectations
from .judge.repeat import RepeatedJob
from .judge.results import Circumstances, Report, judge_requirements
from .judge.update import update
from .judge.verdicts import JudgeContext, RunJob
from .operate.gdb import Gdb, stoppable
from .operate.launch import Launcher
from .operate.operator import require_can
from .operate.run import BootContext
from .operate.vmm import Adapter, find_adapter
from .operate.workers import Workers
from .options import call, chosen_words, copies, parse, selecting
from .plan import selection
from .plan.catalogue import Test, Tree, commit, read_make_config, suite_version
from .plan.errors import BudgetOver, Interrupted, NothingToRun, UsageError
from .planning import Plan, make_plan, read_text, results_directory
from .signals import Signals
from .write import page
from .write.files import write_file
from .write.progress import Progress, summary
from .write.reports import write_reports
from .write.results_json import to_json
from .write.screen import Screen
from .write.tap import to_tap


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
    entries = read_expectations(path) if path and not new else None
    return Gate(entries, version, options.arch, accel, options.strict)


def own_directory(parent: str) -> tuple[str, Any]:
    """Return a directory for the VMMs' files, and its lock: another call of this script gets another one."""
    import fcntl
    number = 1
    while True:
        path = os.path.join(parent, "run" if number == 1 else f"run.{number}")
        os.makedirs(path, exist_ok=True)
        lock = open(os.path.join(path, ".lock"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return path, lock
        except OSError:
            lock.close()
            number += 1


def cpus() -> int:
    """Return how many CPUs this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


Tick = Callable[[], Optional[float]]


def within(budget: Optional[float], tick: Tick) -> Tick:
    """Return a tick that ends the call when its budget, in seconds, is used up."""
    if budget is None:
        return tick
    end = time.monotonic() + budget

    def ticking() -> Optional[float]:
        left = end - time.monotonic()
        if left <= 0:
            raise BudgetOver()
        return min(left, tick() or left)
    return ticking


def host() -> dict[str, Any]:
    system = platform.uname()
    return {"system": system.system, "release": system.release, "machine": system.machine, "cpus": cpus()}


def circumstances(options: argparse.Namespace, started: datetime, seconds: float) -> Circumstances:
    return Circumstances(started.isoformat(timespec="seconds"), round(seconds, 2), host(),
                         options.spec, selecting(options))


def first_line(options: argparse.Namespace, plan: Plan, adapter: Adapter) -> str:
    """Return who judges what, and by what."""
    commit_id = (read_make_config(plan.tree).get("COMMIT") or commit(plan.tree.root) or "")[:12]
    return (f"virtio-iommu-tests {suite_version(plan.tree.root)}{f' ({commit_id})' if commit_id else ''}: "
            f"{adapter.name} {adapter.detail or adapter.version}, {options.arch}, {adapter.accel}, "
            f"by virtio {options.spec}")


def execute(options: argparse.Namespace, plan: Plan, adapter: Adapter, gate: Gate,
            progress: Progress, signals: Signals) -> Report:
    """Execute all runs. From then on no signal interrupts."""
    started, clock = datetime.now(timezone.utc), time.monotonic()
    launcher, cut = Launcher(), True
    directory, lock = own_directory(options.output or plan.tree.built())
    boots = BootContext(adapter, plan.tree, directory, options.timeout, launcher,
                        words_for_image(options, plan), disturbance=options.disturb)
    judges = JudgeContext(plan.requirements, gate, progress, call(options))
    if options.gdb:
        boots.gdb = Gdb(stoppable(adapter), plan.tree, plan.selected[0].tests[0], progress.say)
    jobs, count = make_jobs(plan.selected, boots, judges, options.repeat), options.jobs or cpus()
    with lock:
        try:
            with signals:
                Workers(jobs, launcher).run(count, within(options.budget, progress.tick))
                cut = False
                if not options.no_trace and not options.gdb:
                    look_again(plan, jobs, replace(boots, launcher=Launcher()), judges, count)
        except BudgetOver:
            progress.say(f"the budget of {options.budget:g} s is used up")
        except Interrupted:
            pass                        # the reports hold what was measured until then
    if not cut:
        require_case(options, boots, jobs)
    around = circumstances(options, started, time.monotonic() - clock)
    return make_report(options, plan, adapter, gate, jobs, around, cut)


Jobs = Sequence[Union[RunJob, RepeatedJob]]


def require_case(options: argparse.Namespace, boots: BootContext, jobs: Jobs) -> None:
    """A pass of tests that did nothing of it would be none. A VMM that ended may not have come to it."""
    ended = any(test.verdict in ("error", "crash", "timeout") for job in jobs for test in job.result.tests)
    if options.case and f"case={options.case}" not in boots.cases and not ended:
        raise UsageError(f"--case {options.case}: no test that was selected and can run here has it")


def look_again(plan: Plan, jobs: Jobs, boots: BootContext, judges: JudgeContext, count: int) -> None:
    """Try each red test again, alone and traced."""
    reds = again.red_tests([(selected, job.result) for selected, job in zip(plan.selected, jobs)])
    Workers(again.jobs(reds, boots, judges), boots.launcher).run(count, lambda: None)


def make_jobs(chosen: list[selection.Selected], boots: BootContext, judges: JudgeContext,
              count: int) -> Jobs:
    if count > 1:
        return [RepeatedJob(selected, boots, judges, count) for selected in chosen]
    return [RunJob(selected, boots, judges) for selected in chosen]


def make_report(options: argparse.Namespace, plan: Plan, adapter: Adapter, gate: Gate,
                jobs: Jobs, around: Circumstances, interrupted: bool) -> Report:
    runs = [job.result for job in jobs]
    stale = gate.stale({test.id for test in plan.tests}, {run.name for run in plan.runs})
    vmm = {"name": adapter.name, "version": adapter.version, "detail": adapter.detail}
    return Report(suite_identity(plan, runs), vmm, options.arch, adapter.accel, options.strict,
                  runs, judge_requirements(plan.requirements, plan.tests, runs),
                  stale, around, interrupted)


def suite_identity(plan: Plan, runs: list[Any]) -> dict[str, Optional[str]]:
    """Return the version that the image itself told, and the commit of this tree."""
    config = read_make_config(plan.tree)
    banner = [fact.split()[1] for run in runs for fact in run.facts
              if fact.startswith("virtio-iommu-tests ")]
    return {"version": banner[0] if banner else suite_version(plan.tree.root) or None,
            "commit": config.get("COMMIT") or commit(plan.tree.root)}


def finish(options: argparse.Namespace, plan: Plan, report: Report, progress: Progress,
           old: Optional[dict[str, Any]]) -> None:
    directory = results_directory(options, plan.tree)
    if report.circumstances.selection:
        directory = os.path.join(directory, "selected")     # the report of all tests stays
    lost = write_reports(report, directory, copies(options))
    if options.tap:
        Screen(sys.stdout).line(to_tap(report).rstrip("\n"))
    if old:
        for line in ["", *compare(old, json.loads(to_json(report)))]:
            progress.say(line)
    name = "results.html" if page.available() else "results.md"
    path = plan.tree.shown(os.path.join(directory, name))
    for line in summary(report, path, call(options), options.brief, progress.hint()):
        progress.say(line)
    if lost:
        raise UsageError("; ".join(lost))


def words_for_image(options: argparse.Namespace, plan: Plan) -> list[str]:
    return chosen_words(options) + (["trace"] if options.verbose and plan.named else [])


def update_expectations(options: argparse.Namespace, plan: Plan, report: Report, gate: Gate,
                        progress: Progress) -> None:
    """Write this result into the expectations, and judge by the new ones."""
    path = expectations_path(options, plan.tree)
    assert path
    text, done = update(read_text(path) if os.path.exists(path) else "", gate, report)
    if done:
        write_file(path, text)
    for line in done or ["nothing to change"]:
        progress.say(f"{plan.tree.shown(path)}: {line}")
    new = make_gate(options, plan.tree, report.vmm["version"], report.accel)
    for run, test in report.tests():
        if not test.repeats and not run.failure:
            new.judge(run.name, test)
    report.stale = new.stale({test.id for test in plan.tests}, {run.name for run in plan.runs})


def exit_status(report: Report, signum: int) -> int:
    if signum:
        return 128 + signum
    if report.red or report.interrupted:
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


def run_tests(argv: list[str], root: str, brief: bool, signals: Signals) -> int:
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
    if options.gdb:
        plan.selected = selection.one_test(plan.selected)
    old = read_results(options.compare) if options.compare else None
    adapter = identified(options, plan.tree)
    require_can(adapter, options.disturb)
    gate = make_gate(options, plan.tree, adapter.version, adapter.accel)
    progress = Progress(sys.stderr if options.tap else sys.stdout, options.verbose,
                        options.repeat * sum(len(selected.tests) for selected in plan.selected),
                        plan.named, options.update_expect)
    if not brief:
        progress.say(first_line(options, plan, adapter))
    for note in selection.without_tests(plan.runs, plan.tests, options.arch):
        progress.say(note)
    report = execute(options, plan, adapter, gate, progress, signals)
    if options.update_expect and not signals.number:
        update_expectations(options, plan, report, gate, progress)
    finish(options, plan, report, progress, old)
    return exit_status(report, signals.number)


def main(argv: list[str], root: str, brief: bool = False) -> int:
    """Return the exit status. @brief: the tree is gone after the call, so nothing in it is named."""
    prepare_streams()
    try:
        return run_tests(argv, root, brief, Signals())
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
    """Give a stream that the caller has closed a place to go; let no character end the call."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
