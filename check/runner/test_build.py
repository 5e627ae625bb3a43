# SPDX-License-Identifier: BSD-3-Clause
"""configure, check/architectures and .ci/run: what they leave out, and what they refuse."""
from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import TOP
from runner.plan import architecture

NEWER = [arch.name for arch in architecture.known().values() if arch.suite]
OTHERS = [arch.name for arch in architecture.known().values() if arch.debian and not arch.suite]


def call(root: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=root, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What says which architectures there are, and who reads it."""
    names = ["configure", "scripts/arch-ini", "check/architectures", ".ci/run"]
    names += [str(path.relative_to(TOP)) for path in TOP.glob("*/arch.*")]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, tmp_path / name)
    return tmp_path


@pytest.mark.skipif(not (TOP / "build/config.mak").exists(), reason="the tree is not configured")
def test_a_part_that_fails_keeps_no_other_back() -> None:
    """And is named at the end."""
    done = call(TOP, "env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "check", "CHECKS=check-odd help")
    lines = done.stdout.splitlines()
    assert done.returncode == 2 and lines[-2] == "make check: failed: check-odd"
    assert [line for line in lines if line.startswith("== ")] == ["== check-odd", "== help"]


def library(root: Path, arch: str) -> None:
    path = root / "libfdt" / arch
    path.mkdir(parents=True)
    (path / "libfdt.a").write_text("!")


def arches(root: Path) -> set[str]:
    found = re.search('^ARCHES="(.*)"$', (root / "build/config.mak").read_text(), re.MULTILINE)
    assert found
    return set(found[1].split())


@pytest.mark.skipif(platform.machine() not in OTHERS, reason="no image for this machine")
def test_configure_takes_the_prefix(copy: Path) -> None:
    """The machine's own compiler stands in for the default alone."""
    option = f"--cross-prefix-{platform.machine()}=missing-"
    done = call(copy, "./configure", f"--arch={platform.machine()}", option)
    assert done.returncode == 2 and "missing-gcc is missing" in done.stdout


def test_make_without_configure(copy: Path) -> None:
    shutil.copy(TOP / "Makefile", copy)
    for target in ("all", "host", OTHERS[0], "check", "check-unit", "fuzz"):
        done = call(copy, "make", target)
        assert done.returncode == 2 and "not configured; run ./configure" in done.stdout, target


def test_make_help(copy: Path) -> None:
    """It names what can be made."""
    shutil.copy(TOP / "Makefile", copy)
    done = call(copy, "make", "help")
    phony = re.search(r"^\.PHONY: ([a-z ]*) \$", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert done.returncode == 0 and phony
    for target in phony[1].split():
        assert re.search(rf"\b{target}\b", done.stdout), target


def test_configure_leaves_out(copy: Path) -> None:
    """What not all releases have packages for, unless it is asked for."""
    (copy / "libfdt/include").mkdir(parents=True)
    (copy / "libfdt/include/libfdt.h").write_text("")
    for arch in OTHERS:
        library(copy, arch)
    done = call(copy, "./configure", "--libfdt=libfdt")
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("left out: ")]
    assert [line.split(": ")[1] for line in lines] == NEWER and arches(copy) == set(OTHERS)
    (copy / "build/config.mak").unlink()
    done = call(copy, "./configure", "--libfdt=libfdt", f"--arch={NEWER[0]}")
    assert done.returncode == 2 and f"libfdt/{NEWER[0]}/libfdt.a is missing" in done.stdout
    assert not (copy / "build/config.mak").exists() and "left out" not in done.stdout
    for arch in NEWER:
        library(copy, arch)
    done = call(copy, "./configure", "--libfdt=libfdt")
    assert done.returncode == 0 and arches(copy) == {*NEWER, *OTHERS}, done.stdout
    shutil.rmtree(copy / "libfdt" / OTHERS[0])
    assert call(copy, "./configure", "--libfdt=libfdt").returncode == 2


def test_values(copy: Path) -> None:
    for arch in (arch for arch in architecture.known().values() if arch.debian):
        path = str(Path(arch.path).relative_to(TOP))
        for key in ("name", "image", "debian", "suite"):
            done = call(copy, "scripts/arch-ini", path, "arch", key)
            assert done.stdout.strip() == getattr(arch, key)
        done = call(copy, "scripts/arch-ini", path, "qemu", "package")
        assert done.stdout.startswith("qemu-system-") and done.stdout.count("\n") == 1
        assert call(copy, "scripts/arch-ini", path, "qemu", "name").stdout == ""


@pytest.mark.parametrize("text, status", (
    ("int aarch64;", 1), ("x = riscv64", 1), ("see x86/mmu.c", 1), ("amd64", 1),
    ("to re-arm an endpoint; arm,psci; riscv_64", 0)))
def test_architectures_stay_in_their_directories(copy: Path, text: str, status: int) -> None:
    assert call(copy, "check/architectures").returncode == 0
    (copy / "lib").mkdir()
    (copy / "lib/x.c").write_text(text)
    done = call(copy, "check/architectures")
    assert done.returncode == status and ("lib/x.c:1:" in done.stdout) == bool(status), done.stdout


@pytest.mark.parametrize("system, commands", (
    ("ID=fedora\n", ["dnf"]), ("ID=almalinux\nID_LIKE=\"rhel centos fedora\"\n", ["dnf"]),
    ("ID=arch\n", ["pacman"]), ("ID=manjaro\nID_LIKE=arch\n", ["pacman"]),
    ("ID=alpine\n", ["dnf", "pacman"])))
def test_setup_without_apt(copy: Path, monkeypatch: pytest.MonkeyPatch, system: str,
                           commands: list[str]) -> None:
    """It names what to install, as the distribution calls it."""
    shutil.copy(TOP / "scripts/setup", copy / "scripts/setup")
    (copy / "os-release").write_text(system)
    (copy / "bin").mkdir()
    for tool in ("bash", "cat", "dirname", "env", "sed", "sh", "tr", "uname"):
        (copy / "bin" / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(copy / "bin"))
    monkeypatch.setenv("OS_RELEASE", str(copy / "os-release"))
    done = call(copy, "scripts/setup")
    lines = done.stdout.splitlines()
    assert done.returncode == 2 and [line.split()[0] for line in lines[1:-3]] == commands, done.stdout
    for name in {"aarch64", "riscv64"} - {platform.machine()}:
        assert all(f"{name}-linux-gnu" in line for line in lines[1:-3])
    assert all(" git " in line and "qemu-system-riscv" in line for line in lines[1:-3])


@pytest.mark.parametrize("make, status, last", (
    ("true", 0, "3 passed, 0 failed, 2 skipped"),
    ("false", 1, "0 passed, 3 failed, 2 skipped")))
def test_ci_run(copy: Path, make: str, status: int, last: str) -> None:
    """Each reason counts once, and a step whose output is piped still fails."""
    setup = copy / "scripts/setup"
    setup.write_text("#!/bin/sh\necho left out: a: x >&2\necho left out: b: y\n")
    setup.chmod(0o755)
    (copy / "Makefile").write_text(f".PHONY: run cost check\nrun cost check:\n\t@{make}\n")
    done = call(copy, ".ci/run")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (status, last), done.stdout
    assert done.stdout.splitlines()[-3:-1] == ["left out: a: x", "left out: b: y"]


def test_ci_run_tells_again_what_was_red(copy: Path) -> None:
    """... behind all else, as a log is often cut in its middle."""
    setup = copy / "scripts/setup"
    setup.write_text("#!/bin/sh\n")
    setup.chmod(0o755)
    (copy / "Makefile").write_text(".PHONY: run cost check\ncost check:\nrun:\n"
                                   "\t@echo 'fail    boot A-1/x: seen'; echo 'info    boot A-2/y'; false\n")
    done = call(copy, ".ci/run")
    assert done.returncode == 1
    *_, first, second, make, last = done.stdout.splitlines()
    assert (first, second) == ("failed: scripts/setup && make run", "fail    boot A-1/x: seen"), done.stdout
    assert " Error 1" in make and last == "2 passed, 1 failed, 0 skipped"
