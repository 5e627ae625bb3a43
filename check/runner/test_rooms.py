# SPDX-License-Identifier: BSD-3-Clause
"""check/rooms_python.py: a wrong import is found wherever it stands, and named."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / "check"))

from rooms_python import violations  # noqa: E402  (needs the path set above)

ROOMS = ["pack/low", "pack/middle/inner", "pack/middle", "pack"]
FILES = {
    "pack/__init__.py": "", "pack/low/__init__.py": "", "pack/middle/__init__.py": "",
    "pack/middle/inner/__init__.py": "",
    "pack/low/base.py": "import os\nfrom typing import Any\n",
    "pack/middle/inner/part.py": "from ...low import base\nfrom . import __name__\n",
    "pack/middle/whole.py": "from .inner.part import base\nimport pack.low.base\n",
    "pack/main.py": "from pack.middle import whole, inner\nfrom .low.base import os\n",
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        plant(tmp_path, name, text)
    return tmp_path


def plant(top: Path, name: str, text: str) -> None:
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


def test_downward_is_fine(top: Path) -> None:
    assert violations(ROOMS, str(top)) == []


@pytest.mark.parametrize("text, line", (
    ("from ..middle.whole import base\n", 3),
    ("from ..middle import whole\n", 3),
    ("from pack.middle import whole as other\n", 3),
    ("import json, pack.middle.whole\n", 3),
    ("def f():\n    from ..middle import whole\n", 4),
    ("if Any:\n    import pack.middle.whole\n", 4),
))
def test_upward(top: Path, text: str, line: int) -> None:
    plant(top, "pack/low/base.py", text)
    assert violations(ROOMS, str(top)) == [
        f"pack/low/base.py:{line}: pack/low imports pack/middle/whole.py of pack/middle, which is above it"]


@pytest.mark.parametrize("module, text, target, room", (
    ("pack/middle/inner/part.py", "from .. import whole\n", "pack/middle/whole.py", "pack/middle"),
    ("pack/middle/inner/part.py", "from .. import NAME\n", "pack/middle/__init__.py", "pack/middle"),
    ("pack/middle/whole.py", "from .. import main\n", "pack/main.py", "pack"),
    ("pack/middle/whole.py", "import pack\n", "pack/__init__.py", "pack"),
))
def test_rooms_within_rooms(top: Path, module: str, text: str, target: str, room: str) -> None:
    """The innermost one counts."""
    plant(top, module, text)
    assert violations(ROOMS, str(top)) == [
        f"{module}:3: {module.rpartition('/')[0]} imports {target} of {room}, which is above it"]


def test_one_of_two_rooms_that_import_each_other(top: Path) -> None:
    plant(top, "pack/side/other.py", "from ..middle import whole\n")
    plant(top, "pack/middle/whole.py", "from ..side import other\n")
    assert violations([*ROOMS[:3], "pack/side", "pack"], str(top)) == [
        "pack/middle/whole.py:3: pack/middle imports pack/side/other.py of pack/side, which is above it"]


def circle(top: Path, count: int) -> None:
    for number in range(count):
        plant(top, f"pack/low/c{number}.py", f"\nfrom .c{(number + 1) % count} import x\n")


def test_circle(top: Path) -> None:
    """Three modules may lead to each other, four may not."""
    circle(top, 3)
    assert violations(ROOMS, str(top)) == []
    plant(top, "pack/low/c2.py", "from . import c3\n")
    plant(top, "pack/low/c3.py", "from . import c1\n")
    assert violations(ROOMS, str(top)) == [
        "pack/low/c0.py:2, pack/low/c1.py:2, pack/low/c2.py:2, pack/low/c3.py:1: "
        "circle of 4 modules in pack/low"]


def test_line_without_an_end_is_no_circle(top: Path) -> None:
    circle(top, 5)
    (top / "pack/low/c4.py").write_text("")
    assert violations(ROOMS, str(top)) == []


def test_module_without_a_room(top: Path) -> None:
    assert violations(ROOMS[:2], str(top)) == []
    plant(top, "pack/low/base.py", "from ..middle import whole\n")
    assert violations(ROOMS[:2], str(top)) == [
        "pack/low/base.py:3: pack/low imports pack/middle/whole.py, which is in no room"]


def test_room_that_is_not_there(top: Path) -> None:
    """A slip in the list of rooms does not leave anything unlooked at."""
    assert violations([*ROOMS, "pack/attic"], str(top)) == ["pack/attic: room without a module"]


def test_call(top: Path) -> None:
    def call(*words: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-B", TOP / "check/rooms_python.py", *words], cwd=top,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout
    assert call("pack/low/", *ROOMS[1:]) == (0, "")
    assert call(*ROOMS, "pack/attic") == (1, "pack/attic: room without a module\n")
    assert call()[0] == 2
