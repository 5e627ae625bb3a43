# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of cost, as SVG for a page. They need Matplotlib; without it there are none."""
from __future__ import annotations

import importlib
import io
import re
from typing import Any, Callable

from ..judge.cost import per_io
from ..judge.growth import OPERATIONS, curve

PACKAGE = "python3-matplotlib"
INK = "#010203"                 # stands for the colour of the page's text, which follows the reader's
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "cost", "font.size": 9, "axes.spines.top": False,
         "axes.spines.right": False, "savefig.transparent": True, "legend.framealpha": 0,
         **{f"{name}color": INK for name in ("text.", "axes.label", "xtick.", "ytick.", "axes.edge")}}
GREY = "#6e7781"                # reads well on white and on black
MOST = 1.8                      # of the largest median, where whiskers are cut
HEIGHT = 2.4                    # inches of a panel
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
    """Return pictures by what they show, for a page. @rows: of one workload."""
    if obstacle() or not rows:
        return {}
    found = {"What each strategy costs": inline(strategies(rows), "bars")}
    if translating(rows):
        found["Exposure against cost"] = inline(
            svg(len(translating(rows)), lambda axes: exposures(axes, rows)), "exposure")
    grown = [boot for boot in data["boots"] if any(row["by"] == "mappings" for row in boot["growth"])]
    if grown:
        found["How time grows with the number of mappings"] = inline(
            svg(len(grown), lambda axes: curves(axes, grown)), "growth")
    return found


def to_file(rows: list[Row]) -> str:
    """Return the first of the pictures as a file of its own, for light and dark pages."""
    return strategies(rows).replace(INK, GREY)


def strategies(rows: list[Row]) -> str:
    measures = measures_of(rows)
    return svg(len(measures), lambda axes: bars(axes, rows, measures))


def svg(panels: int, fill: Callable[[Any], None]) -> str:
    plots = importlib.import_module("matplotlib.figure")
    matplotlib = importlib.import_module("matplotlib")
    with matplotlib.rc_context(STYLE):
        figure = plots.Figure(figsize=(9, HEIGHT * panels), layout="constrained")
        fill(figure.subplots(panels, squeeze=False)[:, 0])
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return text.getvalue()


def inline(text: str, name: str) -> str:
    """Leave out what only a file of its own needs, and make names that no other picture of a page has."""
    text = text[text.index("<svg"):].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)


def groups(rows: list[Row]) -> tuple[list[str], list[str]]:
    """Return IOMMUs and strategies, each once."""
    return (list(dict.fromkeys(row["iommu"] for row in rows)),
            list(dict.fromkeys(row["strategy"] for row in rows)))


def per_io_of(count: str) -> Callable[[Row], float]:
    return lambda row: per_io(row, count)


def measures_of(rows: list[Row]) -> list[tuple[str, Callable[[Row], float]]]:
    """Return what there is to show, with words for it: the last are times."""
    counted = all(row["instructions_io"] is not None for row in rows)
    return [*([("guest instructions\nper I/O", per_io_of("instructions_io"))] if counted else []),
            ("register writes\nper I/O", per_io_of("register_writes")),
            ("time, % of none\n(19 of 20 times)", lambda row: float(row["percent"] or 0))]


def bars(axes: Any, rows: list[Row], measures: list[tuple[str, Callable[[Row], float]]]) -> None:
    iommus, names = groups(rows)
    width = 0.8 / len(iommus)
    for index, iommu in enumerate(iommus):
        own = [row for row in rows if row["iommu"] == iommu]
        places = [names.index(row["strategy"]) + (index + 0.5) * width - 0.4 for row in own]
        for one, (_, value) in zip(axes, measures):
            one.bar(places, [value(row) for row in own], width, label=iommu)
        timed = [(place, row) for place, row in zip(places, own) if row["percent"] is not None]
        axes[-1].errorbar([place for place, _ in timed], [row["percent"] for _, row in timed],
                          yerr=whiskers([row for _, row in timed]), fmt="none", ecolor=INK, elinewidth=1)
    for one, (words, _) in zip(axes, measures):
        one.set_ylabel(words)
        one.set_xticks(range(len(names)), names)
    axes[-1].set_ylim(0, MOST * max(row["percent"] or 100 for row in rows))
    axes[0].legend(title="IOMMU", ncols=len(iommus), loc="upper left")
    axes[0].set_ylim(top=1.25 * axes[0].get_ylim()[1])


def whiskers(rows: list[Row]) -> list[list[int]]:
    return [[row["percent"] - row["low"] for row in rows], [row["high"] - row["percent"] for row in rows]]


def exposures(axes: Any, rows: list[Row]) -> None:
    """Place each strategy by its first measure; slanted, so that names of neighbours do not meet."""
    words, value = measures_of(rows)[0]
    for one, iommu in zip(axes, translating(rows)):
        points = {row["strategy"]: (value(row), row["exposed"]) for row in rows if row["iommu"] == iommu}
        one.scatter([x for x, _ in points.values()], [y for _, y in points.values()])
        for name, point in points.items():
            one.annotate(name, point, xytext=(2, 4), textcoords="offset points", rotation=30, fontsize=8)
        one.set_ylim(-5, 1.3 * max(row["exposed"] for row in rows) + 5)
        one.set_title(iommu, loc="left")
        one.set_ylabel("exposed buffers,\nat most")
    axes[-1].set_xlabel(words.replace("\n", " "))


def translating(rows: list[Row]) -> list[str]:
    """Return the IOMMUs that have other strategies than to do nothing."""
    return list(dict.fromkeys(row["iommu"] for row in rows if row["strategy"] != groups(rows)[1][0]))


def curves(axes: Any, boots: list[Row]) -> None:
    for one, boot in zip(axes, boots):
        for operation, name in OPERATIONS.items():
            points = curve(boot["growth"], "mappings", operation)
            one.loglog([number for number, _ in points],
                       [100 * time / max(points[0][1], 1) for _, time in points], marker="o", label=name)
        low, high = one.get_ylim()
        one.set_ylim(min(low, NARROW[0]), max(high, NARROW[1]))
        one.set_title(boot["iommu"])
        one.set_ylabel("time, % of that with one")
        one.legend()
    axes[-1].set_xlabel("live mappings")
