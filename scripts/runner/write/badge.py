# SPDX-License-Identifier: BSD-3-Clause
"""Badges: what an implementation keeps, in a line: as a picture, and as data for who draws pictures."""
from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ..judge.score import BROKEN, group
from ..plan.standard import ISOLATION
from .history import Edition

SEVERE = (ISOLATION, "MUST")
COLOURS = {"brightgreen": "#2a7f3f", "yellow": "#8a6100", "red": "#b3261e", "lightgrey": "#5f6771"}
LETTER, MARGIN, HEIGHT = 6.6, 6, 20     # pixels; the width of a letter at this size, on average


@dataclass(frozen=True)
class Badge:
    label: str
    message: str
    colour: str                         # by the name that badge services have for it


def badge(edition: Edition) -> Badge:
    """Return green where all that is judged is kept, red where a MUST or the isolation is not."""
    score = edition.score
    label = f"virtio-iommu {edition.data['standard']}"
    if not score.judged:
        return Badge(label, "not judged", "lightgrey")
    severe = any(row["verdict"] in BROKEN and group(row) in SEVERE for row in edition.rows.values())
    colour = "red" if severe else "yellow" if score.broken else "brightgreen"
    return Badge(label, f"{score.kept} of {score.judged} kept", colour)


def to_endpoint(shown: Badge) -> str:
    """Return what a service reads that draws the badge itself."""
    return json.dumps({"schemaVersion": 1, "label": shown.label, "message": shown.message,
                       "color": shown.colour}) + "\n"


def width(text: str) -> int:
    return round(len(text) * LETTER) + 2 * MARGIN


def to_svg(shown: Badge) -> str:
    left, right = width(shown.label), width(shown.message)
    name = escape(f"{shown.label}: {shown.message}", {'"': "&quot;"})
    parts = [(0, left, "#3b4148", shown.label), (left, right, COLOURS[shown.colour], shown.message)]
    drawn = "".join(
        f'<rect x="{x}" width="{wide}" height="{HEIGHT}" fill="{fill}"/>\n'
        f'<text x="{x + MARGIN}" y="14" textLength="{wide - 2 * MARGIN}">{escape(text)}</text>\n'
        for x, wide, fill, text in parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
            f'aria-label="{name}">\n<title>{name}</title>\n'
            f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
            f"{drawn}</g>\n</svg>\n")
