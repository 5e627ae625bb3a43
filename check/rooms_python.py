#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What Python modules import: only of their own room and of those below it.

usage: check/rooms_python.py ROOM ...       directories, from the bottom up

A room has all modules below its directory but those that are in a room further down the path. Imports
count wherever they stand: within functions, and for the checker of types alone, too. A name that is made at
run time does not show.
"""
from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from typing import Optional

MOST_IN_CIRCLE = 3
Imports = dict[str, dict[str, int]]     # module: what it imports, and in which line


def violations(rooms: list[str], top: str) -> list[str]:
    """
    Return a line for each import of a module of a higher room or of none, and for each circle within
    a room that has too many modules. @rooms are paths from @top, the lowest comes first.
    """
    found = {name: imports(name, top) for room in rooms for name in modules(room, top)}
    empty = [f"{room}: room without a module" for room in rooms
             if not any(room_of(name, rooms) == room for name in found)]
    return empty + sorted(upward(found, rooms)) + sorted(circles(found, rooms))


def modules(room: str, top: str) -> Iterator[str]:
    """Yield the paths of all modules below a room, as seen from @top."""
    for directory, _, names in os.walk(os.path.join(top, room)):
        for name in names:
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(directory, name), top)


def room_of(module: str, rooms: list[str]) -> Optional[str]:
    """Return the innermost room that the module is in."""
    found = [room for room in rooms if module.startswith(f"{room}/")]
    return max(found, key=len) if found else None


def imports(module: str, top: str) -> dict[str, int]:
    """Return the modules of the tree that a module imports, each with the first line that does."""
    with open(os.path.join(top, module), encoding="utf-8") as file:
        nodes = list(ast.walk(ast.parse(file.read(), module)))
    found = [(target, node.lineno) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))
             for target in targets(node, module, top)]
    return dict(sorted(found, key=lambda item: -item[1]))


def targets(node: ast.Import | ast.ImportFrom, module: str, top: str) -> Iterator[str]:
    """Yield the files that a statement imports; what is not of the tree has none."""
    package = os.path.dirname(module)
    if isinstance(node, ast.Import):
        places = [[place(import_root(package, top), alias.name)] for alias in node.names]
    else:
        start = os.path.join(package, *[".."] * (node.level - 1)) if node.level else import_root(
            package, top)
        base = place(start, node.module or "")
        places = [[place(base, alias.name), base] for alias in node.names]
    for wanted in places:
        files = (file for path in wanted for file in (f"{path}.py", f"{path}/__init__.py"))
        found = next((file for file in files if os.path.isfile(os.path.join(top, file))), None)
        if found:
            yield found


def place(start: str, dotted: str) -> str:
    return os.path.normpath(os.path.join(start, *dotted.split(".")))


def import_root(package: str, top: str) -> str:
    """Return the directory that absolute names start at: the first one above that is no package."""
    while os.path.isfile(os.path.join(top, package, "__init__.py")):
        package = os.path.dirname(package)
    return package


def upward(found: Imports, rooms: list[str]) -> Iterator[str]:
    for module, imported in found.items():
        own = room_of(module, rooms)
        for target, line in imported.items():
            room = room_of(target, rooms)
            if room is None:
                yield f"{module}:{line}: {own} imports {target}, which is in no room"
            elif own and rooms.index(room) > rooms.index(own):
                yield f"{module}:{line}: {own} imports {target} of {room}, which is above it"


def circles(found: Imports, rooms: list[str]) -> Iterator[str]:
    """Modules are in one circle if each of them leads to each other, within their room."""
    inside = {module: {target for target in imported
                       if room_of(target, rooms) == room_of(module, rooms)}
              for module, imported in found.items()}
    reached = {module: reachable(module, inside) for module in inside}
    for circle in {frozenset(other for other in reached[module] if module in reached[other])
                   for module in inside}:
        if len(circle) > MOST_IN_CIRCLE:
            lines = [f"{module}:{min(found[module][target] for target in inside[module] & circle)}"
                     for module in sorted(circle)]
            room = room_of(lines[0], rooms)
            yield f"{', '.join(lines)}: circle of {len(circle)} modules in {room}"


def reachable(start: str, inside: dict[str, set[str]]) -> set[str]:
    """Return what @start leads to; itself only if it is in a circle."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = inside.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def main(rooms: list[str]) -> int:
    if not rooms:
        print(__doc__, file=sys.stderr)
        return 2
    lines = violations([os.path.normpath(room) for room in rooms], ".")
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
