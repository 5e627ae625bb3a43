# SPDX-License-Identifier: BSD-3-Clause
"""Whole calls against VMMs that go wrong in every way."""
from __future__ import annotations

import importlib
import io
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PATIENCE, TOP, Tree
from runner import cli
from runner.operate import launch
from runner.operate.launch import Ending
from runner.plan import selection

TRAP = "DEV-ATTACH-2/trap_here"
GOOD = {"DEV-ATTACH-1/first_test": "pass", TRAP: "pass", "DEV-ATTACH-3/some_fail": "fail",
        "DEV-ATTACH-4/other_info": "info", "DEV-FEAT-1/a_warn": "warn", "DEV-MAP-1/b_skip": "skip"}
LAST = "DEV-MAP-1/b_skip"

# scenario: test, its verdict, part of its reason, starts of the VMM
OUTCOMES = {
    "good": (TRAP, "pass", "", 1),
    "slow": (TRAP, "pass", "", 1),
    "no-plan": (TRAP, "pass", "", 1),
    "no-newline": (TRAP, "pass", "", 1),
    "no-end": (TRAP, "pass", "", 1),
    "lingers": (TRAP, "pass", "", 1),
    "lost-child": (TRAP, "pass", "", 1),
    "closes-pipes": (TRAP, "pass", "", 1),
    "garbage": (TRAP, "pass", "", 1),
    "interleaved": (TRAP, "pass", "", 1),
    "flood": (TRAP, "pass", "", 1),
    "hang": (TRAP, "timeout", "no progress within {limit} s", 2),
    "stopped": (TRAP, "timeout", "no progress within {limit} s", 2),
    "spam": (TRAP, "timeout", "no progress", 2),
    "spam-line": (TRAP, "timeout", "no progress", 2),
    "restart-spam": (TRAP, "timeout", "no progress", 2),
    "exit1": (TRAP, "crash", "exit status 1; stderr: qemu: line one | qemu: ", 2),
    "segv": (TRAP, "crash", "SIGSEGV", 2),
    "killed": (TRAP, "crash", "SIGKILL", 2),
    "abort": (TRAP, "crash", "Assertion `false' failed.", 2),
    "dies-behind": (TRAP, "crash", "after its verdict pass", 2),
    "dies-last": (LAST, "crash", "after its verdict skip", 1),
    "omits": (TRAP, "error", "gave no verdict", 1),
    "wrong-plan": (TRAP, "error", "gave no verdict", 1),
    "bail-inside": (TRAP, "error", "#PF at 0x1234", 2),
    "bail-judged": (TRAP, "error", "#GP", 2),
    "contradicts": (TRAP, "error", "contradicting verdicts: ok, fail", 1),
    "contradicts-later": (TRAP, "error", "contradicting verdicts", 1),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "GRACE", 0.2)
    monkeypatch.setattr(launch, "SLICE", 0.05)
    monkeypatch.setattr(launch, "PIPE_SIZE", 1 << 16)


def starts(tree: Tree) -> list[str]:
    return [line for line in (tree.root / "starts").read_text().splitlines()
            if line != "--version"]


@pytest.mark.parametrize("scenario", OUTCOMES)
def test_scenario(tree: Tree, scenario: str, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """One test gets what it deserves, all others keep their verdicts."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    test, verdict, reason, boots = OUTCOMES[scenario]
    assert tree.run("--timeout", limit, "one") == 1
    assert tree.verdicts() == {**GOOD, test: verdict}
    found = next(item for item in tree.results()["runs"][0]["tests"] if item["id"] == test)
    assert reason.replace("{limit}", limit) in (found["reason"] or "")
    assert len(starts(tree)) == boots
    assert (tree.root / "starts").read_text().count("--version\n") == 1


@pytest.mark.parametrize("scenario, verdict, reason", (
    ("silent", "timeout", "no progress within {limit} s"),
    ("dead", "crash", "no such device"),
    ("bail-first", "error", "VIOT: offset 48: length 3 is below 16"),
))
def test_no_test_starts(tree: Tree, scenario: str, verdict: str, reason: str,
                        monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """All get the verdict, it is told once, and nothing is tried again."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    assert tree.run("--timeout", limit, "one") == 1
    assert set(tree.verdicts().values()) == {verdict}
    assert tree.out.count(reason.replace("{limit}", limit)) == 1
    assert tree.out.count("/run_tests.sh") == 1 and tree.out.count("'DEV-") == 0
    assert len(starts(tree)) == 1


def test_details_arrive(tree: Tree) -> None:
    tree.run("one")
    tests = {test["id"]: test for test in tree.results()["runs"][0]["tests"]}
    fail = tests["DEV-ATTACH-3/some_fail"]
    assert (fail["expected"], fail["actual"]) == ("status INVAL (4)", 'status "OK" (0)')
    assert (fail["at"], fail["microseconds"], fail["level"]) == (
        "virtio-iommu/tests/x.c:33", 12, "MUST")
    assert tests[TRAP]["at"] == "attach.c:44"
    environment = tree.results()["runs"][0]["environment"]
    assert environment["boot"] == "pvh" and environment["other"] == []
    assert tree.results()["suite"]["version"] == "0.1.0"
    assert (tree.root / "build/x86_64/run/one/console.log").read_bytes().endswith(b"# end\n")


@pytest.mark.parametrize("scenario, note", (
    ("wrong-plan", "the image planned 99 tests, selected are 6"),
    ("dies-at-power-off", "after the last test the VMM was ended by SIGSEGV"),
))
def test_note(tree: Tree, scenario: str, note: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    tree.run("one")
    assert tree.results()["runs"][0]["notes"] == [note]
    assert f"one: {note}\n" in tree.out


def test_time_limit_of_the_run(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "hang")
    tree.write("unittests.cfg", "[one]\nendpoints = none\ntimeout = 0.3\n")
    assert tree.run() == 1
    assert "no progress within 0.3 s" in tree.out
    assert tree.run("--timeout", "20") == 1
    assert "no progress within 0.6 s" in tree.out


def test_restart_names_the_test_behind(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "segv")
    tree.run("two")
    assert [line.split("-append ")[1] for line in starts(tree)] == [
        "tests=DEV-ATTACH-* endpoints=2", f"tests=DEV-ATTACH-* after={TRAP} endpoints=2"]


@pytest.mark.parametrize("scenario, verdict, boots", (
    ("good", "pass", 3), ("segv", "crash", 3), ("dead", "crash", 1)))
def test_too_many_names(tree: Tree, scenario: str, verdict: str, boots: int,
                        monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into the image's buffer runs in several boots."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    monkeypatch.setattr(selection, "LONGEST_LIST", 50)
    names = [test for test in GOOD if test != LAST]
    tree.run("one", *names)
    assert list(tree.verdicts()) == names
    assert tree.verdicts()[TRAP] == verdict
    assert len(starts(tree)) == boots
    assert all(len(line.split("-append tests=")[1].split()[0]) <= 50 for line in starts(tree))


def test_unstartable_vmm() -> None:
    class Nobody:
        progress, finished = 0, False

        def feed(self, data: bytes) -> None: ...

    log = launch.Log(io.BytesIO())
    ending = launch.boot(launch.Launcher(), ["/nonexistent/vmm"], Nobody(), log, 1)
    assert "No such file" in ending.describe(1)
    stopped = launch.Launcher(stopping=True)
    assert launch.boot(stopped, ["/bin/true"], Nobody(), log, 1) == Ending(False, 0, "")
    assert launch.signal_name(63).startswith("signal")


def test_error_in_a_thread_comes_out(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, and not with the exit status of a red verdict."""
    from runner.operate import run

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")
    monkeypatch.setattr(run.BootLoop, "_boot", broken)
    assert tree.run() == 2 and "RuntimeError: a bug" in tree.err


def start_call(tree: Tree, *arguments: str) -> subprocess.Popen:
    code = ("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]);"
            "from runner.cli import main; sys.exit(main(sys.argv[3:], sys.argv[2]))")
    return subprocess.Popen([sys.executable, "-c", code, str(TOP / "scripts"), str(tree.root),
                             "--arch", "x86_64", "--vmm-path", str(tree.root / "bin"),
                             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=heed_interrupts)


def heed_interrupts() -> None:
    """A shell's job in the background is started deaf to SIGINT, and so is what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("signum", (signal.SIGINT, signal.SIGTERM))
def test_signal_ends_all(tree: Tree, signum: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """VMMs are gone, what was measured is reported."""
    monkeypatch.setenv("MOCK_SCENARIO", "hang")
    call = start_call(tree, "-j", "1")
    console = tree.root / "build/x86_64/run/one/console.log"
    deadline = time.monotonic() + PATIENCE
    while not (console.exists() and b"trap_here" in console.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    call.send_signal(signum)
    out, err = call.communicate(timeout=PATIENCE)
    assert call.returncode == 128 + signum, err
    results = tree.results()
    assert results["interrupted"] and tree.verdicts() == {"DEV-ATTACH-1/first_test": "pass"}
    assert b"interrupted: not all tests have a verdict" in out
    assert b"1 passed, 0 failed" in out and b"\ntwo " not in out      # which was not reached
    processes = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True).stdout
    assert str(tree.root / "build/x86_64/virtio-iommu.elf") not in processes


@pytest.mark.parametrize("place", ("again.red_tests", "make_report", "write_reports", "summary"))
def test_signal_behind_the_last_test(tree: Tree, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Nothing of what is measured is lost, whenever it comes."""
    module, _, name = f"runner.cli.{place}".rpartition(".")
    work = getattr(importlib.import_module("runner.judge.again") if "again" in module else cli, name)

    def interrupted(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return work(*arguments)
    monkeypatch.setattr(f"{module}.{name}", interrupted)
    assert tree.run(again=True) == 128 + signal.SIGTERM
    assert tree.out.endswith("4 passed, 2 failed, 1 skipped\n")
    assert tree.verdicts() == GOOD and not tree.results()["interrupted"]
    assert sorted(path.name for path in tree.result.parent.glob("*.*")) == [
        "junit.xml", "results.html", "results.json", "results.md"]


def test_signal_before_the_first_test(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "read_results", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    assert tree.run("--compare", "any") == 128 + signal.SIGTERM
    assert not (tree.root / "build/x86_64/results").exists()


def test_two_calls_at_a_time(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own files."""
    monkeypatch.setenv("MOCK_SCENARIO", "slow")
    calls = [start_call(tree, "one") for _ in range(2)]
    for call in calls:
        out, err = call.communicate(timeout=PATIENCE)
        assert call.returncode == 1 and b"2 passed, 1 failed, 1 skipped" in out, err
    assert (tree.root / "build/x86_64/run.2/one/disk0.img").exists()
