# SPDX-License-Identifier: BSD-3-Clause
"""Properties added to a device tree. dtc writes and reads it."""
from __future__ import annotations

import shutil
import subprocess

import pytest
from runner.operate.vmm._fdt import add_properties, cells

SOURCE = """/dts-v1/;
/memreserve/ 0x1000 0x2000;
/ { a@10 { x = "y"; b { }; }; pcie@40 { reg = <1>; }; };
"""


def dtc(text: bytes, source: str, target: str) -> bytes:
    return subprocess.run(["dtc", "-q", "-I", source, "-O", target], input=text,
                          stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.skipif(not shutil.which("dtc"), reason="needs dtc")
def test_add_properties() -> None:
    new = {"b": {"empty": b"", "odd": b"abc\0d"}, "pcie": {"map": cells(1, 0xffffffff)}}
    blob = add_properties(dtc(SOURCE.encode(), "dts", "dtb"), new)
    text = dtc(blob, "dtb", "dts").decode()
    assert text.index("empty;") < text.index("pcie@40") < text.index("map = <0x01 0xffffffff>")
    assert 'x = "y"' in text and "reg = <0x01>" in text
    assert "/memreserve/" in text and "2000;" in text


def test_broken_trees() -> None:
    with pytest.raises(ValueError, match="no flattened device tree"):
        add_properties(b"\0" * 64, {})
    if shutil.which("dtc"):
        with pytest.raises(ValueError, match="no node c"):
            add_properties(dtc(SOURCE.encode(), "dts", "dtb"), {"c": {}})
