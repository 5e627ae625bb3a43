# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of cost, as SVG for a page. They need Matplotlib; without it there are none."""
from __future__ import annotations

import importlib
import io
import re
from typing import Any, Callable

from ..judge.cost import GROWING, per_io

PACKAGE = "python3-matplotlib"
INK = "#010203"                 # stands for the colour of the page's text, which follows the reader's
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "cost", "font.size": 9, "axes.spines.top": False,
         "axes.spines.right": False, "savefig.transparent": True, "legend.framealpha": 0,
         **{f"{name}color": INK for name in ("text.", "axes.label", "xtick.", "ytick.", "axes.edge")}}
NARROW = (20, 1000)             # percent that a curve has at least, lest noise looks like growth
Row = dict[str, Any]


def obstacle() -> str:
    """Return why there are no pictures, nothing if there are."""
    try:
        importlib.import_module("matplotlib")
    except Exception as error:          # a damaged package may raise any
        missing = isinstance(error, ModuleNotFoundError) and error.name == "matplotlib"
        return f"install package {PACKAGE}" if missing else f"Matplotlib does not load: {error}"
    return ""


def draw(data: Row, rows: list[Row]) -> dict[str, str]:
    """Return pictures by what they show. @rows: of one workload."""
    if obstacle() or not rows:
        return {}
    found = {"Register writes and time of each strategy": svg("bars", 2, lambda axes: bars(axes, rows)),
             "Exposure against cost": svg("exposure", 1, lambda axes: exposures(axes, rows))}
    grown = [boot for boot in data["boots"] if boot["growth"]]
    if grown:
        found["How time grows with the number of mappings"] = svg(
            "growth", len(grown), lambda axes: curves(axes, grown))
    return found


def svg(name: str, panels: int, fill: Callable[[Any], None]) -> str:
    """Return a picture that can stand in a page beside others."""
    plots = importlib.import_module("matplotlib.figure")
    matplotlib = importlib.import_module("matplotlib")
    with matplotlib.rc_context(STYLE):
        figure = plots.Figure(figsize=(9, 3.2 * panels), layout="constrained")
        fill(figure.subplots(panels, squeeze=False)[:, 0])
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return inline(text.getvalue(), name)


def inline(text: str, name: str) -> str:
    """Leave out what only a file of its own needs, and make names that no other picture has."""
    text = text[text.index("<svg"):].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)


def groups(rows: list[Row]) -> tuple[list[str], list[str]]:
    """Return IOMMUs and strategies, each once."""
    return (list(dict.fromkeys(row["iommu"] for row in rows)),
            list(dict.fromkeys(row["strategy"] for row in rows)))


def bars(axes: Any, rows: list[Row]) -> None:
    iommus, strategies = groups(rows)
    width = 0.8 / len(iommus)
    for index, iommu in enumerate(iommus):
        own = [row for row in rows if row["iommu"] == iommu]
        places = [strategies.index(row["strategy"]) + (index + 0.5) * width - 0.4 for row in own]
        axes[0].bar(places, [per_io(row, "register_writes") for row in own], width, label=iommu)
        timed = [(place, row) for place, row in zip(places, own) if row["percent"] is not None]
        axes[1].bar([place for place, _ in timed], [row["percent"] for _, row in timed], width,
                    yerr=whiskers([row for _, row in timed]), ecolor=INK)
    axes[0].set_ylabel("register writes per I/O")
    axes[1].set_ylabel("time, % of none\n(middle half of the rounds)")
    for one in axes:
        one.set_xticks(range(len(strategies)), strategies)
    axes[0].legend(title="IOMMU")


def whiskers(rows: list[Row]) -> list[list[int]]:
    return [[row["percent"] - row["low"] for row in rows], [row["high"] - row["percent"] for row in rows]]


def exposures(axes: Any, rows: list[Row]) -> None:
    for iommu in groups(rows)[0]:
        own = [row for row in rows if row["iommu"] == iommu]
        axes[0].scatter([per_io(row, "register_writes") for row in own], [row["exposed"] for row in own],
                        label=iommu)
        for row in own:
            axes[0].annotate(row["strategy"], (per_io(row, "register_writes"), row["exposed"]),
                             xytext=(4, 4), textcoords="offset points", fontsize=8)
    axes[0].set_xlabel("register writes per I/O")
    axes[0].set_ylabel("exposed buffers, at most")
    axes[0].legend(title="IOMMU")


def curves(axes: Any, boots: list[Row]) -> None:
    for one, boot in zip(axes, boots):
        for operation in GROWING:
            one.loglog([row["live"] for row in boot["growth"]],
                       [max(row[operation], 1) for row in boot["growth"]], marker="o", label=operation)
        low, high = one.get_ylim()
        one.set_ylim(min(low, NARROW[0]), max(high, NARROW[1]))
        one.set_title(boot["iommu"])
        one.set_ylabel("time, % of that with one")
        one.legend()
    axes[-1].set_xlabel("live mappings")
