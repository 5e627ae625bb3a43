# SPDX-License-Identifier: BSD-3-Clause
"""Runs that firmware starts: which file, by which firmware, and what is said where there is none."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import Tree
from runner.operate.vmm import CannotProvide, command_for
from runner.operate.vmm._uefi import find_uefi
from runner.operate.vmm.qemu import Vmm
from runner.plan.architecture import Architecture
from runner.plan.catalogue import Tree as Built
from runner.plan.config import Setup, read_runs
from runner.plan.errors import UsageError
from runner.write.package import runtime_files

RUN = "[boot]\nendpoints = blk\nfirmware = uefi\n"


def command(tree: Tree, arch: str, firmware: str) -> list[str]:
    adapter = Vmm(arch, str(tree.root / "bin"), None)
    adapter.version = "10.0.2"
    return command_for(adapter, Setup(firmware=firmware), Built(str(tree.root), arch), "words",
                       str(tree.root))


def uefi(tree: Tree, monkeypatch: pytest.MonkeyPatch, arch: str) -> str:
    path = tree.write(f"{arch},firmware.fd", "")
    monkeypatch.setenv(f"UEFI_FIRMWARE_{arch.upper()}", str(path))
    return str(path)


def test_x86_64_starts_another_file(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tree.build("build/x86_64/virtio-iommu.efi")
    path = uefi(tree, monkeypatch, "x86_64").replace(",", ",,")
    found = command(tree, "x86_64", "uefi")
    assert found[found.index("-kernel") + 1] == str(image)
    assert f"driver=file,node-name=firmware,filename={path},read-only=on" in found
    assert "pflash0=firmware" in found and "-bios" not in found


def test_aarch64_starts_the_same_file(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    path = uefi(tree, monkeypatch, "aarch64")
    found = command(tree, "aarch64", "uefi")
    assert found[found.index("-bios") + 1] == path
    assert found[found.index("-kernel") + 1].endswith("/virtio-iommu.Image")


def test_firmware_of_a_pc(tree: Tree) -> None:
    assert "bios-256k.bin" in command(tree, "x86_64", "seabios")
    assert "qboot.rom" in command(tree, "x86_64", "qboot")
    for firmware in ("seabios", "qboot"):
        with pytest.raises(CannotProvide, match=f"has no {firmware}"):
            command(tree, "aarch64", firmware)


def known(monkeypatch: pytest.MonkeyPatch, arch: str, places: str) -> None:
    """Firmware of this architecture is in these places, and the environment names none."""
    monkeypatch.delenv(f"UEFI_FIRMWARE_{arch.upper()}", raising=False)
    monkeypatch.setattr(Architecture, "uefi", {"package": "some-package", "places": places.split()})


def test_places_of_distributions(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = str(tree.root / "none.fd"), str(tree.write("some.fd", ""))
    known(monkeypatch, "aarch64", f"{first} {second}")
    assert find_uefi("aarch64") == second
    known(monkeypatch, "aarch64", first)
    with pytest.raises(CannotProvide, match="package some-package or set UEFI_FIRMWARE_AARCH64"):
        find_uefi("aarch64")


def test_an_architecture_without_firmware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UEFI_FIRMWARE_HOST", raising=False)
    with pytest.raises(CannotProvide, match="for host was found: set UEFI_FIRMWARE_HOST"):
        find_uefi("host")


def test_a_wrong_path_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UEFI_FIRMWARE_X86_64", "/nowhere/firmware.fd")
    with pytest.raises(UsageError, match="UEFI_FIRMWARE_X86_64: /nowhere/firmware.fd is no file"):
        find_uefi("x86_64")


def test_without_firmware_the_run_is_skipped(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "x86_64", "")
    tree.write("unittests.cfg", RUN + "[other]\nendpoints = blk\n")
    assert tree.run() == 1
    assert "boot: skipped: no UEFI firmware for x86_64 was found: install package some-package" in tree.out
    assert set(tree.verdicts("boot").values()) == {"skip"}


def test_a_vmm_that_starts_no_firmware(tree: Tree) -> None:
    adapter: Any = SimpleNamespace(name="plain")
    with pytest.raises(CannotProvide, match="the adapter of plain starts no uefi"):
        command_for(adapter, Setup(firmware="uefi"), Built(str(tree.root), "x86_64"), "", "")


def test_both_files_are_packed(tree: Tree) -> None:
    for name in ("efi", "elf"):
        tree.write(f"build/x86_64/virtio-iommu.{name}", "")
    names = runtime_files(Built(str(tree.root), "x86_64"))
    assert {f"build/x86_64/virtio-iommu.{name}" for name in ("efi", "elf")} <= set(names)
    names = runtime_files(Built(str(tree.root), "aarch64"))
    assert names.count("build/aarch64/virtio-iommu.Image") == 1


def test_unknown_firmware_is_an_error(tree: Tree) -> None:
    path = Path(tree.write("unittests.cfg", RUN.replace("uefi", "bios")))
    with pytest.raises(UsageError, match="allowed are uefi, seabios, qboot"):
        read_runs(str(path))
