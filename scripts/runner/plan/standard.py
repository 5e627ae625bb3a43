# SPDX-License-Identifier: BSD-3-Clause
"""Where a statement stands in the standard, how strictly it is meant, and whom it binds."""
from __future__ import annotations

import re
from dataclasses import dataclass

# Sections have the same numbers in virtio 1.2, 1.3 and 1.4, as far as they are there.
DEVICE = "IOMMU device"
PARTS = (("2.7", "Split virtqueues"), ("2.8", "Packed virtqueues"), ("2.10", "Shared memory"),
         ("4.1", "Virtio over PCI"), ("4.2", "Virtio over MMIO"), ("5.13", DEVICE),
         ("", "Basic facilities"))
ELSEWHERE = {"ACPI VIOT": "ACPI VIOT", "device tree": "Device tree", "ambiguity": "Open points",
             "platform": "Platform"}
TOPICS = {
    "N-BYP": "Bypass", "N-DOM": "Domains", "N-EP": "Endpoints", "N-EVT": "Event queue",
    "N-MAP": "Mappings", "N-PROBE": "Properties", "N-RANGE": "Ranges", "N-REQ": "Requests",
    "N-RST": "Reset", "N-FLIGHT": "Accesses under way", "N-PLUG": "Endpoints that come and go",
    "N-UNMAP": "Ends of mappings", "PLAT-PLUG": "Hot-plug",
    "PLAT-FLR": "Function-level reset", "PLAT-MIG": "Migration", "PLAT-RST": "Reset of the machine",
}
ISOLATION, NONE, OPEN, PLATFORM = "ISOLATION", "no keyword", "open point", "PLATFORM"
LEVELS = (ISOLATION, "MUST", "SHOULD", "MAY", NONE, OPEN, PLATFORM)
KEYWORDS = ((ISOLATION, "ISOLATION"), ("MUST", "MUST"), ("SHOULD", "SHOULD|RECOMMENDED"),
            ("MAY", "MAY"), (PLATFORM, PLATFORM))

# As OASIS has published it, the newest text of each version.
PUBLISHED = {version: f"https://docs.oasis-open.org/virtio/virtio/v{version}/{stage}/"
                      f"virtio-v{version}-{stage}.html"
             for version, stage in (("1.2", "cs01"), ("1.3", "csd01"), ("1.4", "cs01"))}


@dataclass(frozen=True)
class Clause:
    """A clause as the catalogue names it: number and heading, or a name of a text that has none."""
    section: str                # such as 5.13.6.5.2; "" outside of the standard
    heading: str

    @property
    def part(self) -> str:
        if not self.section:
            return ELSEWHERE.get(self.heading, DEVICE)
        return next(name for number, name in PARTS if within(self.section, number))

    @property
    def subject(self) -> str:
        """Return the heading without the words that say whom it binds."""
        return self.heading.split(" Requirements: ")[-1]


def parse_clause(text: str) -> Clause:
    match = re.fullmatch(r"(\d+(?:\.\d+)*) (.+)", text)
    return Clause(match[1], match[2]) if match else Clause("", text)


def within(section: str, number: str) -> bool:
    """Return True if the section is the one of that number, or lies in it. No number: in all."""
    return not number or section == number or section.startswith(number + ".")


def is_section(word: str) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d+)+", word))


def topic(requirement: str, clause: str) -> str:
    """Return what a statement is about: rules of the text without a heading of their own by their ids."""
    return TOPICS.get(re.sub(r"-[^-]*$", "", requirement)) or parse_clause(clause).subject


def level_class(requirement: str, level: str) -> str:
    """Return the level as the tests judge: of two keywords the stricter one."""
    for name, keywords in KEYWORDS:
        if re.search(keywords, level):
            return name
    return OPEN if requirement.startswith("AMB") else NONE
