# SPDX-License-Identifier: BSD-3-Clause
"""What the image found, from its comment lines at start: "# key: value"."""
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

FEATURES = {
    0: "INPUT_RANGE", 1: "DOMAIN_RANGE", 2: "MAP_UNMAP", 3: "BYPASS", 4: "PROBE", 5: "MMIO",
    6: "BYPASS_CONFIG", 24: "NOTIFY_ON_EMPTY", 27: "ANY_LAYOUT", 28: "INDIRECT_DESC",
    29: "EVENT_IDX", 32: "VERSION_1", 33: "ACCESS_PLATFORM", 34: "RING_PACKED", 35: "IN_ORDER",
    36: "ORDER_PLATFORM", 37: "SR_IOV", 38: "NOTIFICATION_DATA", 39: "NOTIF_CONFIG_DATA",
    40: "RING_RESET", 41: "ADMIN_VQ", 43: "SUSPEND",
}
BANNER = "virtio-iommu-tests "
SUBTYPES = {"0": "RESERVED", "1": "MSI"}
DEVICE = re.compile(r"(.+) features (0x[0-9a-f]+|0) accepted (0x[0-9a-f]+|0)$")
ENDPOINT = re.compile(r"(.+) id (0x[0-9a-f]+|0) (\S+)$")
RESERVED = re.compile(r"endpoint (\S+) (\S+) subtype (\d+)$")
OF_ENDPOINT = re.compile(r"endpoint (0x[0-9a-f]+|0) (.+)$")
Environment = dict[str, Any]


def bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def features(offered: int, accepted: int) -> list[dict[str, Any]]:
    """Return a row for each bit. What is accepted without an offer is a finding, and shown."""
    return [{"bit": bit, "name": FEATURES.get(bit, "unknown"), "offered": bool(offered >> bit & 1),
             "accepted": bool(accepted >> bit & 1)} for bit in bits(offered | accepted)]


def read_environment(facts: Iterable[str]) -> Environment:
    """Sort the facts by their keys; lines of another form are kept as they are, under "other"."""
    found: Environment = {"boot": None, "device": None, "queue": None, "features": [], "config": {},
                          "tables": [], "endpoints": [], "other": []}
    for fact in facts:
        if fact.startswith(BANNER):
            continue                    # is in "suite"
        key, _, value = fact.partition(": ")
        if not READERS.get(key, _other)(found, value):
            found["other"].append(fact)
    return found


def _other(_: Environment, __: str) -> bool:
    return False


def _boot(found: Environment, value: str) -> bool:
    found["boot"] = value
    return True


def _queue(found: Environment, value: str) -> bool:
    found["queue"] = value
    return True


def _device(found: Environment, value: str) -> bool:
    match = DEVICE.match(value)
    if match:
        found["device"] = match[1]
        found["features"] = features(int(match[2], 0), int(match[3], 0))
    return bool(match)


def _config(found: Environment, value: str) -> bool:
    words = value.split()
    found["config"] = dict(zip(words[::2], words[1::2]))
    return True


def _table(found: Environment, value: str) -> bool:
    found["tables"].append(value)
    return True


def _endpoint(found: Environment, value: str) -> bool:
    match = ENDPOINT.match(value)
    if match:
        found["endpoints"].append({"address": match[1], "id": match[2], "kind": match[3],
                                   "properties": []})
    return bool(match)


def _add_property(found: Environment, endpoint: str, text: str) -> bool:
    owner = next((item for item in found["endpoints"] if item["id"] == endpoint), None)
    if owner:
        owner["properties"].append(text)
    return bool(owner)


def _reserved(found: Environment, value: str) -> bool:
    match = RESERVED.match(value)
    if not match:
        return False
    subtype = SUBTYPES.get(match[3], f"subtype {match[3]}")
    return _add_property(found, match[1], f"RESV_MEM {match[2]} {subtype}")


def _property(found: Environment, value: str) -> bool:
    match = OF_ENDPOINT.match(value)
    return _add_property(found, match[1], match[2]) if match else False


READERS = {"boot": _boot, "device": _device, "request queue": _queue, "config": _config,
           "iommu": _table, "endpoints": _table, "endpoint": _endpoint, "reserved": _reserved,
           "property": _property, "probe": _property}
