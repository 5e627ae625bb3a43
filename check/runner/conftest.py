# SPDX-License-Identifier: BSD-3-Clause
"""A small tree with a mock VMM, for the tests of the runner."""
from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "scripts"))

from runner import cli  # noqa: E402
from runner.plan import architecture  # noqa: E402

MANIFEST = (
    ("DEV-ATTACH-1/first_test", "DEV-ATTACH-1", "NEEDS_ENDPOINT | NEEDS_PROBE", "attach.c:33"),
    ("DEV-ATTACH-2/trap_here", "DEV-ATTACH-2", "0", "attach.c:44"),
    ("DEV-ATTACH-3/some_fail", "DEV-ATTACH-3", "0", "attach.c:55"),
    ("DEV-ATTACH-4/other_info", "DEV-ATTACH-4", "", "attach.c:66"),
    ("DEV-FEAT-1/a_warn", "DEV-FEAT-1", "0", "features.c:11"),
    ("DEV-MAP-1/b_skip", "DEV-MAP-1", "0", "map.c:22"),
)
REQUIREMENTS = (
    ("id", "level", "clause"), ("DEV-ATTACH-1", "MUST", "ATTACH request"),
    ("DEV-ATTACH-2", "MUST", "ATTACH request"), ("DEV-ATTACH-3", "MUST", "ATTACH request"),
    ("DEV-ATTACH-4", "MAY", "ATTACH request"), ("DEV-FEAT-1", "SHOULD", "Feature bits"),
    ("DEV-MAP-1", "MUST", "MAP request"), ("DEV-MAP-2", "MUST", "MAP request"),
    ("DEV-MAP-3", "MAY", "MAP request"), ("DRV-MAP-1", "SHOULD", "MAP request"),
    ("AMB-1", "(open point)", "Feature bits"),
)
UNTESTED = (
    ("id", "judged by", "reason"), ("DRV-MAP-1", "DEV-ATTACH-3, DEV-MAP-1", "a driver that breaks it"),
    ("AMB-1", "-", "a slip of the text"),
)
RUNS = """
[one]
endpoints = blk, rng
groups = basic
[two]
endpoints = blk @root-port, edu
boot-bypass = off
tests = DEV-ATTACH-*
groups = basic more
[arm]
endpoints = blk
arch = aarch64
"""


BRISK = 0.05                    # seconds in which a host that is not busy starts a Python
PATIENCE = 60                   # seconds for what ends by itself, on any host


class Tree:
    """Files of a build, and calls of the runner in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self.out = self.err = ""
        self.vmm = root / "bin" / "qemu-system-x86_64"
        for arch, image in (("x86_64", "virtio-iommu.elf"), ("aarch64", "virtio-iommu.Image")):
            self.build(f"build/{arch}/{image}")
            self.write(f"build/{arch}/tests.tsv", rows(MANIFEST))
        self.build("build/x86_64/virtio-iommu.efi")
        self.write("virtio-iommu/standard/requirements.tsv", rows(REQUIREMENTS))
        self.write("virtio-iommu/standard/untested.tsv", rows(UNTESTED))
        self.write("unittests.cfg", RUNS)
        for arch in set(architecture.names()) - {architecture.HOST}:
            mock_at(self, f"qemu-system-{arch}")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def build(self, name: str, tests: tuple = MANIFEST) -> Path:
        """An image with the names of tests, as far as the runner looks into it."""
        return self.write(name, "".join(f"{test[0].split('/')[-1]}\0" for test in tests))

    def copy_runner(self) -> None:
        """That of this tree, with the architectures that it knows."""
        shutil.copytree(TOP / "scripts/runner", self.root / "scripts/runner",
                        ignore=shutil.ignore_patterns("__pycache__"))
        for path in TOP.glob("*/arch.ini"):
            self.write(str(path.relative_to(TOP)), path.read_text())

    def run(self, *arguments: str, again: bool = False) -> int:
        """Against the mock, unless a path says otherwise. @again: red tests are tried again."""
        if not again:
            arguments = ("--no-trace", *arguments)
        if "--vmm-path" not in arguments:
            arguments = ("--vmm-path", str(self.root / "bin"), *arguments)
        if "--arch" not in arguments:
            arguments = ("--arch", "x86_64", *arguments)
        try:
            return cli.main(list(arguments), str(self.root))
        finally:
            self.out, self.err = self._capsys.readouterr()

    @property
    def result(self) -> Path:
        """The newest results.json: of all tests, or of those selected."""
        return max((self.root / "build/x86_64/results").rglob("results.json"),
                   key=lambda path: path.stat().st_mtime_ns)

    def results(self) -> dict:
        return json.loads(self.result.read_text())

    def verdicts(self, run: str = "one") -> dict[str, str]:
        return self.verdicts_of(self.result)[run]

    @staticmethod
    def verdicts_of(results: Path) -> dict[str, dict[str, str]]:
        """By run and test."""
        return {run["name"]: {test["id"]: test["verdict"] for test in run["tests"]}
                for run in json.loads(results.read_text())["runs"]}


def mock_at(tree: Tree, program: str, first: str = "") -> None:
    """The mock under the name of a VMM. `first` is shell, for what that VMM says in its own way."""
    mock = tree.write(f"bin/{program}", f"#!/bin/sh\n{first}"
                      f'exec {sys.executable} -IS {HERE}/mock_vmm.py "$@"\n')
    mock.chmod(mock.stat().st_mode | stat.S_IXUSR)


def rows(table: tuple) -> str:
    return "".join("\t".join(row) + "\n" for row in table)


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> str:
    """A short time limit for VMMs, longer on a host that is busy just now; the mock paces itself by it."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-IS", "-c", ""], check=True)
    seconds = f"{0.4 * max(1, (time.monotonic() - start) / BRISK):.2g}"
    monkeypatch.setenv("MOCK_LIMIT", seconds)
    return seconds


@pytest.fixture
def tree(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOCK_TESTS", str(tmp_path / "build/x86_64/tests.tsv"))
    monkeypatch.setenv("MOCK_LOG", str(tmp_path / "starts"))
    monkeypatch.delenv("MOCK_SCENARIO", raising=False)
    yield Tree(tmp_path, capsys)
    for number, handler in handlers.items():
        signal.signal(number, handler)
