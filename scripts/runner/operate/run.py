# SPDX-License-Identifier: BSD-3-Clause
"""One run: boots the image until each selected test has been judged."""
from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO, Callable, Optional

from ..plan.catalogue import Tree
from ..plan.selection import Selected, fitting
from .boot import Boot, Failure, all_judged, settle
from .gdb import Gdb
from .launch import Ending, Launcher, Log, boot
from .operator import Disturbance, operator_for
from .reader import Event, Fact, Judged, Reader, Trying
from .usage import Usage
from .vmm import Adapter, CannotProvide, command_for

DEFAULT_LIMIT = 10.0            # seconds without progress, of runs that say none


@dataclass
class BootContext:
    """What all runs of a call share to boot a VMM."""
    adapter: Adapter
    tree: Tree
    directory: str                      # of all runs' files
    timeout: float                      # limit of runs that say none; those that do scale with it
    launcher: Launcher
    words: list[str]                    # for the image, beside those that select and set up
    gdb: Optional[Gdb] = None           # every VMM waits for it, without a limit
    disturbance: Optional[Disturbance] = None
    cases: set[str] = field(default_factory=set)    # parts of tests that began, as words for the image


@dataclass
class RunRecord:
    """What became of a run, but for the verdicts of its tests."""
    name: str
    command: Optional[str] = None
    seconds: float = 0.0
    boots: int = 0
    skipped: Optional[str] = None       # why the VMM has no such set-up
    failure: Optional[str] = None       # why no test could be started any more
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)


class BootLoop:
    """
    Boot, and boot again after a test that took the VMM down. Each event that is of a test goes to
    @tell; those that a boot owed are among them.
    """

    def __init__(self, selected: Selected, context: BootContext, record: RunRecord,
                 tell: Callable[[Event], None]) -> None:
        self._selected, self._context, self._record, self._tell = selected, context, record, tell
        self._failure: Optional[Failure] = None
        self._judged: set[str] = set()
        self._skips_only = False
        self._disturbed = 0

    @property
    def _limit(self) -> float:
        if self._context.gdb:
            return math.inf
        own = self._selected.run.timeout
        return own * self._context.timeout / DEFAULT_LIMIT if own else self._context.timeout

    @property
    def _directory(self) -> str:
        return os.path.join(self._context.directory, self._selected.run.name)

    @property
    def _one_test_per_boot(self) -> bool:
        return getattr(self._context.adapter, "one_test_per_boot", False)

    def run(self) -> None:
        begin = time.monotonic()
        os.makedirs(self._directory, exist_ok=True)
        tests = [test.id for test in self._selected.tests]
        try:
            with self._open("console.log") as console, self._open("stderr.log") as stderr:
                boot_all = self._boot_each if self._one_test_per_boot else self._boot_for
                boot_all(tests, console, stderr)
        except CannotProvide as reason:
            self._record.skipped = str(reason)
            self._judge_all(tests, "skip", str(reason), cause="not-provided")
        if self._context.disturbance:
            self._record.notes.append(f"{self._context.disturbance.verb}: {self._disturbed} times")
        self._record.seconds = round(time.monotonic() - begin, 3)

    def _open(self, name: str) -> BinaryIO:
        return open(os.path.join(self._directory, name), "wb", 0)

    def _boot_each(self, tests: list[str], console: BinaryIO, stderr: BinaryIO) -> None:
        """Take from one boot only what skips; then boot once for each test."""
        self._skips_only = True
        self._boot_for(tests, console, stderr)
        self._skips_only = False
        for test in [test for test in tests if test not in self._judged]:
            self._boot_for([test], console, stderr)

    def _boot_for(self, waiting: list[str], console: BinaryIO, stderr: BinaryIO) -> None:
        """Boot until each of them has been judged."""
        after = ""
        while waiting and not self._context.launcher.stopping:
            if self._failure:
                return self._judge_all(waiting, self._failure.verdict, self._failure.text)
            cmdline, pending = self._cmdline(waiting, after)
            logs = Log(console), Log(stderr)
            state, ending = self._boot(pending, cmdline, *logs)
            add_new(self._record.notes,
                    (f"the logs are not complete: {log.lost}" for log in logs if log.lost))
            if not self._context.launcher.stopping:
                waiting = self._settle(pending, state, ending) + waiting[len(pending):]
                after = state.last or ""

    def _cmdline(self, waiting: list[str], after: str) -> tuple[str, list[str]]:
        """Return the command line and the tests that fit on it."""
        setup = self._selected.run.cmdline(self._context.words)
        if self._selected.globs and (self._skips_only or not self._one_test_per_boot):
            place = f" after={after}" if after else ""
            return f"tests={self._selected.globs}{place} {setup}", waiting
        names, count = fitting(waiting)
        return f"tests={names} {setup}", waiting[:count]

    def _boot(self, pending: list[str], cmdline: str, console: Log,
              stderr: Log) -> tuple[Boot, Ending]:
        context, setup = self._context, self._selected.run.setup
        command = command_for(context.adapter, setup, context.tree, cmdline, self._directory)
        context.adapter.prepare(setup, self._directory)
        if context.gdb:
            command = context.gdb.stopped(command, setup, self._directory)
        self._record.command = self._record.command or shlex.join(command)
        self._record.boots += 1
        operator = operator_for(context.adapter, setup, self._directory, context.disturbance)

        def hear(event: Event) -> None:
            if operator:
                operator.hear(event)
            self._hear(event)
        state = Boot(Reader(set(pending)), console, hear)
        ending = boot(context.launcher, command, state, stderr, self._limit, operator, self._record.usage)
        state.close()
        if operator and context.disturbance:
            self._disturbed += operator.done.get(context.disturbance.verb, 0)
        return state, ending

    def _hear(self, event: Event) -> None:
        if isinstance(event, Fact):
            return add_new(self._record.facts, [event.text])
        if isinstance(event, Trying) and event.words.startswith("case="):
            self._context.cases.add(event.words.strip())
        if isinstance(event, Judged):
            if self._skips_only and event.verdict != "skip":
                return
            self._judged.add(event.id)
        self._tell(event)

    def _settle(self, pending: list[str], state: Boot, ending: Ending) -> list[str]:
        """Return the tests that are still to be run."""
        settlement = settle(pending, state, ending, self._limit)
        add_new(self._record.notes, settlement.notes)
        if settlement.failure:
            self._failure, self._record.failure = settlement.failure, settlement.failure.text
        for event in settlement.owed:
            self._hear(event)
        return settlement.left

    def _judge_all(self, tests: list[str], verdict: str, reason: str, **fields: str) -> None:
        for event in all_judged(tests, verdict, reason, **fields):
            self._hear(event)


def add_new(lines: list[str], texts: Iterable[str]) -> None:
    """Add those texts that are not there yet."""
    for text in texts:
        if text not in lines:
            lines.append(text)
