# SPDX-License-Identifier: BSD-3-Clause
"""The adapter of the host machine: its endpoints."""
from __future__ import annotations

import pytest
from runner.operate.vmm import CannotProvide
from runner.operate.vmm.host import endpoint
from runner.plan.config import Endpoint


@pytest.mark.parametrize("kind, place, word", [
    ("blk", "mmio", "blk@mmio"), ("net", "root", "net@root"), ("edu", "root", "edu@root"),
    ("edu", "root-port", "edu@root-port"),
])
def test_endpoints(kind: str, place: str, word: str) -> None:
    assert endpoint(Endpoint(kind, place)) == word


@pytest.mark.parametrize("kind, place, reason", [
    ("testdev", "root", "no testdev"), ("edu", "mmio", "on PCI"), ("edu", "outside-mmio", "on PCI"),
    ("blk", "segment", "one PCI segment"),
])
def test_what_it_has_not(kind: str, place: str, reason: str) -> None:
    with pytest.raises(CannotProvide, match=reason):
        endpoint(Endpoint(kind, place))
