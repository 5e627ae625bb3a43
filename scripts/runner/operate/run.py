# SPDX-License-Identifier: BSD-3-Clause
"""One run: boots the image until every selected test has its verdict."""
from __future__ import annotations

import os
import shlex
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Callable, Optional, Protocol

from ..judge.expectations import Gate
from ..judge.reproduce import command, deviates
from ..judge.results import RunResult, TestResult
from ..plan.catalogue import Requirement, Tree
from ..plan.selection import Selected, fitting
from ..write.progress import Progress
from .launch import Ending, Launcher, Log, boot
from .reader import BailOut, End, Event, Fact, Judged, Plan, Reader, Started, Trace, Trying
from .vmm import Adapter, CannotProvide, command_for

MOST_TRACE = 1000               # lines of a test: the last ones


@dataclass
class Context:
    """What all runs of a call share."""
    adapter: Adapter
    tree: Tree
    directory: str
    timeout: Optional[float]
    requirements: dict[str, Requirement]
    gate: Gate
    progress: Progress
    launcher: Launcher
    words: list[str]                    # for the image, beside those that select and set up
    call: str                           # of the runner, without what selects


@dataclass
class Boot:
    """What one boot printed. Listens to the console."""
    reader: Reader
    log: Log
    on_event: Callable[[Event], None]
    progress: int = 0
    finished: bool = False
    planned: Optional[int] = None
    last: Optional[str] = None          # the test that was started last
    trying: str = ""                    # the part of it that began last
    bail_out: Optional[str] = None
    judged: dict[str, Judged] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        self.log.feed(data)
        self.take(self.reader.feed(data))

    def take(self, events: list[Event]) -> None:
        for event in events:
            self._note(event)
            self.on_event(event)

    def _note(self, event: Event) -> None:
        if isinstance(event, Started):
            self.last, self.trying = event.id, ""
            self.progress += 1
        elif isinstance(event, Trying):
            self.trying = event.words
            self.progress += 1
        elif isinstance(event, Judged):
            self.judged[event.id] = event
            self.progress += 1
        elif isinstance(event, Plan) and self.planned is None:
            self.planned = event.count
            self.progress += 1
        elif isinstance(event, (End, BailOut)) and not self.finished:
            self.finished = True
            self.bail_out = event.text if isinstance(event, BailOut) else None
            self.progress += 1


class RunJob:
    """Boots, and boots again behind a test that took the VMM down."""

    def __init__(self, selected: Selected, context: Context) -> None:
        self.selected, self.context = selected, context
        self.result = RunResult(selected.run.name)
        self.limit = context.timeout or selected.run.timeout or 10.0
        self._tests = {test.id: test for test in selected.tests}
        self._results: dict[str, TestResult] = {}
        self._traces: dict[str, deque[str]] = {}
        self._failure = ""              # the verdict that result.failure means
        self._skips_only = False           # skips count, and nothing else
        self._one_test_per_boot = getattr(context.adapter, "one_test_per_boot", False)
        self._directory = os.path.join(context.directory, selected.run.name)

    def execute(self) -> None:
        self.measure()
        if not self.context.launcher.stopping:
            self.context.progress.run_done(self.result)

    def measure(self) -> None:
        begin = time.monotonic()
        os.makedirs(self._directory, exist_ok=True)
        try:
            self._boot_all()
        except CannotProvide as reason:
            self.result.skipped = str(reason)
            self._give_all(list(self._tests), "skip", str(reason))
        self.result.seconds = round(time.monotonic() - begin, 3)
        self.result.tests = [self._results[test] for test in self._tests if test in self._results]

    def _boot_all(self) -> None:
        with self._open("console.log") as console, self._open("stderr.log") as stderr:
            if self._one_test_per_boot:
                return self._boot_each(console, stderr)
            self._boot_for(list(self._tests), console, stderr)

    def _boot_each(self, console: BinaryIO, stderr: BinaryIO) -> None:
        """What the set-up is not for comes out of one boot; then each test has one of its own."""
        self._skips_only = True
        self._boot_for(list(self._tests), console, stderr)
        self._skips_only = False
        for test in [test for test in self._tests if test not in self._results]:
            self._boot_for([test], console, stderr)

    def _boot_for(self, waiting: list[str], console: BinaryIO, stderr: BinaryIO) -> None:
        """Until each of them has its verdict."""
        after = ""
        while waiting and not self.context.launcher.stopping:
            if self.result.failure:
                return self._give_all(waiting, self._failure, self.result.failure)
            cmdline, pending = self._cmdline(waiting, after)
            logs = Log(console), Log(stderr)
            state, ending = self._boot(pending, cmdline, *logs)
            self._lost(logs)
            if not self.context.launcher.stopping:
                waiting = self._settle(pending, state, ending) + waiting[len(pending):]
                after = state.last or ""

    def _open(self, name: str) -> BinaryIO:
        return open(os.path.join(self._directory, name), "wb", 0)

    def _cmdline(self, waiting: list[str], after: str) -> tuple[str, list[str]]:
        """Return the command line and the tests that fit on it."""
        run, said = self.selected.run, self.context.words
        words = [run.setup.cmdline, *said]
        if run.rounds and not any(word.startswith("rounds=") for word in said):
            words.append(f"rounds={run.rounds}")
            words += [f"budget={run.budget}"] if run.budget else []
        setup = "".join(f" {word}" for word in words)
        if self.selected.globs and (self._skips_only or not self._one_test_per_boot):
            behind = f" after={after}" if after else ""
            return f"tests={self.selected.globs}{behind}{setup}", waiting
        names, count = fitting(waiting)
        return f"tests={names}{setup}", waiting[:count]

    def _boot(self, pending: list[str], cmdline: str, console: Log,
              stderr: Log) -> tuple[Boot, Ending]:
        context = self.context
        setup = self.selected.run.setup
        command = command_for(context.adapter, setup, context.tree, cmdline, self._directory)
        context.adapter.prepare(setup, self._directory)
        self.result.command = self.result.command or shlex.join(command)
        self.result.boots += 1
        state = Boot(Reader(set(pending)), console, self._on_event)
        ending = boot(context.launcher, command, state, stderr, self.limit)
        state.take(state.reader.close())
        return state, ending

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Started):
            self.context.progress.started(self.result.name, event.id)
        elif isinstance(event, Judged):
            self._judge(event)
        elif isinstance(event, Trace):
            self._trace(self._traces.setdefault(event.id, deque(maxlen=MOST_TRACE)), event.text)
        elif isinstance(event, Fact) and event.text not in self.result.facts:
            self.result.facts.append(event.text)

    @staticmethod
    def _trace(lines: deque[str], text: str) -> None:
        """An answer goes to what waits for it; what has none was the VMM's last word."""
        waiting = [place for place, line in enumerate(lines) if line.endswith(" ->")]
        if text.startswith("-> ") and waiting:
            lines[waiting[-1]] += text[2:]
        else:
            lines.append(text)

    def _settle(self, pending: list[str], state: Boot, ending: Ending) -> list[str]:
        """Gives a verdict to each test that this boot owes one; returns those still to be run."""
        missing = [test for test in pending if test not in state.judged]
        if state.planned not in (None, len(pending)):
            self._note(f"the image planned {state.planned} tests, selected are {len(pending)}")
        if state.finished and state.bail_out is None:
            self._give_all(missing, "error", "gave no verdict")
            if ending.died:
                self._note(f"behind the last test {ending.describe(self.limit)}")
            return []
        if not missing and not ending.timed_out and ending.status >= 0:
            return []                   # only the last line got lost
        if state.last is None:
            return self._stop(pending, state, ending)
        place = pending.index(state.last)
        self._give_all([test for test in missing if pending.index(test) < place], "error",
                   "gave no verdict")
        self._blame(state.last, state, ending)
        return pending[place + 1:]

    def _lost(self, logs: Iterable[Log]) -> None:
        """A full disk costs the logs, not the verdicts."""
        for reason in {log.lost for log in logs if log.lost}:
            self._note(f"the logs are not complete: {reason}")

    def _note(self, text: str) -> None:
        if text not in self.result.notes:
            self.result.notes.append(text)

    def _stop(self, pending: list[str], state: Boot, ending: Ending) -> list[str]:
        """Not even one test was started: another boot would do no better."""
        verdict, reason = self._why(state, ending)
        self.result.failure = f"{verdict} before a test was started: {reason}"
        self._failure = verdict
        return pending

    def _blame(self, test: str, state: Boot, ending: Ending) -> None:
        """The last test gets it, even behind its verdict: what it did may show only then."""
        verdict, reason = self._why(state, ending)
        told = state.judged.get(test)
        if told and state.bail_out is not None:
            return                      # the image has said so itself
        if told:
            reason = f"{reason}; after its verdict {told.verdict}"
        elif state.trying:
            reason = f"in {state.trying}: {reason}"
        self._judge(Judged(test, verdict, {**(told.fields if told else {}), "reason": reason,
                                           "part": "" if told else state.trying}))

    def _why(self, state: Boot, ending: Ending) -> tuple[str, str]:
        if state.bail_out is not None:
            return "error", state.bail_out or "bailed out without a reason"
        return "timeout" if ending.timed_out else "crash", ending.describe(self.limit)

    def _give_all(self, tests: list[str], verdict: str, reason: str) -> None:
        for test in tests:
            self._judge(Judged(test, verdict, {"reason": reason}))

    def _judge(self, event: Judged) -> None:
        if self._skips_only and event.verdict != "skip":
            return
        test = self._tests[event.id]
        row = self.context.requirements.get(test.requirement)
        time_taken = event.fields.get("microseconds", "")
        result = TestResult(
            test.id, test.requirement, row.level if row else "", event.verdict,
            expected=event.fields.get("expected"), actual=event.fields.get("actual"),
            reason=event.fields.get("reason"), at=event.fields.get("at") or test.at or None,
            microseconds=int(time_taken) if time_taken.isdecimal() else None)
        self.context.gate.judge(self.result.name, result)
        if self.result.failure:         # what was never begun is no deviation that is known
            result.known, result.red, result.expectation = False, True, None
        if deviates(result):
            result.reproduce = command(self.context.call, self.result.name, test.id,
                                       event.fields.get("part", ""))
        self._results[test.id] = result
        self.context.progress.judged(self.result, result, self._story(result, row))

    def _story(self, result: TestResult, row: Optional[Requirement]) -> list[str]:
        """What a test was about and did, if it was asked for."""
        trace = self._traces.pop(result.id, ())
        about = [f"{row.id} ({row.level}, {row.clause}): {row.text}"] if row and trace else []
        return [*about, *trace]


class Job(Protocol):
    def execute(self) -> None: ...


class Workers:
    """Threads that take one job after the other."""

    def __init__(self, jobs: Sequence[Job], launcher: Launcher) -> None:
        self._queue, self._launcher = list(jobs), launcher
        self._lock = threading.Lock()
        self._errors: list[Exception] = []

    def _next(self) -> Optional[Job]:
        with self._lock:
            idle = not self._queue or self._errors or self._launcher.stopping
            return None if idle else self._queue.pop(0)

    def _work(self, done: threading.Event) -> None:
        try:
            job = self._next()
            while job:
                job.execute()
                job = self._next()
        except Exception as error:          # comes out of run()
            self._errors.append(error)
        finally:
            done.set()

    def run(self, count: int, tick: Callable[[], Optional[float]]) -> None:
        """Returns when all is done. Ends the VMMs when a signal comes in between.

        Waits for events: a join() that a signal interrupts takes its thread for ended (bpo-45274).
        """
        started = []
        try:
            for _ in range(min(count, len(self._queue))):
                done = threading.Event()
                threading.Thread(target=self._work, args=(done,), daemon=True).start()
                started.append(done)
            for done in started:
                while not done.wait(tick()):
                    pass
        finally:
            self._launcher.stop()
            for done in started:
                done.wait()
        if self._errors:
            raise self._errors[0]
