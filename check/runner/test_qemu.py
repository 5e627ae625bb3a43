# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's command lines."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import TOP, Tree, mock_at
from runner.operate.vmm import CannotProvide, find_adapter
from runner.operate.vmm.qemu import read_machine, release_of
from runner.plan.architecture import names
from runner.plan.config import Region, Setup, endpoints, read_runs
from runner.plan.errors import NothingToRun, UsageError


def vmm(tree: Tree, arch: str = "x86_64", version: str = "10.0.2", accel: str = "tcg"):
    adapter = find_adapter("qemu", arch, str(tree.root / "bin"), accel)
    adapter.version = version
    return adapter


def command(adapter, **setup) -> list[str]:
    return adapter.command(Setup(**setup), "/image", "tests=*", "/dir")


def devices(found: list[str], driver: str) -> list[str]:
    return [text for text in found if text.split(",")[0] == driver]


def test_frame(tree: Tree) -> None:
    found = command(vmm(tree), memory=128)
    assert found[0] == str(tree.vmm) and found[-4:] == ["-kernel", "/image", "-append", "tests=*"]
    assert "q35,accel=tcg,sata=off,smbus=off" in found and "qboot.rom" in found and "128" in found
    assert "virtio-iommu-pci,addr=02.0,boot-bypass=on" in found
    found = command(vmm(tree, "aarch64"), boot_bypass=False)
    assert "virt,accel=tcg" in found and "cortex-a57" in found
    assert "virtio-iommu-pci,addr=02.0,boot-bypass=off" in found


def test_second_cpu(tree: Tree) -> None:
    assert "-smp" not in command(vmm(tree))
    found = command(vmm(tree), cpus=2)
    assert found[found.index("-smp") + 1] == "2"
    assert "cpus=2" in Setup(cpus=2).cmdline and "cpus" not in Setup().cmdline


def test_machine_reset(tree: Tree) -> None:
    assert "-no-reboot" in command(vmm(tree))
    found = command(vmm(tree), machine_reset=True)
    assert "-no-reboot" not in found and found[-1] == "tests=* machine-reset"


def test_places(tree: Tree) -> None:
    found = command(vmm(tree), endpoints=endpoints(
        "blk, rng @root-port, rng @second-root, rng @second-root, rng @pci-bridge, "
        "rng @pci-bridge, rng @outside"))
    where = [text.split(",")[2:-2] for text in devices(found, "virtio-rng-pci")]
    assert where == [["bus=port1"], ["bus=port2"], ["bus=port3"], ["bus=bridge", "addr=01.0"],
                     ["bus=bridge", "addr=02.0"], ["bus=port4"]]
    assert len(devices(found, "pxb-pcie")) == 2 and len(devices(found, "pcie-pci-bridge")) == 1
    assert "bypass_iommu=on" in devices(found, "pxb-pcie")[1]
    slots = [word for text in found for word in text.split(",")
             if word.startswith("addr=") and "bus=bridge" not in text]
    assert len(slots) == len(set(slots))


def test_functions(tree: Tree) -> None:
    """Eight functions to a device, one device behind each port, eight ports to a slot."""
    found = command(vmm(tree), endpoints=endpoints(", ".join(["blk", *["rng @function"] * 66])))
    assert [text.split("slot=")[1] for text in devices(found, "pcie-root-port")] == [
        *(f"{n + 1},bus=pcie.0,addr=04.{n},multifunction=on" for n in range(8)),
        "9,bus=pcie.0,addr=05.0,multifunction=on"]
    where = [",".join(text.split(",")[2:-2]) for text in devices(found, "virtio-rng-pci")]
    assert where[:2] == ["bus=port1,addr=00.0,multifunction=on", "bus=port1,addr=00.1,multifunction=on"]
    assert where[8] == "bus=port2,addr=00.0,multifunction=on" and where[65].startswith("bus=port9,addr=00.1")
    assert len({*where}) == 66


def test_virtio_mmio(tree: Tree) -> None:
    setup = {"endpoints": endpoints("blk, blk @outside-mmio, rng @outside-mmio")}
    found = command(vmm(tree, "aarch64"), **setup)
    assert found.count("virtio-mmio.force-legacy=false") == 1
    assert devices(found, "virtio-blk-device") == ["virtio-blk-device,drive=disk1,iommu_platform=on"]
    assert len(devices(found, "virtio-rng-device")) == 1
    with pytest.raises(CannotProvide, match="no virtio-mmio"):
        command(vmm(tree), **setup)
    found = command(vmm(tree, "aarch64"), transport="mmio")
    assert found[found.index("-dtb") + 1] == "/dir/machine.dtb"
    assert "virtio-iommu-device" in " ".join(found) and "virtio-iommu-pci" not in " ".join(found)
    with pytest.raises(CannotProvide, match="behind the IOMMU"):
        command(vmm(tree, "aarch64"), endpoints=endpoints("blk @mmio"))


def test_kinds(tree: Tree) -> None:
    found = command(vmm(tree), endpoints=endpoints("blk, rng, net, console, edu"))
    for driver in ("virtio-blk-pci", "virtio-rng-pci", "virtio-net-pci", "virtio-serial-pci"):
        assert "iommu_platform=on,disable-legacy=on" in devices(found, driver)[0]
    assert devices(found, "edu") == ["edu,bus=pcie.0,addr=07.0,dma_mask=0xffffffffffffffff"]


def test_console_has_files(tree: Tree) -> None:
    """One that it hears, one for what it says; a comma in the path is no end of it."""
    adapter = vmm(tree)
    adapter.prepare(Setup(endpoints=endpoints("blk, console")), str(tree.root))
    heard = (tree.root / "console1.in").read_bytes()
    assert len(heard) == 1 << 18 and min(heard) == 0x80 and not (tree.root / "console0.in").exists()
    assert (tree.root / "console1.out").read_bytes() == b""
    found = adapter.command(Setup(endpoints=endpoints("console")), "i", "", "/a,b")
    assert "pipe,id=port0,path=/a,,b/console0" in found


def test_files(tree: Tree) -> None:
    adapter = vmm(tree)
    adapter.prepare(Setup(endpoints=endpoints("blk, rng, blk")), str(tree.root))
    assert [os.path.getsize(tree.root / f"disk{n}.img") for n in (0, 2)] == [65536, 65536]
    assert not (tree.root / "disk1.img").exists()
    found = adapter.command(Setup(endpoints=endpoints("blk")), "i", "", "/a,b")
    assert any("filename=/a,,b/disk0.img," in word for word in found)


def test_options_by_version(tree: Tree) -> None:
    new, old = vmm(tree), vmm(tree, version="7.2.22")
    assert ",granule=16k,aw-bits=40" in devices(
        command(new, granule="16k", address_width=40), "virtio-iommu-pci")[0]
    missing: tuple[tuple[dict[str, Any], str], ...] = (
        ({"granule": "4k", "address_width": 40}, "granule and aw-bits"),
        ({"in_order": True}, "in_order"))
    for setup, text in missing:
        with pytest.raises(CannotProvide, match=text):
            command(old, **setup)
    rings = {"packed": True, "event_idx": False, "indirect": True, "in_order": False}
    assert devices(command(new, **rings), "virtio-iommu-pci")[0].endswith(
        ",packed=on,event_idx=off,indirect_desc=on,in_order=off")
    assert devices(command(old, **rings), "virtio-iommu-pci")[0].endswith(",indirect_desc=on")


def test_reserved_regions(tree: Tree) -> None:
    regions = (Region(0x1000, 0x1fff, "reserved"), Region(0x2000, 0x2fff, "msi"))
    with pytest.raises(CannotProvide, match="q35"):
        command(vmm(tree), reserved_regions=regions)
    found = command(vmm(tree, "aarch64", "7.2.22"), reserved_regions=regions)
    assert "virt,accel=tcg,gic-version=3,its=off" in found
    assert devices(found, "virtio-iommu-pci")[0].endswith(
        "len-reserved-regions=2,reserved-regions[0]=0x1000:0x1fff:0,"
        "reserved-regions[1]=0x2000:0x2fff:1")
    found = command(vmm(tree, "aarch64"), reserved_regions=regions, address_width=48)
    device = json.loads(next(word for word in found if word.startswith("{")))
    assert device == {"driver": "virtio-iommu-pci", "addr": "02.0", "boot-bypass": True,
                      "aw-bits": 48,
                      "reserved-regions": ["0x1000:0x1fff:0", "0x2000:0x2fff:1"]}


@pytest.mark.parametrize("doorbell, version", (("gicv2m", 2), ("its", 3)))
def test_interrupts(tree: Tree, doorbell: str, version: int) -> None:
    assert (f"virt,accel=tcg,gic-version={version}"
            in command(vmm(tree, "aarch64"), interrupts=doorbell))
    with pytest.raises(CannotProvide, match="q35 machine has no doorbell"):
        command(vmm(tree), interrupts=doorbell)


@pytest.mark.parametrize("arch, words", (
    ("x86_64", ["q35,accel=kvm,sata=off,smbus=off"]),
    ("aarch64", ["virt,accel=kvm,gic-version=max", "host"])))
def test_kvm(tree: Tree, arch: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other:
        other.setattr(os, "uname", lambda: SimpleNamespace(machine="mips"))
        with pytest.raises(UsageError, match=f"needs an {arch} host"):
            vmm(tree, arch, accel="kvm")
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=arch))
    assert set(words) <= set(command(vmm(tree, arch, accel="kvm")))


def test_runs_of_this_tree(tree: Tree) -> None:
    """unittests.cfg as delivered, on the oldest version: each run has a command or a reason."""
    for run in read_runs(str(TOP / "unittests.cfg")):
        for arch in set(run.arch) - {"host"}:
            try:
                assert command(vmm(tree, arch, "7.2.22"), **vars(run.setup))
            except CannotProvide as reason:
                assert str(reason)


def test_version_with_the_device(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older QEMUs, and none, are no fault of the call, which says what would do; a wrong path is one."""
    old = next(name for name in names() if name != "host" and read_machine(name).since)
    program = tree.root / f"bin/qemu-system-{old}"
    mock = program.read_text()
    program.unlink()
    with pytest.raises(NothingToRun, match=f"not there .* virtio-iommu on {old} from 10.0 on"):
        vmm(tree, old)
    with pytest.raises(UsageError, match="is in package"):
        find_adapter("qemu", old, "/nonexistent", "tcg")
    tree.write(f"bin/{program.name}", mock).chmod(0o755)
    for version, status in (("9.2.4", 3), ("10.0.2", 0), ("11.1", 0)):
        monkeypatch.setenv("MOCK_VERSION", version)
        assert tree.run("--arch", old, "--vmm-version") == status, tree.err
        assert (tree.err if status else tree.out).count("\n") == 1
        assert tree.out == ("" if status else f"qemu {version}\n")


def test_places_that_a_machine_lacks(tree: Tree) -> None:
    for place in ("second-root", "outside"):
        with pytest.raises(CannotProvide, match="virt machine has no pxb-pcie"):
            command(vmm(tree, "riscv64"), endpoints=endpoints(f"blk @{place}"))
    found = command(vmm(tree, "riscv64"), endpoints=endpoints("blk @root-port"), transport="mmio")
    assert "virt,accel=tcg,aia=aplic-imsic" in found and "-cpu" not in found and "-dtb" in found


def test_all_architectures_at_once(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """scripts/run-all leaves out, with a reason, what no QEMU that is there can do."""
    tree.copy_runner()
    for name in ("run_tests.sh", "scripts/run-all"):
        shutil.copy(TOP / name, tree.root / name)
    monkeypatch.setenv("PATH", f"{tree.root}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("MOCK_SCENARIO", "good")
    tree.write("expectations/qemu", "[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = x\n"
                                    "[DEV-FEAT-1/a_warn]\nverdict = warn\nreason = x\n")
    done = subprocess.run([tree.root / "scripts/run-all", "riscv64", "x86_64"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("left out: riscv64: ") and " is 7.2.22; QEMU has a virtio-iommu" in lines[0]
    assert "== x86_64" in lines and "== riscv64" not in lines
    (tree.root / "expectations/qemu").unlink()
    done = subprocess.run([tree.root / "scripts/run-all", "x86_64", "riscv64"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 1 and "left out: riscv64" in done.stdout


def test_one_program_for_all_architectures(tree: Tree) -> None:
    """What it does not emulate is left out; where that leaves nothing, the exit status says so."""
    tree.copy_runner()
    for name in ("run_tests.sh", "scripts/run-all"):
        shutil.copy(TOP / name, tree.root / name)
    mock_at(tree, "mine", "case \"$*\" in *-qmp*) echo '{\"arch\": \"x86_64\"}'; exit;; esac\n")
    for arches, status in ((("aarch64", "x86_64"), 1), (("aarch64",), 3)):
        done = subprocess.run([tree.root / "scripts/run-all", "--vmm-path", tree.root / "bin/mine", *arches],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == status, done.stdout
        assert "left out: aarch64: --arch aarch64: " in done.stdout
        assert ("== x86_64\n" in done.stdout) == ("x86_64" in arches) and "== aarch64" not in done.stdout


@pytest.mark.parametrize("version, release", (
    ("7.2.22", "7.2.22"), ("10.0.50", "10.1"), ("10.1.92", "10.2"), ("10.2.50", "11.0"), ("11.1", "11.1"),
))
def test_development_versions_count_as_the_next_release(version: str, release: str) -> None:
    assert release_of(version) == release


def test_development_version_of_a_program(tree: Tree) -> None:
    mock_at(tree, "qemu-system-x86_64",
            '[ "$1" = --version ] && exec echo "QEMU emulator version 10.2.50 (v10)"\n')
    tree.write("expectations/qemu", "[d]\ntests = DEV-ATTACH-3/some_fail\nverdict = fail\nwhere = >=11.0\n"
                                    "reason = r\n")
    assert tree.run("one") == 0
    assert tree.results()["vmm"]["version"] == "11.0" and "10.2.50" in tree.results()["vmm"]["detail"]


@pytest.mark.parametrize("says, status", (
    ('{"return": {"arch": "aarch64"}}', 2), ('{"return": {"arch": "x86_64"}}', 0), ("no idea", 0)))
def test_program_of_another_architecture(tree: Tree, says: str, status: int) -> None:
    """One whose name does not tell is asked; an odd wrapper may not answer."""
    mock_at(tree, "mine", f"case \"$*\" in *-qmp*) echo '{says}'; exit;; esac\n")
    path = str(tree.root / "bin/mine")
    assert tree.run("--vmm-path", path, "one", "DEV-ATTACH-1") == status
    assert (f"--arch x86_64: {path} is a QEMU for aarch64" in tree.err) == (status == 2)
    assert "DEV-ATTACH-1/first_test" not in tree.out or status == 0


def test_another_program(tree: Tree) -> None:
    tree.write("bin/mine", "#!/bin/sh\necho some tool, version 1.2.3\n").chmod(0o755)
    assert tree.run("--vmm-path", str(tree.root / "bin/mine")) == 2
    assert "no version in 'some tool, version 1.2.3': is it this VMM?" in tree.err


DONE = '{"return": {}}'


@pytest.mark.parametrize("says, aio", (
    (f"{DONE}\\n{DONE}\\n{DONE}", "io_uring"),
    (f'{DONE}\\n{{"error": {{"desc": "Parameter aio does not accept value io_uring"}}}}\\n{DONE}', "threads"),
    ("no idea", "threads")))
def test_disks_are_read_by_what_there_is(tree: Tree, says: str, aio: str) -> None:
    mock_at(tree, "qemu-system-x86_64", f"case \"$*\" in *-qmp*) printf '{says}\\n'; exit;; esac\n")
    assert tree.run("one", "DEV-ATTACH-1") == 0
    assert f"cache.no-flush=on,aio={aio} " in tree.results()["runs"][0]["command"]
