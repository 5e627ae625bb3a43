# SPDX-License-Identifier: BSD-3-Clause
"""crosvm's command lines, and runs of a mock of it."""
from __future__ import annotations

import os

import pytest
from conftest import Tree, mock_at
from runner.operate import vmm as adapters
from runner.operate.vmm import CannotProvide, find_adapter
from runner.plan.config import PLACES, Region, Setup, endpoints
from runner.plan.errors import UsageError

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="crosvm needs a host of that")


@pytest.fixture
def kvm(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Where KVM can be had."""
    monkeypatch.setattr(adapters, "KVM", str(tree.write("kvm", "")))
    mock_at(tree, "crosvm", '[ "$1" = version ] && exec echo "crosvm 0.1.0-abc"\n')
    tree.write("unittests.cfg", "[one]\nendpoints = none\n[disks]\nendpoints = blk\n")
    return tree


def command(tree: Tree, kinds: str = "none", words: str = "tests=*", **setup) -> list[str]:
    vmm = find_adapter("crosvm", "x86_64", str(tree.root / "bin"), None)
    return vmm.command(Setup(endpoints(kinds), **setup), "/image", words, "/dir")


def test_frame(kvm: Tree) -> None:
    found = command(kvm, memory=128)
    assert found[0] == str(kvm.root / "bin/crosvm") and found[-1] == "/image"
    assert found[found.index("--params") + 1] == "tests=*" and found[found.index("--mem") + 1] == "128"
    assert "--vfio-isolate-hotplug" in found, "else there is no virtio-iommu"


@pytest.mark.parametrize("kinds, setup, reason", (
    *((f"blk @{place}", {}, "only VFIO devices") for place in PLACES), ("rng", {}, "only VFIO"),
    ("none", {"transport": "mmio"}, "not on mmio"), ("none", {"boot_bypass": True}, "BYPASS_CONFIG"),
    ("none", {"granule": "16k"}, "host's page"), ("none", {"address_width": 39}, "input range"),
    ("none", {"reserved_regions": (Region(0, 4095, "msi"),)}, "regions itself"),
    ("none", {"interrupts": "its"}, "doorbell"), ("none", {"machine_reset": True}, "is reset"),
    ("none", {"packed": True}, "no other ring feature"), ("none", {"event_idx": False}, "event-idx")))
def test_what_it_cannot(kvm: Tree, kinds: str, setup: dict, reason: str) -> None:
    with pytest.raises(CannotProvide, match=reason):
        command(kvm, kinds, **setup)


def test_what_it_can_by_itself(kvm: Tree) -> None:
    plain = command(kvm)
    assert command(kvm, boot_bypass=False, granule="4k", packed=False, event_idx=True) == plain


def test_long_command_line(kvm: Tree) -> None:
    assert command(kvm, words="x" * 2038)
    with pytest.raises(CannotProvide, match="2038 characters, this one has 2039"):
        command(kvm, words="x" * 2039)


@pytest.mark.parametrize("scenario, verdict", (
    ("good", "pass"), ("abort", "crash"), ("hang", "timeout"), ("bail_inside", "error")))
def test_runs(kvm: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str, verdict: str,
              limit: str) -> None:
    """The text tells how it ended; what it cannot set up is skipped."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    status = kvm.run("--vmm", "crosvm", "--timeout", limit)
    data = kvm.results()
    assert data["vmm"] == {"name": "crosvm", "version": "0.1.0", "detail": "0.1.0-abc"}
    assert data["accel"] == "kvm" and kvm.verdicts()["DEV-ATTACH-2/trap_here"] == verdict
    assert set(kvm.verdicts("disks").values()) == {"skip"}
    assert status == 1, "some_fail fails in any case"


def test_each_test_has_a_boot(kvm: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged by what another test has left; what is skipped costs no boot."""
    monkeypatch.setenv("MOCK_SCENARIO", "stale")
    kvm.run("--vmm", "crosvm", "one")
    assert kvm.verdicts() == {
        "DEV-ATTACH-1/first_test": "pass", "DEV-ATTACH-2/trap_here": "pass",
        "DEV-ATTACH-3/some_fail": "fail", "DEV-ATTACH-4/other_info": "info",
        "DEV-FEAT-1/a_warn": "warn", "DEV-MAP-1/b_skip": "skip"}
    starts = (kvm.root / "starts").read_text().splitlines()
    assert len(starts) == 1 + 5 and "tests=* " in starts[0] and "tests=DEV-FEAT-1/a_warn " in starts[5]


@pytest.mark.parametrize("scenario, verdict", (("dead", "crash"), ("bail_first", "error")))
def test_nothing_starts(kvm: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str,
                        verdict: str) -> None:
    """Each test says so, after one boot."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    assert kvm.run("--vmm", "crosvm", "one") == 1
    assert set(kvm.verdicts().values()) == {verdict}
    assert len((kvm.root / "starts").read_text().splitlines()) == 1


def test_only_kvm(kvm: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kvm.root))
    with pytest.raises(UsageError, match="with KVM only"):
        find_adapter("crosvm", "x86_64", str(kvm.root / "bin"), "tcg")
    with pytest.raises(UsageError, match="crosvm not found: build it from its sources and say"):
        find_adapter("crosvm", "x86_64", None, None)
    assert kvm.run("--vmm", "crosvm", "--arch", "aarch64") == 2
    assert "--arch aarch64: --vmm crosvm has x86_64" in kvm.err
