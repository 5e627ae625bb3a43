# SPDX-License-Identifier: BSD-3-Clause
"""Which tests run in which runs: the patterns of the command line against what there is."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache

from .catalogue import Requirement, Test
from .config import Run
from .errors import NothingToRun, UsageError, nearest
from .standard import is_section, within

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
    asked: dict[str, list[str]]     # globs over full ids, by the pattern that means them
    without: list[str]              # globs over names of runs and full ids: what is left out

    @property
    def tests(self) -> list[str]:
        return [glob for globs in self.asked.values() for glob in globs]


def matches(name: str, globs: Iterable[str]) -> bool:
    """Return True if the last glob that fits the name has no `!` before it."""
    for fits, wanted in _backwards(tuple(globs)):
        if fits(name):
            return wanted
    return False


@lru_cache(maxsize=None)
def _backwards(globs: tuple[str, ...]) -> list[tuple[Callable[[str], object], bool]]:
    """Return the globs as patterns, the last one first, each with whether what fits is wanted."""
    return [(re.compile(translate(glob.lstrip("!"))).match, not glob.startswith("!"))
            for glob in reversed(globs)]


def sort_patterns(patterns: Sequence[str], runs: list[Run], tests: list[Test],
                  requirements: dict[str, Requirement]) -> Choice:
    """
    Sort patterns: one that fits a run names runs, a number is a section of the standard, any other is a
    test id, a glob or a requirement. With `!` in front it is left out.
    """
    choice = Choice([], {}, [])
    for pattern in patterns:
        if pattern.startswith("!"):
            choice.without.extend(_excluded(pattern[1:], runs, tests, requirements))
        elif any(fnmatchcase(run.name, pattern) for run in runs):
            choice.runs.append(pattern)
        elif is_section(pattern):
            choice.asked[pattern] = _section_globs(pattern, tests, requirements)
        else:
            choice.asked[pattern] = [_test_glob(pattern, runs, tests, requirements)]
    return choice


def _excluded(pattern: str, runs: list[Run], tests: list[Test],
              requirements: dict[str, Requirement]) -> list[str]:
    inner = sort_patterns([pattern], runs, tests, requirements)
    return inner.runs + inner.tests


def _section_globs(number: str, tests: list[Test], requirements: dict[str, Requirement]) -> list[str]:
    """Return a glob for each requirement of that section, and of those in it, that has tests."""
    tested = {test.requirement for test in tests}
    found = [row.id for row in requirements.values()
             if row.id in tested and row.section and within(row.section, number)]
    if not found:
        raise UsageError(f"'{number}' names no section of the standard with a test")
    return [f"{name}/*" for name in found]


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


Wanted = Callable[[Run, Test], bool]


def everything(_run: Run, _test: Test) -> bool:
    return True


def of_level(requirements: dict[str, Requirement], level: str) -> Wanted:
    """Want tests whose requirement is of that level, as scores count it."""
    def wanted(_run: Run, test: Test) -> bool:
        row = requirements.get(test.requirement)
        return bool(row and row.level_class == level)
    return wanted


def share(selected: list[Selected], number: int, count: int) -> list[Selected]:
    """Return share @number of @count, 1 to count: whole runs, so that each share has about as many tests."""
    loads = [0] * count
    mine = []
    for item in sorted(selected, key=lambda item: -len(item.tests)):
        least = loads.index(min(loads))
        loads[least] += len(item.tests)
        if least == number - 1:
            mine.append(item.run.name)
    return [item for item in selected if item.run.name in mine]


def one_test(selected: list[Selected]) -> list[Selected]:
    """Return the first run alone, of a selection that is one test."""
    tests = {test.id for item in selected for test in item.tests}
    if len(tests) > 1:
        raise UsageError(f"--gdb: name one test; {len(tests)} are selected")
    return selected[:1]


def select(runs: list[Run], tests: list[Test], choice: Choice, arch: str,
           asked: bool = False, wanted: Wanted = everything) -> list[Selected]:
    """Return the runs with tests to do. @asked: a group was named, of which no run is left out."""
    chosen = [run for run in runs if arch in run.arch and not matches(run.name, choice.without)
              and (matches(run.name, choice.runs) if choice.runs else run.default or asked)]
    if not chosen:
        raise NothingToRun(f"nothing to run: no selected run is meant for {arch}")
    found = [_tests_of(run, tests, choice, wanted) for run in chosen]
    if not any(selected.tests for selected in found):
        raise NothingToRun("nothing to run: none of the selected tests belongs to run "
                           + ", ".join(run.name for run in chosen))
    for pattern, globs in choice.asked.items():
        if not any(matches(test.id, globs) for selected in found for test in selected.tests):
            raise NothingToRun(f"nothing to run for '{pattern}': none of its tests belongs to run "
                               + ", ".join(run.name for run in chosen))
    return [selected for selected in found if selected.tests]


def _tests_of(run: Run, tests: list[Test], choice: Choice, wanted: Wanted) -> Selected:
    globs = choice.tests
    chosen = [test for test in tests if wanted(run, test) and matches(test.id, run.tests)
              and (not globs or matches(test.id, globs)) and not matches(test.id, choice.without)]
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
