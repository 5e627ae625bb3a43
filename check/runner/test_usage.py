# SPDX-License-Identifier: BSD-3-Clause
"""What a VMM takes of the host, as results.json has it."""
from __future__ import annotations

import subprocess
import sys
import time

from conftest import Tree
from runner.operate.usage import EVERY, Gauge, Usage

BUSY = """
import threading, time
kept = bytearray(32 << 20)
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
file = open("/dev/null")
print(flush=True)
while True: pass
"""


def test_gauge() -> None:
    gauge = Gauge()
    for value in (3, 9, 4):
        gauge.note(value)
    assert gauge == Gauge(3, 9, 4)


def test_process() -> None:
    usage = Usage()
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout:
        process.stdout.readline()
        usage.look(process.pid)
        usage.look(process.pid)                 # too soon: nothing is seen
        time.sleep(EVERY)
        usage.look(process.pid)
        process.kill()
    assert usage.reap(process) == -9 and process.returncode == -9
    assert usage.cpu > 0
    assert usage.memory.most > 32 << 10 and usage.threads.last == 2 and usage.files.most >= 4
    before = usage.memory.last
    time.sleep(EVERY)
    usage.look(process.pid)                     # it is gone
    assert usage.memory.last == before


def test_run_has_it(tree: Tree) -> None:
    tree.run("--no-expect")
    process = tree.results()["runs"][0]["process"]
    assert process["cpu_seconds"] > 0 and set(process["memory_kib"]) == {"first", "most", "last"}
