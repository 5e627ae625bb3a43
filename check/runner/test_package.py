# SPDX-License-Identifier: BSD-3-Clause
"""make dist, make install and make standalone: copies that need neither tree nor compiler."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import TOP, Tree, mock_at
from runner.standalone import main

FAIL = "DEV-ATTACH-3/some_fail"


@pytest.fixture
def copy(tree: Tree) -> Tree:
    """With the scripts of this tree, and the mock on PATH only."""
    for name in ("run_tests.sh", "VERSION", "LICENSE", "README.md", "scripts/standalone",
                 "scripts/dist", "scripts/install", "scripts/report", "scripts/cost", "docs/run_tests.1",
                 "docs/report.1", "docs/cost.1"):
        (tree.root / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, tree.root / name)
    tree.copy_runner()
    tree.write("expectations/qemu", f"[{FAIL}]\nverdict = fail\nreason = known for long\n")
    tree.write("docs/page.md", "text\n")
    tree.write("build/x86_64/cost.elf", "")
    tree.write("build/aarch64/cost.Image", "")
    return tree


def call(tree: Tree, *words: object, cwd: str = "/") -> subprocess.CompletedProcess:
    """In an environment with Python, a shell and the VMM: nothing else is there."""
    path = tree.root / "tools"
    path.mkdir(exist_ok=True)
    for name, target in (("python3", sys.executable), ("sh", "/bin/sh"),
                         ("dirname", shutil.which("dirname")),
                         ("readlink", shutil.which("readlink")),
                         ("env", shutil.which("env"))):
        if not (path / name).exists():
            (path / name).symlink_to(str(target))
    environment = {key: value for key, value in os.environ.items() if key.startswith("MOCK_")}
    return subprocess.run([str(word) for word in words], cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env={**environment, "PATH": f"{path}:{tree.root}/bin"})


def standalone(tree: Tree, capsys: pytest.CaptureFixture[str], *words: str) -> Path:
    assert main(["--arch", "x86_64", *words], str(tree.root)) == 0
    return tree.root / capsys.readouterr().out.strip()


def test_standalone(copy: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is all that is needed; a known deviation is red in it."""
    file = standalone(copy, capsys, "--run", "one", FAIL)
    assert file.name == "DEV-ATTACH-3.some_fail-x86_64.pyz"
    shutil.rmtree(copy.root / "scripts")
    moved = shutil.move(file, tmp_path / "attached")
    done = call(copy, moved)
    assert done.returncode == 1, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"virtio-iommu-tests {(TOP / 'VERSION').read_text().strip()}, x86_64: {FAIL}"
    assert lines[1] == "known of qemu: known for long"
    assert lines[2].startswith(f"fail    one {FAIL}: expected status INVAL (4)")
    assert lines[3].lstrip().startswith("DEV-ATTACH-3 (MUST, ATTACH request)")
    assert "ATTACH domain 5 endpoint 0x10" in lines[5]
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"
    assert "run_tests.sh" not in done.stdout and "report:" not in done.stdout


def test_standalone_keeps(copy: Tree, tmp_path: Path,
                          capsys: pytest.CaptureFixture[str]) -> None:
    file = standalone(copy, capsys, "-o", str(tmp_path / "x.pyz"), "DEV-ATTACH-1")
    done = call(copy, file, "--keep", tmp_path / "kept", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f"by hand: {copy.vmm} -machine") == 2
    assert (tmp_path / "kept/build/x86_64/run/one/console.log").exists()
    assert (tmp_path / "r.json").exists()
    assert "--keep DIR" in call(copy, file, "--help").stdout
    assert call(copy, file, "--keep").returncode == 2


def test_standalone_of_nothing(copy: Tree) -> None:
    """Not the status of a red verdict."""
    assert main(["--arch", "x86_64", "DEV-ATTACH-9"], str(copy.root)) == 2
    assert main(["--arch", "x86_64", "-o", "/dev/null/x", "DEV-ATTACH-1"], str(copy.root)) == 2
    done = call(copy, copy.root / "scripts/standalone", "--arch", "x86_64", "DEV-ATTACH-9")
    assert done.returncode == 2
    assert done.stdout == ("scripts/standalone: 'DEV-ATTACH-9' names no run and no test, "
                           "did you mean 'DEV-ATTACH-4'?\n")


def dist(tree: Tree) -> Path:
    done = call(tree, tree.root / "scripts/dist", "x86_64", "aarch64", cwd=str(tree.root))
    assert done.returncode == 0, done.stdout
    return tree.root / done.stdout.strip()


def test_dist_runs_without_compilers(copy: Tree, tmp_path: Path) -> None:
    file = dist(copy)
    with tarfile.open(file) as archive:
        names = archive.getnames()
        assert not any(entry.name.startswith("/") or entry.uid for entry in archive)
        archive.extractall(tmp_path / "unpacked")
    top = names[0].split("/")[0]
    assert {name.split("/")[0] for name in names} == {top}
    for name in ("LICENSE", "VERSION", "docs/page.md", "expectations/qemu", "README.md",
                 "build/aarch64/virtio-iommu.Image", "build/x86_64/tests.tsv",
                 "build/aarch64/cost.Image", "build/x86_64/cost.elf"):
        assert f"{top}/{name}" in names
    assert not any("__pycache__" in name or name.endswith(".mk") for name in names)
    shutil.rmtree(copy.root / "scripts")
    script = tmp_path / "unpacked" / top / "run_tests.sh"
    done = call(copy, script, "--arch", "x86_64")
    assert done.returncode == 0 and "2 known" in done.stdout, done.stdout
    done = call(copy, script.parent / "scripts/standalone", "--arch", "x86_64", "DEV-ATTACH-1")
    assert done.returncode == 0, done.stdout
    costs(copy)
    done = call(copy, script.parent / "scripts/cost", "--arch", "x86_64", "--iommu", "none")
    assert done.returncode == 0 and (script.parent / "build/x86_64/results/cost.json").exists(), done.stdout


def costs(tree: Tree) -> None:
    """Put a VMM in place of the mock whose image says nothing but that it is done."""
    mock_at(tree, "qemu-system-x86_64", 'case "$*" in *--version*) ;; *) echo "# end"; exit;; esac\n')


def test_dist_is_reproducible(copy: Tree) -> None:
    first = dist(copy).read_bytes()
    os.utime(copy.root / "unittests.cfg", (1, 1))
    assert dist(copy).read_bytes() == first


def test_dist_without_images(copy: Tree) -> None:
    (copy.root / "build/aarch64/virtio-iommu.Image").unlink()
    done = call(copy, copy.root / "scripts/dist", "aarch64")
    assert done.returncode == 2
    assert done.stdout == ("scripts/dist: build/aarch64/virtio-iommu.Image is missing: "
                           "run `./configure && make`\n")
    assert call(copy, copy.root / "scripts/dist").returncode == 2
    done = call(copy, copy.root / "scripts/dist", "aarch")
    assert done.returncode == 2 and "did you mean 'aarch64'?" in done.stdout
    done = call(copy, "env", "SOURCE_DATE_EPOCH=now", copy.root / "scripts/dist", "x86_64")
    assert done.returncode == 2 and "'now' is no number of seconds" in done.stdout


def test_version(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    from runner import cli
    tree.write("VERSION", "9.8.7\n")
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"], str(tree.root))
    assert stop.value.code == 0 and capsys.readouterr().out == "virtio-iommu-tests 9.8.7\n"


def install(tree: Tree, *words: object) -> None:
    done = call(tree, tree.root / "scripts/install", *words)
    assert (done.returncode, done.stdout) == (0, "")


def files(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_install(copy: Tree, tmp_path: Path) -> None:
    """What is installed runs from anywhere, and writes there; nothing of the tree is needed any more."""
    top, work = tmp_path / "opt/suite", tmp_path / "work"
    install(copy, "", top, "x86_64", "aarch64")
    before = files(top)
    shutil.rmtree(copy.root / "scripts")
    (copy.root / "run_tests.sh").unlink()
    work.mkdir()
    done = call(copy, top / "bin/virtio-iommu-tests", "--arch", "x86_64", "--no-expect", cwd=str(work))
    assert done.returncode == 1, done.stdout
    assert "report: virtio-iommu-tests/x86_64/results.md" in done.stdout.replace(".html", ".md")
    assert "\nvirtio-iommu-tests --arch x86_64 --no-expect -v one 'DEV-ATTACH-3/some_fail'\n" in done.stdout
    assert (work / "virtio-iommu-tests/x86_64/results.json").exists()
    assert (work / "virtio-iommu-tests/x86_64/run/one/console.log").exists()
    done = call(copy, top / "bin/virtio-iommu-tests", "--arch", "x86_64", "--output", "mine", cwd=str(work))
    assert done.returncode == 0 and (work / "mine/junit.xml").exists()
    done = call(copy, top / "bin/virtio-iommu-report", "matrix", "mine/results.json", cwd=str(work))
    assert done.returncode == 0 and "side by side" in done.stdout
    costs(copy)
    done = call(copy, top / "bin/virtio-iommu-cost", "--arch", "x86_64", "--iommu", "none", cwd=str(work))
    assert done.returncode == 0 and (work / "virtio-iommu-tests/x86_64/cost.json").exists(), done.stdout
    assert "usage: virtio-iommu-cost" in call(copy, top / "bin/virtio-iommu-cost", "--help").stdout
    assert files(top) == before, "the installed tree stays as it is"


def test_install_for_a_package(copy: Tree, tmp_path: Path) -> None:
    """Under DESTDIR, of which nothing that is installed knows."""
    install(copy, tmp_path / "stage", "/usr", "x86_64")
    found = files(tmp_path / "stage")
    assert {"usr/bin/virtio-iommu-tests", "usr/bin/virtio-iommu-report",
            "usr/share/man/man1/virtio-iommu-tests.1", "usr/share/doc/virtio-iommu-tests/README.md",
            "usr/share/virtio-iommu-tests/build/x86_64/virtio-iommu.elf"} <= set(found)
    assert all(name.startswith("usr/") for name in found)
    assert not [name for name, data in found.items() if b"stage" in data and "/bin/" in name]
    for name in ("tests", "report", "cost"):
        page = found[f"usr/share/man/man1/virtio-iommu-{name}.1"]
        assert b"run_tests.sh" not in page and rb"virtio\-iommu\-" + name.encode() in page
    modes = {name for name in found if os.access(tmp_path / "stage" / name, os.X_OK)}
    assert {"usr/bin/virtio-iommu-tests", "usr/share/virtio-iommu-tests/scripts/report",
            "usr/share/virtio-iommu-tests/scripts/cost"} <= modes


def test_install_of_nothing(copy: Tree) -> None:
    for words in ((), ("", "/usr"), ("", "usr", "x86_64")):
        assert call(copy, copy.root / "scripts/install", *words).returncode == 2
    done = call(copy, copy.root / "scripts/install", "", "/dev/null", "x86_64")
    assert done.returncode == 2 and done.stdout.startswith("scripts/install: ")
