# SPDX-License-Identifier: BSD-3-Clause
"""A machine that runs, as an adapter sees it that operates it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class CannotHappen(Exception):
    """The VMM does not do that to a machine, and goes on as before: the test that asked is skipped."""


class EventFailed(Exception):
    """An event of the machine was to happen and did not: the boot is over. The text is what the VMM said."""

    def __init__(self, text: str = "", timed_out: bool = False) -> None:
        super().__init__(text)
        self.timed_out = timed_out


class OperatedMachine(Protocol):
    command: list[str]                  # that it was started by
    plugged: set[int]                   # slots whose device was plugged in since

    def tell(self, line: str) -> None:
        """Write to the control channel."""

    def told(self) -> list[bytes]:
        """Return the lines that have come on the control channel since the last call."""

    def wait(self, until: Callable[[], bool], pause: float = ...) -> None:
        """
        Read on until the condition holds, which is looked at every @pause seconds and whenever something has
        come. Raise EventFailed if the VMM ends before, or the event takes too long.
        """

    def move(self, *options: str) -> None:
        """Wait for the end of this process, and go on in another one, with these options besides."""
