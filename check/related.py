# SPDX-License-Identifier: BSD-3-Clause
"""Which personalities are about a function of the reference device: those that set what it looks at."""
from __future__ import annotations

import os
import re
from collections import Counter

from hostrun import TOP
from mutation import Source

TABLE = os.path.join(TOP, "host", "machine", "personality.c")
RULES = os.path.join(TOP, "virtio-iommu", "standard", "model.c")
MOST = 6                       # for each function: the most special ones

ROW = re.compile(r'^\t\{"([a-z0-9-]+)",(.*?)\},?\n(?=\t\{"|\n|\};|\t/\*)', re.MULTILINE | re.DOTALL)
RULE = re.compile(r"\[(RULE_\w+)\] = \{[^}]*?\.applies = (\w+),", re.DOTALL)
VARIABLE = re.compile(r"^static [^(\n]*?(\w+)(?:\[\w+\])*(?: = [^;]*)?;", re.MULTILINE)
TABLE_OF = re.compile(r"^(?:static [^\n;]*|\} )\b(\w+)\[\w*\] = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
FEW = 3                         # functions that share a word which is theirs
STRING = re.compile(r'"[^"]*"')
FEATURE = re.compile(r"^VIRTIO_(?:IOMMU_)?F_")
COMMON = {"with", "without", "true", "false", "FEATURE", "IOMMU_FEATURE", "NULL"}


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


class Related:
    def __init__(self) -> None:
        self._rows = {name: self._names(STRING.sub("", row)) for name, row in ROW.findall(read(TABLE))}
        self._rules = {function: rule for rule, function in RULE.findall(read(RULES))}

    @staticmethod
    def _names(text: str) -> set[str]:
        return {FEATURE.sub("", word) for word in re.findall(r"[A-Za-z_]\w*", text)} - COMMON

    def _users(self, source: Source, name: str) -> set[str]:
        """The functions of the source that call this one, whether or not directly, and itself."""
        found, left = set(), {name}
        while left:
            found |= left
            left = {other for other in source.functions() if source.words(other) & left} - found
        return found

    @staticmethod
    def _neighbours(source: Source, name: str) -> set[str]:
        """The function, its callers, what it calls or has in a table, and those with which it shares a
        variable, or a word that few others have."""
        words = {other: source.words(other) for other in source.functions()}
        uses = Counter(word for found in words.values() for word in found)
        shared = {word for word in words[name] if uses[word] <= FEW} | {name}
        shared |= words[name] & set(VARIABLE.findall(source.text))
        called = words[name].union(*(re.findall(r"\w+", text) for table, text in TABLE_OF.findall(source.text)
                                     if table in words[name]))
        return {other for other in words if words[other] & shared or other in called} | {name}

    def _looked_at(self, source: Source, name: str) -> set[str]:
        """What the function, its neighbours, and the rules that it is a condition of look at."""
        words = set().union(*(source.words(other) for other in self._neighbours(source, name)))
        rules = {self._rules[user] for user in self._users(source, name) if user in self._rules}
        return {FEATURE.sub("", word) for word in words} | rules

    def to(self, source: Source, function: str) -> list[str]:
        """Return the personalities, the most special ones first."""
        looked_at = self._looked_at(source, function)
        weights = {name: sum(1 / len([1 for row in self._rows.values() if word in row])
                             for word in names & looked_at) for name, names in self._rows.items()}
        return sorted((name for name in weights if weights[name]), key=lambda name: -weights[name])[:MOST]
