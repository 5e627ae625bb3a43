# SPDX-License-Identifier: BSD-3-Clause
"""arch.ini: what an architecture's directory says to those outside."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import TOP, Tree
from runner.operate.vmm.qemu import MACHINE_KEYS, read_machine
from runner.plan import architecture
from runner.plan.config import INTERRUPTS, arches, read_runs
from runner.plan.errors import UsageError

BUILT = [path.parent for path in TOP.glob("*/arch.mk")]


def test_each_directory_is_known() -> None:
    """make and configure read lines of this form."""
    assert len(architecture.known()) == len(BUILT) + 1
    assert architecture.names()[-1] == architecture.HOST
    for directory in BUILT:
        text = (directory / "arch.ini").read_text()
        for key in ("name", "image", "debian"):
            assert re.search(rf"^{key} = \S+$", text, re.MULTILINE), directory
        arch = architecture.read(str(directory / "arch.ini"))
        assert architecture.known()[arch.name] == arch
        assert read_machine(arch.name).package.startswith("qemu-system-")


def test_hosts() -> None:
    for arch in architecture.known().values():
        assert architecture.of_machine(arch.name) == arch.name
        assert all(architecture.of_machine(word) == arch.name for word in arch.machines)
    assert architecture.of_machine("mips") == "mips"


@pytest.mark.parametrize("text, message", (
    ("[qemu]\n", "has no section [arch]"),
    ("[arch]\nname = x\n", "image: is missing"),
    ("[arch]\nname = x\nimage = i\nimages = i\n", "unknown key"),
    ("name = x\n", "arch.ini"),
))
def test_broken_file(tree: Tree, text: str, message: str) -> None:
    path = tree.write("x/arch.ini", text)
    with pytest.raises(UsageError) as error:
        architecture.read(str(path))
    assert message in str(error.value)


def test_what_a_vmm_needs(tree: Tree) -> None:
    path = tree.write("x/arch.ini", "[arch]\nname = x\nimage = i\n[qemu]\npackage = p\n")
    arch = architecture.read(str(path))
    assert arch.of_vmm("qemu", MACHINE_KEYS) == {"package": "p"}
    with pytest.raises(UsageError, match=r"arch.ini:4: \[qemu\] machine: is missing"):
        arch.of_vmm("qemu", MACHINE_KEYS, ("package", "machine"))
    with pytest.raises(UsageError, match=r"--arch x: .*arch.ini has no \[other\]"):
        arch.of_vmm("other", {})


def test_files(tree: Tree) -> None:
    tree.write("x/arch.ini", "")
    assert architecture.files(str(tree.root)) == [str(tree.root / "x/arch.ini")]
    assert [Path(path).parent.name for path in architecture.files(str(TOP))] == sorted(
        [*(directory.name for directory in BUILT), "host"])


def test_words_of_runs() -> None:
    known = architecture.names()
    assert arches("host") == ("host",)
    assert arches("!host") == known[:-1]
    for word in ("mips", "!mips", f"!host {known[0]}"):
        with pytest.raises(ValueError):
            arches(word)


def test_each_doorbell_is_some_machines() -> None:
    """What unittests.cfg may ask for is on a machine, and each run is for some architecture."""
    machines = [read_machine(name) for name in architecture.names() if name != "host"]
    assert {name for machine in machines for name, _ in machine.interrupts} == set(INTERRUPTS)
    assert all(run.arch for run in read_runs(str(TOP / "unittests.cfg")))
