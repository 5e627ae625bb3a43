# SPDX-License-Identifier: BSD-3-Clause
"""unittests.cfg: the runs. A run is a set-up that no VMM's option names show, and its tests."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional

from . import architecture
from .errors import UsageError
from .ini import Parsers, Section, parse_values, read_ini, words

KINDS = ("blk", "rng", "net", "console", "edu")        # lib/dma has a driver for each
PLACES = ("root", "root-port", "slot", "function", "switch", "second-root", "pci-bridge", "segment",
          "outside", "outside-root", "mmio", "outside-mmio")
WAYS = ("slow", "threaded")                             # of being an endpoint
TRANSPORTS = ("pci", "mmio")
INTERRUPTS = ("gicv2m", "its", "imsic")
FIRMWARE = ("uefi", "seabios", "qboot")
PRODUCTS = ("covering", "all", "none")
GRANULES = ("4k", "8k", "16k", "64k", "host")
REGION = re.compile(r"^(0x[0-9a-f]+|\d+)-(0x[0-9a-f]+|\d+) (reserved|msi)$", re.IGNORECASE)


@dataclass(frozen=True)
class Endpoint:
    kind: str
    place: str = "root"
    slow: bool = False          # an access takes tens of milliseconds
    threaded: bool = False      # in a thread of its own


@dataclass(frozen=True)
class Region:
    first: int
    last: int                   # inclusive
    kind: str                   # reserved or msi


RING_KEYS = ("packed", "indirect", "event-idx", "in-order", "notification-data", "ring-reset")


@dataclass(frozen=True)
class Setup:
    """What a VMM has to provide. None: whatever the VMM does by itself."""
    endpoints: tuple[Endpoint, ...] = ()
    firmware: Optional[str] = None          # what starts the image
    transport: str = "pci"                  # of the IOMMU itself
    boot_bypass: Optional[bool] = None
    granule: Optional[str] = None
    address_width: Optional[int] = None
    reserved_regions: tuple[Region, ...] = ()
    packed: Optional[bool] = None           # rings of the IOMMU itself
    event_idx: Optional[bool] = None
    indirect: Optional[bool] = None
    in_order: Optional[bool] = None
    interrupts: Optional[str] = None        # doorbell of messages
    notification_data: Optional[bool] = None
    ring_reset: Optional[bool] = None
    queue_size: Optional[int] = None        # of the request queue
    memory: int = 64                        # MiB
    cpus: int = 1
    machine_reset: bool = False             # the image may reset the machine, and is told so
    operator: bool = False                  # the image may ask for events, and is told so
    hostile: bool = False                   # the image may break rules, and is told so
    iommu: str = "virtio"                   # as the adapter names those that it has
    disk_size: int = 64 * 1024              # bytes
    quick_disks: bool = True                # as quick as the VMM can have them
    instructions: bool = False              # one of the guest's takes a nanosecond of its time

    @property
    def masters(self) -> int:
        """Return the number of endpoints behind the IOMMU that the image can drive from the start."""
        return sum(endpoint.place != "slot" and not endpoint.place.startswith("outside")
                   for endpoint in self.endpoints)

    @property
    def cmdline(self) -> str:
        """Return what the image has to know: how many endpoints to find, and which rings to use."""
        rings = ",".join(key for key in RING_KEYS if getattr(self, key.replace("-", "_")))
        words = [f"endpoints={self.masters}"]
        words += [f"rings={rings}"] if rings else []
        words += [f"queue-size={self.queue_size}"] if self.queue_size else []
        words += [f"cpus={self.cpus}"] if self.cpus > 1 else []
        words += ["operator"] if self.operator else []
        words += ["hostile"] if self.hostile else []
        return " ".join(words)


@dataclass(frozen=True)
class Run:
    name: str
    setup: Setup
    arch: tuple[str, ...] = field(default_factory=architecture.names)
    groups: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("*",)
    timeout: Optional[float] = None         # seconds
    default: bool = True                    # run without being asked for
    rounds: Optional[int] = None            # of random tests
    budget: Optional[int] = None            # seconds, after which no round begins, nor a longer sequence
    length: Optional[int] = None            # steps: all sequences up to it are played
    illegal: bool = False                   # some rounds have fields that cannot be
    products: str = "covering"              # which cells of a product

    def cmdline(self, said: Sequence[str] = ()) -> str:
        """Return what the image has to know, with what else it is told: rounds there count for more."""
        told = [self.setup.cmdline, *said]
        rounds_are_said = any(word.startswith("rounds=") for word in said)
        told += [f"rounds={self.rounds}"] if self.rounds and not rounds_are_said else []
        told += [f"budget={self.budget}"] if self.budget and not rounds_are_said else []
        told += [f"length={self.length}"] if self.length else []
        told += ["illegal=1"] if self.illegal else []
        told += [f"products={self.products}"] if self.products != "covering" else []
        return " ".join(told)


def one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"allowed are {', '.join(allowed)}")
    return value


def on_off(value: str) -> bool:
    return one_of(value, ("on", "off")) == "on"


def number(value: str, low: int, high: int) -> int:
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ValueError(f"allowed are {low} to {high}")
    return int(value)


def seconds(value: str) -> float:
    try:
        parsed = float(value)
    except ValueError:
        parsed = 0
    if not 0 < parsed <= 86400:
        raise ValueError("allowed are seconds above 0, up to 86400")
    return parsed


def endpoint(value: str) -> Endpoint:
    kind, _, place = (part.strip() for part in value.partition("@"))
    kind, *ways = kind.split() or [""]
    if kind not in KINDS or (place or "root") not in PLACES or not set(ways) <= set(WAYS):
        raise ValueError(f"an endpoint is KIND [WAY ...] [@PLACE], kinds are {', '.join(KINDS)}; "
                         f"ways are {', '.join(WAYS)}; places are {', '.join(PLACES)}")
    return Endpoint(kind, place or "root", **{way: True for way in ways})


def endpoints(value: str) -> tuple[Endpoint, ...]:
    if value.strip() == "none":
        return ()
    return tuple(endpoint(part) for part in value.split(","))


def region(value: str) -> Region:
    match = REGION.match(" ".join(value.split()))
    first, last = (int(match[1], 0), int(match[2], 0)) if match else (1, 0)
    if not match or first > last or last >= 1 << 64:
        raise ValueError("a region is FIRST-LAST reserved or FIRST-LAST msi, both ends included")
    return Region(first, last, match[3].lower())


def regions(value: str) -> tuple[Region, ...]:
    return tuple(region(part) for part in value.split(","))


def arches(value: str) -> tuple[str, ...]:
    """Return the architectures that are named or, with a `!` before each name, all others."""
    known = architecture.names()
    named = tuple(one_of(word.lstrip("!"), known) for word in words(value))
    others = [word for word in words(value) if word.startswith("!")]
    if others and len(others) < len(named):
        raise ValueError("either all of them have a `!` or none")
    return tuple(name for name in known if name not in named) if others else named


SETUP_KEYS: Parsers = {
    "endpoints": endpoints,
    "firmware": lambda value: one_of(value, FIRMWARE),
    "transport": lambda value: one_of(value, TRANSPORTS),
    "boot-bypass": on_off,
    "granule": lambda value: one_of(value, GRANULES),
    "address-width": lambda value: number(value, 32, 64),
    "reserved-regions": regions,
    "interrupts": lambda value: one_of(value, INTERRUPTS),
    **{key: on_off for key in RING_KEYS},
    "queue-size": lambda value: number(value, 1, 64),
    "memory": lambda value: number(value, 32, 1 << 20),
    "cpus": lambda value: number(value, 1, 2),
    "machine-reset": on_off, "operator": on_off, "hostile": on_off,
}
RUN_KEYS: Parsers = {"arch": arches, "groups": words, "tests": words, "timeout": seconds,
                     "default": on_off, "illegal": on_off, "rounds": lambda value: number(value, 1, 1 << 32),
                     "budget": lambda value: number(value, 1, 86400),
                     "length": lambda value: number(value, 1, 8),
                     "products": lambda value: one_of(value, PRODUCTS)}


def read_runs(path: str) -> list[Run]:
    runs = [_run(section) for section in read_ini(path)]
    if not runs:
        raise UsageError(f"{path}: holds no run")
    return runs


def _run(section: Section) -> Run:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", section.name):
        raise section.error("name", "allowed are lower case letters, digits, '-', '_' and '.'")
    if "endpoints" not in section.values:
        raise section.error("endpoints", "is missing; 'none' is a value")
    values = parse_values(section, {**SETUP_KEYS, **RUN_KEYS})
    setup = {key.replace("-", "_"): values.pop(key) for key in SETUP_KEYS if key in values}
    return Run(section.name, Setup(**setup), **values)
