# SPDX-License-Identifier: BSD-3-Clause
"""Requirements put in order: by part and clause of the standard, and by level with a score."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .results import BAD

Row = dict[str, Any]                    # of "requirements" in results.json
DEVICE = "IOMMU device"
PARTS = {"content.tex": "Basic facilities", "split-ring.tex": "Split virtqueues",
         "packed-ring.tex": "Packed virtqueues", "shared-mem.tex": "Shared memory",
         "transport-pci.tex": "Virtio over PCI", "transport-mmio.tex": "Virtio over MMIO",
         "ACPI VIOT": "ACPI VIOT", "device tree": "Device tree", "ambiguity": "Open points"}
TOPICS = {
    "N-BYP": "Bypass", "N-DOM": "Domains", "N-EP": "Endpoints", "N-EVT": "Event queue",
    "N-MAP": "Mappings", "N-PROBE": "Properties", "N-RANGE": "Ranges", "N-REQ": "Requests",
    "N-RST": "Reset", "N-UNMAP": "Ends of mappings", "GEN-CONF": "Configuration space",
    "GEN-DESC": "Descriptor table", "GEN-FEAT": "Feature bits", "GEN-FRAME": "Message framing",
    "GEN-IND": "Indirect descriptors", "GEN-NA": "Notifications of available buffers",
    "GEN-NU": "Notifications of used buffers", "GEN-PKD": "Packed virtqueues",
    "GEN-RESET": "Device reset", "GEN-RSVD": "Reserved feature bits", "GEN-SHM": "Shared memory",
    "GEN-STATUS": "Device status", "GEN-SUSP": "Suspend", "GEN-USED": "Used ring",
    "GEN-VQRST": "Virtqueue reset", "MMIO": "Registers", "PCI": "Device",
    "PCI-64": "64-bit fields", "PCI-ACC": "Configuration access capability",
    "PCI-CAP": "Capabilities", "PCI-CN": "Notifications of the configuration",
    "PCI-COM": "Common configuration", "PCI-DEV": "Device configuration",
    "PCI-ID": "Identification", "PCI-ISR": "ISR status", "PCI-MSIX": "MSI-X",
    "PCI-NTF": "Notification structure", "PCI-SHM": "Shared memory capability",
    "PCI-UN": "Notifications of used buffers", "PCI-VND": "Vendor data",
}
ISOLATION, NONE, OPEN = "ISOLATION", "no keyword", "open point"
LEVELS = (ISOLATION, "MUST", "SHOULD", "MAY", NONE, OPEN)
KEPT = ("pass", "info")
BROKEN = ("warn", *BAD)


def part(row: Row) -> str:
    return PARTS.get(row["clause"].split(":")[0], DEVICE)


def topic(row: Row) -> str:
    """Return the clause by its name, if it has one."""
    clause: str = row["clause"]
    if part(row) == DEVICE and not clause.startswith(DEVICE):
        return clause
    return TOPICS.get(re.sub(r"-[^-]*$", "", row["id"]), part(row))


def by_clause(rows: Iterable[Row]) -> dict[str, dict[str, list[Row]]]:
    """Return part -> topic -> rows, in the order in which they come."""
    tree: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        tree.setdefault(part(row), {}).setdefault(topic(row), []).append(row)
    return tree


def level_class(row: Row) -> str:
    """Return the level as the tests judge: of two keywords the stricter one."""
    level: str = row["level"]
    for name, keywords in ((ISOLATION, "ISOLATION"), ("MUST", "MUST"),
                           ("SHOULD", "SHOULD|RECOMMENDED"), ("MAY", "MAY")):
        if re.search(keywords, level):
            return name
    return OPEN if row["id"].startswith("AMB") else NONE


@dataclass(frozen=True)
class Score:
    level: str
    total: int
    kept: int                           # or legal, where several ways are
    broken: int
    skipped: int
    untested: int

    @property
    def percent(self) -> str:
        judged = self.kept + self.broken
        return f"{100 * self.kept // judged} %" if judged else "–"

    @property
    def count(self) -> str:
        judged = self.kept + self.broken
        return f"{self.kept} of {judged}" if judged else ""

    @property
    def text(self) -> str:
        return f"{self.count} ({self.percent})" if self.count else self.percent


def score(level: str, rows: list[Row]) -> Score:
    def count(*verdicts: str) -> int:
        return sum(row["verdict"] in verdicts for row in rows)
    return Score(level, len(rows), count(*KEPT), count(*BROKEN), count("skip"),
                 count("not-tested"))


def scores(rows: list[Row]) -> list[Score]:
    """Return a score for each level that occurs, and one for all."""
    found = [(level, [row for row in rows if level_class(row) == level]) for level in LEVELS]
    return [score(level, those) for level, those in found if those] + [score("all", rows)]
