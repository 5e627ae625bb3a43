# SPDX-License-Identifier: BSD-3-Clause
"""Events of a machine: what the image asks for, what disturbs it, and VMMs that do not survive it."""
from __future__ import annotations

import pytest
from conftest import Tree
from test_runs import GOOD, TRAP, impatient, starts  # noqa: F401

OPERATED = "[one]\nendpoints = blk, rng, rng @slot\noperator = on\n"

# scenario: verdict of the test that asks, part of its reason, starts of the VMM
OUTCOMES = {
    "migrates": ("pass", "", 2),
    "resets": ("pass", "", 1),
    "blocked": ("skip", "no 2: migrate: a device blocks it", 1),
    "dances": ("skip", "no 2: the adapter of qemu cannot dance", 1),
    "migration-fails": ("crash", "in migrate: migration failed: no space left", 2),
    "dies-saving": ("crash", "in migrate: the VMM was ended by SIGABRT; stderr: qemu: virtio-iommu: "
                             "Assertion `saved' failed.", 2),
    "dies-loading": ("crash", "in migrate: the VMM was ended by SIGABRT; stderr: qemu: virtio-iommu: "
                              "Assertion `loaded' failed.", 3),
    "deaf": ("timeout", "in migrate: no progress within {limit} s", 2),
    "plugs": ("pass", "", 1),
    "plugs-elsewhere": ("skip", "no 2: the set-up has no device for slot 7", 1),
    "plugs-twice": ("skip", "no 3: slot 1 has its device", 1),
    "plugs-what": ("skip", "no 2: a slot is a number, not 'that'", 1),
    "pulls-nothing": ("skip", "no 4: slot 1 is empty", 1),
    "slot-is-full": ("skip", "no 2: Error: Bus 'port1' is full", 1),
    "device-stays": ("timeout", "in pull: no progress within {limit} s", 2),
    "plugs-and-migrates": ("pass", "", 2),
    "pulls-and-migrates": ("pass", "", 2),
}


@pytest.mark.parametrize("scenario", OUTCOMES)
def test_event(tree: Tree, scenario: str, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """The test that asked gets what became of it, all others keep their verdicts."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    tree.write("unittests.cfg", OPERATED)
    verdict, reason, boots = OUTCOMES[scenario]
    limit = str(3 * float(limit))
    assert tree.run("--timeout", limit, "one") == 1
    assert tree.verdicts() == {**GOOD, TRAP: verdict}
    found = next(item for item in tree.results()["runs"][0]["tests"] if item["id"] == TRAP)
    assert reason.replace("{limit}", f"{float(limit):g}") in (found["reason"] or "")
    assert len(starts(tree)) == boots
    assert all(" operator" in line for line in starts(tree))


def test_process_that_takes_over(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started as the first one was, but for where its state comes from and the channel."""
    monkeypatch.setenv("MOCK_SCENARIO", "migrates")
    tree.write("unittests.cfg", OPERATED)
    tree.run("one")
    first, second = (line.split(" -chardev socket")[0] for line in starts(tree))
    state = tree.root / "build/x86_64/run/one/machine.state"
    assert second == f"{first} -incoming exec:cat {state}" and state.exists()


IN_SLOT = "virtio-rng-pci,rng=rng2,bus=port1,iommu_platform=on,disable-legacy=on,id=slot1"


def test_what_is_plugged(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the set-up has for the slot, which is there from the start without it."""
    monkeypatch.setenv("MOCK_SCENARIO", "plugs")
    tree.write("unittests.cfg", OPERATED)
    tree.run("one")
    start = starts(tree)[0]
    assert "pcie-root-port,id=port1,chassis=1,slot=1" in start and "rng-builtin,id=rng2" in start
    assert "rng=rng2" not in start and "endpoints=2 " in start
    assert "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off" in start
    log = (tree.root / "build/x86_64/run/one/stderr.log").read_text().splitlines()
    assert log == [f"device_add {IN_SLOT}", 'pulled {"id": "slot1"}', f"device_add {IN_SLOT}"]


@pytest.mark.parametrize("scenario, there", (("plugs-and-migrates", True), ("pulls-and-migrates", False)))
def test_process_that_takes_over_has_what_is_plugged(tree: Tree, monkeypatch: pytest.MonkeyPatch,
                                                     scenario: str, there: bool) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    tree.write("unittests.cfg", OPERATED)
    tree.run("one")
    assert (f"-device {IN_SLOT} -incoming" in starts(tree)[1]) == there
    assert "-incoming" in starts(tree)[1]


def test_console_in_a_slot(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk, console @slot\n")
    tree.run("one")
    assert "this runner plugs no console" in tree.out


def test_nobody_operates_without_being_asked(tree: Tree) -> None:
    tree.run("one")
    assert "ICH9" not in starts(tree)[0]
    assert "operator" not in starts(tree)[0] and "control" not in starts(tree)[0]


def test_vmm_that_cannot_be_operated(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no channel, and still there is an answer."""
    from runner.operate.vmm.qemu import Vmm
    monkeypatch.setenv("MOCK_SCENARIO", "migrates")
    monkeypatch.delattr(Vmm, "controlled")
    monkeypatch.delattr(Vmm, "migrate")
    tree.write("unittests.cfg", OPERATED)
    tree.run("one")
    found = next(item for item in tree.results()["runs"][0]["tests"] if item["id"] == TRAP)
    assert (found["verdict"], found["reason"]) == ("skip", "no 2: the adapter of qemu cannot migrate")


def test_disturbed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """No verdict is lost, and none is another one. How often it happened is told."""
    monkeypatch.setenv("MOCK_SCENARIO", "unaware")
    assert tree.run("--disturb", "migrate=20", "one") == 1
    assert tree.verdicts() == GOOD
    run = tree.results()["runs"][0]
    times = len(starts(tree)) - 1
    assert times and run["notes"] == [f"migrate: {times} times"]
    assert "--disturb migrate=20" in tree.out and tree.results()["selection"][0] == "--disturb migrate=20"


@pytest.mark.parametrize("scenario, verdict", (("dies-saving", "crash"), ("blocked", "crash")))
def test_disturbed_to_death(tree: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str, verdict: str) -> None:
    """A disturbance that the VMM refuses would leave a report that says nothing."""
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    tree.write("unittests.cfg", OPERATED)
    tree.run("--disturb", "migrate=1", "one")
    assert verdict in set(tree.verdicts().values())


@pytest.mark.parametrize("value, text", (
    ("reset=5", "allowed is an event that a guest does not notice: migrate"),
    ("migrate", "allowed are 1 to 3600000"), ("migrate=0", "allowed are 1 to 3600000"),
))
def test_wrong_disturbance(tree: Tree, value: str, text: str) -> None:
    assert tree.run("--disturb", value) == 2 and text in tree.err


def test_disturbance_that_cannot_be(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.operate.vmm.qemu import Vmm
    monkeypatch.delattr(Vmm, "migrate")
    assert tree.run("--disturb", "migrate=5") == 2
    assert "--disturb migrate=5: the adapter of qemu cannot migrate" in tree.err
