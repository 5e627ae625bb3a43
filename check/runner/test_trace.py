# SPDX-License-Identifier: BSD-3-Clause
"""Traces, as the image prints them and the reports have them."""
from __future__ import annotations

from runner.judge.again import EXCERPT, excerpt
from runner.judge.verdicts import MOST_TRACE, TraceLines


def told(*texts: str) -> list[str]:
    trace = TraceLines()
    for text in texts:
        trace.add(text)
    return trace.lines()


def test_trace_joins_answers() -> None:
    assert told("MAP domain 1 ->", "  notify queue 0", "  read bypass ->", "-> 1", "-> OK (0)") == [
        "MAP domain 1 -> OK (0)", "  notify queue 0", "  read bypass -> 1"]
    assert told("-> lost") == ["-> lost"]


def test_trace_keeps_the_line_that_deviates() -> None:
    steps = [f"read bypass -> {number}" for number in range(2 * MOST_TRACE)]
    lines = told(*steps, "  !! expected 1, got 0: bypass", *steps)
    assert lines[MOST_TRACE - 1:MOST_TRACE + 1] == ["  !! expected 1, got 0: bypass", steps[MOST_TRACE]]
    assert lines[0] == steps[MOST_TRACE + 1] and lines[-1] == steps[-1]


def test_other_runs_get_what_is_before_the_deviation() -> None:
    trace = [*(f"write bypass {number}" for number in range(EXCERPT)), "!! expected 1, got 0", "clean-up"]
    assert excerpt("one", trace) == ["as traced in run one:", *trace[1:EXCERPT + 1]]
    assert excerpt("one", []) == []
