# SPDX-License-Identifier: BSD-3-Clause
"""check/rooms: calls that go the wrong way are told."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ROOMS = """
[image]
low     what others stand on
high    what stands on it

[upwards]
hook*   low: it is meant
"""


class House:
    """Sources of two rooms, compiled."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "rooms.txt").write_text(ROOMS)

    def add(self, source: str, text: str) -> None:
        target = self.root / "objects" / f"{source}.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-xc", "-c", "-o", target, "-"], input=text, text=True, check=True)

    def check(self) -> tuple[int, str]:
        done = subprocess.run([TOP / "check" / "rooms", "--rooms", self.root / "rooms.txt",
                               self.root / "objects"], stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    found.add("low/a.c", "void a(void) {} void c(void);")
    found.add("high/b.c", "void a(void); void b(void) { a(); }")
    return found


def test_calls_down_are_right(house: House) -> None:
    assert house.check() == (0, "check/rooms: 2 rooms, 1 programs, 0 red\n")


def test_a_call_upwards_is_told_with_file_symbol_and_rooms(house: House) -> None:
    house.add("low/c.c", "void b(void); void c(void) { b(); }")
    status, text = house.check()
    assert status == 1
    assert "low/c.c: b() of high/b.c: low must not call high\n" in text


def test_a_call_upwards_that_is_meant_is_right(house: House) -> None:
    house.add("high/d.c", "void hook_d(void) {}")
    house.add("low/c.c", "void hook_d(void); void c(void) { hook_d(); }")
    assert house.check()[0] == 0


def test_a_source_without_a_room_is_told(house: House) -> None:
    house.add("cellar/c.c", "void a(void); void c(void) { a(); }")
    assert "cellar/c.c: in no room of check/rooms.txt\n" in house.check()[1]


@pytest.mark.parametrize("files", (3, 4))
def test_a_circle_of_more_than_three_files_is_told(house: House, files: int) -> None:
    for i in range(files):
        after = f"c{(i + 1) % files}"
        house.add(f"high/c{i}.c", f"void {after}(void); void c{i}(void) {{ {after}(); }}")
    status, text = house.check()
    assert status == (files > 3)
    assert ("high: 4 files call each other in a circle: high/c0.c high/c1.c high/c2.c high/c3.c\n" in text) \
        == (files > 3)


def test_no_object_is_no_success(house: House) -> None:
    empty = house.root / "empty"
    empty.mkdir()
    done = subprocess.run([TOP / "check" / "rooms", "--rooms", house.root / "rooms.txt", empty],
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1


def test_each_list_of_objects_is_a_program_of_its_own(house: House) -> None:
    house.add("high/main_a.c", "void b(void); void start(void) { b(); }")
    house.add("high/main_b.c", "void a(void); void start(void) { a(); }")
    house.add("low/c.c", "void start(void); void c(void) { start(); }")
    for name, sources in (("objects", ("low/a", "high/b", "high/main_a")),
                          ("other.objects", ("low/a", "low/c", "high/main_b"))):
        paths = [str(house.root / "objects" / f"{source}.c.o") for source in sources]
        (house.root / "objects" / name).write_text(" ".join(paths))
    status, text = house.check()
    assert status == 1
    assert text.splitlines() == ["low/c.c: start() of high/main_b.c: low must not call high",
                                 "check/rooms: 2 rooms, 2 programs, 1 red"]
