# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's protocol for who operates a machine: QMP."""
from __future__ import annotations

import json
from typing import Any

from ._operated import CannotHappen, EventFailed, OperatedMachine

PAUSE = 0.01                    # seconds between two questions
OVER = ("completed", "failed", "cancelled")


class Monitor:
    """The monitor of a process. There may be one after another."""

    def __init__(self, machine: OperatedMachine) -> None:
        self._machine = machine
        self._number = 0
        self._replies: dict[int, dict[str, Any]] = {}
        self._events: list[tuple[str, str]] = []       # with the device, where there is one
        self._ask("qmp_capabilities")           # an error says that it was asked before

    def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        self._machine.tell(json.dumps({"execute": command, "id": number, "arguments": arguments}))
        self._machine.wait(lambda: self._hear() and number in self._replies)
        return self._replies.pop(number)

    def _hear(self) -> bool:
        for line in self._machine.told():
            message = json.loads(line)
            if "event" in message:
                self._events.append((message["event"], message.get("data", {}).get("device", "")))
            elif "id" in message:
                self._replies[message["id"]] = message
        return True

    def execute(self, command: str, **arguments: Any) -> Any:
        reply = self._ask(command, **arguments)
        if "error" in reply:
            raise CannotHappen(f"{command}: {reply['error'].get('desc', reply['error'])}")
        return reply["return"]

    def command(self, line: str) -> None:
        """
        Execute a command of the monitor for people, which takes options as the command line does. QMP wants
        them in types that differ from version to version.
        """
        said = self.execute("human-monitor-command", **{"command-line": line})
        if said:
            raise CannotHappen(said.strip())

    def wait_for(self, event: str, device: str = "") -> None:
        self._machine.wait(lambda: self._hear() and (event, device) in self._events)

    def save(self, uri: str) -> None:
        """Stop the machine, write its state, and end the process. One that cannot be migrated goes on."""
        self.execute("stop")
        try:
            self.execute("migrate", uri=uri)
        except CannotHappen:
            self.execute("cont")
            raise
        self._machine.wait(lambda: self._status() in OVER, PAUSE)
        state = self.execute("query-migrate")
        if state["status"] != "completed":
            raise EventFailed(f"migration {state['status']}: {state.get('error-desc', 'no reason is told')}")
        self._machine.tell(json.dumps({"execute": "quit"}))

    def _status(self) -> str:
        return str(self.execute("query-migrate").get("status"))

    def load(self) -> None:
        """Wait for the state, and let the machine go on."""
        self._machine.wait(lambda: bool(self.execute("query-status")["status"] != "inmigrate"), PAUSE)
        self.execute("cont")

    def reset(self, otherwise: str) -> None:
        """Reset the machine; what QEMU does at a reset that the guest asks for is @otherwise."""
        self.execute("set-action", reboot="reset")
        self.execute("system_reset")
        self.wait_for("RESET")
        self.execute("set-action", reboot=otherwise)
