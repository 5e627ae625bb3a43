# SPDX-License-Identifier: BSD-3-Clause
"""Reads what the image prints: bytes in, events out, whatever is mixed into the stream.

A verdict has two carriers, the line "ok N - ID" and the pair "# start ID" with "verdict: V". Log
lines of the VMM may hit either one, so each is searched for anywhere in a line and only names of
known tests count. Where both arrive they must agree.
"""
from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Optional, Union

LONGEST_LINE = 64 * 1024
KEPT = 4096                     # of a longer line, at either end
MOST_FACTS = 1000

START = re.compile(r"# start (\S+)")
TRY = re.compile(r"^# try ((?:\w+=[\w/-]+ ?)+)$")
RESULT = re.compile(r"(not )?ok \d+ - (\S+)(?:\s+# (SKIP|TODO)\b ?(.*))?")
PLAN = re.compile(r"(?<![\d.])1\.\.(\d{1,6})\s*$")
BAIL_OUT = re.compile(r"Bail out!\s*(.*)")
END = re.compile(r"# end\s*$")
VERDICT = re.compile(r"(?<!\w)verdict: (pass|info|skip|warn|fail|error)")
FIELD = re.compile(r"^\s+(expected|actual|reason|cause|at|cell|cells|microseconds): (.*)$")
ASK = re.compile(r"# ask (\d{1,9}): (\w+) ?(.*)$")
BUSY = re.compile(r"^# busy$")
BLOCK_END = re.compile(r"^\s+\.\.\.\s*$")
TRACE = re.compile(r"^# trace: (.+)$")
FACT = re.compile(r"^# (.+)$")
CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code != 9}
GOOD = ("pass", "info", "skip")


@dataclass(frozen=True)
class Plan:
    count: int


@dataclass(frozen=True)
class Started:
    id: str


@dataclass(frozen=True)
class Trying:
    words: str                  # of a command line that does this part of the test alone


@dataclass(frozen=True)
class Busy:
    """The test in progress takes long, and gets on."""


@dataclass(frozen=True)
class Asked:
    """The image waits for an event of the machine."""
    number: int
    verb: str
    words: str = ""


@dataclass(frozen=True)
class Judged:
    id: str
    verdict: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    text: str


@dataclass(frozen=True)
class Trace:
    """What the test in progress has done."""
    id: str
    text: str


@dataclass(frozen=True)
class BailOut:
    text: str


@dataclass(frozen=True)
class End:
    pass


Event = Union[Plan, Started, Trying, Busy, Asked, Judged, Fact, Trace, BailOut, End]


def clean(raw: bytes) -> str:
    """Return text without control characters, so that it may go to a terminal or into XML."""
    return raw.decode("utf-8", "replace").translate(CONTROL)


def unquote(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    match = re.match(r'"((?:[^"\\]|\\.)*)"?', value)
    return re.sub(r"\\(.)", r"\1", match[1]) if match else value


class TestInProgress:
    """The test in progress, with what its two carriers said so far."""

    def __init__(self, test: str) -> None:
        self.id = test
        self.line: Optional[bool] = None        # "ok" or "not ok"
        self.directive = ""
        self.verdicts: list[str] = []           # of "verdict:" lines
        self.fields: dict[str, str] = {}

    @property
    def has_verdict(self) -> bool:
        return self.line is not None or bool(self.verdicts)

    def _from_line(self) -> str:
        if self.directive:
            return "skip" if self.directive == "SKIP" else "warn"
        if self.line:
            return "info" if "actual" in self.fields else "pass"
        return "fail" if "expected" in self.fields else "error"

    def _agrees(self, verdict: str) -> bool:
        if self.directive and verdict != self._from_line():
            return False
        return self.line is None or self.line == (verdict in GOOD)

    def result(self) -> Judged:
        verdict = self.verdicts[0] if self.verdicts else self._from_line()
        broken = not self.verdicts and verdict in GOOD and "expected" in self.fields
        if set(self.verdicts) <= {verdict} and self._agrees(verdict) and not broken:
            return Judged(self.id, verdict, self.fields)
        line = "" if self.line is None else f"{'ok' if self.line else 'not ok'} {self.directive}"
        said = sorted(set(self.verdicts)) or ["a block that expected something else"]
        told = ", ".join([line.strip()] * bool(line) + said)
        return contradiction(self.id, told, self.fields)


def contradiction(test: str, told: str, fields: dict[str, str]) -> Judged:
    return Judged(test, "error", {**fields, "reason": f"contradicting verdicts: {told}"})


class Reader:
    """Feed it bytes as they come; close() when no more will."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._rest = b""
        self._open: Optional[TestInProgress] = None
        self._started: set[str] = set()
        self._lines: dict[str, bool] = {}       # of finished tests: was it "ok"
        self._facts = 0

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            events += self._long_line(line)
        if len(self._rest) > LONGEST_LINE:
            events += self._line(clean(self._rest[:KEPT]))
            self._rest = self._rest[-KEPT:]
        return events

    def close(self) -> list[Event]:
        rest, self._rest = self._rest, b""
        return self._long_line(rest) + self._finish()

    def _long_line(self, line: bytes) -> list[Event]:
        if len(line) <= LONGEST_LINE:
            return self._line(clean(line))
        return self._line(clean(line[:KEPT])) + self._line(clean(line[-KEPT:]))

    def _line(self, text: str) -> list[Event]:
        """Try fields first: what they quote must not be taken for a verdict."""
        match = FIELD.match(text)
        if match:
            return self._field(match[1], match[2])
        match = TRACE.match(text)
        if match:
            return [Trace(self._open.id, match[1])] if self._open else []
        for pattern, act in ((START, self._start), (RESULT, self._result),
                             (VERDICT, self._verdict)):
            match = pattern.search(text)
            if match:
                return act(match)
        return self._frame(text)

    def _frame(self, text: str) -> list[Event]:
        if BLOCK_END.match(text):
            return self._finish() if self._open and self._open.has_verdict else []
        match = BAIL_OUT.search(text)
        if match:
            return [*self._finish(), BailOut(match[1])]
        if END.search(text):
            return [*self._finish(), End()]
        match = PLAN.search(text)
        if match:
            return [Plan(int(match[1]))]
        match = TRY.match(text)
        if match:
            return [Trying(match[1])]
        match = ASK.search(text)
        if match:
            return [Asked(int(match[1]), match[2], match[3])]
        if BUSY.match(text):
            return [Busy()]
        match = FACT.match(text)
        self._facts += bool(match)
        return [Fact(match[1][:500])] if match and self._facts <= MOST_FACTS else []

    def _begin(self, test: str) -> list[Event]:
        events = self._finish()
        self._open = TestInProgress(test)
        self._started.add(test)
        return [*events, Started(test)]

    def _finish(self) -> list[Event]:
        test, self._open = self._open, None
        if not test or not test.has_verdict:
            return []
        result = test.result()
        self._lines[test.id] = result.verdict in GOOD if test.line is None else test.line
        return [result]

    def _start(self, match: re.Match[str]) -> list[Event]:
        test = match[1]
        return self._begin(test) if test in self._known and test not in self._started else []

    def _result(self, match: re.Match[str]) -> list[Event]:
        ok, test = not match[1], match[2]
        if test in self._lines:
            return [] if self._lines[test] == ok else [
                contradiction(test, "ok and not ok for one test", {})]
        if test not in self._known:
            return []
        events: list[Event] = []
        if not self._open or self._open.id != test:
            if test in self._started or (self._open and not self._open.has_verdict):
                return []               # a damaged line: the other carrier decides
            events = self._begin(test)
        return events + self._told(ok, match[3] or "", match[4] or "")

    def _told(self, ok: bool, directive: str, text: str) -> list[Event]:
        assert self._open
        test = self._open
        if test.line is not None and test.line != ok:
            test.verdicts += ["pass" if test.line else "fail", "pass" if ok else "fail"]
        test.line, test.directive = ok, directive
        if text:
            test.fields.setdefault("reason", text.strip())
        return []

    def _verdict(self, match: re.Match[str]) -> list[Event]:
        if self._open:
            self._open.verdicts.append(match[1])
        return []

    def _field(self, key: str, value: str) -> list[Event]:
        if self._open:
            self._open.fields[key] = unquote(value)
        return []
