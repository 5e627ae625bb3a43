# SPDX-License-Identifier: BSD-3-Clause
"""The operator of a machine: carries out what the image asks for, and disturbs it where that is asked for."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from ..plan.config import Setup
from ..plan.errors import UsageError
from .launch import LiveMachine
from .reader import Asked, Event, Started
from .vmm import Adapter
from .vmm._operated import CannotHappen, EventFailed

VERBS = ("migrate", "reset", "plug", "pull")    # methods of an adapter that can do them
WITH_SLOT = ("plug", "pull")            # the image says which
HARMLESS = ("migrate",)                 # of which a guest is to notice nothing
RESUME = "resume"                       # asked for by each boot: answered here


@dataclass(frozen=True)
class Disturbance:
    """An event that nobody has asked for, again and again."""
    verb: str
    seconds: float                      # from the end of one to the next

    def __str__(self) -> str:
        return f"{self.verb}={1000 * self.seconds:g}"


def can(adapter: Adapter, verb: str) -> bool:
    return verb in VERBS and hasattr(adapter, verb)


def require_can(adapter: Adapter, disturbance: Optional[Disturbance]) -> None:
    if disturbance and not can(adapter, disturbance.verb):
        raise UsageError(f"--disturb {disturbance}: {cannot(adapter, disturbance.verb)}")


def cannot(adapter: Adapter, verb: str) -> str:
    return f"the adapter of {adapter.name} cannot {verb}"


class BootOperator:
    """Operates the machine of one boot."""

    def __init__(self, adapter: Adapter, setup: Setup, directory: str,
                 disturbance: Optional[Disturbance]) -> None:
        self._adapter, self._setup, self._directory = adapter, setup, directory
        self._disturbance = disturbance
        self._asked: list[Asked] = []
        self._test = self._resume = ""
        self._last = time.monotonic()
        self.verb = ""
        self.done: dict[str, int] = {}  # how often each event has happened

    def hear(self, event: Event) -> None:
        if isinstance(event, Started):
            self._test = event.id
        elif isinstance(event, Asked):
            self._asked.append(event)

    def controlled(self, command: list[str], channel: int) -> list[str]:
        if not hasattr(self._adapter, "controlled"):
            return command
        listening: list[str] = self._adapter.controlled(command, channel)
        return listening

    def wait(self, longest: float) -> float:
        if not self._disturbance:
            return longest
        return max(0.0, min(longest, self._last + self._disturbance.seconds - time.monotonic()))

    def attend(self, machine: LiveMachine) -> None:
        while self._asked:
            self._answer(machine, self._asked.pop(0))
        if self._disturbance and not self.wait(1):
            self._disturb(machine, self._disturbance.verb)

    def _disturb(self, machine: LiveMachine, verb: str) -> None:
        try:
            self._happen(machine, verb)
        except CannotHappen as reason:
            raise EventFailed(str(reason)) from None

    def _answer(self, machine: LiveMachine, asked: Asked) -> None:
        if asked.verb == RESUME:
            machine.say(f"ok {asked.number}: {self._resume}" if self._resume else f"ok {asked.number}")
            self._resume = ""
            return
        if asked.verb == "reset":       # the next boot is the answer, and may ask before this goes on
            self._resume = f"{self._test} {asked.words}"
        try:
            self._happen(machine, asked.verb, asked.words)
        except CannotHappen as reason:
            self._resume = ""
            return machine.say(f"no {asked.number}: {reason}")
        if asked.verb != "reset":
            machine.say(f"ok {asked.number}")
        if asked.verb == "pull":        # the guest lets the device go, and may ask before it has gone
            self._carry_out(machine, "pull", getattr(self._adapter, "pulled"), int(asked.words))

    def _happen(self, machine: LiveMachine, verb: str, words: str = "") -> None:
        if not can(self._adapter, verb):
            raise CannotHappen(cannot(self._adapter, verb))
        slot = [slot_number(words)] if verb in WITH_SLOT else []
        self._carry_out(machine, verb, getattr(self._adapter, verb), *slot)
        self.done[verb] = self.done.get(verb, 0) + 1
        self._last = time.monotonic()

    def _carry_out(self, machine: LiveMachine, verb: str, method: Callable[..., None], *slot: int) -> None:
        """Have the adapter do it. What fails in it keeps the verb, for the message."""
        self.verb = verb
        machine.begin()
        method(machine, self._setup, self._directory, *slot)
        self.verb = ""


def slot_number(words: str) -> int:
    if not words.isdecimal():
        raise CannotHappen(f"a slot is a number, not '{words}'")
    return int(words)


def operator_for(adapter: Adapter, setup: Setup, directory: str,
                 disturbance: Optional[Disturbance]) -> Optional[BootOperator]:
    """Return who operates a boot; nobody where nothing is to happen, or the VMM answers by itself."""
    if getattr(adapter, "answers_itself", False) or not (setup.operator or disturbance):
        return None
    return BootOperator(adapter, setup, directory, disturbance)
