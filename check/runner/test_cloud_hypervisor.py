# SPDX-License-Identifier: BSD-3-Clause
"""cloud-hypervisor's command lines, and runs of a mock of it."""
from __future__ import annotations

import os

import pytest
from conftest import Tree, mock_at
from runner.operate import vmm as adapters
from runner.operate.vmm import CannotProvide, cloud_hypervisor, find_adapter
from runner.plan.config import PLACES, Region, Setup, endpoints
from runner.plan.errors import UsageError

MACHINE = os.uname().machine


@pytest.fixture
def kvm(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Where KVM can be had."""
    path = tree.write("kvm", "")
    monkeypatch.setattr(adapters, "KVM", str(path))
    mock_at(tree, "cloud-hypervisor",
            '[ "$1" = --version ] && exec echo "cloud-hypervisor v53.0.0"\n')
    return tree


def vmm(tree: Tree, arch: str = MACHINE, accel: str | None = None):
    return find_adapter("cloud-hypervisor", arch, str(tree.root / "bin"), accel)


def command(tree: Tree, kinds: str = "rng", **setup) -> list[str]:
    return vmm(tree).command(Setup(endpoints(kinds), **setup), "/image", "tests=*", "/dir")


def values(found: list[str], option: str) -> list[str]:
    """What follows the option, up to the next one."""
    behind = found[found.index(option) + 1:]
    end = next((n for n, word in enumerate(behind) if word.startswith("--")), len(behind))
    return behind[:end]


def test_frame(kvm: Tree) -> None:
    found = command(kvm, memory=128)
    assert found[found.index("--kernel") - 1] == str(kvm.root / "bin/cloud-hypervisor")
    assert found[:3] == ["env", "-u", "RUST_BACKTRACE"]
    assert values(found, "--kernel") == ["/image"] and values(found, "--cmdline") == ["tests=*"]
    assert values(found, "--memory") == ["size=128M"] and values(found, "--serial") == ["tty"]
    assert values(found, "--console") == ["off"]
    assert not {"--disk", "--net", "--platform"} & set(found)


def taps(tree: Tree, monkeypatch: pytest.MonkeyPatch, capabilities: int) -> None:
    monkeypatch.setattr(cloud_hypervisor, "TUN", str(tree.write("tun", "")))
    status = tree.write("status", f"CapPrm:\t{0:016x}\nCapEff:\t{capabilities:016x}\n")
    monkeypatch.setattr(cloud_hypervisor, "STATUS", str(status))


def test_taps(kvm: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else needs them; one that cannot be made is a set-up less, and no failure."""
    taps(kvm, monkeypatch, ~(1 << 12) & (1 << 40) - 1)
    command(kvm, "blk, rng, console")
    with pytest.raises(CannotProvide, match="net needs CAP_NET_ADMIN"):
        command(kvm, "net")
    monkeypatch.setattr(os, "listxattr", lambda path: ["security.capability"])
    assert "--net" in command(kvm, "net")
    (kvm.root / "tun").unlink()
    with pytest.raises(CannotProvide, match="net needs .*tun"):
        command(kvm, "net")


def test_kinds(kvm: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    taps(kvm, monkeypatch, 1 << 12)
    found = command(kvm, "blk, rng, blk, console, net")
    assert values(found, "--disk") == [f"path=/dir/disk{n}.img,image_type=raw,iommu=on" for n in (0, 2)]
    assert values(found, "--rng") == ["src=/dev/urandom,iommu=on"]
    assert values(found, "--console") == ["null,iommu=on"]
    assert values(found, "--net") == ["tap=,mac=52:54:00:00:00:04,iommu=on"]


def test_files(kvm: Tree) -> None:
    vmm(kvm).prepare(Setup(endpoints("rng, blk")), str(kvm.root))
    assert not (kvm.root / "disk0.img").exists()
    assert os.path.getsize(kvm.root / "disk1.img") == 65536


def test_platform(kvm: Tree) -> None:
    found = command(kvm, "blk, blk @segment", address_width=39)
    assert values(found, "--platform") == [
        "num_pci_segments=2,iommu_segments=[1],iommu_address_width=39"]
    assert values(found, "--disk")[1].endswith(",iommu=on,pci_segment=1")
    assert values(command(kvm, machine_reset=True), "--cmdline") == ["tests=* machine-reset"]


@pytest.mark.parametrize("kinds, setup, reason", (
    ("edu", {}, "no edu"), ("none", {}, "without a device"), ("rng, rng", {}, "one device of --rng"),
    *((f"blk @{place}", {}, "cloud-hypervisor ") for place in PLACES if place not in ("root", "segment")),
    ("rng", {"transport": "mmio"}, "not on mmio"),
    ("rng", {"boot_bypass": True}, "bypass is 0 at power-on"), ("rng", {"granule": "16k"}, "is 4k"),
    ("rng", {"reserved_regions": (Region(0, 4095, "msi"),)}, "regions itself"),
    ("rng", {"interrupts": "its"}, "doorbell"), ("rng", {"packed": True}, "not offer packed"),
    ("rng", {"event_idx": True}, "not offer event-idx")))
def test_what_it_cannot(kvm: Tree, kinds: str, setup: dict, reason: str) -> None:
    with pytest.raises(CannotProvide, match=reason):
        command(kvm, kinds, **setup)


def test_what_it_can_by_itself(kvm: Tree) -> None:
    assert "--platform" not in command(kvm, boot_bypass=False, granule="4k", packed=False)


def test_comma_in_path(kvm: Tree) -> None:
    with pytest.raises(CannotProvide, match="no comma"):
        vmm(kvm).command(Setup(endpoints("blk")), "i", "", "/a,b")


def test_machine(kvm: Tree) -> None:
    other = "aarch64" if MACHINE == "x86_64" else "x86_64"
    for arch, accel, reason in ((other, None, "host of that"), (MACHINE, "tcg", "with KVM only")):
        with pytest.raises(UsageError, match=reason):
            vmm(kvm, arch, accel)
    assert vmm(kvm).accel == "kvm"
    (kvm.root / "kvm").unlink()
    with pytest.raises(UsageError, match="needs .*kvm, which is missing"):
        vmm(kvm)


@pytest.mark.skipif(MACHINE != "x86_64", reason="the tree's results are those of x86_64")
@pytest.mark.parametrize("scenario, verdict", (
    ("good", "pass"), ("abort", "crash"), ("hang", "timeout")))
def test_runs(kvm: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str, verdict: str,
              limit: str) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    status = kvm.run("--vmm", "cloud-hypervisor", "--timeout", limit, "one")
    data = kvm.results()
    assert data["vmm"] == {"name": "cloud-hypervisor", "version": "53.0.0",
                           "detail": "53.0.0"} and data["accel"] == "kvm"
    assert kvm.verdicts()["DEV-ATTACH-2/trap_here"] == verdict
    assert status == 1, "some_fail fails in any case"
