# SPDX-License-Identifier: BSD-3-Clause
"""contrib/ci: what the services are told is well-formed, and its commands do what they say."""
from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import TOP, Tree
from runner import options

yaml = pytest.importorskip("yaml", reason="needs python3-yaml")

CI = TOP / "contrib/ci"
KNOWN = ("[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = known for long\n"
         "[DEV-FEAT-1/a_warn]\nverdict = warn\nreason = known, too\n")
STUB = '''\
"""Stands in for the package of the same name in QEMU's tests/functional."""
import logging
import os
import shutil
import sys
import unittest

which = shutil.which


class QemuSystemTest(unittest.TestCase):
    def setUp(self):
        self.qemu_bin = os.environ["QEMU_TEST_QEMU_BINARY"]
        self.arch = self.qemu_bin.split("-")[-1]
        self.log = logging.getLogger("qemu-test")

    def log_file(self, *words):
        return os.path.join(os.environ["STUB_DIR"], *words)

    scratch_file = log_file

    def data_file(self, *words):
        return os.path.join(os.environ["STUB_DIR"], "source", *words)

    def require_accelerator(self, name):
        assert name == "tcg"

    def require_device(self, name):
        if "no-device" in os.environ["STUB_DIR"]:
            self.skipTest("no support for device " + name)

    @staticmethod
    def main():
        unittest.main(module=None, argv=[sys.argv[0], os.path.basename(sys.argv[0])[:-3]], verbosity=2)
'''


@pytest.fixture
def suite(tree: Tree) -> Path:
    """Return an unpacked suite with a mock VMM."""
    for name in ("run_tests.sh", "scripts/report"):
        (tree.root / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, tree.root / name)
    tree.copy_runner()
    return tree.root


def qemu_test(tree: Tree, where: str = "work", **environment: str) -> tuple[int, str]:
    """Call the test for QEMU's tree, and return its exit status and what it said."""
    tree.write("stub/qemu_test/__init__.py", STUB)
    (tree.root / where).mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-B", CI / "qemu/test_virtio_iommu.py"], text=True, cwd=tree.root / where,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        env={**os.environ, "PYTHONPATH": str(tree.root / "stub"), "STUB_DIR": str(tree.root / where),
             "QEMU_TEST_QEMU_BINARY": str(tree.vmm), **environment})
    return done.returncode, done.stdout


def test_qemu_is_as_expected(tree: Tree, suite: Path) -> None:
    tree.write("work/source/data/virtio-iommu/expectations", KNOWN)
    status, text = qemu_test(tree, QEMU_TEST_VIRTIO_IOMMU_TESTS=str(suite / "run_tests.sh"))
    assert status == 0 and "OK" in text and "skipped" not in text, text
    assert (suite / "work/results.json").exists() and (suite / "work/virtio-iommu/run").exists()


def test_qemu_deviates(tree: Tree, suite: Path) -> None:
    """The failure tells what was seen, and the command that shows it again."""
    status, text = qemu_test(tree, QEMU_TEST_VIRTIO_IOMMU_TESTS=str(suite / "run_tests.sh"))
    assert status == 1
    assert "fail: one DEV-ATTACH-3/some_fail: expected status INVAL (4), got status" in text, text
    assert re.search(r"    ./run_tests.sh --arch x86_64 .* -v one 'DEV-ATTACH-3/some_fail'", text)


def test_qemu_without_suite_or_device(tree: Tree, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = str(suite / "run_tests.sh")
    status, text = qemu_test(tree, "no-device", QEMU_TEST_VIRTIO_IOMMU_TESTS=program)
    assert status == 0 and "no support for device virtio-iommu-pci" in text
    status, text = qemu_test(tree, PATH=str(tree.root))
    assert status == 0 and "virtio-iommu-tests is not installed" in text
    tree.write("build/x86_64/tests.tsv", "DEV-MAP-1/b_skip\tDEV-MAP-1\t0\tmap.c:22\n")
    status, text = qemu_test(tree, QEMU_TEST_VIRTIO_IOMMU_TESTS=program)
    assert status == 0 and "nothing was judged" in text


def test_qemu_with_a_broken_suite(tree: Tree, suite: Path) -> None:
    """Is no skip: the job is broken."""
    shutil.rmtree(suite / "build")
    status, text = qemu_test(tree, QEMU_TEST_VIRTIO_IOMMU_TESTS=str(suite / "run_tests.sh"))
    assert status == 1 and "is missing" in text, text


def load(name: str) -> dict:
    return yaml.safe_load((CI / name).read_text())


def action() -> dict:
    return load("github/action.yml")


def packed(suite: Path) -> Path:
    """Return an archive as `make dist` makes it."""
    path = suite / "suite.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("run_tests.sh", "scripts", "build", "virtio-iommu", "unittests.cfg",
                     *(str(ini.relative_to(suite)) for ini in suite.glob("*/arch.ini"))):
            archive.add(suite / name, f"virtio-iommu-tests-0/{name}")
    return path


def run_step(step: dict, inputs: dict[str, str],
             environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run a step as GitHub does: expressions are filled in, the shell ends at the first error."""
    def fill(text: str) -> str:
        text = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], text)
        return text.replace("${{ steps.suite.outputs.results }}", environment.get("RESULTS", ""))
    words = {name: fill(value) for name, value in step.get("env", {}).items()}
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"]
    return subprocess.run([*shell, fill(step["run"])], text=True, env={**os.environ, **environment, **words},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def test_action_is_well_formed() -> None:
    data = action()
    assert data["runs"]["using"] == "composite"
    assert set(data) == {"name", "description", "inputs", "outputs", "runs"}
    for step in data["runs"]["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "shell" in step or "uses" in step, "a composite action names the shell of each step"
        assert "${{" not in step.get("run", ""), "inputs get in by the environment, not as text of a program"
    text = (CI / "github/action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(data["inputs"])
    for value in data["inputs"].values():
        assert set(value) <= {"description", "default", "required"}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_action(tree: Tree, suite: Path) -> None:
    """Its steps, one after the other: red, annotated, summed up."""
    data = action()
    inputs = {name: str(value.get("default", "")) for name, value in data["inputs"].items()}
    inputs.update({"suite-url": packed(suite).as_uri(), "vmm-path": str(tree.vmm),
                   "options": "--no-trace one"})
    files = {name: str(tree.write(f"github/{name}", ""))
             for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environment = {**files, "RUNNER_TEMP": str(tree.root / "temp")}
    unpack, judge, annotate = [step for step in data["runs"]["steps"] if "run" in step]
    assert run_step(unpack, inputs, environment).returncode == 0
    environment["RESULTS"] = Path(files["GITHUB_OUTPUT"]).read_text().strip().partition("=")[2]
    done = run_step(judge, inputs, environment)
    assert done.returncode == 1 and "DEV-ATTACH-3/some_fail" in done.stdout, done.stdout
    done = run_step(annotate, inputs, environment)
    assert done.returncode == 0
    assert done.stdout.startswith("::error file=virtio-iommu/tests/x.c,line=33,title=DEV-ATTACH-3/some_fail")
    assert "virtio-iommu conformance of qemu" in Path(files["GITHUB_STEP_SUMMARY"]).read_text()
    assert {"results.json", "junit.xml", "results.md"} <= set(os.listdir(environment["RESULTS"]))


def test_gitlab_template(tree: Tree, suite: Path) -> None:
    """Its lines, run one after the other, write what its artifacts name."""
    job = load("gitlab.yml")[".virtio-iommu"]
    assert job["artifacts"]["when"] == "always" and job["image"]["entrypoint"] == [""]
    program = f'#!/bin/sh\nexec {suite}/run_tests.sh --no-trace "$@"\n'
    tree.write("bin/virtio-iommu-tests", program).chmod(0o755)
    (suite / "bin/virtio-iommu-report").symlink_to(suite / "scripts/report")
    environment = {**os.environ, **job["variables"], "PATH": f"{suite}/bin:{os.environ['PATH']}"}
    status = [subprocess.run(["sh", "-e", "-c", line], env=environment, cwd=suite, timeout=60,
                             stdout=subprocess.DEVNULL).returncode
              for line in (*job["script"], *job["after_script"])]
    assert status == [1, 0], "the suite is red on the mock, and the report is written all the same"
    for path in job["artifacts"]["reports"].values():
        assert (suite / path).is_file() and path.startswith(job["artifacts"]["paths"][0])


def test_cloud_hypervisor_job() -> None:
    job = load("cloud-hypervisor.yaml")["virtio-iommu"]
    assert {"name", "needs", "if", "runs-on", "timeout-minutes", "steps"} == set(job)
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step) and step["name"]
    text = " ".join(step.get("run", "") for step in job["steps"]).replace("\\\n", " ")
    line = re.search(r"run_tests\.sh (.*)", text)
    assert line and options.parse(shlex.split(line[1])).strict


def test_shells_of_steps() -> None:
    """No step has what a shell does not read."""
    steps = [*action()["runs"]["steps"], *load("cloud-hypervisor.yaml")["virtio-iommu"]["steps"]]
    for step in steps:
        if "run" in step:
            subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (CI / "Containerfile").read_text())
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines()
            if line and not line.startswith("#")]


def test_containerfile() -> None:
    """What it asks for is in the tree; what the runner needs is installed."""
    found = instructions()
    assert {name for name, _ in found} <= {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "ENTRYPOINT"}
    commands = " ".join(words for name, words in found if name == "RUN")
    subprocess.run(["sh", "-n", "-c", commands], check=True)
    for name in re.findall(r"scripts/[a-z]+|run_tests\.sh", commands):
        assert (TOP / name).exists(), name
    assert {"python3", "python3-jinja2", "qemu-system-x86"} <= set(commands.split())
    assert ("ENV", f"VIRTIO_IOMMU_TESTS_COMMAND={found[-1][1][2:-2]}") in found
