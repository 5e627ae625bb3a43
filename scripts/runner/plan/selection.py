# SPDX-License-Identifier: BSD-3-Clause
"""Which tests run in which runs: the patterns of the command line against what there is."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .catalogue import Requirement, Test
from .config import Run
from .errors import NothingToRun, UsageError, nearest

LONGEST_LIST = 1000             # bytes of tests=... that the image accepts


@dataclass(frozen=True)
class Selected:
    run: Run
    tests: list[Test]
    globs: str                  # the same choice as patterns; empty: name the tests


@dataclass(frozen=True)
class Choice:
    """What the patterns of the command line name."""
    runs: list[str]
    tests: list[str]            # globs over full ids


def matches(name: str, globs: Iterable[str]) -> bool:
    """Return True if the last glob that fits the name has no `!` before it."""
    found = False
    for glob in globs:
        if fnmatchcase(name, glob.lstrip("!")):
            found = not glob.startswith("!")
    return found


def sort_patterns(patterns: Sequence[str], runs: list[Run], tests: list[Test],
                  requirements: dict[str, Requirement]) -> Choice:
    """Sort patterns: one that fits a run names runs, any other is a test id, a glob or a requirement."""
    choice = Choice([], [])
    for pattern in patterns:
        if any(fnmatchcase(run.name, pattern) for run in runs):
            choice.runs.append(pattern)
        else:
            choice.tests.append(_test_glob(pattern, runs, tests, requirements))
    return choice


def _test_glob(pattern: str, runs: list[Run], tests: list[Test],
               requirements: dict[str, Requirement]) -> str:
    for glob in (pattern, f"{pattern}/*"):
        if any(fnmatchcase(test.id, glob) for test in tests):
            return glob
    if pattern in requirements:
        raise UsageError(f"{pattern} is a requirement without a test"
                         + _why_none(requirements[pattern]))
    known = [run.name for run in runs] + [test.id for test in tests]
    known += sorted({test.requirement for test in tests})
    raise UsageError(f"'{pattern}' names no run and no test{nearest(pattern, known)}")


def _why_none(requirement: Requirement) -> str:
    why = f": {requirement.untested}" if requirement.untested else ""
    ask = f"; ask for {' '.join(requirement.judged_by)}" if requirement.judged_by else ""
    return why + ask


def in_group(runs: list[Run], group: str) -> list[Run]:
    known = sorted({name for run in runs for name in run.groups})
    if group not in known:
        raise UsageError(f"-g {group}: known groups are {', '.join(known) or '(none)'}"
                         f"{nearest(group, known)}")
    return [run for run in runs if group in run.groups]


def select(runs: list[Run], tests: list[Test], choice: Choice, arch: str,
           asked: bool = False) -> list[Selected]:
    """Return the runs with tests to do. @asked: a group was named, of which no run is left out."""
    chosen = [run for run in runs if arch in run.arch
              and (matches(run.name, choice.runs) if choice.runs else run.default or asked)]
    if not chosen:
        raise NothingToRun(f"nothing to run: no selected run is meant for {arch}")
    found = [_tests_of(run, tests, choice.tests) for run in chosen]
    if not any(selected.tests for selected in found):
        raise NothingToRun("nothing to run: none of the selected tests belongs to run "
                           + ", ".join(run.name for run in chosen))
    for glob in choice.tests:
        if not any(matches(test.id, [glob]) for selected in found for test in selected.tests):
            raise NothingToRun(f"nothing to run for '{glob}': none of its tests belongs to run "
                               + ", ".join(run.name for run in chosen))
    return [selected for selected in found if selected.tests]


def _tests_of(run: Run, tests: list[Test], globs: list[str]) -> Selected:
    chosen = [test for test in tests
              if matches(test.id, run.tests) and (not globs or matches(test.id, globs))]
    return Selected(run, chosen, _shortest(tests, chosen, (("*",), run.tests, globs)))


def _shortest(tests: list[Test], chosen: list[Test], candidates: Iterable[Sequence[str]]) -> str:
    for globs in candidates:
        said, count = fitting(globs)
        plain = not any("[" in glob for glob in globs)      # the image knows * and ? only
        if plain and count == len(globs) and [t for t in tests if matches(t.id, globs)] == chosen:
            return said
    return ""


def fitting(patterns: Sequence[str]) -> tuple[str, int]:
    """Return what the image's buffer holds of a list, and how many patterns that are."""
    length, count = -1, 0
    for pattern in patterns:
        length += len(pattern) + 1
        if length > LONGEST_LIST:
            break
        count += 1
    return ",".join(patterns[:count]), count


def without_tests(runs: list[Run], tests: list[Test], arch: str) -> list[str]:
    """Name runs whose own globs fit no test at all: a slip, or a test that is yet to come."""
    return [f"run {run.name}: no test is named {' or '.join(run.tests)}" for run in runs
            if arch in run.arch and not any(matches(test.id, run.tests) for test in tests)]
