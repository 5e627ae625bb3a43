# SPDX-License-Identifier: BSD-3-Clause
"""Starts a VMM, passes on what it prints, and ends it in time, whatever state it is in."""
from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import BinaryIO, Callable, Optional, Protocol

from .clock import Clock
from .reader import clean
from .usage import Usage
from .vmm._operated import EventFailed

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
    event: str = ""             # of the machine, within which it ended: its verb
    refusal: str = ""           # what the VMM said of that event, in place of an end of its own

    @property
    def died(self) -> bool:
        """True if a signal other than our SIGKILL ended the VMM."""
        return self.status < 0 and self.status != -signal.SIGKILL

    def describe(self, limit: float) -> str:
        text = self._describe(limit)
        return f"in {self.event}: {text}" if self.event else text

    def _describe(self, limit: float) -> str:
        if self.refusal:
            text = self.refusal
        elif self.timed_out:
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

    def start(self, command: list[str], stdin: int = subprocess.DEVNULL,
              kept: tuple[int, ...] = ()) -> Optional[subprocess.Popen[bytes]]:
        """Start it. It keeps those file descriptors. Return None if nothing is to be started any more."""
        with self._lock:
            if self.stopping:
                return None
            process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True, pass_fds=kept)
            self._running.add(process.pid)
            return process

    def end(self, process: subprocess.Popen[bytes], usage: Optional[Usage] = None) -> int:
        """Kill the whole group before reaping, so that the id cannot belong to others yet."""
        with self._lock:
            kill_group(process.pid)
            self._running.discard(process.pid)
        return (usage or Usage()).reap(process)

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
    """What one VMM writes to, read as it fills: both outputs, and a control channel beside them."""

    def __init__(self, sinks: dict[int, Callable[[bytes], None]], control: Optional[int] = None) -> None:
        self._sinks, self._control = sinks, control
        self._poll = select.poll()
        self.open: set[int] = set()             # outputs; the channel does not count
        for descriptor in sinks:
            self._watch(descriptor)

    def _watch(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        try:
            fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            pass                                # over the user's quota: the default size does
        self._poll.register(descriptor, select.POLLIN)
        if descriptor != self._control:
            self.open.add(descriptor)

    def read(self, timeout: float) -> bool:
        """Read one chunk of each pipe that has something. Return False if none had within the seconds."""
        ready = self._poll.poll(max(0, timeout) * 1000)
        for descriptor, _ in ready:
            data = read_some(descriptor)
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


class Operator(Protocol):
    """Who operates the machine while it runs."""
    verb: str                   # of the event that goes on; "" if none does

    def controlled(self, command: list[str], channel: int) -> list[str]:
        """Return the command of a VMM that listens to its control channel, an open file descriptor."""

    def wait(self, longest: float) -> float:
        """Return how many seconds there is nothing to do, @longest at most."""

    def attend(self, machine: LiveMachine) -> None:
        """Do what there is to do. Raise EventFailed if the boot is over by that."""


class LiveMachine:
    """
    A machine that runs: the process of the VMM that it is in, which an event may replace. @hear gets the
    console, @log stderr; @limit is how many seconds an event may take.
    """

    def __init__(self, launcher: Launcher, hear: Callable[[bytes], None], log: Log, limit: float,
                 operator: Optional[Operator], usage: Usage) -> None:
        self._launcher, self._hear, self._log, self._operator = launcher, hear, log, operator
        self._limit, self._usage = limit, usage
        self._control: Optional[socket.socket] = None
        self._told = b""                        # on the control channel, and not taken yet
        self.command: list[str] = []
        self.plugged: set[int] = set()

    def start(self, command: list[str]) -> bool:
        """Start the VMM. Return False if nothing is to be started any more."""
        self.command = command
        return self._start(command)

    def _start(self, command: list[str]) -> bool:
        kept, stdin = None, subprocess.DEVNULL
        if self._operator:
            self._control, kept = socket.socketpair()
            command, stdin = self._operator.controlled(command, kept.fileno()), subprocess.PIPE
        try:
            process = self._launcher.start(command, stdin, (kept.fileno(),) if kept else ())
        finally:
            if kept:
                kept.close()
        if process:
            self._attach(process)
        return bool(process)

    def _attach(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout and process.stderr
        self.process, self.clock, self._told = process, Clock(process.pid), b""
        self._status: Optional[int] = None
        sinks = {process.stdout.fileno(): self._hear, process.stderr.fileno(): self._log.feed}
        control = self._control.fileno() if self._control else None
        if control is not None:
            sinks[control] = self._hear_control
        self.pipes = Pipes(sinks, control)

    def _hear_control(self, data: bytes) -> None:
        self._told += data

    def has_ended(self) -> bool:
        return has_ended(self.process.pid)

    def look(self) -> None:
        """See what it takes of the host by now."""
        self._usage.look(self.process.pid)

    def end(self) -> int:
        """End the process if it has not ended, and return its status."""
        if self._status is None:
            self._status = self._launcher.end(self.process, self._usage)
            self.pipes.drain()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr, self._control):
                if stream:
                    stream.close()
        return self._status

    # For adapters.

    def say(self, line: str) -> None:
        """Write to the console's input."""
        assert self.process.stdin
        write_all(self.process.stdin.fileno(), line)

    def tell(self, line: str) -> None:
        """Write to the control channel."""
        assert self._control
        write_all(self._control.fileno(), line)

    def told(self) -> list[bytes]:
        """Return the lines that have come on the control channel since the last call."""
        *lines, self._told = self._told.split(b"\n")
        return lines

    def begin(self) -> None:
        """Begin an event: from now on the VMM has the time limit for it, and another process the same."""
        self.clock.restart()

    def wait(self, until: Callable[[], bool], pause: float = SLICE) -> None:
        """
        Read on until the condition holds, which is looked at every @pause seconds and whenever something has
        come. Raise EventFailed if the VMM ends before, or the event takes too long.
        """
        while not until():
            if self.clock.seconds() > self._limit:
                raise EventFailed(timed_out=True)
            if not self.pipes.read(pause) and self.has_ended():
                self.pipes.drain()
                if not until():
                    raise EventFailed()

    def move(self, *options: str) -> None:
        """Wait for the end of this process, and go on in another one, with these options besides."""
        self.wait(self.has_ended)
        status = self.end()
        if status < 0:
            raise EventFailed(f"the VMM was ended by {signal_name(-status)}")
        if not self._start([*self.command, *options]):
            raise EventFailed("nothing is started any more")


def write_all(descriptor: int, line: str) -> None:
    """Write a short line. A VMM that has ended does not read it; that it has is seen elsewhere."""
    try:
        os.write(descriptor, f"{line}\n".encode())
    except (BrokenPipeError, ConnectionResetError):
        pass


def read_some(descriptor: int) -> bytes:
    """Return what is there; nothing at the end, which a control channel may come to by a reset."""
    try:
        return os.read(descriptor, CHUNK)
    except ConnectionResetError:
        return b""


def watch(machine: LiveMachine, listener: Listener, operator: Optional[Operator], limit: float) -> bool:
    """Read until the VMM is done. Return True if it made no progress for @limit seconds of its clock."""
    seen, most = listener.progress, limit
    while machine.pipes.open:
        machine.look()
        left = most - machine.clock.seconds()
        slice_ = operator.wait(SLICE) if operator else SLICE
        if left <= 0:
            machine.pipes.drain()
        elif not machine.pipes.read(min(left, slice_)) and machine.has_ended():
            machine.pipes.drain()
            return False
        if operator and not listener.finished:
            operator.attend(machine)
        if listener.progress != seen:
            seen, most = listener.progress, GRACE if listener.finished else limit
            machine.clock.restart()
        elif left <= 0:
            return not listener.finished
    return False


def wait_for_exit(machine: LiveMachine) -> None:
    """Wait GRACE seconds at most: with both pipes closed its end is near, unless it runs on without them."""
    deadline = time.monotonic() + GRACE
    pause = 0.0005
    while not machine.has_ended() and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def boot(launcher: Launcher, command: list[str], listener: Listener, log: Log, limit: float,
         operator: Optional[Operator] = None, usage: Optional[Usage] = None) -> Ending:
    """Start the VMM, and read from exec to the last byte of both pipes. The log is of stderr."""
    machine = LiveMachine(launcher, listener.feed, log, limit, operator, usage or Usage())
    failed, timed_out = None, False
    try:
        if not machine.start(command):
            return Ending(False, 0, "")
    except OSError as error:
        return Ending(False, 127, f"{command[0]}: {error.strerror}")
    try:
        timed_out = watch(machine, listener, operator, limit)
        if not timed_out and not machine.pipes.open:
            wait_for_exit(machine)
    except EventFailed as failure:
        failed, timed_out = failure, failure.timed_out
    finally:
        status = machine.end()
    return Ending(timed_out, status, log.tail(), machine.clock.lost,
                  operator.verb if operator and failed else "", str(failed) if failed else "")
