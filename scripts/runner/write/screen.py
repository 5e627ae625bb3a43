# SPDX-License-Identifier: BSD-3-Clause
"""A stream that lines go to: a terminal for people, or a file or pipe for whoever reads later."""
from __future__ import annotations

import os
import sys
import textwrap
from typing import Optional, TextIO

INDENT = 8                      # of what a long line goes on with
NARROW = 40                     # columns; below, lines are not wrapped any further
CLEAR = "\r\033[K"


class Screen:
    """
    On a terminal long lines are wrapped between words, and one line at the bottom can be
    written over. Elsewhere a line is a line, for whoever greps.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self.live and not os.environ.get("NO_COLOR")

    def line(self, text: str = "") -> None:
        self._write((CLEAR if self.live else "") + text + "\n")

    def entry(self, word: str, text: str, colour: Optional[int]) -> None:
        """Write a line that starts with a word in its own column."""
        head = f"{word:<{INDENT - 1}}"
        whole = f"{head} {text}"
        if self.live:
            whole = textwrap.fill(whole, max(self.width() - 1, NARROW),
                                  subsequent_indent=" " * INDENT,
                                  break_long_words=False, break_on_hyphens=False)
        if self._colour and colour and whole.startswith(head):
            whole = f"\033[{colour}m{head}\033[0m{whole[len(head):]}"
        self.line(whole)

    def status(self, text: str) -> None:
        """Write over the line at the bottom. Only on a terminal."""
        self._write("\r" + text[:self.width() - 1] + "\033[K")

    def width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, text: str) -> None:
        """Write, or go on without: what cannot be shown is still in the reports, and in the exit status."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if not isinstance(error, BrokenPipeError):      # nobody reads any more (| head)
                print(f"run_tests.sh: output is lost: {error.strerror}", file=sys.stderr)
