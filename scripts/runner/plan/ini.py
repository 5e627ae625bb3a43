# SPDX-License-Identifier: BSD-3-Clause
"""INI files with errors that name file, line, section and key."""
from __future__ import annotations

import configparser
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import UsageError

HEADER = re.compile(r"^\[(.+)\]\s*$")
Parsers = dict[str, Callable[[str], Any]]


@dataclass(frozen=True)
class Section:
    path: str
    name: str
    values: dict[str, str]
    lines: dict[str, int]       # line of each key; "" is the header's

    def error(self, key: str, text: str) -> UsageError:
        line = self.lines.get(key, self.lines[""])
        return UsageError(f"{self.path}:{line}: [{self.name}] {key}: {text}")


class Parser(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        """Keep the case of keys."""
        return optionstr


def read_ini(path: str) -> list[Section]:
    path = min(path, os.path.relpath(path), key=len)        # shorter in messages
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    parser = Parser(interpolation=None, delimiters=("=",), comment_prefixes=("#",),
                    default_section="\n")
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        raise UsageError(f"{path}: {' '.join(str(error).split())}") from None
    lines = _lines(text)
    return [Section(path, name, dict(parser[name]), lines[name]) for name in parser.sections()]


def _lines(text: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    keys: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):        # as the parser does
        header = HEADER.match(line)
        if header:
            keys = found.setdefault(header[1], {"": number})
        elif line[:1] not in ("#", " ", "\t") and "=" in line:
            keys.setdefault(line.split("=", 1)[0].strip(), number)
    return found


def parse_values(section: Section, parsers: Parsers) -> dict[str, Any]:
    """Pass each key through its parser, which raises ValueError with what is allowed."""
    parsed = {}
    for key, value in section.values.items():
        if key not in parsers:
            raise section.error(key, f"unknown key, allowed are {', '.join(parsers)}")
        try:
            parsed[key] = parsers[key](value)
        except ValueError as error:
            raise section.error(key, f"'{value}' is not allowed: {error}") from None
    return parsed


def words(value: str) -> tuple[str, ...]:
    """Split at blanks and commas."""
    found = tuple(value.replace(",", " ").split())
    if not found:
        raise ValueError("needs at least one word")
    return found
