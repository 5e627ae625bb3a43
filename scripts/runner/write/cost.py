# SPDX-License-Identifier: BSD-3-Clause
"""Figures of cost as a table for people, as CSV, and as a page."""
from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Callable

from ..judge.cost import natural, per_io, ratio, title
from ..judge.growth import CURVES, OPERATIONS, says
from . import pictures
from .page import render

NONE = "none"                   # nothing is isolated there
TIMES = "times"                 # the kind of a boot that has figures
# The workloads of the table on screen and of pictures: the first that there is. What arrives from a network
# comes from the VMM itself, what is on a disk from the host, at times of its own.
USUAL = ("receive-64", "write-4k")
Row = dict[str, Any]
# Heading, and what stands below it.
COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("IOMMU", lambda row: str(row["iommu"])),
    ("strategy", lambda row: str(row["strategy"])),
    ("notifications", lambda row: each(row, "notifications")),
    ("register writes", lambda row: each(row, "register_writes")),
    ("register reads", lambda row: each(row, "register_reads")),
    ("commands", lambda row: each(row, "commands")),
    ("bytes copied", lambda row: each(row, "copied")),
    ("instructions", lambda row: instructions(row)),
    ("host CPU, us", lambda row: "-" if row["cpu_ns"] is None else f"{row['cpu_ns'] / 1000:.1f}"),
    ("exposed buffers", lambda row: exposure(row)),
    ("time, % of none", ratio),
)
MEANING = ("Counts are per I/O. Instructions are the guest's, in brackets those to map and to unmap; host "
           "CPU is that of the VMM's process. Exposed are buffers that their owner has taken back while the "
           "device may still reach them: the most at a time, and the longest time. '!' marks ratios that "
           "spread, '~' counts that were not the same in all rounds.")


def each(row: Row, count: str) -> str:
    number = per_io(row, count)
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def instructions(row: Row) -> str:
    """Return those of an I/O, and of its mapping and unmapping alone."""
    if row["instructions_io"] is None:
        return "-"
    io, map_, unmap = (f"{per_io(row, f'instructions_{what}'):.0f}" for what in ("io", "map", "unmap"))
    return f"{io} ({map_} + {unmap}){' ~' if row['instructions_vary'] else ''}"


def exposure(row: Row) -> str:
    most, us = row["exposed"], row["exposed_us"]
    long = f"{us / 1000:.0f} ms" if us >= 1000 else f"{us} us"
    return f"{most}, {long}" if most else "0"


def rows(data: Row, workload: str) -> list[Row]:
    return [{**row, "iommu": boot["iommu"]} for boot in data["boots"] for row in boot["figures"]
            if row["workload"] == workload]


def workloads(data: Row) -> list[str]:
    """Return all, the one that is shown first."""
    found = dict.fromkeys(row["workload"] for boot in data["boots"] for row in boot["figures"])
    return sorted(found, key=lambda name: USUAL.index(name) if name in USUAL else len(USUAL))


def usual_rows(data: Row) -> list[Row]:
    """Return those that pictures show."""
    return rows(data, (workloads(data) or [""])[0])


def cells(row: Row) -> list[str]:
    found = [text(row) for _, text in COLUMNS]
    return [*found[:1], found[1] + (" ~" if row["varies"] else ""), *found[2:]]


def table(data: Row, workload: str) -> list[str]:
    lines = [[heading for heading, _ in COLUMNS], *map(cells, rows(data, workload))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return ["  ".join(text.ljust(width) if column < 2 else text.rjust(width)
                      for column, (text, width) in enumerate(zip(line, widths))).rstrip() for line in lines]


def boots(data: Row) -> Iterator[str]:
    for boot in data["boots"]:
        took = f"boots: {boot['boots']}, {boot['seconds']:.1f} s, proofs that DMA gave: {boot['proofs']}"
        lacks = "".join(f"; left out: {what}" for what in boot["left_out"])
        lacks += f"; no figures: {boot['failure']}" if boot["failure"] else ""
        yield f"{boot['iommu']}, {boot['kind']}: {took}{lacks}"


def isolated(data: Row) -> dict[str, dict[str, Row]]:
    """Return by IOMMU, where there is one, what was shown of requirements, by their names."""
    return {boot["iommu"]: {row["requirement"]: row for row in boot["isolation"]}
            for boot in data["boots"]
            if boot["kind"] == TIMES and boot["iommu"] != NONE and boot["isolation"]}


def requirements(data: Row) -> list[str]:
    return sorted({name for rows in isolated(data).values() for name in rows}, key=natural)


def isolation_lines(data: Row) -> Iterator[str]:
    for iommu, shown in isolated(data).items():
        yield f"{iommu}: holds {', '.join(name for name, row in shown.items() if row['holds']) or 'nothing'}"
        for name, row in shown.items():
            if not row["holds"]:
                yield f"{iommu}: {name} does not hold: not so: {'; '.join(row['not'])}"


def to_lines(data: Row) -> list[str]:
    """Return the table of the usual workload, what holds, what grows how, and what each boot took."""
    lines = [f"{name}, per I/O:\n" + "\n".join(table(data, name)) for name in workloads(data)[:1]]
    lines += [f"{boot['iommu']}: {text}" for boot in data["boots"]
              for text in says(boot["growth"], boot["memory"], boot["extra"])]
    return [*lines, "", "isolation, by requirements of the virtio standard that DMA showed:",
            *isolation_lines(data), "", *boots(data)]


def to_csv(data: Row) -> str:
    found = [{"iommu": boot["iommu"], **row} for boot in data["boots"] for row in boot["figures"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in found for key in row if key != "us")),
                            extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def to_html(data: Row, titles: dict[str, str]) -> str:
    """@titles: of requirements, by their names."""
    return render("cost.html", data=data, title=title(data), meaning=MEANING, missing=pictures.obstacle(),
                  headings=[heading for heading, _ in COLUMNS], boots=list(boots(data)),
                  tables={name: [cells(row) for row in rows(data, name)] for name in workloads(data)},
                  growing=[boot for boot in data["boots"] if boot["growth"]], curves=CURVES,
                  operations=OPERATIONS,
                  isolated=isolated(data),
                  requirements={name: titles.get(name, "") for name in requirements(data)},
                  says=says, pictures=pictures.draw(data, usual_rows(data)))
