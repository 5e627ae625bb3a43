# SPDX-License-Identifier: BSD-3-Clause
"""A VMM is one file: what docs/adding-a-vmm.md promises."""
from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TOP, Tree, mock_at
from runner.operate import vmm
from runner.plan import architecture

PAGE = (TOP / "docs/adding-a-vmm.md").read_text()
EXAMPLE, = re.findall(r"```python\n(.*?)```", PAGE, re.S)
COMPARISON = re.compile(r"vmm\b[^\n#]*?[!=]= *(?!DEFAULT\b)[\"'A-Z]")


@pytest.fixture
def copy(tree: Tree) -> Tree:
    """The runner as it is, with one more file."""
    shutil.copy(TOP / "run_tests.sh", tree.root)
    shutil.copytree(TOP / "scripts/runner", tree.root / "scripts/runner")
    for path in TOP.glob("*/arch.ini"):
        tree.write(f"{path.parent.name}/arch.ini", path.read_text())
    without_kvm = EXAMPLE.replace("need_kvm(self.name, arch, self.accel)", "del arch")
    tree.write("scripts/runner/operate/vmm/tiny.py", without_kvm)
    tree.write("expectations/tiny", "[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = known\n")
    mock_at(tree, "tiny-vmm", '[ "$1" = --version ] && exec echo "tiny-vmm v1.2"\n')
    tree.write("unittests.cfg", "[one]\nendpoints = blk\n[two]\nendpoints = blk\npacked = on\n"
                                "[three]\nendpoints = rng\n")
    return tree


def run(tree: Tree, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([tree.root / "run_tests.sh", "--vmm", "tiny", "--arch", "x86_64",
                           "--vmm-path", tree.root / "bin", *words], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "PYTHON": sys.executable})


def test_one_file(copy: Tree) -> None:
    """Listed, found, run, skipped where it cannot, judged by the file of its name."""
    done = run(copy)
    assert done.returncode == 0, done.stdout
    data = copy.results()
    assert data["vmm"] == {"name": "tiny", "version": "1.2", "detail": "1.2"}
    assert data["accel"] == "kvm" and data["summary"]["known"] == 1
    reasons = {item["name"]: item["skipped"] for item in data["runs"]}
    assert reasons == {"one": None, "two": "tiny has no options for its IOMMU",
                       "three": "tiny has no rng @root"}


def test_one_file_that_is_wrong(copy: Tree) -> None:
    done = run(copy, "--arch", "host")
    assert done.returncode == 2 and "--vmm tiny has aarch64, x86_64" in done.stdout
    (copy.root / "bin/tiny-vmm").unlink()
    assert "tiny-vmm is not there or not executable" in run(copy).stdout
    (copy.root / "scripts/runner/operate/vmm/tiny.py").unlink()
    done = run(copy)
    assert done.returncode == 2 and "--vmm tiny: known are " in done.stdout


@pytest.mark.parametrize("name", vmm.names())
def test_contract(name: str) -> None:
    """The members of the protocol, with its signatures."""
    found = vmm.adapter_class(name)
    assert found.name == name and found.title and found.arches()
    assert set(found.arches()) <= set(architecture.names())
    for member in ("arches", "__init__", "identify", "prepare", "command"):
        wanted, given = (inspect.signature(getattr(one, member)) for one in (vmm.Adapter, found))
        assert list(given.parameters) == list(wanted.parameters), member
        assert f"`{member}(" in PAGE


@pytest.mark.parametrize("name", vmm.names())
def test_page_names_it(name: str) -> None:
    if name != "host":
        assert re.search(rf"\b{name}\b", PAGE, re.I)


def code(path: Path) -> str:
    """Without comments: there a device may be called by its VMM's name."""
    text = path.read_text()
    if path.suffix in (".c", ".h", ".S"):
        return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    return text


def neutral_files() -> list[Path]:
    """All but the adapters."""
    adapters = TOP / "scripts/runner/operate/vmm"
    runner = [path for pattern in ("**/*.py", "write/templates/*")
              for path in (TOP / "scripts/runner").glob(pattern) if adapters not in path.parents]
    assert TOP / "scripts/runner/operate/run.py" in runner
    image = [path for top in ("lib", "virtio-iommu") for path in (TOP / top).rglob("*.[chS]")]
    return [TOP / "unittests.cfg", TOP / "run_tests.sh", *runner, *image]


def test_no_vmm_elsewhere() -> None:
    """The word host stands for an architecture and for the machine that runs a VMM, too."""
    words = re.compile("|".join(rf"\b{name}\b" for name in vmm.names() if name != "host"), re.I)
    found = [f"{path.relative_to(TOP)}: {match[0]}" for path in neutral_files()
             for match in words.finditer(code(path))]
    assert not found


def test_no_vmm_is_compared() -> None:
    found = [f"{path.relative_to(TOP)}: {match[0]}" for path in neutral_files()
             if path.suffix == ".py" for match in COMPARISON.finditer(path.read_text())]
    assert not found
    for bad in ('if options.vmm == "x":', "arches = [HOST] if vmm == HOST else", 'vmm["name"] != "q"',
                'adapter.vmm.name == "q"'):
        assert COMPARISON.search(bad)
