# SPDX-License-Identifier: BSD-3-Clause
"""Flattened device trees (Devicetree Specification 0.4, chapter 5): properties for nodes."""
from __future__ import annotations

import struct

HEADER = struct.Struct(">10I")
MAGIC = 0xd00dfeed
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
RESERVATION = 16                # bytes of an entry, the last one zeroes


def cells(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def reservations(blob: bytes, offset: int) -> bytes:
    end = offset
    while any(blob[end:end + RESERVATION]):
        end += RESERVATION
    return blob[offset:end + RESERVATION]


def add_properties(blob: bytes, additions: dict[str, dict[str, bytes]]) -> bytes:
    """Add properties that are not there to the nodes with these names, with their address or without.
    Raise ValueError if that is no tree, or a node is missing."""
    if len(blob) < HEADER.size or HEADER.unpack_from(blob)[0] != MAGIC:
        raise ValueError("no flattened device tree")
    _, _, at, names_at, reserved_at, version, oldest, cpu, names_size, _ = HEADER.unpack_from(blob)
    names = blob[names_at:names_at + names_size]
    nodes, missing = b"", set(additions)
    while True:
        token, = struct.unpack_from(">I", blob, at)
        end = at + 4
        if token == BEGIN_NODE:
            name = blob[end:blob.index(b"\0", end)].decode()
            end += len(padded(name.encode() + b"\0"))
        elif token == PROP:
            end += 8 + len(padded(bytes(struct.unpack_from(">I", blob, end)[0])))
        nodes += blob[at:end]
        at = end
        if token == END:
            break
        if token != BEGIN_NODE:
            continue
        for key in missing & {name, name.partition("@")[0]}:
            missing.remove(key)
            for prop, value in additions[key].items():
                nodes += cells(PROP, len(value), len(names)) + padded(value)
                names += prop.encode() + b"\0"
    if missing:
        raise ValueError(f"no node {', '.join(sorted(missing))} in the device tree")
    kept = reservations(blob, reserved_at)
    starts = HEADER.size, HEADER.size + len(kept), HEADER.size + len(kept) + len(nodes)
    header = HEADER.pack(MAGIC, starts[2] + len(names), starts[1], starts[2], starts[0], version,
                         oldest, cpu, len(names), len(nodes))
    return header + kept + nodes + names
