# SPDX-License-Identifier: BSD-3-Clause
"""What the build and the tree say: where things are, which tests, which requirements."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional

from . import architecture
from .errors import UsageError
from .standard import level_class, parse_clause


@dataclass(frozen=True)
class Tree:
    root: str
    arch: str

    def path(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    def built(self, *parts: str) -> str:
        return self.path("build", self.arch, *parts)

    def shown(self, path: str) -> str:
        """Return the path as seen from the top of the tree, if it lies inside."""
        relative = os.path.relpath(path, self.root)
        return path if relative.startswith("..") else relative

    @property
    def image(self) -> str:
        return self._existing(architecture.named(self.arch).image)

    def image_for(self, firmware: Optional[str]) -> str:
        """Return the image that a set-up with this firmware starts."""
        arch = architecture.named(self.arch)
        return self._existing(arch.efi_image if firmware == "uefi" and arch.efi_image else arch.image)

    @property
    def cost_image(self) -> str:
        return self._existing(f"cost{os.path.splitext(architecture.named(self.arch).image)[1]}")

    def _existing(self, name: str) -> str:
        path = self.built(name)
        if not os.path.isfile(path):
            raise UsageError(f"{self.shown(path)} is missing: run `./configure && make`")
        return path


@dataclass(frozen=True)
class Test:
    id: str
    requirement: str
    needs: str
    at: str


@dataclass(frozen=True)
class Requirement:
    id: str
    level: str
    clause: str
    text: str = ""                      # what it demands, as one sentence
    judged_by: tuple[str, ...] = ()     # requirements whose tests judge this one, too
    untested: str = ""                  # why no test of its own can be there

    @property
    def section(self) -> str:
        return parse_clause(self.clause).section

    @property
    def level_class(self) -> str:
        return level_class(self.id, self.level)


def read_rows(tree: Tree, path: str, columns: int) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{tree.shown(path)} is missing or unreadable: "
                         "run `./configure && make`") from None
    for number, row in enumerate(rows, 1):
        if len(row) < columns:
            raise UsageError(f"{tree.shown(path)}:{number}: {len(row)} columns, expected {columns}")
    return rows


def read_manifest(tree: Tree) -> list[Test]:
    path = tree.built("tests.tsv")
    tests = [Test(*row[:4]) for row in read_rows(tree, path, 4)]
    if len({test.id for test in tests}) != len(tests) or not tests:
        raise UsageError(f"{tree.shown(path)}: holds no test, or one twice: run `make`")
    return tests


def require_images(tree: Tree, tests: list[Test]) -> None:
    """Raise UsageError for an image without the names of these tests: a damaged one is no fault of a VMM."""
    arch = architecture.named(tree.arch)
    for path in {tree.built(name) for name in (arch.image, arch.efi_image) if name}:
        if arch.name == architecture.HOST or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            image = file.read()
        if not all(test.id.partition("/")[2].encode() in image for test in (tests[0], tests[-1])):
            raise UsageError(f"{tree.shown(path)} is damaged, or not of this build: run `make`")


def read_requirements(tree: Tree) -> dict[str, Requirement]:
    rows = read_rows(tree, tree.path("virtio-iommu", "standard", "requirements.tsv"), 3)
    untested = read_untested(tree)
    texts = rows[0].index("requirement") if "requirement" in rows[0] else 3
    found = {}
    for row in rows[1:]:
        name, level, clause = row[:3]
        text = "".join(row[texts:texts + 1])
        found[name] = Requirement(name, level, clause, text, *untested.get(name, ((), "")))
    return found


def read_untested(tree: Tree) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return who judges requirements without a test (comma-separated, or "-"), and why."""
    rows = read_rows(tree, tree.path("virtio-iommu", "standard", "untested.tsv"), 3)
    return {row[0]: (tuple(row[1].split(", ")) if row[1] != "-" else (), row[2])
            for row in rows[1:]}


def read_make_config(tree: Tree) -> dict[str, str]:
    """Read KEY=value of build/config.mak, which make and the shell read too."""
    try:
        with open(tree.path("build", "config.mak"), encoding="utf-8") as file:
            pairs = re.findall(r"^(\w+) *:?= *(.*)$", file.read(), re.MULTILINE)
    except OSError:
        return {}
    return {key: value.strip().strip("\"'") for key, value in pairs}


def commit(root: str, what: str = "%H") -> Optional[str]:
    """Return a field of the newest commit, its name by default; None outside of git."""
    import subprocess
    try:
        done = subprocess.run(["git", "-C", root, "log", "-1", f"--format={what}"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode().strip() or None


def suite_version(root: str) -> str:
    try:
        with open(os.path.join(root, "VERSION"), encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""
