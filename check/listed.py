# SPDX-License-Identifier: BSD-3-Clause
"""Mutants by rule that nobody can see, or that the standard allows: check/equivalent.tsv."""
from __future__ import annotations

import os
from collections.abc import Iterator

from hostrun import TOP
from mutation import Mutation, Source

LISTED = os.path.join(TOP, "check", "equivalent.tsv")
ANY = "*"

Row = tuple[str, ...]           # file, function, lines, lines as they are changed


def key(source: Source, mutation: Mutation) -> Row:
    """Where a mutation is and what it does, in words that hold when lines move."""
    start = source.text.rfind("\n", 0, mutation.start) + 1
    end = source.text.find("\n", mutation.end)
    after = source.text[start:mutation.start] + mutation.text + source.text[mutation.end:end]
    return (mutation.path, source.function(mutation.start), " ".join(source.text[start:end].split()),
            " ".join(after.split()))


def fits(row: Row, of: Row) -> bool:
    return all(mine in (ANY, its) for mine, its in zip(row, of))


class Listed:
    def __init__(self) -> None:
        with open(LISTED, encoding="utf-8") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines if line[0] != "#"]
        self._rows = [tuple(row[:4]) for row in rows]
        self._bare = [row for row in rows if len(row) != 5 or not row[4]]

    def has(self, source: Source, mutation: Mutation) -> bool:
        of = key(source, mutation)
        return any(fits(row, of) for row in self._rows)

    def problems(self, sources: dict[str, Source]) -> Iterator[str]:
        """Rows that say nothing, and those of these sources that no mutation is any more."""
        yield from (f"no reason, or no row of five fields: {row}" for row in self._bare)
        for path, source in sources.items():
            rows = [row for row in self._rows if row[0] == path]
            keys = {key(source, mutation) for mutation in source.mutations()} if rows else set()
            yield from (f"no longer in the source: {row}" for row in rows
                        if not any(fits(row, of) for of in keys))
