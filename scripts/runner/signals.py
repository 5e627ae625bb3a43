# SPDX-License-Identifier: BSD-3-Clause
"""Signals that ask the call to stop: they end the runs at once, but not the reports."""
from __future__ import annotations

import signal
from typing import Any

from .plan.errors import Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Raise Interrupted at the first signal and ignore the others. As a context: after it, raise no more."""

    def __init__(self) -> None:
        self.number = 0                 # of the first one, 0: none came
        self._raises = True
        for number in STOPPING:
            if signal.getsignal(number) != signal.SIG_IGN:      # as under nohup
                signal.signal(number, self._arrive)

    def _arrive(self, number: int, _: Any) -> None:
        for other in STOPPING:
            signal.signal(other, signal.SIG_IGN)
        self.number = number
        if self._raises:
            raise Interrupted(number)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: Any) -> None:
        self._raises = False
