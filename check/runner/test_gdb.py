# SPDX-License-Identifier: BSD-3-Clause
"""--gdb: the VMM of one test waits, and the call says how to get there."""
from __future__ import annotations

import os
import platform

import pytest
from conftest import Tree
from runner.operate import gdb
from runner.plan import architecture

NAME = "DEV-ATTACH-2/trap_here"


@pytest.fixture
def x86_64_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: platform.uname()._replace(machine="x86_64"))  # type: ignore


def test_what_is_told(tree: Tree, x86_64_host: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock does not wait. Of several runs it is the first one, and no limit is too short for a person."""
    monkeypatch.setenv("MOCK_SCENARIO", "slow")
    assert tree.run("--gdb", "--timeout", "0.01", NAME, again=True) == 0
    socket = "build/x86_64/run/one/gdb.sock"
    lines = tree.out.splitlines()
    assert lines[1].startswith("the VMM waits for gdb; in another terminal")
    assert lines[2:6] == ["gdb build/x86_64/virtio-iommu.debug", f"(gdb) target remote {socket}",
                          "(gdb) hbreak attach.c:44", "(gdb) continue"]
    starts = (tree.root / "starts").read_text().splitlines()
    assert len(starts) == 2 and starts[1].endswith(f" -S -gdb unix:{tree.root}/{socket},server=on,wait=off")
    assert tree.out.endswith("1 passed, 0 failed, 0 skipped\n")


def test_image_that_is_moved(tree: Tree, x86_64_host: None) -> None:
    assert tree.run("--gdb", "--arch", "aarch64", "arm", NAME) == 0
    assert ("gdb-multiarch -ex 'symbol-file -o 0x40200000 build/aarch64/virtio-iommu.debug'\n") in tree.out


def test_each_machine_says_where_the_image_goes(tree: Tree) -> None:
    from runner.operate.vmm.qemu import read_machine
    for arch in set(architecture.described_for("qemu")) - {"x86_64"}:
        assert read_machine(arch).load_address % 0x200000 == 0 < read_machine(arch).load_address


@pytest.mark.parametrize("arguments, text", (
    (("one", "DEV-ATTACH-*"), "--gdb: name one test; 4 are selected"),
    (("up", NAME), "it is UEFI firmware that chooses where the image goes"),
))
def test_refusals(tree: Tree, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], text: str) -> None:
    monkeypatch.setenv("UEFI_FIRMWARE_X86_64", str(tree.write("firmware.fd", "")))
    tree.write("unittests.cfg", "[one]\nendpoints = blk\n[up]\nendpoints = blk\nfirmware = uefi\n")
    assert tree.run("--gdb", *arguments) == 2
    assert tree.err.count("\n") == 1 and text in tree.err
    assert "-append" not in (tree.root / "starts").read_text() if (tree.root / "starts").exists() else True


def test_adapter_that_cannot(tree: Tree) -> None:
    class Vmm:
        name = "tiny"
    with pytest.raises(gdb.UsageError, match="--gdb: the adapter of tiny cannot start it stopped"):
        gdb.stoppable(Vmm())            # type: ignore[arg-type]


def test_path_that_is_too_long(tree: Tree) -> None:
    long = tree.root / ("x" * 120)
    assert tree.run("--gdb", "--output", str(long), NAME) == 2
    assert "gdb.sock: is too long for a socket: say --output DIR" in tree.err
