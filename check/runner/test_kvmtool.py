# SPDX-License-Identifier: BSD-3-Clause
"""kvmtool's command lines, and runs of a mock of it, on a host that is called aarch64."""
from __future__ import annotations

import os

import pytest
from conftest import Tree, mock_at
from runner.operate import vmm as adapters
from runner.operate.vmm import Adapter, CannotProvide, find_adapter
from runner.plan.config import Region, Setup, endpoints

UPSTREAM = "--rng --virtio-transport --nodefaults"
BRANCH = UPSTREAM + " --viommu"
OLD_BRANCH = "--rng --force-pci --nodefaults --viommu"


class Arm:
    """What os.uname() of an arm64 host has in common with that of this one."""
    machine = "aarch64"


def lkvm(tree: Tree, options: str) -> Tree:
    mock_at(tree, "lkvm", '[ "$1" = version ] && exec echo "kvm tool 3.18.0"\n'
                          f'[ "$2" = --help ] && exec echo " {options} "\n')
    return tree


@pytest.fixture
def kvm(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setattr(adapters, "KVM", str(tree.write("kvm", "")))
    monkeypatch.setattr(os, "uname", Arm)
    monkeypatch.setenv("MOCK_TESTS", str(tree.root / "build/aarch64/tests.tsv"))
    tree.write("unittests.cfg", "[one]\nendpoints = blk, rng\n[bridge]\nendpoints = blk @root-port\n")
    return lkvm(tree, BRANCH)


def vmm(tree: Tree) -> Adapter:
    found = find_adapter("kvmtool", "aarch64", str(tree.root / "bin"), None)
    found.identify()
    return found


def command(tree: Tree, kinds: str = "none", directory: str = "/dir", **setup) -> list[str]:
    return vmm(tree).command(Setup(endpoints(kinds), **setup), "/image", "tests=*", directory)


def behind(found: list[str], option: str) -> list[str]:
    return [found[n + 1] for n, word in enumerate(found) if word == option]


def test_frame(kvm: Tree) -> None:
    found = command(kvm, memory=128)
    assert found[:2] == [str(kvm.root / "bin/lkvm"), "run"] and "--nodefaults" in found
    assert behind(found, "--kernel") == ["/image"] and behind(found, "--params") == ["tests=*"]
    assert behind(found, "--mem") == ["128"] and behind(found, "--viommu") == ["virtio,pci"]
    assert behind(found, "--console") == ["serial"] and "--disk" not in found


def test_endpoints(kvm: Tree) -> None:
    found = command(kvm, "blk, rng, blk")
    assert behind(found, "--disk") == ["/dir/disk0.img", "/dir/disk2.img"] and "--rng" in found
    assert behind(found, "--virtio-transport") == ["pci"]
    found = command(kvm, "rng @mmio", transport="mmio")
    assert behind(found, "--viommu") == ["virtio,mmio"]
    assert behind(found, "--virtio-transport") == ["mmio"]
    vmm(kvm).prepare(Setup(endpoints("rng, blk")), str(kvm.root))
    assert os.path.getsize(kvm.root / "disk1.img") == 65536


def test_older_option(kvm: Tree) -> None:
    lkvm(kvm, OLD_BRANCH)
    assert "--force-pci" in command(kvm, "rng")
    assert not {"--force-pci", "--virtio-transport"} & set(command(kvm, "rng @mmio"))


@pytest.mark.parametrize("kinds, setup, reason", (
    ("rng, rng", {}, "at most 1 rng"), ("blk, " * 4 + "blk", {}, "at most 4 blk"),
    ("net", {}, "no net"), ("edu", {}, "no edu"), ("blk @root-port", {}, "no place root-port"),
    ("blk @outside", {}, "all behind"), ("blk, rng @mmio", {}, "on one transport"),
    ("none", {"boot_bypass": True}, "BYPASS_CONFIG"), ("none", {"granule": "4k"}, "host's page"),
    ("none", {"address_width": 39}, "input range"), ("none", {"machine_reset": True}, "is reset"),
    ("none", {"reserved_regions": (Region(0, 4095, "msi"),)}, "regions itself"),
    ("none", {"interrupts": "its"}, "doorbells"), ("none", {"in_order": True}, "no other ring"),
    ("none", {"indirect": False}, "indirect and event-idx")))
def test_what_it_cannot(kvm: Tree, kinds: str, setup: dict, reason: str) -> None:
    with pytest.raises(CannotProvide, match=reason):
        command(kvm, kinds, **setup)


def test_comma_in_path(kvm: Tree) -> None:
    assert command(kvm, "rng", "/a,b")
    with pytest.raises(CannotProvide, match="no comma in /a,b"):
        command(kvm, "blk", "/a,b")


@pytest.mark.parametrize("scenario, verdict", (
    ("good", "pass"), ("abort", "crash"), ("hang", "timeout"), ("bail_inside", "error")))
def test_runs(kvm: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str, verdict: str,
              limit: str) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    json = kvm.root / "r.json"
    status = kvm.run("--arch", "aarch64", "--vmm", "kvmtool", "--timeout", limit, "--json", str(json))
    assert status == 1, "some_fail fails in any case"
    verdicts = kvm.verdicts_of(json)
    assert verdicts["one"]["DEV-ATTACH-2/trap_here"] == verdict
    assert set(verdicts["bridge"].values()) == {"skip"}


def test_upstream(kvm: Tree) -> None:
    """There is nothing to judge, and that is what it says."""
    lkvm(kvm, UPSTREAM)
    assert kvm.run("--arch", "aarch64", "--vmm", "kvmtool") == 3
    assert "has no option --viommu" in kvm.out


def test_x86(kvm: Tree) -> None:
    assert kvm.run("--arch", "x86_64", "--vmm", "kvmtool") == 2
    assert "--arch x86_64: --vmm kvmtool has aarch64" in kvm.err
