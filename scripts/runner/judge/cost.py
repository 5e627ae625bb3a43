# SPDX-License-Identifier: BSD-3-Clause
"""What the image of cost says, as figures; how they grow, and how those of two runs differ."""
from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator
from typing import Any, Optional

from ..plan.errors import UsageError

SCHEMA = 3                      # of cost.json
COUNTS = ("ios", "register_reads", "register_writes", "notifications", "commands", "invalidations", "copied",
          "table_pages", "exposed")
INSTRUCTIONS = ("instructions_map", "instructions_unmap", "instructions_io")    # likewise to the digit
GROWTH_COUNTS = ("operations", "commands", "table_pages", "requests", "interrupts", "reports")
LEFT_OUT = "# left out: "
SPREAD, FAR = 0.10, 0.50         # of a ratio, to each side: another run is within 15 % then
UNTRANSLATED = "none"           # the strategy that others are held against
# What a row has beside counts, before it is known.
EMPTY = {"varies": False, "percent": None, "low": None, "high": None, "spread": False,
         "reached_after_unmap": None, "cpu_ns": None, "instructions_vary": False,
         **dict.fromkeys(INSTRUCTIONS)}
LATE = 0.1                      # of the time of a stretch
# A proof that names a requirement.
STATEMENT = re.compile(r"# proof: (N-[A-Z]+-\d+): (.*): (yes|no|NO)")
Row = dict[str, Any]
Key = tuple[str, ...]


def words(text: str) -> Row:
    """Return key=value pairs, numbers as such; a word alone is true."""
    pairs = (word.partition("=") for word in text.split())
    return {key: (int(value) if value.isdecimal() else value) if equals else True
            for key, equals, value in pairs}


def of_kind(kind: str, lines: list[str]) -> list[Row]:
    start = f"# {kind} "
    return [words(line[len(start):]) for line in lines if line.startswith(start)]


def memory(seen: list[tuple[str, int]]) -> list[Row]:
    """Return a row for each look at the memory of the VMM: words of the image, and KiB."""
    return [{**words(text), "kib": kib} for text, kib in seen]


def figures(boots: list[list[str]]) -> list[Row]:
    """
    Return a row for each workload and strategy, of what several boots of the same kind say. Without a way
    past the IOMMU there are no times.
    """
    rows: dict[Key, Row] = {}
    for lines in boots:
        for row in of_kind("cost", lines):
            add_counts(rows.setdefault(key_of(row), {**EMPTY, "us": [], **row}), row)
        for row in of_kind("exposure", lines):
            rows.get(key_of(row), {}).update(row)
        for row in of_kind("time", lines):
            if key_of(row) in rows:
                rows[key_of(row)]["us"].append(numbers(row["us"]))
    for row in rows.values():
        beside = rows.get((row["workload"], UNTRANSLATED))
        row.update(ratios(row["us"], beside["us"]) if row["us"] and beside else {})
    return list(rows.values())


def key_of(row: Row) -> Key:
    return row["workload"], row["strategy"]


def numbers(value: Any) -> list[int]:
    return [int(word) for word in str(value).split(",")]


def add_counts(row: Row, again: Row) -> None:
    """Note what a further boot counted, which has to be the same."""
    row["varies"] |= again.get("varies", False) or any(row[count] != again[count] for count in COUNTS)
    row["exposed_us"] = max(row["exposed_us"], again["exposed_us"])


def ratio_of(own: list[int], beside: list[int]) -> int:
    """Return the fastest round in percent of the fastest one beside it: a busy host only adds to a round."""
    return round(100 * min(own) / max(min(beside), 1))


def ratios(boots: list[list[int]], beside: list[list[int]]) -> Row:
    """
    Return the median, the least and the most of what boots find; and whether a run like this one may find
    another: more than one boot is off, or one is far off, or the fastest rounds of all boots are.
    """
    found = sorted(ratio_of(own, none) for own, none in zip(boots, beside))
    middle = found[len(found) // 2]
    near = [*found[1:-1], ratio_of(sum(boots, []), sum(beside, []))]
    return {"percent": middle, "low": found[0], "high": found[-1],
            "spread": any(abs(value - middle) > middle * SPREAD for value in near) or
            any(abs(value - middle) > middle * FAR for value in found)}


def add_instructions(rows: list[Row], lines: list[str]) -> None:
    """Give rows what a boot of its own has counted: one that counts instructions tells nothing of times."""
    counted = {key_of(row): row for row in of_kind("instructions", lines)}
    for row in rows:
        found = counted.get(key_of(row))
        if found:
            row.update({name: found[name.rpartition("_")[2]] for name in INSTRUCTIONS},
                       instructions_vary=found.get("varies", False))


def add_cpu_time(rows: list[Row], stretches: list[tuple[str, int, float]]) -> None:
    """
    Give rows the CPU time of the VMM for an I/O: the median of stretches, each with what the image said of
    it, ns of CPU time, and the seconds that passed here. If these are others than there a mark was read late.
    """
    seen: dict[Key, list[float]] = {}
    for text, nanoseconds, seconds in stretches:
        row = words(text)
        if abs(seconds * 1e6 - row["us"]) <= LATE * row["us"]:
            seen.setdefault(key_of(row), []).append(nanoseconds / row["ios"])
    for row in rows:
        times = seen.get(key_of(row))
        if times:
            row["cpu_ns"] = round(statistics.median(times))


def left_out(lines: list[str]) -> list[str]:
    return [line[len(LEFT_OUT):] for line in lines if line.startswith(LEFT_OUT)]


def growth(lines: list[str]) -> list[Row]:
    return [row for row in of_kind("growth", lines) if "by" in row]


def proofs(lines: list[str]) -> int:
    return sum(line.startswith("# proof: ") and line.endswith(": yes") for line in lines)


def isolation(lines: list[str]) -> list[Row]:
    """
    Return a row for each requirement of which something was shown: whether it holds, by all statements, and
    what was said that does not. An IOMMU of another kind need not be as the virtio standard has it.
    """
    rows: dict[str, Row] = {}
    for found in map(STATEMENT.fullmatch, lines):
        if found:
            name, text, answer = found.groups()
            row = rows.setdefault(name, {"requirement": name, "holds": True, "shown": 0, "not": []})
            row["shown"] += answer == "yes"
            row["not"] += [] if answer == "yes" else [text]
            row["holds"] = not row["not"]
    return sorted(rows.values(), key=lambda row: natural(row["requirement"]))


def natural(name: str) -> tuple[str, int]:
    word, _, number = name.rpartition("-")
    return word, int(number)


def unit(lines: list[str]) -> Optional[str]:
    return next((line[len("# unit: "):] for line in lines if line.startswith("# unit: ")), None)


def per_io(row: Row, key: str) -> float:
    return float(row[key] / row["ios"]) if row["ios"] else 0.0


def read_cost(path: str) -> Row:
    try:
        with open(path, encoding="utf-8") as file:
            data: Row = json.load(file)
        if data["schema"] != SCHEMA:
            raise UsageError(f"{path}: has schema {data['schema']}, and {SCHEMA} is known here")
        rows_of(data), title(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: is no cost.json of this suite") from None
    return data


def title(data: Row) -> str:
    return f"{data['vmm']['name']} {data['vmm']['version']} {data['arch']} {data['accel']}, {data['started']}"


def rows_of(data: Row) -> dict[Key, Row]:
    """Return all rows by what they are of."""
    found: dict[Key, Row] = {}
    for boot in data["boots"]:
        for row in boot["figures"]:
            found[boot["iommu"], row["workload"], row["strategy"]] = row
        for row in boot["growth"]:
            found[boot["iommu"], "growth", f"{row['by']}={row['number']}"] = row
        if boot.get("extra"):
            found[boot["iommu"], "growth", "extra"] = boot["extra"]
    return found


def compare(old: Row, new: Row) -> list[str]:
    """Return a line for each difference: any of counts; ratios if low to high has nothing in common."""
    before, after = rows_of(old), rows_of(new)
    boots = {boot["iommu"] for boot in new["boots"]}
    found = [f"{' '.join(key)}: {'gone' if key in before else 'new'}"
             for key in sorted(before.keys() ^ after.keys()) if key[0] in boots]
    for key in sorted(before.keys() & after.keys()):
        found += [f"{' '.join(key)}: {text}" for text in differences(before[key], after[key])]
    return found


def counts_differ(old: Row, new: Row) -> Iterator[str]:
    for count in dict.fromkeys((*COUNTS, *INSTRUCTIONS, *GROWTH_COUNTS)):
        if old.get(count) != new.get(count):
            yield f"{count} {old.get(count)} -> {new.get(count)}"


def differences(old: Row, new: Row) -> Iterator[str]:
    yield from counts_differ(old, new)
    if old.get("percent") is None or new.get("percent") is None:
        return
    if new["low"] > old["high"] or new["high"] < old["low"]:
        yield f"time {ratio(old)} -> {ratio(new)}"


def ratio(row: Row) -> str:
    if row["percent"] is None:
        return "-"
    return f"{row['percent']} % ({row['low']} to {row['high']}){' !' if row['spread'] else ''}"
