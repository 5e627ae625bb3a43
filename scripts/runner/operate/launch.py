# SPDX-License-Identifier: BSD-3-Clause
"""Starts a VMM, passes on what it prints, and ends it in time, whatever state it is in."""
from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import BinaryIO, Callable, Optional, Protocol

from .clock import Clock
from .reader import clean

GRACE = 2.0                     # seconds for power-off after the last word, and for lost children
SLICE = 0.25                    # seconds between looks whether a VMM with open pipes is gone
CHUNK = 64 * 1024
PIPE_SIZE = 1 << 20             # a whole run fits: a starved runner does not make the VMM wait
TAIL_KEPT = 4096
MOST_LOG = 16 << 20             # bytes
F_SETPIPE_SZ = 1031


class Listener(Protocol):
    """What reads the console."""
    progress: int               # grows with each step that counts against the time limit
    finished: bool              # nothing more is expected

    def feed(self, data: bytes) -> None: ...


@dataclass
class Ending:
    timed_out: bool
    status: int                 # as of subprocess: negative is a signal
    stderr: str                 # its last lines
    lost: float = 0.0           # seconds since its last progress in which a busy host did not let it run

    @property
    def died(self) -> bool:
        """True if a signal other than our SIGKILL ended the VMM."""
        return self.status < 0 and self.status != -signal.SIGKILL

    def describe(self, limit: float) -> str:
        if self.timed_out:
            text = f"no progress within {limit:g} s"
            text += f", and {self.lost:.1f} s more on a busy host" if self.lost >= 0.1 * limit else ""
        elif self.status < 0:
            text = f"the VMM was ended by {signal_name(-self.status)}"
        else:
            text = f"the VMM ended with exit status {self.status}"
        return f"{text}; stderr: {self.stderr}" if self.stderr else text


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass
class Launcher:
    """All VMMs that run, so that one call can end them."""
    stopping: bool = False
    _running: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, command: list[str]) -> Optional[subprocess.Popen[bytes]]:
        with self._lock:
            if self.stopping:
                return None
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True)
            self._running.add(process.pid)
            return process

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Kill the whole group before reaping, so that the id cannot belong to others yet."""
        with self._lock:
            kill_group(process.pid)
            self._running.discard(process.pid)
        return process.wait()

    def stop(self) -> None:
        with self._lock:
            self.stopping = True
            for pid in self._running:
                kill_group(pid)


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Pipes:
    """Both outputs of one VMM, read as they fill."""

    def __init__(self, process: subprocess.Popen[bytes],
                 sinks: dict[int, Callable[[bytes], None]]) -> None:
        self._sinks = sinks
        self._poll = select.poll()
        self.open: set[int] = set()
        for stream in (process.stdout, process.stderr):
            assert stream
            self._watch(stream.fileno())

    def _watch(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        try:
            fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            pass                                # over the user's quota: the default size does
        self._poll.register(descriptor, select.POLLIN)
        self.open.add(descriptor)

    def read(self, timeout: float) -> bool:
        """Read one chunk of each pipe that has something. Return False if none had within the seconds."""
        ready = self._poll.poll(max(0, timeout) * 1000)
        for descriptor, _ in ready:
            data = os.read(descriptor, CHUNK)
            if data:
                self._sinks[descriptor](data)
            else:
                self._poll.unregister(descriptor)
                self.open.discard(descriptor)
        return bool(ready)

    def drain(self, most: int = 2 * PIPE_SIZE // CHUNK) -> None:
        """Read what already lies in the pipes, and no more: a VMM may write without end."""
        while most and self.open and self.read(0):
            most -= 1


def watch(process: subprocess.Popen[bytes], pipes: Pipes, listener: Listener, clock: Clock,
          limit: float) -> bool:
    """Read until the VMM is done. Return True if it made no progress for @limit seconds of @clock."""
    seen, most = listener.progress, limit
    while pipes.open:
        left = most - clock.seconds()
        if left <= 0:
            pipes.drain()
        elif not pipes.read(min(left, SLICE)) and has_ended(process.pid):
            pipes.drain()
            return False
        if listener.progress != seen:
            seen, most = listener.progress, GRACE if listener.finished else limit
            clock.restart()
        elif left <= 0:
            return not listener.finished
    return False


def wait_for_exit(process: subprocess.Popen[bytes]) -> None:
    """Wait GRACE seconds at most: with both pipes closed its end is near, unless it runs on without them."""
    deadline = time.monotonic() + GRACE
    pause = 0.0005
    while not has_ended(process.pid) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


class Log:
    """A file that does not grow without end, and the last bytes of what went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self.lost = ""              # why the file has not all of it

    def feed(self, data: bytes) -> None:
        try:
            if not self.lost and self._file.tell() < MOST_LOG:
                self._file.write(data)
        except OSError as error:
            self.lost = error.strerror
        self._data = (self._data + data)[-TAIL_KEPT:]

    def tail(self) -> str:
        """Return the last lines, each once."""
        lines = dict.fromkeys(clean(line).strip() for line in self._data.split(b"\n"))
        return " | ".join([line for line in lines if line][-5:])[-600:]


def boot(launcher: Launcher, command: list[str], listener: Listener, log: Log,
         limit: float) -> Ending:
    """Start the VMM, and read from exec to the last byte of both pipes. The log is of stderr."""
    try:
        process = launcher.start(command)
    except OSError as error:
        return Ending(False, 127, f"{command[0]}: {error.strerror}")
    if not process:
        return Ending(False, 0, "")
    assert process.stdout and process.stderr
    clock = Clock(process.pid)
    try:
        pipes = Pipes(process, {process.stdout.fileno(): listener.feed,
                                process.stderr.fileno(): log.feed})
        timed_out = watch(process, pipes, listener, clock, limit)
        if not timed_out and not pipes.open:
            wait_for_exit(process)
    finally:
        status = launcher.end(process)
    pipes.drain()
    process.stdout.close()
    process.stderr.close()
    return Ending(timed_out, status, log.tail(), clock.lost)
