# SPDX-License-Identifier: BSD-3-Clause
"""The lines above the first tests of requirements: written, and red when they drift."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import TOP

LINE = "/* DEV-FEAT-2 (SHOULD NOT): A device written today is expected to leave the old BYPASS bit (3) ... */"
BARE = """#include "judge/test.h"

/* Of an old device. */
TEST(DEV_FEAT_2, one, NEEDS_NOTHING)
{
}

TEST(DEV_FEAT_2, another, NEEDS_NOTHING)
{
}
"""


def call(option: str, directory: Path) -> subprocess.CompletedProcess:
    return subprocess.run([TOP / "scripts/requirement-lines", option, directory], text=True,
                          capture_output=True, check=False)


@pytest.fixture(name="file")
def test_file(tmp_path: Path) -> Path:
    path = tmp_path / "part" / "a.c"
    path.parent.mkdir()
    path.write_text(BARE)
    return path


def test_update_writes_above_the_comment_of_the_first_test(file: Path) -> None:
    call("--update", file.parent.parent)
    assert file.read_text() == BARE.replace("/* Of an", LINE + "\n/* Of an")
    assert call("--check", file.parent.parent).returncode == 0


def test_update_changes_nothing_twice(file: Path) -> None:
    call("--update", file.parent.parent)
    once = file.read_text()
    call("--update", file.parent.parent)
    assert file.read_text() == once


@pytest.mark.parametrize("drifted", [
    BARE,
    BARE.replace("/* Of an", LINE.replace("SHOULD NOT", "MUST NOT") + "\n/* Of an"),
    BARE.replace("TEST(DEV_FEAT_2, another", LINE + "\nTEST(DEV_FEAT_2, another"),
    BARE.replace("/* Of an", LINE + "\n/* Of an") + LINE.replace("DEV-FEAT-2", "DEV-GONE-1") + "\n",
], ids=("missing", "another level", "in another place", "without a test"))
def test_check_is_red(file: Path, drifted: str) -> None:
    file.write_text(drifted)
    done = call("--check", file.parent.parent)
    assert done.returncode == 1
    assert f"{file}:" in done.stderr and "--update" in done.stderr
    assert file.read_text() == drifted


def test_wrong_usage(tmp_path: Path) -> None:
    assert call("--wrong", tmp_path).returncode == 2
