# SPDX-License-Identifier: BSD-3-Clause
"""What a terminal shows and a pipe gets; output and files that cannot be written."""
from __future__ import annotations

import errno
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import PATIENCE, TOP, Tree
from runner.operate import launch
from runner.write import files

LAST = "2 passed, 1 failed, 1 skipped"
REASON = "a reason with many words that goes on and on, so that no line of a terminal has room for it"
EXPECT = f"[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = {REASON}\n"


def on_terminal(tree: Tree, monkeypatch: pytest.MonkeyPatch, *arguments: str, columns: int = 80) -> str:
    main, other = pty.openpty()
    with os.fdopen(other, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
        tree.run(*arguments)
        text = ""
        while " skipped\r\n" not in text[-20:]:             # a read may bring less
            assert select.select([main], [], [], PATIENCE)[0], text
            text += os.read(main, 1 << 16).decode()
    os.close(main)
    return text


def entries(text: str) -> list[str]:
    """What stays on a terminal, without colours."""
    return [re.sub(r"\033\[\d+m", "", line.rsplit("\033[K", 1)[-1]) for line in text.split("\r\n")]


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_terminal_shows_what_runs(tree: Tree, monkeypatch: pytest.MonkeyPatch, colours: None) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "slow")
    text = on_terminal(tree, monkeypatch, "one")
    assert text.endswith(f"{LAST}\r\n")
    assert "\r[1/6] one DEV-ATTACH-2/trap_here 0." in text
    assert "\033[31mfail   \033[0m one DEV-ATTACH-3/some_fail" in text
    assert "\r\n        " in text      # a long line goes on, set in


def test_terminal_counts_what_is_known(tree: Tree, monkeypatch: pytest.MonkeyPatch,
                                       colours: None) -> None:
    """Red is not to be looked for among what is as it was. Nothing is lost: the last lines tell."""
    tree.write("expectations/qemu", EXPECT)
    text = on_terminal(tree, monkeypatch, "one")
    found = entries(text)
    assert [line.split()[:3] for line in found if "/" in line.split(":")[0]] == [
        ["warn", "one", "DEV-FEAT-1/a_warn:"]]
    assert ("1 known (1 defect), 1 info, 1 warn (each with its reason: in the report, with -v, or in "
            "a pipe)") in found


@pytest.mark.parametrize("arguments", (("one", "DEV-ATTACH-*"), ("-v", "one")))
def test_terminal_shows_what_was_asked_for(tree: Tree, monkeypatch: pytest.MonkeyPatch,
                                           colours: None, arguments: tuple[str, ...]) -> None:
    """As wide as the terminal: what colours it takes no room."""
    tree.write("expectations/qemu", EXPECT)
    text = on_terminal(tree, monkeypatch, *arguments, columns=100)
    known = next(line for line in entries(text)
                 if line.startswith("known   one DEV-ATTACH-3/some_fail: "))
    assert 90 < len(known) < 100 and "each with its reason" not in text
    assert "went left" in text


def test_plain_terminal(tree: Tree, monkeypatch: pytest.MonkeyPatch, colours: None) -> None:
    """One that knows no escape sequences is written to like a file."""
    monkeypatch.setenv("TERM", "dumb")
    tree.write("expectations/qemu", EXPECT)
    text = on_terminal(tree, monkeypatch, "one")
    assert "\033" not in text and f"known   one DEV-ATTACH-3/some_fail: {REASON}\r\n" in text


def test_pipe_gets_all(tree: Tree) -> None:
    tree.write("expectations/qemu", EXPECT)
    assert tree.run("one") == 0
    assert f"known   one DEV-ATTACH-3/some_fail: {REASON}\n" in tree.out
    assert "info    one DEV-ATTACH-4/other_info: went left\n" in tree.out
    assert "\n1 known (1 defect), 1 info, 1 warn\n" in tree.out


def test_reader_of_output_leaves(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """run_tests.sh | head -1: still the right exit status."""
    for arguments, status in ((("one",), 1), (("-t", "one"), 1), (("-l",), 0)):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            assert tree.run(*arguments) == status and not tree.err.startswith("run_tests.sh")
    assert tree.verdicts()["DEV-ATTACH-3/some_fail"] == "fail"


def test_output_does_not_fit(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert tree.run("one") == 1
    assert tree.err == "run_tests.sh: output is lost: No space left on device\n"
    assert tree.results()["summary"]["fail"] == 1


@pytest.mark.parametrize("closed", (">&-", "2>&-", ">&- 2>&-"))
def test_closed_streams(tree: Tree, closed: str) -> None:
    tree.copy_runner()
    tree.write("run_tests.sh", (TOP / "run_tests.sh").read_text())
    call = subprocess.run(["sh", "-c", "exec sh ./run_tests.sh --arch x86_64 --vmm-path bin one "
                           + closed], cwd=tree.root, env={**os.environ, "PYTHON": sys.executable},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert call.returncode == 1 and "Traceback" not in call.stdout
    assert tree.results()["summary"]["fail"] == 1


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_report_does_not_fit(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are written, the verdicts are shown; what is missing is no red verdict."""
    write: Callable[[str, str], None] = files.write_file
    monkeypatch.setattr("runner.write.reports.write_file", lambda path, text: (
        full() if path.endswith(".json") else write(path, text)))
    assert tree.run("one") == 2
    assert tree.out.endswith(f"{LAST}\n")
    assert tree.err.endswith("results.json is not written: No space left on device\n")
    assert sorted(path.name for path in (tree.root / "build/x86_64/results/selected").iterdir()
                  if path.suffix != ".html") == ["junit.xml", "results.md"]


def test_half_a_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError):
        files.write_file(str(tmp_path / "f"), "text")
    assert not list(tmp_path.iterdir())


def test_log_does_not_fit(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """That costs no verdict."""
    class Full:
        tell = staticmethod(lambda: 0)
        write = staticmethod(full)
    log = launch.Log(Full())            # type: ignore[arg-type]
    log.feed(b"one\ntwo\n")
    assert log.lost == "No space left on device" and log.tail() == "one | two"
    monkeypatch.setattr("runner.operate.run.Log", lambda _: launch.Log(Full()))     # type: ignore
    assert tree.run("one") == 1
    assert tree.out.count("one: the logs are not complete: No space left on device") == 1


def test_disk_of_the_vmm_does_not_fit(tree: Tree) -> None:
    """It would stop its machine later: no verdict on it."""
    path = tree.root / "build/x86_64/run/one/disk0.img"
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    assert tree.run("one") == 2
    assert tree.err == f"run_tests.sh: {path}: No space left on device\n"


def test_tree_cannot_be_written(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.write("build/x86_64/run", "a file in its place")
    assert tree.run("one") == 2
    assert tree.err == f"run_tests.sh: {tree.root}/build/x86_64/run: File exists\n"


def test_report_cannot_replace_a_directory(tree: Tree) -> None:
    assert tree.run("--json", str(tree.root), "one") == 2
    assert "cannot be written there" in tree.err


def test_what_never_began_is_not_known(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it become so: an entry would hide that the VMM does not start."""
    monkeypatch.setenv("MOCK_SCENARIO", "dead")
    path = tree.write("expectations/qemu", EXPECT.replace("= fail", "= crash"))
    before = path.read_text()
    assert tree.run("one") == 1 and "0 passed, 6 failed" in tree.out and "known" not in tree.out
    assert tree.run("--update-expect", "one") == 1
    assert "nothing to change" in tree.out and path.read_text() == before
