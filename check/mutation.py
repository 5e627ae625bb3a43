# SPDX-License-Identifier: BSD-3-Clause
"""Changes to C sources, made by rule: what check/mutate judges."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<left> //[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | ^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<number> \b(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b)
  | (?P<word> [A-Za-z_]\w*)
  | (?P<sign> <<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])
""", re.MULTILINE | re.DOTALL | re.VERBOSE)

RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&",
              "^": "|", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
LOGIC = {"&&": "||", "||": "&&"}
WIDTHS = {"uint64_t": "uint32_t", "uint32_t": "uint16_t", "uint16_t": "uint8_t", "UINT64_MAX": "UINT32_MAX",
          "UINT32_MAX": "UINT16_MAX", "UINT16_MAX": "UINT8_MAX"}
TWINS = (("start", "end"), ("virt_start", "virt_end"), ("input_start", "input_end"), ("domain", "endpoint"),
         ("domain_start", "domain_end"), ("readable", "writable"), ("next_avail", "next_used"),
         ("avail_wrap", "used_wrap"), ("driver", "device"), ("device_select", "driver_select"),
         ("offered", "accepted"), ("address", "length"), ("max", "size"))
FIELDS = dict(TWINS) | {twin: field for field, twin in TWINS if twin not in dict(TWINS)}
NO_STATEMENT = {"return", "if", "else", "for", "while", "do", "switch", "case", "default", "break",
                "continue", "goto", "static", "const", "struct", "enum", "union", "unsigned", "int", "bool",
                "void"}

# What others bring, and what ends the run: that is about the driver, not the device.
LEFT_OUT = re.compile(r"\b(personality|iommu_hooks|broken_rule|fatal)\b")
BOUNDARIES = (";", "{", "}")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True)
class Mutation:
    """One change of a source: @text in place of what is from @start to @end."""
    rule: str
    path: str
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        return source[:self.start] + self.text + source[self.end:]


class Source:
    """A file, as tokens of function bodies."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.tokens = [Token(str(m.lastgroup), m[0], m.start()) for m in TOKEN.finditer(text)
                       if m.lastgroup != "left"]
        self.pairs = dict(self._pairs("(", ")")) | dict(self._pairs("{", "}"))

    def _pairs(self, opening: str, closing: str) -> Iterator[tuple[int, int]]:
        opened: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.text == opening:
                opened.append(index)
            elif token.text == closing and opened:
                yield opened.pop(), index

    def line_number(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def line(self, at: int) -> str:
        start = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", at)
        return self.text[start:end if end >= 0 else None]

    def statement(self, index: int) -> str:
        """The statement around a token, or the part of it between two boundaries."""
        first = last = index
        while self.tokens[first - 1].text not in BOUNDARIES:
            first -= 1
        while self.tokens[last].text not in BOUNDARIES:
            last += 1
        return " ".join(token.text for token in self.tokens[first:last])

    def functions(self) -> dict[str, range]:
        """Indexes of the tokens of the body, by name."""
        opened = {closing: opening for opening, closing in self.pairs.items()}
        return {self.tokens[opened[body.start - 2] - 1].text: body for body in self.bodies()}

    def function(self, at: int) -> str:
        """The name of the function around a place."""
        return next((name for name, body in self.functions().items()
                     if self.tokens[body.start - 1].start < at <= self.tokens[body.stop].start), "")

    def words(self, name: str) -> set[str]:
        """What a function names."""
        return {self.tokens[index].text for index in self.functions()[name]
                if self.tokens[index].kind == "word"}

    def bodies(self) -> Iterator[range]:
        """Indexes of the tokens of each function's body."""
        index = 0
        while index < len(self.tokens):
            if self.tokens[index].text != "{" or index not in self.pairs:
                index += 1
                continue
            if self.tokens[index - 1].text == ")":
                yield range(index + 1, self.pairs[index])
            index = self.pairs[index] + 1

    def mutations(self) -> Iterator[Mutation]:
        for body in self.bodies():
            for index in body:
                if LEFT_OUT.search(self.statement(index)):
                    continue
                for rule, start, end, text in changes(self, index):
                    yield Mutation(rule, self.path, start, end, text)


Change = tuple[str, int, int, str]


def changes(source: Source, index: int) -> Iterator[Change]:
    for rule in (of_sign, of_number, of_word, of_condition, of_statement, of_loop):
        yield from rule(source, index)


def of_sign(source: Source, index: int) -> Iterator[Change]:
    token = source.tokens[index]
    before = source.tokens[index - 1]
    is_binary = before.kind in ("word", "number") and before.text != "return" or before.text in (")", "]")
    for rule, table in (("relation", RELATIONS), ("arithmetic", ARITHMETIC), ("logic", LOGIC)):
        if token.text in table and is_binary:
            yield rule, token.start, token.end, table[token.text]
    if token.text == "~":
        yield "mask", token.start, token.end, ""


def of_number(source: Source, index: int) -> Iterator[Change]:
    token = source.tokens[index]
    if token.kind == "number":
        yield "constant", token.start, token.end, f"({token.text} + 1)"
        if int(re.sub(r"[uUlL]", "", token.text), 0):
            yield "constant", token.start, token.end, f"({token.text} - 1)"


def of_word(source: Source, index: int) -> Iterator[Change]:
    token = source.tokens[index]
    if token.text in WIDTHS:
        yield "width", token.start, token.end, WIDTHS[token.text]
    if token.text in FIELDS and source.tokens[index - 1].text in (".", "->"):
        yield "field", token.start, token.end, FIELDS[token.text]


def of_condition(source: Source, index: int) -> Iterator[Change]:
    token = source.tokens[index]
    if token.text in ("if", "while") and index + 1 in source.pairs:
        start, end = source.tokens[index + 1].end, source.tokens[source.pairs[index + 1]].start
        yield "negation", start, end, f"!({source.text[start:end]})"
        yield "condition", start, end, "0"
        if token.text == "if":
            yield "condition", start, end, "1"
    if token.text == "return":
        start, end = token.end, source.text.index(";", token.end)
        if source.text[start:end].strip() and "{" not in source.text[start:end]:
            yield "negation", start, end, f" !({source.text[start:end].strip()})"


def of_statement(source: Source, index: int) -> Iterator[Change]:
    token, before = source.tokens[index], source.tokens[index - 1].text
    if token.kind == "word" and token.text not in NO_STATEMENT and before in (";", "{", "}", ")", "else"):
        end = source.text.index(";", token.start)
        if "{" not in source.text[token.start:end] and not in_header(source, index):
            yield "statement", token.start, end, ""


def in_header(source: Source, index: int) -> bool:
    """Return true if the token is between the parentheses of a for."""
    return any(opening < index < closing and source.tokens[opening - 1].text == "for"
               for opening, closing in source.pairs.items())


def of_loop(source: Source, index: int) -> Iterator[Change]:
    """No second turn: the counter is past the end."""
    token = source.tokens[index]
    if token.text == "++" and source.tokens[index + 1].text == ")" and in_header(source, index):
        yield "loop", token.start, token.end, " = -1"
