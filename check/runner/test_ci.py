# SPDX-License-Identifier: BSD-3-Clause
"""docs/ci.md says what works; JUnit is what its consumers read."""
from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import TOP, Tree
from runner import options, report
from runner.write.annotate import escape
from runner.write.history import slug

TEXT = (TOP / "docs/ci.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def calls() -> list[str]:
    """Each call of the runner in a block, as one line."""
    text = "\n".join(blocks("(?:sh|yaml|make)")).replace("\\\n", " ")
    return re.findall(r"run_tests\.sh (-.*)", text)


@pytest.mark.parametrize("line", calls())
def test_options_exist(line: str, tree: Tree) -> None:
    line = re.sub(r"\$\{\{.*?\}\}|\$ARCH", "x86_64", line)
    found = options.parse(shlex.split(line))
    assert found.arch == "x86_64" and found.strict


def test_calls_are_found() -> None:
    assert len(calls()) == 4


def test_github() -> None:
    """The step names an action of this tree, and inputs that it has."""
    yaml = pytest.importorskip("yaml", reason="needs python3-yaml")
    flow = yaml.safe_load(blocks("yaml")[0])
    assert flow[True] == ["push", "pull_request"]       # YAML 1.1 reads the key "on" so
    job = flow["jobs"]["conformance"]
    assert {row["arch"] for row in job["strategy"]["matrix"]["include"]} == {"x86_64", "aarch64"}
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
    last = job["steps"][-1]
    place = re.fullmatch("OWNER/virtio-iommu-tests/(.*)@main", last["uses"])
    assert place
    action = yaml.safe_load((TOP / place[1] / "action.yml").read_text())
    commented = re.findall("# ([a-z-]+): ", blocks("yaml")[0])
    assert {*last["with"], *commented} <= set(action["inputs"])
    needed = {name for name, value in action["inputs"].items() if value.get("required")}
    assert needed <= set(last["with"])


def test_gitlab() -> None:
    """The job extends the template of this tree, and sets what that reads."""
    yaml = pytest.importorskip("yaml", reason="needs python3-yaml")
    flow = yaml.safe_load(blocks("yaml")[1])
    path = flow["include"][0]["remote"].split("/raw/main/")[1]
    template = yaml.safe_load((TOP / path).read_text())
    job = flow["virtio-iommu"]
    assert job["extends"] in template
    assert set(job["parallel"]["matrix"][0]) <= set(template[job["extends"]]["variables"])
    assert "$" + list(flow["variables"])[0] == template[job["extends"]]["image"]["name"]


def test_named_badge_is_one_of_a_site() -> None:
    key = ("qemu", "x86_64", "tcg", "1.4")
    assert TEXT.count(f"{slug(*key)}.svg") == TEXT.count(f"{slug(*key)}.html") == 1


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
    "testcase": (("name", "classname"), ("time", "file", "line"),
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
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp") or "")
    for name in NUMBERS[:3]:
        assert int(root.get(name) or -1) == sum(int(suite.get(name) or 0) for suite in root), name
    red = [case[0] for case in root.iter("testcase") if len(case) and
           case[0].tag in ("failure", "error")]
    assert red and all(item.get("message") for item in red)
    assert all("reproduce: ./run_tests.sh" in (item.text or "") for item in red
               if item.get("type") != "stale")


def test_junit_is_grouped_by_run_and_section(tree: Tree) -> None:
    """Services part the name of the class at its last dot, and lead to the file."""
    path = tree.root / "virtio-iommu/standard/requirements.tsv"
    path.write_text(path.read_text().replace("DEV-MAP-1\tMUST\tMAP request", "DEV-MAP-1\tMUST\t"
                                             "5.13.6.5.2 Device Requirements: MAP request"))
    tree.run()
    root = ElementTree.parse(tree.result.with_name("junit.xml")).getroot()
    cases = {case.get("name"): case for case in root[0].iter("testcase")}
    assert cases["DEV-MAP-1/b_skip"].get("classname") == "x86_64.one.5_13_6_5_2 MAP request"
    failed = cases["DEV-ATTACH-3/some_fail"]
    assert failed.get("classname") == "x86_64.one.ATTACH request"
    assert (failed.get("file"), failed.get("line")) == ("virtio-iommu/tests/x.c", "33")
    assert root.get("tests") == "10"


def test_annotations_of_github(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each red test, once for all its runs, that leads to file and line."""
    tree.write("expectations/qemu", "[X/y]\nverdict = fail\nreason = gone\n")
    tree.run("--strict")
    assert report.main(["github", str(tree.result)], "") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("::error file=virtio-iommu/tests/x.c,line=33,title=DEV-ATTACH-3/some_fail::"
                               "qemu 7.2.22 x86_64, one: fail: expected status INVAL (4), got ")
    assert "%0A./run_tests.sh --arch x86_64" in lines[0]
    assert lines[2].startswith("::error title=stale expectation::expectations/qemu:1: [X/y]")


def test_words_of_a_command_are_escaped() -> None:
    assert escape("100 %\na, b: c") == "100 %25%0Aa, b: c"
    assert escape("100 %\na, b: c", ":,") == "100 %25%0Aa%2C b%3A c"


def test_annotations_of_gitlab(tree: Tree) -> None:
    tree.write("expectations/qemu", "[X/y]\nverdict = fail\nreason = gone\n")
    tree.run("--strict")
    assert report.main(["gitlab", str(tree.result), "-o", "quality.json"], "") == 0
    found = json.loads((tree.root / "quality.json").read_text())
    assert [one["check_name"] for one in found] == ["DEV-ATTACH-3/some_fail", "DEV-FEAT-1/a_warn",
                                                    "stale expectation"]
    assert found[0]["location"] == {"path": "virtio-iommu/tests/x.c", "lines": {"begin": 33}}
    assert len({one["fingerprint"] for one in found}) == 3
    assert all(one["description"] and one["severity"] == "major" for one in found)


def test_nothing_to_annotate(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    tree.run("DEV-ATTACH-1")
    assert report.main(["github", str(tree.result)], "") == 0
    assert capsys.readouterr().out.strip() == ""
    assert report.main(["gitlab", str(tree.result)], "") == 0
    assert json.loads(capsys.readouterr().out) == []
