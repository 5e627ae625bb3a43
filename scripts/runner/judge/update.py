# SPDX-License-Identifier: BSD-3-Clause
"""--update-expect: makes the expectations say what this VMM, version and machine does."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from ..plan.ini import HEADER
from .conditions import Place, Where, first_seen, narrowed, where_text, widened
from .expectations import KEYS, UNEXPLAINED, Entry, Gate, told
from .results import BAD, Report, TestResult

Runs = dict[str, TestResult]            # results of one test, by run
Lines = tuple[Where, ...]


class Sections:
    """An INI file as text: whole sections change, comments and all others stay."""

    def __init__(self, text: str) -> None:
        self.blocks: list[tuple[Optional[str], list[str]]] = [(None, [])]
        for line in text.splitlines():
            header = HEADER.match(line)
            if header:
                self.blocks.append((header[1], []))
            self.blocks[-1][1].append(line)

    def names(self) -> set[str]:
        return {name for name, _ in self.blocks if name}

    def _lines(self, name: str) -> list[str]:
        return next(lines for held, lines in self.blocks if held == name)

    @staticmethod
    def _own(line: str, key: str = "") -> bool:
        """Return True for a line of the section itself: not a comment, not blank, and of that key."""
        if not line.strip() or line.startswith("#"):
            return False
        return not key or ("=" in line and line.split("=", 1)[0].strip() == key)

    def drop(self, name: str) -> None:
        """Drop a section but for the comments after its last line: they belong to the next one."""
        lines = self._lines(name)
        last = max(number for number, line in enumerate(lines) if self._own(line))
        del lines[:last + 1]
        if lines and not lines[0].strip():
            del lines[0]

    def set(self, name: str, key: str, value: str) -> None:
        lines = self._lines(name)
        place = self._place(lines, key)
        if place is None:
            order = list(KEYS)
            above = [self._place(lines, other) for other in order[:order.index(key)]]
            end = place = max((self._end(lines, n) for n in above if n is not None), default=1)
        else:
            end = self._end(lines, place)
        lines[place:end] = [f"{key} = {value}"]

    def _place(self, lines: list[str], key: str) -> Optional[int]:
        return next((n for n, line in enumerate(lines) if self._own(line, key)), None)

    @staticmethod
    def _end(lines: list[str], place: int) -> int:
        """Return the number of the line after the value that begins there, and the lines that continue it."""
        end = place + 1
        while end < len(lines) and lines[end][:1] in (" ", "\t") and lines[end].strip():
            end += 1
        return end

    def unset(self, name: str, key: str) -> None:
        self.set(name, key, "")
        lines = self._lines(name)
        del lines[next(n for n, line in enumerate(lines) if self._own(line, key))]

    def copy(self, name: str, new: str) -> None:
        """Add a section with the lines of another one behind it."""
        lines = self._lines(name)
        last = max(number for number, line in enumerate(lines) if self._own(line))
        place = next(n for n, (held, _) in enumerate(self.blocks) if held == name)
        tail = lines[last + 1:]
        del lines[last + 1:]
        self.blocks.insert(place + 1, (new, [f"[{new}]", *lines[1:], *tail]))
        lines.append("")

    def add(self, name: str, values: dict[str, str]) -> None:
        """Add a section, with a blank line above it."""
        above = [line for _, lines in self.blocks for line in lines]
        if above and above[-1].strip():
            self.blocks[-1][1].append("")
        self.blocks.append((name, [f"[{name}]", *(f"{k} = {v}" for k, v in values.items())]))

    def text(self) -> str:
        return "\n".join(line for _, lines in self.blocks for line in lines).rstrip("\n") + "\n"


@dataclass
class Seen:
    """What a call has seen, as far as expectations speak of it."""
    place: Place
    strict: bool
    tests: dict[str, Runs]              # not a skip for what the machine lacks, nor what differed

    def met(self, entry: Entry, test: str) -> tuple[str, ...]:
        return tuple(run for run, result in self.tests[test].items() if entry.is_this(result))

    def covered(self, entry: Entry, test: str) -> tuple[str, ...]:
        return tuple(run for run in self.tests[test] if entry.covers(run, test, self.place))


def seen_in(report: Report, place: Place) -> Seen:
    tests: dict[str, Runs] = {}
    for run, test in report.tests():
        if (test.verdict != "skip" or test.silent) and not test.repeats and not run.failure:
            tests.setdefault(test.id, {})[run.name] = test
    return Seen(place, report.strict, tests)


def update(text: str, gate: Gate, report: Report) -> tuple[str, list[str]]:
    """Return the new text of the expectations, and what was done to it."""
    sections = Sections(text)
    seen = seen_in(report, gate.place)
    stale = [entry for entry in gate.entries
             if any(f": [{entry.section.name}]" in line for line in report.stale)]
    done = []
    for entry in stale:
        sections.drop(entry.section.name)
        done.append(f"[{entry.section.name}]: dropped, it names what does not exist")
    kept = [entry for entry in gate.entries if entry not in stale]
    for entry in (entry for entry in kept if not entry.by_chance):
        done += revise_skip(sections, entry, seen) if entry.is_skip else revise(sections, entry, seen)
    for test, runs in seen.tests.items():
        done += add(sections, test, unexplained(kept, runs, seen), seen)
    done += add_silences(sections, kept, seen)
    return sections.text(), done


def unexplained(entries: list[Entry], runs: Runs, seen: Seen) -> Runs:
    """Return what no entry tells, wherever it holds: where it does was revised before."""
    return {run: result for run, result in runs.items()
            if result.verdict in (("warn", *BAD) if seen.strict else BAD)
            and not any(entry.is_this(result) for entry in entries)}


def revise(sections: Sections, entry: Entry, seen: Seen) -> list[str]:
    """Let the entry hold where it came true, test by test; tests that part company get a section each."""
    lines = {test: revised(entry, test, seen) for test in entry.tests}
    groups: dict[Lines, list[str]] = {}
    for test, new in lines.items():
        groups.setdefault(new, []).append(test)
    if list(groups) == [entry.lines]:
        return []
    name, stay = entry.section.name, entry.lines if entry.lines in groups else next(iter(groups))
    done = []
    for new, tests in groups.items():
        if new == stay or not new:
            continue
        own = free_name(sections.names(), f"{name}: {tests[0]}", "")
        sections.copy(name, own)
        sections.set(own, "tests", " ".join(tests))
        sections.set(own, "defect", entry.defect)
        done += tell(sections, own, new)
    if () in groups:
        done.append(f"[{name}]: not seen any more in {' '.join(groups[()])}")
    if stay:
        if len(groups) > 1:
            sections.set(name, "tests", " ".join(groups[stay]))
        return done + (tell(sections, name, stay) if stay != entry.lines else [])
    sections.drop(name)
    return done


def tell(sections: Sections, name: str, lines: Lines) -> list[str]:
    text = where_text(lines)
    if text:
        sections.set(name, "where", text)
    else:
        sections.unset(name, "where")
    return [f"[{name}]: holds {' or '.join(map(str, lines)) if text else 'everywhere'}"]


def revised(entry: Entry, test: str, seen: Seen) -> Lines:
    if test not in seen.tests:
        return entry.lines
    met, covered = seen.met(entry, test), seen.covered(entry, test)
    lines = entry.lines
    if set(covered) - set(met):
        lines = narrowed(lines, seen.place, tuple(run for run in covered if run in met))
    if set(met) - set(covered):
        lines = widened(lines, seen.place, met, len(met) == len(seen.tests[test]))
    return lines


def revise_skip(sections: Sections, entry: Entry, seen: Seen) -> list[str]:
    """Keep an entry for skips as long as one is left, of all that it covers."""
    covered = [result for runs in seen.tests.values() for run, result in runs.items()
               if entry.covers(run, result.id, seen.place)]
    if not covered or any(entry.is_this(result) for result in covered):
        return []
    lines = narrowed(entry.lines, seen.place, ())
    if lines:
        return tell(sections, entry.section.name, lines)
    sections.drop(entry.section.name)
    return [f"[{entry.section.name}]: dropped, the device does it now"]


def add(sections: Sections, test: str, runs: Runs, seen: Seen) -> list[str]:
    """Add an entry for each deviation that no entry tells; for all runs when all agree."""
    groups: dict[tuple[str, str], list[str]] = {}
    for run, result in runs.items():
        groups.setdefault((result.verdict, pattern(told(result))), []).append(run)
    done = []
    for verdict in dict.fromkeys(verdict for verdict, _ in groups):
        texts = [text for held, text in groups if held == verdict and text]
        names = [run for (held, _), found in groups.items() if held == verdict for run in found]
        where = first_seen(seen.place, () if len(names) == len(seen.tests[test]) else tuple(names))
        section = free_name(sections.names(), test, verdict)
        sections.add(section, {**({"tests": test} if section != test else {}), "verdict": verdict,
                               **({"seen": "\n    ".join(texts)} if texts else {}),
                               "where": str(where), "reason": UNEXPLAINED})
        done.append(f"[{section}]: added, {verdict}: {'; '.join(texts)}")
    return done


def pattern(text: str) -> str:
    """Return a text for `seen`: addresses and counts may be others the next time, statuses not."""
    words = re.sub(r"(?<!raw )0x[0-9a-f]+|(?<!used\.len )(?<!raw )\b\d{2,}\b", "*", " ".join(text.split()))
    return re.sub(r"\*( ?\*)+", "*", words)


def add_silences(sections: Sections, entries: list[Entry], seen: Seen) -> list[str]:
    """Add an entry for each thing that the device did not do, with the requirements that it leaves open."""
    found: dict[str, dict[str, None]] = {}
    for result in silent_results(seen):
        if not any(entry.is_this(result) for entry in entries):
            found.setdefault(result.reason or "", {})[f"{result.requirement}/*"] = None
    done = []
    for reason, tests in found.items():
        name = free_name(sections.names(), reason, "skip")
        sections.add(name, {"tests": " ".join(tests), "verdict": "skip", "seen": pattern(reason),
                            "where": str(first_seen(seen.place, ())), "reason": UNEXPLAINED})
        done.append(f"[{name}]: added, skip")
    return done


def silent_results(seen: Seen) -> Iterable[TestResult]:
    return (result for runs in seen.tests.values() for result in runs.values() if result.silent)


def free_name(taken: set[str], name: str, label: str) -> str:
    free, number = name, 1
    while free in taken:
        free = " ".join(filter(None, (name, label, str(number) if number > 1 else "")))
        number += 1
    return free
