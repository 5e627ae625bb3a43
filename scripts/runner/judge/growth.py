# SPDX-License-Identifier: BSD-3-Clause
"""How times and memory grow: the exponent of a curve, and words for it."""
from __future__ import annotations

import math
from typing import Any, Optional

FLAT, LINEAR = 0.15, 0.85       # exponents: below is constant, from there on is with the number
LAST = 3                        # points of a curve that show where it goes
CHANGE = 4096                   # KiB of memory: less than that is nothing
# What each curve is drawn over, and how that is called.
CURVES = {"mappings": "the number of mappings", "bytes": "the size of the mapping",
          "endpoints": "the number of endpoints in the domain", "domains": "the number of domains before",
          "attaches": "the number of ATTACH requests before"}
OPERATIONS = {"map": "MAP", "access": "first access", "unmap": "UNMAP", "unmap_all": "UNMAP of all at once",
              "attach": "ATTACH", "detach": "DETACH"}
Row = dict[str, Any]


def curve(rows: list[Row], by: str, operation: str) -> list[tuple[int, int]]:
    """Return the points of one curve: number, ns."""
    return [(row["number"], row[operation]) for row in rows if row["by"] == by and operation in row]


def slope(points: list[tuple[float, float]]) -> float:
    """Return that of the straight line with the least squares, 0 if there is none."""
    count = len(points)
    middle_x = sum(x for x, _ in points) / max(count, 1)
    middle_y = sum(y for _, y in points) / max(count, 1)
    square = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / square if square else 0.0


def exponent(points: list[tuple[int, int]]) -> float:
    """Return the power of the number that a time grows with: over all, or at last if more."""
    logarithms = [(math.log(number), math.log(max(time, 1))) for number, time in points]
    return max(0.0, round(slope(logarithms), 2), round(slope(logarithms[-LAST:]), 2))


def shown(by: str, number: int) -> str:
    if by != "bytes":
        return f"{number} {'ATTACH requests' if by == 'attaches' else by}"
    unit, size = next((unit, size) for unit, size in (("GiB", 30), ("MiB", 20), ("KiB", 10), ("bytes", 0))
                      if number >= 1 << size)
    return f"{number >> size} {unit}"


def growth_words(by: str, operation: str, points: list[tuple[int, int]]) -> str:
    power, (most, last), first = exponent(points), points[-1], max(points[0][1], 1)
    if power < FLAT:
        how = f"constant up to {shown(by, most)}"
    elif power < LINEAR:
        how = f"grows with {CURVES[by]} to the power of {power:.2f}"
    else:
        how = f"grows with {CURVES[by]}"
        how += f" to the power of {power:.2f}" if power > 2 - LINEAR else ""
    how = f"{OPERATIONS[operation]}: {how}"
    return f"{how} (exponent {power:.2f}, {last * 100 // first} % at {shown(by, most)})"


def taken(row: Row) -> int:
    """Return KiB that the VMM has without what the guest keeps of its own, such as tables."""
    return int(row["kib"]) - int(row.get("own", 0)) // 1024


def memory_words(by: str, rows: list[Row]) -> str:
    """Say what the VMM took, from what it had before to the last look, when all was given back."""
    before, most, last = taken(rows[0]), max(map(taken, rows)), taken(rows[-1])
    up_to = f"up to {shown(by, max(row['number'] for row in rows))}"
    if most - before < CHANGE:
        return f"memory: the same {up_to}"
    kept = max(last - before, 0)
    back = "comes back" if 2 * kept < most - before else "does not come back"
    return f"memory: {(most - before) >> 10} MiB more {up_to}; {kept >> 10} are left: it {back}"


def looks(memory: list[Row]) -> dict[str, list[Row]]:
    """Return what was seen of memory, by the curve that it belongs to."""
    found: dict[str, list[Row]] = {}
    for row in memory:
        found.setdefault(row["at"], []).append(row)
    return found


def extra_words(extra: Row) -> str:
    return (f"{extra['requests']} right requests: suppressed interrupts that came: {extra['interrupts']}, "
            f"reports of a fault: {extra['reports']}")


def says(rows: list[Row], memory: list[Row], extra: Optional[Row]) -> list[str]:
    curves = [(by, operation, curve(rows, by, operation)) for by in CURVES for operation in OPERATIONS]
    return [growth_words(by, operation, points) for by, operation, points in curves if len(points) > 1] + [
        memory_words(by, seen) for by, seen in looks(memory).items()] + (
        [extra_words(extra)] if extra else [])
