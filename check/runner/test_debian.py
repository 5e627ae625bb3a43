# SPDX-License-Identifier: BSD-3-Clause
"""debian/: what it says of version and licence, and what the usual tools say of it."""
from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from conftest import TOP

DEBIAN = TOP / "debian"


def fields(name: str) -> list[dict[str, str]]:
    """Return the paragraphs of a control file."""
    text = re.sub(r"\n[ \t]+", " ", (DEBIAN / name).read_text())
    return [dict(re.findall(r"^([\w-]+): ?(.*)$", part, re.MULTILINE)) for part in text.split("\n\n")]


def test_version_is_that_of_the_suite() -> None:
    first = (DEBIAN / "changelog").read_text().splitlines()[0]
    assert first.startswith(f"virtio-iommu-tests ({(TOP / 'VERSION').read_text().strip()}) ")


def test_control() -> None:
    source, package = fields("control")
    assert set(source["Build-Depends"].split(", ")) == {
        "debhelper-compat (= 13)", "libfdt-dev", "acpica-tools", "device-tree-compiler", "python3"}
    assert package["Package"] == source["Source"] == "virtio-iommu-tests"
    assert "python3 (>= 3.9)" in package["Depends"]


def test_licence_is_that_of_the_tree() -> None:
    def words(text: str) -> list[str]:
        return [word for word in text.split() if word != "."]
    licence = (TOP / "LICENSE").read_text().split("\n", 1)[1]
    assert words((DEBIAN / "copyright").read_text().split("License: BSD-3-Clause\n")[-1]) == words(licence)


def test_targets_exist() -> None:
    """What debian/rules asks make for."""
    makefiles = (TOP / "Makefile").read_text() + (TOP / "check/unit/unit.mk").read_text()
    for target in re.findall(r"\$\(MAKE\) ([a-z-]+)", (DEBIAN / "rules").read_text()):
        assert re.search(rf"^{target}:", makefiles, re.MULTILINE), target


@pytest.mark.skipif(not shutil.which("dpkg-parsechangelog"), reason="needs dpkg-dev")
def test_changelog_is_well_formed() -> None:
    done = subprocess.run(["dpkg-parsechangelog", "-l", str(DEBIAN / "changelog")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "") and "Source: virtio-iommu-tests" in done.stdout
