# SPDX-License-Identifier: BSD-3-Clause
"""Several runs at a time."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Callable, Optional, Protocol

from .launch import Launcher


class Job(Protocol):
    def execute(self) -> None: ...


class Workers:
    """Threads that take one job after the other."""

    def __init__(self, jobs: Sequence[Job], launcher: Launcher) -> None:
        self._queue, self._launcher = list(jobs), launcher
        self._lock = threading.Lock()
        self._errors: list[Exception] = []

    def _next(self) -> Optional[Job]:
        with self._lock:
            idle = not self._queue or self._errors or self._launcher.stopping
            return None if idle else self._queue.pop(0)

    def _work(self, done: threading.Event) -> None:
        try:
            job = self._next()
            while job:
                job.execute()
                job = self._next()
        except Exception as error:          # comes out of run()
            self._errors.append(error)
        finally:
            done.set()

    def run(self, count: int, tick: Callable[[], Optional[float]]) -> None:
        """Return when all is done. End the VMMs when a signal comes in between.

        Waits for events: a join() that a signal interrupts takes its thread for ended (bpo-45274).
        """
        started = []
        try:
            for _ in range(min(count, len(self._queue))):
                done = threading.Event()
                threading.Thread(target=self._work, args=(done,), daemon=True).start()
                started.append(done)
            for done in started:
                while not done.wait(tick()):
                    pass
        finally:
            self._launcher.stop()
            for done in started:
                done.wait()
        if self._errors:
            raise self._errors[0]
