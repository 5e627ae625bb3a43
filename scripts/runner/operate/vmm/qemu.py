# SPDX-License-Identifier: BSD-3-Clause
"""QEMU. What it has for an architecture is in section [qemu] of that arch.ini: class Machine."""
from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

from ...plan import architecture
from ...plan.config import FIRMWARE, INTERRUPTS, Endpoint, Region, Setup
from ...plan.errors import NothingToRun, UsageError
from ...plan.ini import Parsers
from . import CannotProvide, ask_version, disk, fill, find_program, make_disks
from ._fdt import add_properties, cells
from ._operated import CannotHappen, OperatedMachine
from ._qmp import Monitor
from ._uefi import find_uefi

VIRTIO = "iommu_platform=on,disable-legacy=on"
MODERN_MMIO = ["-global", "virtio-mmio.force-legacy=false"]
IOMMU_PHANDLE = 0x76696f                    # of no other node
REGION_TYPES = {"reserved": 0, "msi": 1}
SECOND_ROOT_BUS, OUTSIDE_BUS = 16, 32
SLOW_PER_SECOND = 40                        # requests
CONSOLE_INPUT = 1 << 18                     # bytes, more than the tests of a run take


@dataclass(frozen=True)
class Machine:
    """Options are of -machine, comma-separated. None: the machine has no such thing."""
    package: str
    machine: str
    since: tuple[int, ...] = ()                 # the first version with a virtio-iommu there
    options: str = ""                           # always
    kvm: str = ""                               # with KVM
    cpu: Optional[str] = None                   # the host's with KVM; None: the default
    arguments: tuple[str, ...] = ()
    quick_firmware: Optional[str] = None        # for set-ups with one root complex
    uefi: Optional[str] = None                  # takes the firmware as "flash" or "rom"
    seabios: Optional[str] = None               # files of QEMU
    qboot: Optional[str] = None
    reserved_regions: str = ""                  # for regions of the set-up
    interrupts: tuple[tuple[str, str], ...] = ()
    load_address: int = 0                       # of an image that is linked to 0
    first_virtio_mmio: Optional[str] = None     # nodes of the device tree
    pci_host: str = ""
    no_reserved_regions: str = ""               # why not
    no_second_root: str = ""
    no_outside: str = ""
    bypassing_root: str = ""                    # the first root complex is not behind the IOMMU
    no_others_then: str = ""                    # why no other one can be, then
    native_hotplug: tuple[str, ...] = ()        # arguments that leave hot-plug to the guest

    def cannot(self, what: str) -> CannotProvide:
        return CannotProvide(f"QEMU's {self.machine} machine {what}")

    def check_places(self, places: Collection[str]) -> None:
        for place, reason in (("second-root", self.no_second_root), ("outside", self.no_outside)):
            if reason and place in places:
                raise self.cannot(reason)
        if "outside-root" in places and not self.bypassing_root:
            raise self.cannot("has no first root complex that bypasses the IOMMU")
        if {"outside-root", "second-root"} <= set(places) and self.no_others_then:
            raise self.cannot(self.no_others_then)

    def iommu_on_mmio(self) -> dict[str, dict[str, bytes]]:
        """Return properties that describe a virtio-iommu in the first slot, before all of PCI."""
        assert self.first_virtio_mmio
        return {self.first_virtio_mmio: {"#iommu-cells": cells(1), "phandle": cells(IOMMU_PHANDLE)},
                self.pci_host: {"iommu-map": cells(0, IOMMU_PHANDLE, 0, 0x10000)}}


DOORBELLS = {f"interrupts-{name}": name for name in INTERRUPTS}
TEXTS = ("package", "machine", "options", "kvm", "cpu", "quick-firmware", *FIRMWARE,
         "reserved-regions", "first-virtio-mmio", "pci-host", "no-reserved-regions",
         "no-second-root", "no-outside", "bypassing-root", "no-others-then")
MACHINE_KEYS: Parsers = {**{key: str for key in (*TEXTS, *DOORBELLS)},
                         "load-address": lambda value: int(value, 16),
                         **{key: lambda value: tuple(shlex.split(value))
                            for key in ("arguments", "native-hotplug")},
                         "since": lambda value: tuple(map(int, value.split(".")))}


def read_machine(arch: str) -> Machine:
    values = architecture.named(arch).of_vmm("qemu", MACHINE_KEYS, ("package", "machine"))
    doorbells = tuple((name, values.pop(key)) for key, name in DOORBELLS.items() if key in values)
    return Machine(**{key.replace("-", "_"): value for key, value in values.items()},
                   interrupts=doorbells)


def release_of(version: str) -> str:
    """
    Return the release that a development version or a candidate is on the way to: x.y.50 and more. A
    year's releases are x.0, x.1 and x.2.
    """
    numbers = [*map(int, version.split(".")), 0, 0][:3]
    if numbers[2] < 50:
        return version
    major, minor = numbers[0], numbers[1] + 1
    return f"{major}.{minor}" if minor <= 2 else f"{major + 1}.0"


def ask_monitor(binary: str, command: str, **arguments: object) -> str:
    """Return what a QEMU without a machine answers at its monitor, to one command; nothing if it does not."""
    asked: list[dict[str, object]] = [{"execute": "qmp_capabilities"},
                                      {"execute": command, "arguments": arguments}, {"execute": "quit"}]
    try:
        done = subprocess.run([binary, "-machine", "none", "-nodefaults", "-display", "none",
                               "-qmp", "stdio"], input="\n".join(map(json.dumps, asked)),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=30)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def ask_target(binary: str) -> str:
    """Return the architecture of the machines that a QEMU emulates; nothing if it does not say."""
    match = re.search(r'"arch": "(\w+)"', ask_monitor(binary, "query-target"))
    return match[1] if match else ""


@lru_cache
def has_io_uring(binary: str) -> bool:
    """Return whether this QEMU opens files by io_uring here: it may lack that, and so may the kernel."""
    answers = ask_monitor(binary, "blockdev-add", driver="file", aio="io_uring", filename=__file__,
                          **{"node-name": "disk", "read-only": True})
    return answers.count('"return"') == 3 and '"error"' not in answers


class Vmm:
    name, title = "qemu", "qemu"
    firmware = FIRMWARE
    further_endpoints = (Endpoint("rng", "function"),) * 254

    @classmethod
    def arches(cls) -> tuple[str, ...]:
        return architecture.described_for(cls.name)

    def __init__(self, arch: str, path: Optional[str], accel: Optional[str]) -> None:
        self.arch, self.machine, self.accel = arch, read_machine(arch), accel or "tcg"
        try:
            self.binary = find_program(f"qemu-system-{arch}", path, self.machine.package)
        except UsageError as error:
            named = path and not os.path.isdir(path)
            raise self._too_old(str(error)) if self.machine.since and not named else error
        self.version = self.detail = ""
        self._others = {name: shlex.split(value)
                        for name, value in architecture.named(arch).table("qemu-iommus").items()}
        if self.accel == "kvm" and not (os.uname().machine == arch
                                   and os.access("/dev/kvm", os.R_OK | os.W_OK)):
            raise UsageError(f"--accel kvm: needs an {arch} host and access to /dev/kvm")

    def identify(self) -> None:
        version, self.detail = ask_version(self.binary, before="QEMU emulator version ")
        self.version = release_of(version)
        self._require_target()
        if not self.at_least(*self.machine.since):
            raise self._too_old(f"{self.binary} is {self.version}")

    def _require_target(self) -> None:
        """Raise UsageError for a QEMU of another architecture: its name tells in most cases, else it does."""
        if os.path.basename(self.binary) == f"qemu-system-{self.arch}":
            return
        target = ask_target(self.binary)
        if target not in ("", self.arch):
            raise UsageError(f"--arch {self.arch}: {self.binary} is a QEMU for {target}")

    def _too_old(self, what: str) -> NothingToRun:
        """Make an error that is no fault of the call: distributions go on with older ones for years."""
        since = ".".join(map(str, self.machine.since))
        return NothingToRun(f"{what}; QEMU has a virtio-iommu on {self.arch} from {since} on")

    @property
    def iommus(self) -> dict[str, str]:
        return {"virtio": "virtio", **{name: words[0] for name, words in self._others.items()}}

    @property
    def counts_instructions(self) -> bool:
        return self.accel == "tcg"

    def at_least(self, *version: int) -> bool:
        return tuple(map(int, self.version.split("."))) >= version

    def prepare(self, setup: Setup, directory: str) -> None:
        make_disks(setup, directory)
        make_pipes(setup, directory)
        if setup.transport == "mmio" and not os.path.exists(tree(directory)):
            self._describe(setup, tree(directory))

    def _describe(self, setup: Setup, path: str) -> None:
        """Write a tree with a virtio-iommu on virtio-mmio: QEMU has one, but describes none."""
        where, options, *others = self._machine(setup)
        try:
            subprocess.run([self.binary, where, f"{options},dumpdtb={path}", *others, "-m",
                            str(setup.memory), "-nodefaults", "-display", "none", *MODERN_MMIO],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)
            with open(path, "rb") as file:
                blob = add_properties(file.read(), self.machine.iommu_on_mmio())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise UsageError(f"{self.binary}: device tree of the machine: {error}") from None
        with open(path, "wb") as file:
            file.write(blob)

    def command(self, setup: Setup, image: str, cmdline: str, directory: str) -> list[str]:
        places = {endpoint.place for endpoint in setup.endpoints}
        self.machine.check_places(places)
        on_mmio, outside_mmio = setup.transport == "mmio", "outside-mmio" in places
        if not self.machine.first_virtio_mmio and (on_mmio or outside_mmio):
            raise self.machine.cannot("has no virtio-mmio")
        mmio = MODERN_MMIO if on_mmio or outside_mmio else []
        dtb = ["-dtb", tree(directory)] if on_mmio else []
        buses = Buses()
        aio = "io_uring" if setup.quick_disks and has_io_uring(self.binary) else "threads"
        devices: list[str] = []
        for number, endpoint in enumerate(setup.endpoints):
            words = device(number, endpoint, buses.place(endpoint), directory, aio)
            devices += words[:-2] if endpoint.place == "slot" else words
        # A reset that nobody asked for, after a triple fault, ends QEMU.
        no_reset = [] if setup.machine_reset else ["-no-reboot"]
        allowed = " machine-reset" if setup.machine_reset else ""
        return [self.binary, *self._machine(setup), *mmio, *dtb, "-m", str(setup.memory),
                *smp(setup), *self._clock(setup),
                "-nodefaults", "-no-user-config", *no_reset, "-display", "none",
                "-monitor", "none", "-chardev", "stdio,signal=off,id=con", "-serial", "chardev:con",
                *self._behind(setup), *self._slots(places), *buses.bridges, *devices,
                "-kernel", image, "-append", cmdline + allowed]

    def stopped(self, command: list[str], socket: str) -> list[str]:
        return [*command, "-S", "-gdb", f"unix:{socket.replace(',', ',,')},server=on,wait=off"]

    def controlled(self, command: list[str], channel: int) -> list[str]:
        return [*command, "-chardev", f"socket,id=control,fd={channel}", "-qmp", "chardev:control"]

    def migrate(self, machine: OperatedMachine, setup: Setup, directory: str) -> None:
        """By a file, as the disks are locked by one process."""
        state = shlex.quote(os.path.join(directory, "machine.state"))
        devices = slots(setup, directory)
        plugged = [word for slot in sorted(machine.plugged) for word in ("-device", devices[slot])]
        Monitor(machine).save(f"exec:cat > {state}")
        machine.move(*plugged, "-incoming", f"exec:cat {state}")
        Monitor(machine).load()

    def reset(self, machine: OperatedMachine, _: Setup, __: str) -> None:
        Monitor(machine).reset("shutdown" if "-no-reboot" in machine.command else "reset")

    def plug(self, machine: OperatedMachine, setup: Setup, directory: str, slot: int) -> None:
        devices = slots(setup, directory)
        if slot not in devices:
            raise CannotHappen(f"the set-up has no device for slot {slot}")
        if slot in machine.plugged:
            raise CannotHappen(f"slot {slot} has its device")
        Monitor(machine).command(f"device_add {devices[slot]}")
        machine.plugged.add(slot)

    def pull(self, machine: OperatedMachine, _: Setup, __: str, slot: int) -> None:
        """Press the attention button of the slot. The device goes when the guest has switched it off."""
        if slot not in machine.plugged:
            raise CannotHappen(f"slot {slot} is empty")
        Monitor(machine).execute("device_del", id=slot_name(slot))

    def pulled(self, machine: OperatedMachine, _: Setup, __: str, slot: int) -> None:
        Monitor(machine).wait_for("DEVICE_DELETED", slot_name(slot))
        machine.plugged.remove(slot)

    def load_address(self, setup: Setup) -> int:
        if setup.firmware == "uefi":
            raise UsageError("--gdb: it is UEFI firmware that chooses where the image goes: take another run")
        return self.machine.load_address

    def _slots(self, places: Collection[str]) -> tuple[str, ...]:
        return self.machine.native_hotplug if "slot" in places else ()

    def _machine(self, setup: Setup) -> list[str]:
        bypassing = any(endpoint.place == "outside-root" for endpoint in setup.endpoints)
        options = [self.machine.machine, f"accel={self.accel}", self.machine.options,
                   self._interrupts(setup), self.machine.bypassing_root if bypassing else ""]
        cpu = "host" if self.machine.cpu and self.accel == "kvm" else self.machine.cpu
        return ["-machine", ",".join(filter(None, options)), *(["-cpu", cpu] if cpu else []),
                *self._firmware(setup), *self.machine.arguments]

    def _interrupts(self, setup: Setup) -> str:
        doorbells = dict(self.machine.interrupts)
        if setup.interrupts and setup.interrupts not in doorbells:
            raise self.machine.cannot(f"has no doorbell {setup.interrupts}")
        if setup.reserved_regions and self.machine.reserved_regions:
            if setup.interrupts:
                raise self.machine.cannot("has no choice of doorbells beside reserved regions")
            return self.machine.reserved_regions
        if setup.interrupts:
            return doorbells[setup.interrupts]
        return self.machine.kvm if self.accel == "kvm" else ""

    def _firmware(self, setup: Setup) -> list[str]:
        """
        Return options for firmware: qboot, which is quick, unless there is a second root complex. It
        leaves buses unnumbered, and QEMU then writes a VIOT in which the range of that one is wrong.
        """
        if setup.firmware:
            return self._named_firmware(setup.firmware)
        more_roots = {"second-root", "outside"} & {endpoint.place for endpoint in setup.endpoints}
        quick = self.machine.quick_firmware
        return [] if more_roots or not quick else ["-bios", quick]

    def _named_firmware(self, name: str) -> list[str]:
        """
        Return options for a firmware. As ROM, that of a PC would look for a disk to keep its variables
        on, and wait for ever for one that the IOMMU blocks.
        """
        how: Optional[str] = getattr(self.machine, name)
        if not how:
            raise self.machine.cannot(f"has no {name}")
        if name != "uefi":
            return ["-bios", how]
        path = find_uefi(self.arch)
        return in_flash(path) if how == "flash" else ["-bios", path]

    def _clock(self, setup: Setup) -> list[str]:
        """
        Return options that count time in instructions where that is asked for; also, about 1 us each, where
        all devices are edu: it waits 100 ms of virtual time, which then need not be sat out.
        """
        if setup.instructions:
            return ["-icount", "shift=0"]
        alone = setup.endpoints and all(endpoint.kind == "edu" for endpoint in setup.endpoints)
        if alone and self.accel != "tcg" and len(setup.endpoints) > 1:
            raise CannotProvide(f"with {self.accel} each of thousands of transfers takes 100 ms")
        return ["-icount", "shift=10,sleep=off"] if alone and self.accel == "tcg" else []

    def _behind(self, setup: Setup) -> list[str]:
        """Return options for the IOMMU of the set-up, whichever it is."""
        if setup.iommu == "virtio":
            return ["-device", self._iommu(setup)]
        return self._others[setup.iommu][1:]

    def _iommu(self, setup: Setup) -> str:
        options = {"addr": "02.0", "boot-bypass": switch(setup.boot_bypass is not False),
                   **self._sizes(setup), **self._rings(setup)}
        if setup.transport == "mmio":
            options = {**options, "bus": "virtio-mmio-bus.0", "primary-bus": "pcie.0"}
            del options["addr"]
            return ",".join(["virtio-iommu-device", *(f"{k}={v}" for k, v in options.items())])
        if not setup.reserved_regions:
            return ",".join(["virtio-iommu-pci", *(f"{k}={v}" for k, v in options.items())])
        if self.machine.no_reserved_regions:
            raise self.machine.cannot(self.machine.no_reserved_regions)
        regions = [region_value(region) for region in setup.reserved_regions]
        if self.at_least(8, 2):
            return json_device(options, regions)
        options["len-reserved-regions"] = str(len(regions))
        options.update({f"reserved-regions[{n}]": value for n, value in enumerate(regions)})
        return ",".join(["virtio-iommu-pci", *(f"{k}={v}" for k, v in options.items())])

    def _sizes(self, setup: Setup) -> dict[str, str]:
        options = {}
        if setup.granule:
            options["granule"] = setup.granule
        if setup.address_width:
            options["aw-bits"] = str(setup.address_width)
        if options and not self.at_least(9, 0):
            raise CannotProvide(f"QEMU {self.version} has no option {' and '.join(options)}"
                                " (from 9.0)")
        return options

    def _rings(self, setup: Setup) -> dict[str, str]:
        wanted = {"packed": setup.packed, "event_idx": setup.event_idx,
                  "indirect_desc": setup.indirect, "in_order": setup.in_order,
                  "queue_reset": setup.ring_reset}
        if setup.in_order and not self.at_least(10, 0):
            raise CannotProvide(f"QEMU {self.version} has no option in_order (from 10.0)")
        if setup.notification_data:
            raise CannotProvide("QEMU's virtio-iommu does not offer NOTIFICATION_DATA")
        if not self.at_least(10, 0):
            del wanted["in_order"]
        return {key: switch(value) for key, value in wanted.items() if value is not None}


def in_flash(path: str) -> list[str]:
    path = path.replace(",", ",,")
    return ["-blockdev", f"driver=file,node-name=firmware,filename={path},read-only=on",
            "-machine", "pflash0=firmware"]


def switch(value: bool) -> str:
    return "on" if value else "off"


def region_value(region: Region) -> str:
    return f"{region.first:#x}:{region.last:#x}:{REGION_TYPES[region.kind]}"


def json_device(options: dict[str, str], regions: list[str]) -> str:
    """Return the device as JSON: from 8.2 on lists have no other spelling. JSON wants real types."""
    types = {"on": True, "off": False}
    typed = {key: types.get(value, int(value) if value.isdecimal() else value)
             for key, value in options.items()}
    return json.dumps({"driver": "virtio-iommu-pci", **typed, "reserved-regions": regions})


def tree(directory: str) -> str:
    return os.path.join(directory, "machine.dtb")


def pipe(directory: str, number: int) -> str:
    """Return PATH: what endpoint `number`, a console, hears is in PATH.in; what it says goes to PATH.out."""
    return os.path.join(directory, f"console{number}")


def make_pipes(setup: Setup, directory: str) -> None:
    """Make files, which do as pipes and have something to say at any time. No byte is one of a canary."""
    for number, endpoint in enumerate(setup.endpoints):
        if endpoint.kind == "console":
            fill(pipe(directory, number) + ".in", bytes(range(0x80, 0x100)) * (CONSOLE_INPUT // 0x80))
            fill(pipe(directory, number) + ".out", b"")


class Buses:
    """Where an endpoint plugs in; adds the bridges on the way when they are first needed."""

    def __init__(self) -> None:
        self.bridges: list[str] = []
        self._root_slot = 2             # 0 is the host bridge's, 2 the IOMMU's
        self._bridge_slot = 0           # 0 is taken by the bridge's hot-plug controller
        self.ports = 0                  # the number of the last one, and of its slot
        self._functions = 0             # of devices that have eight of them
        self._ports_at = self._functions_at = ""
        self._there: set[str] = set()

    def place(self, endpoint: Endpoint) -> str:
        if endpoint.place in ("root", "outside-root"):
            return self._slot()
        if endpoint.place in ("root-port", "slot"):
            return self._port(self._slot())
        if endpoint.place == "function":
            return self._function()
        if endpoint.place == "switch":
            return self._switch()
        if endpoint.place == "pci-bridge":
            self._once("bridge", "pcie-pci-bridge")
            self._bridge_slot += 1
            return f"bus=bridge,addr={self._bridge_slot:02x}.0"
        if endpoint.place == "second-root":
            self._once("second", f"pxb-pcie,bus_nr={SECOND_ROOT_BUS}")
            return self._port("bus=second")
        if endpoint.place == "segment":
            raise CannotProvide("QEMU's machines have one PCI segment")
        if endpoint.place == "outside-mmio":
            if endpoint.kind not in ("blk", "rng"):
                raise CannotProvide(f"this runner puts no {endpoint.kind} on virtio-mmio")
            return ""
        if endpoint.place == "mmio":
            raise CannotProvide("QEMU has no device on virtio-mmio behind the IOMMU")
        self._once("outside", f"pxb-pcie,bus_nr={OUTSIDE_BUS},bypass_iommu=on")
        return self._port("bus=outside")

    def _slot(self) -> str:
        self._root_slot += 1
        return f"bus=pcie.0,addr={self._root_slot:02x}.0"

    def _once(self, name: str, device: str) -> None:
        if name not in self._there:
            self._there.add(name)
            self.bridges += ["-device", f"{device},id={name},{self._slot()}"]

    def _port(self, where: str, kind: str = "pcie-root-port") -> str:
        self.ports += 1
        name = f"port{self.ports}"
        self.bridges += ["-device", f"{kind},id={name},chassis={self.ports},slot={self.ports},{where}"]
        return f"bus={name}"

    def _function(self) -> str:
        """Return the next of eight functions of a device, behind one of eight ports in a slot."""
        port, function = divmod(self._functions, 8)
        if function == 0:
            if port % 8 == 0:
                self._ports_at = self._slot()[:-2]
            where = f"{self._ports_at}.{port % 8},multifunction=on"
            self._functions_at = self._port(where)
        self._functions += 1
        return f"{self._functions_at},addr=00.{function},multifunction=on"

    def _switch(self) -> str:
        """Add a port of a switch of its own, which is behind a root port."""
        self.ports += 1
        name = f"upstream{self.ports}"
        above = self._port(self._slot())
        self.bridges += ["-device", f"x3130-upstream,id={name},{above}"]
        return self._port(f"bus={name}", "xio3130-downstream")


def slot_name(slot: int) -> str:
    return f"slot{slot}"


def slots(setup: Setup, directory: str) -> dict[int, str]:
    """Return the device option of each slot, by the number that the slot shows to the guest."""
    buses = Buses()
    devices = {}
    for number, endpoint in enumerate(setup.endpoints):
        where = buses.place(endpoint)
        if endpoint.place == "slot":
            option = device(number, endpoint, where, directory, "threads")[-1]
            devices[buses.ports] = f"{option},id={slot_name(buses.ports)}"
    return devices


def virtio(kind: str, options: str, where: str) -> str:
    """Return a device option; an empty `where` means virtio-mmio, which has no places."""
    if not where:
        return f"virtio-{kind}-device,{options},iommu_platform=on"
    return f"virtio-{kind}-pci,{options},{where},{VIRTIO}"


def disk_of(number: int, endpoint: Endpoint, where: str, directory: str, aio: str) -> list[str]:
    """Return a disk, behind a throttle if it is slow: that lets a few requests pass at once after a pause."""
    path = disk(directory, number).replace(",", ",,")
    drive, more = f"disk{number}", ""
    words = ["-blockdev", f"driver=file,node-name={drive},filename={path},"
                          f"cache.direct=off,cache.no-flush=on,aio={aio}"]
    if endpoint.slow:
        words += ["-object", f"throttle-group,id=limit{number},x-iops-total={SLOW_PER_SECOND}",
                  "-blockdev", f"driver=throttle,node-name=slow{number},throttle-group=limit{number},"
                               f"file={drive}"]
        drive = f"slow{number}"
    if endpoint.threaded:
        words += ["-object", f"iothread,id=thread{number}"]
        more = f",iothread=thread{number}"
    return [*words, "-device", virtio("blk", f"drive={drive}{more}", where)]


def smp(setup: Setup) -> list[str]:
    return ["-smp", str(setup.cpus)] if setup.cpus > 1 else []


def device(number: int, endpoint: Endpoint, where: str, directory: str, aio: str) -> list[str]:
    if endpoint.kind == "blk":
        return disk_of(number, endpoint, where, directory, aio)
    if endpoint.slow or endpoint.threaded:
        raise CannotProvide(f"QEMU has no throttle and no thread for a {endpoint.kind}")
    if endpoint.place == "slot" and endpoint.kind == "console":
        raise CannotProvide("this runner plugs no console: it is two devices")
    return ENDPOINTS[endpoint.kind](number, where, directory)


def rng(number: int, where: str, _: str) -> list[str]:
    return ["-object", f"rng-builtin,id=rng{number}",
            "-device", virtio("rng", f"rng=rng{number}", where)]


def net(number: int, where: str, _: str) -> list[str]:
    """Return a net that is cut off from the host."""
    return ["-netdev", f"user,id=net{number},restrict=on",
            "-device", virtio("net", f"netdev=net{number},romfile=", where)]


def console(number: int, where: str, directory: str) -> list[str]:
    path = pipe(directory, number).replace(",", ",,")
    return ["-device", virtio("serial", f"id=serial{number}", where),
            "-chardev", f"pipe,id=port{number},path={path}",
            "-device", f"virtconsole,bus=serial{number}.0,chardev=port{number}"]


def edu(_: int, where: str, __: str) -> list[str]:
    return ["-device", f"edu,{where},dma_mask=0xffffffffffffffff"]


ENDPOINTS = {"rng": rng, "net": net, "console": console, "edu": edu}
