# SPDX-License-Identifier: BSD-3-Clause
"""docs/ci.md says what works; JUnit is what its consumers read."""
from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import TOP, Tree
from runner import options

TEXT = (TOP / "docs/ci.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def calls() -> list[str]:
    """Each call of the runner in a block, as one line."""
    text = "\n".join(blocks("(?:sh|yaml|make)")).replace("\\\n", " ")
    return re.findall(r"run_tests\.sh (.*)", text)


@pytest.mark.parametrize("line", calls())
def test_options_exist(line: str, tree: Tree) -> None:
    line = re.sub(r"\$\{\{.*?\}\}|\$ARCH", "x86_64", line)
    found = options.parse(shlex.split(line))
    assert found.arch == "x86_64" and found.strict


def test_calls_are_found() -> None:
    assert len(calls()) == 6


def test_github() -> None:
    yaml = pytest.importorskip("yaml", reason="needs python3-yaml")
    flow = yaml.safe_load(blocks("yaml")[0])
    assert flow[True] == ["push", "pull_request"]       # YAML 1.1 reads the key "on" so
    job = flow["jobs"]["conformance"]
    assert {row["arch"] for row in job["strategy"]["matrix"]["include"]} == {"x86_64", "aarch64"}
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert set(step) <= {"run", "uses", "if", "with", "working-directory", "name"}
    upload = job["steps"][-1]
    assert upload["if"] == "always()" and "suite/junit.xml" in upload["with"]["path"].split()


def test_gitlab() -> None:
    yaml = pytest.importorskip("yaml", reason="needs python3-yaml")
    job = yaml.safe_load(blocks("yaml")[1])["virtio-iommu"]
    assert all(isinstance(line, str) for line in job["script"] + job["before_script"])
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"junit": "suite/junit.xml"}


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize("expected, status", ((False, 2), (True, 0)))
def test_make_hook(tree: Tree, expected: bool, status: int) -> None:
    """make's 2 is the red verdict's 1."""
    shutil.copy(TOP / "run_tests.sh", tree.root)
    tree.copy_runner()
    entries = (("DEV-ATTACH-3/some_fail", "fail"), ("DEV-FEAT-1/a_warn", "warn"))
    tree.write("expectations/qemu", "".join(f"[{name}]\nverdict = {verdict}\nreason = x\n"
                                            for name, verdict in entries if expected))
    tree.write("vmm.mk", blocks("make")[0])
    done = subprocess.run(["make", "-f", "vmm.mk", f"SUITE={tree.root}", f"VMM={tree.vmm}",
                           "check-virtio-iommu"], cwd=tree.root, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == status, done.stdout
    assert (tree.root / "virtio-iommu.xml").exists()


# Element: attributes that must be there, those that may, elements inside; as Jenkins' xUnit plugin
# checks, of which the other consumers read a part.
NUMBERS = ("tests", "failures", "errors", "skipped")
JUNIT = {
    "testsuites": ((), ("name", "time", "tests", "failures", "errors"), ("testsuite",)),
    "testsuite": (("name", "tests"), (*NUMBERS, "time", "timestamp", "hostname", "id", "package"),
                  ("properties", "testcase", "system-out", "system-err")),
    "properties": ((), (), ("property",)),
    "property": (("name", "value"), (), ()),
    "testcase": (("name", "classname"), ("time",),
                 ("skipped", "error", "failure", "system-out", "system-err")),
    "failure": (("message",), ("type",), ()), "error": (("message",), ("type",), ()),
    "skipped": ((), ("message", "type"), ()),
    "system-out": ((), (), ()), "system-err": ((), (), ()),
}


def check_element(element: ElementTree.Element) -> None:
    needed, allowed, inside = JUNIT[element.tag]
    assert set(needed) <= set(element.keys()) <= {*needed, *allowed}, element.attrib
    assert {child.tag for child in element} <= set(inside), element.tag
    if "time" in element.keys():
        assert re.fullmatch(r"\d+(\.\d+)?", element.get("time") or "")
    for child in element:
        check_element(child)


def check_suite(suite: ElementTree.Element) -> None:
    """The numbers are those of what is inside, and each case is one of its kind."""
    cases = suite.findall("testcase")
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    counts = [len(cases)] + [len(suite.findall(f"testcase/{tag}"))
                             for tag in ("failure", "error", "skipped")]
    assert counts == [int(suite.get(name) or 0) for name in NUMBERS]
    for case in cases:
        assert len(case) <= 1


@pytest.mark.parametrize("arguments", ((), ("--strict",), ("--repeat", "2")))
@pytest.mark.parametrize("scenario", ("good", "flaky", "abort", "bail-first", "garbage"))
def test_junit_schema(tree: Tree, monkeypatch: pytest.MonkeyPatch, scenario: str,
                      arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", scenario)
    tree.write("expectations/qemu", "[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = <&\">\n"
                                    "[X/y]\nverdict = fail\nreason = gone\n")
    assert tree.run(*arguments) == 1
    root = ElementTree.parse(tree.root / "build/x86_64/results/junit.xml").getroot()
    assert root.tag == "testsuites"
    check_element(root)
    for suite in root:
        check_suite(suite)
    red = [case[0] for case in root.iter("testcase") if len(case) and
           case[0].tag in ("failure", "error")]
    assert red and all(item.get("message") for item in red)
    assert all("reproduce: ./run_tests.sh" in (item.text or "") for item in red
               if item.get("type") != "stale")
