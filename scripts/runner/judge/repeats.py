# SPDX-License-Identifier: BSD-3-Clause
"""Several runs of cost that ought to be the same: which ratios and counts were not, and who tells so."""
from __future__ import annotations

import statistics
from typing import Any

from .cost import Key, counts_differ, ratio, rows_of

OFF = 0.15                      # of the median of all runs: what is further from it has to have a mark
Row = dict[str, Any]


def by_key(runs: list[Row]) -> dict[Key, list[Row]]:
    """Return the rows of all runs by what they are of, the first run's first."""
    tables = [rows_of(run) for run in runs]
    return {key: [table[key] for table in tables if key in table] for key in tables[0]}


def ratios(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.get("percent") is not None]


def is_off(row: Row, rows: list[Row]) -> bool:
    """Return true if the ratio of one run is far from the median of those of all."""
    middle = statistics.median(other["percent"] for other in rows)
    return bool(abs(row["percent"] - middle) > OFF * middle)


def unmarked(rows: list[Row]) -> list[Row]:
    """Return the rows with a ratio that is off, which they do not tell."""
    timed = ratios(rows)
    return [row for row in timed if is_off(row, timed) and not row["spread"]]


def summary(runs: list[Row]) -> str:
    tables = [ratios(rows) for rows in by_key(runs).values()]
    count = sum(map(len, tables))
    off = sum(is_off(row, rows) for rows in tables for row in rows)
    marked = sum(row["spread"] for rows in tables for row in rows)
    silent = sum(len(unmarked(rows)) for rows in tables)
    return (f"{len(runs)} runs: {count} ratios, {marked} with a mark; more than {OFF:.0%} off the median of "
            f"the runs: {off}, without a mark: {silent}")


def differences(runs: list[Row]) -> list[str]:
    """Return a line for each count that is not the first run's, and each ratio that is off without a mark."""
    found = []
    for key, rows in by_key(runs).items():
        for row in rows[1:]:
            found += [f"{' '.join(key)}: {text}" for text in counts_differ(rows[0], row)]
        middle = statistics.median(row["percent"] for row in ratios(rows)) if ratios(rows) else 0
        found += [f"{' '.join(key)}: time {ratio(row)}, the median of the runs is {middle:g} %"
                  for row in unmarked(rows)]
    return found
