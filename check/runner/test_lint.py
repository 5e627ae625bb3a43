# SPDX-License-Identifier: BSD-3-Clause
"""check/lines: what it counts, and what it reads."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TOP

SAID = (".clang-format", ".editorconfig", "docs/writing-tests.md")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A tree with what tells of the limit, and one source."""
    for name in SAID:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((TOP / name).read_text())
    (tmp_path / "good.c").write_text("x" * 110 + "\n")
    return tmp_path


def lines(top: Path) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-B", TOP / "check/lines", top], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.splitlines()


def test_narrow(top: Path) -> None:
    (top / "build").mkdir()
    for name in ("page.md", "build/made.c"):
        (top / name).write_text("x" * 200)
    assert lines(top) == (0, ["check/lines: 1 sources, 0 findings"])


@pytest.mark.parametrize("name, text, width", (
    ("a.c", "x" * 111, 111), ("b/a.h", "x" * 111, 111), ("a.S", "\t" * 14, 112),
    ("a.py", "x\t" * 13 + "\u00e9" * 7, 111), ("a.sh", "x" * 110 + " ", 111),
    ("program", "#!" + "x" * 111, 113),
))
def test_wide(top: Path, name: str, text: str, width: int) -> None:
    """Tabs go on to the next column of 8, letters count as one."""
    (top / name).parent.mkdir(exist_ok=True)
    (top / name).write_text(text)
    assert lines(top) == (1, [f"{name}:1: {width} columns, at most 110 are wanted",
                              "check/lines: 2 sources, 1 findings"])


@pytest.mark.parametrize("name", SAID)
def test_one_limit(top: Path, name: str) -> None:
    path = top / name
    path.write_text(path.read_text().replace("110", "100", 1))
    status, found = lines(top)
    assert status == 1 and found[0].startswith(f"{name}: the limit is 110 columns, not 100")
    path.write_text("")
    assert lines(top)[1][0] == f"{name}: the limit is 110 columns, not left out"
