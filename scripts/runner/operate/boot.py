# SPDX-License-Identifier: BSD-3-Clause
"""One boot of the image: what it printed, and what follows when it is over."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Optional

from .launch import Ending, Log
from .reader import Asked, BailOut, Busy, End, Event, Judged, Plan, Reader, Started, Trying


@dataclass
class Boot:
    """Listen to the console, and keep what the end of the boot is judged by."""
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
        self._take(self.reader.feed(data))

    def close(self) -> None:
        self._take(self.reader.close())

    def _take(self, events: list[Event]) -> None:
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
        elif isinstance(event, (Asked, Busy)):
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


@dataclass(frozen=True)
class Failure:
    """Why not even one test was started: another boot would do no better."""
    verdict: str                        # of all tests that wait
    text: str


@dataclass
class Settlement:
    """What follows from a boot that is over."""
    owed: list[Judged]                  # in place of the verdicts that the image did not give
    left: list[str]                     # tests that are still to be run
    notes: list[str]
    failure: Optional[Failure] = None


def settle(pending: list[str], boot: Boot, ending: Ending, limit: float) -> Settlement:
    """Give a verdict to each test that the boot owes one; limit is in seconds, for messages."""
    missing = [test for test in pending if test not in boot.judged]
    notes: list[str] = []
    if boot.planned not in (None, len(pending)):
        notes.append(f"the image planned {boot.planned} tests, selected are {len(pending)}")
    if boot.finished and boot.bail_out is None:
        notes += [f"after the last test {ending.describe(limit)}"] * ending.died
        return Settlement(all_judged(missing, "error", "gave no verdict"), [], notes)
    if not missing and not ending.timed_out and ending.status >= 0:
        return Settlement([], [], notes)        # only the last line got lost
    verdict, reason = cause(boot, ending, limit)
    if boot.last is None:
        failure = Failure(verdict, f"{verdict} before a test was started: {reason}")
        return Settlement([], pending, notes, failure)
    place = pending.index(boot.last)
    before = [test for test in pending[:place] if test in missing]
    owed = all_judged(before, "error", "gave no verdict") + blame(boot, boot.last, verdict, reason)
    return Settlement(owed, pending[place + 1:], notes)


def all_judged(tests: list[str], verdict: str, reason: str, **fields: str) -> list[Judged]:
    return [Judged(test, verdict, {"reason": reason, **fields}) for test in tests]


def cause(boot: Boot, ending: Ending, limit: float) -> tuple[str, str]:
    """Return verdict and reason of a boot that ended too early."""
    if boot.bail_out is not None:
        return "error", boot.bail_out or "bailed out without a reason"
    return "timeout" if ending.timed_out else "crash", ending.describe(limit)


def blame(boot: Boot, last: str, verdict: str, reason: str) -> list[Judged]:
    """Blame the last test, even after its verdict: what it did may show only then."""
    told = boot.judged.get(last)
    if told and boot.bail_out is not None:
        return []                       # the image has said so itself
    if told:
        reason = f"{reason}; after its verdict {told.verdict}"
        return [Judged(last, verdict, {**told.fields, "reason": reason})]
    reason = f"in {boot.trying}: {reason}" if boot.trying else reason
    return [Judged(last, verdict, {"reason": reason, "part": boot.trying})]
