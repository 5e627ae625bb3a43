# SPDX-License-Identifier: BSD-3-Clause
"""Options, selection, exit status, reports."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from conftest import RUNS, TOP, Tree
from runner import cli
from runner.plan import architecture

ARCHES = ", ".join(architecture.names())
PASSING = ("DEV-ATTACH-1", "DEV-ATTACH-2")


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text


@pytest.mark.parametrize("arguments, status, text", (
    (("DEV-ATTACH-1",), 0, ""),
    (("one", "DEV-ATTACH-1/*"), 0, ""),
    (("DEV-ATTACH-3",), 1, ""),
    (("--strict", "DEV-FEAT-1"), 1, ""),
    (("DEV-FEAT-1",), 0, ""),
    (("DEV-ATTACH-4",), 0, ""),
    (("DEV-MAP-1",), 3, "every selected test was skipped"),
    (("two", "DEV-FEAT-1"), 3, "none of the selected tests belongs to run two"),
    (("arm",), 3, "no selected run is meant for x86_64"),
    (("DEV-ATACH-1",), 2, "did you mean 'DEV-ATTACH-1'?"),
    (("onne",), 2, "did you mean 'one'?"),
    (("DEV-MAP-2",), 2, "DEV-MAP-2 is a requirement without a test"),
    (("DRV-MAP-1",), 2, "without a test: a driver that breaks it; ask for DEV-ATTACH-3 DEV-MAP-1"),
    (("-g", "mre"), 2, "known groups are basic, more, did you mean 'more'?"),
    (("-g", "more", "DEV-ATTACH-1"), 0, ""),
    (("--arch", "x86"), 2, f"known are {ARCHES}, did you mean 'x86_64'?"),
    (("--vmm", "qemuu"), 2, "did you mean 'qemu'?"),
    (("--accel", "hvf"), 2, "--accel: invalid choice"),
    (("--timeout", "0"), 2, "--timeout: '0': allowed are seconds above 0"),
    (("--timeout", "soon"), 2, "allowed are seconds"),
    (("-j", "0"), 2, "'0': allowed are 1 to 1024"),
    (("--repeat", "0"), 2, "'0': allowed are 1 to 10000"),
    (("--seed", "x"), 2, "--seed: 'x': allowed are 0 to 2^64 - 1"),
    (("--bogus",), 2, "unrecognized arguments: --bogus"),
    (("--timout", "3"), 2, "unrecognized arguments: --timout, did you mean '--timeout'?"),
    (("dev-attach-1",), 2, "did you mean 'DEV-ATTACH-1'?"),
    (("dev-attach-1/first_test",), 2, "did you mean 'DEV-ATTACH-1/first_test'?"),
    (("--no-expect", "--update-expect"), 2, "contradicts"),
    (("--json", "/nonexistent/f.json"), 2, "cannot be written there"),
    (("--compare", "nothing.json"), 2, "nothing.json: No such file"),
    (("--compare", "unittests.cfg"), 2, "is no results.json"),
    (("--expect", "nothing"), 2, "nothing: No such file"),
    (("--vmm-path", "/nonexistent"), 2, "is in package qemu-system-x86"),
))
def test_exit_status(tree: Tree, arguments: tuple[str, ...], status: int, text: str) -> None:
    assert tree.run(*arguments) == status, tree.err
    if text:
        assert text in one_line(tree.err)


def test_nothing_there(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named with the way to get it."""
    image = tree.root / "build/x86_64/virtio-iommu.elf"
    image.unlink()
    assert tree.run() == 2
    assert "build/x86_64/virtio-iommu.elf is missing: run `./configure && make`" in tree.err
    (tree.root / "build/x86_64/tests.tsv").unlink()
    assert tree.run() == 2
    assert "build/x86_64/tests.tsv is missing" in one_line(tree.err)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert cli.main(["--arch", "aarch64"], str(tree.root)) == 2


@pytest.mark.parametrize("image", ("virtio-iommu.elf", "virtio-iommu.efi"))
def test_damaged_image(tree: Tree, image: str) -> None:
    """It says nothing about the VMM, which is not even started."""
    (tree.root / "build/x86_64" / image).write_bytes(bytes(range(256)) * 99)
    assert tree.run() == 2 and not (tree.root / "starts").exists()
    assert f"build/x86_64/{image} is damaged, or not of this build: run `make`" in one_line(tree.err)


def test_missing_on_path(tree: Tree, monkeypatch: pytest.MonkeyPatch,
                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert cli.main(["--arch", "aarch64"], str(tree.root)) == 2
    assert one_line(capsys.readouterr().err) == (
        "run_tests.sh: qemu-system-aarch64 not found: install package qemu-system-arm"
        " or say --vmm-path\n")


@pytest.mark.parametrize("text, message", (
    ("one column\n", "tests.tsv:1: 1 columns, expected 4"),
    ("a/b\ta\t0\tx\na/b\ta\t0\tx\n", "holds no test, or one twice"),
    ("", "holds no test"),
))
def test_broken_manifest(tree: Tree, text: str, message: str) -> None:
    tree.write("build/x86_64/tests.tsv", text)
    assert tree.run() == 2 and message in one_line(tree.err)


@pytest.mark.parametrize("text, message", (
    ("", "holds no run"),
    ("[x]\nendpoint = blk\n", "unittests.cfg:1: [x] endpoints: is missing"),
    ("[x]\nendpoints = blk\nbypass = on\n", ":3: [x] bypass: unknown key, allowed are"),
    ("[x]\nendpoints = blk\nboot-bypass = yes\n", ":3: [x] boot-bypass: 'yes' is not allowed: "
                                                   "allowed are on, off"),
    ("[x]\nendpoints = blk, disk\n", "kinds are blk, rng"),
    ("[x]\nendpoints = blk @moon\n", "places are root, root-port"),
    ("[x]\nendpoints = blk\ngranule = 1k\n", "allowed are 4k, 8k"),
    ("[x]\nendpoints = blk\naddress-width = 31\n", "allowed are 32 to 64"),
    ("[x]\nendpoints = blk\nreserved-regions = 5\n", "FIRST-LAST reserved"),
    ("[x]\nendpoints = blk\nreserved-regions = 0x9-0x8 msi\n", "both ends included"),
    ("[x]\nendpoints = blk\narch = mips\n", "allowed are " + ARCHES),
    ("[x]\nendpoints = blk\narch = !host aarch64\n", "all of them"),
    ("[x]\nendpoints = blk\ntests =\n", "needs at least one word"),
    ("[x]\nendpoints = blk\ntimeout = -1\n", "allowed are seconds"),
    ("[X y]\nendpoints = blk\n", "lower case"),
    ("[x]\nendpoints = blk\n[x]\nendpoints = blk\n", "section 'x' already exists"),
    ("endpoints = blk\n", "unittests.cfg"),
    ("[x]\nendpoints\n", "unittests.cfg"),
))
def test_broken_config(tree: Tree, text: str, message: str) -> None:
    tree.write("unittests.cfg", text)
    assert tree.run() == 2 and message in one_line(tree.err)


def test_list(tree: Tree) -> None:
    assert tree.run("-l") == 0
    lines = tree.out.splitlines()
    assert len(lines) == 6 + 4 and not (tree.root / "starts").exists()
    assert lines[0].split() == ["one", "DEV-ATTACH-1/first_test", "DEV-ATTACH-1", "MUST",
                                "NEEDS_ENDPOINT", "|", "NEEDS_PROBE"]
    assert tree.run("--list", "--arch", "aarch64", "arm") == 0


def test_selection_reaches_the_image(tree: Tree) -> None:
    tree.run("DEV-ATTACH-1", "DEV-MAP-1", "-j", "1")
    starts = (tree.root / "starts").read_text()
    assert "-append tests=DEV-ATTACH-1/*,DEV-MAP-1/* endpoints=2\n" in starts
    assert "-append tests=DEV-ATTACH-1/first_test endpoints=2\n" in starts
    assert list(tree.verdicts("two")) == ["DEV-ATTACH-1/first_test"]


def test_draw_reaches_the_image(tree: Tree) -> None:
    tree.run("one", "DEV-ATTACH-3", "--seed", "7", "--rounds", "20")
    assert "endpoints=2 seed=7 rounds=20\n" in (tree.root / "starts").read_text()
    assert "--seed=7 --rounds=20" in tree.out


def test_run_that_waits_to_be_asked(tree: Tree) -> None:
    tree.write("unittests.cfg", RUNS + """
[long]
endpoints = blk
default = off
rounds = 77
budget = 9
length = 3
illegal = on
groups = long
""")
    tree.run("--no-expect")
    assert "long" not in [run["name"] for run in tree.results()["runs"]]
    for arguments in (("long",), ("-g", "long")):
        tree.run("--no-expect", *arguments)
        assert [run["name"] for run in tree.results()["runs"]] == ["long"]
        assert " rounds=77 budget=9 length=3 illegal=1" in tree.results()["runs"][0]["command"]
    tree.run("--no-expect", "--rounds", "5", "--case", "loop-of-one", "long")
    assert tree.results()["runs"][0]["command"].endswith(" rounds=5 case=loop-of-one length=3 illegal=1'")
    assert tree.run("--case", "two words") == 2
    assert tree.run("--case", "loop-of-two", "one") == 2
    assert "--case loop-of-two: no test that was selected and can run here has it" in one_line(tree.err)


def test_sets_of_characters_are_resolved_here(tree: Tree) -> None:
    """The image knows * and ? only."""
    tree.run("one", "DEV-ATTACH-[1]/*")
    assert "-append tests=DEV-ATTACH-1/first_test endpoints=2\n" in (tree.root / "starts").read_text()


def test_pattern_outside_of_the_chosen_runs(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk\ntests = DEV-ATTACH-*\n"
                                "[two]\nendpoints = blk\n")
    assert tree.run("one", "DEV-ATTACH-1", "DEV-MAP-1") == 3
    assert "nothing to run for 'DEV-MAP-1'" in one_line(tree.err)


def test_verbose_tells_the_place(tree: Tree) -> None:
    tree.run("-v", "one")
    assert any(line.startswith("fail ") and line.endswith(")") and ".c:" in line
               for line in tree.out.splitlines())


def test_verbose_shows_what_a_named_test_does(tree: Tree) -> None:
    """And what it prints is no verdict."""
    tree.run("-v", "one", "DEV-ATTACH-1")
    lines = tree.out.splitlines()
    place = lines.index("pass    one DEV-ATTACH-1/first_test (attach.c:33)")
    assert [line.strip() for line in lines[place + 1:place + 6]] == [
        "DEV-ATTACH-1 (MUST, ATTACH request):",
        "DMA endpoint 0x10 writes 1 bytes at 0x1000 -> not done",
        "ATTACH domain 5 endpoint 0x10 flags 0 -> OK (0), used.len 4", "-> lost",
        "!! expected 0, got 0x80: device_status (x.c:33)"]
    assert tree.verdicts() == {"DEV-ATTACH-1/first_test": "pass"}
    for arguments in (("-v", "one"), ("one", "DEV-ATTACH-1")):
        tree.run(*arguments)
        assert "ATTACH domain" not in tree.out


def test_last_request_before_a_crash(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "abort")
    assert tree.run("-v", "one", "DEV-ATTACH-2") == 1
    lines = tree.out.splitlines()[1:]
    assert lines[0].startswith("crash   one DEV-ATTACH-2/trap_here: the VMM was ended by SIGABRT")
    assert lines[2] == "          PROBE endpoint 0x10 ->"


def test_run_without_tests_is_told(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk\n[odd]\nendpoints = blk\ntests = */no_*\n")
    tree.run()
    assert "run odd: no test is named */no_*" in tree.out


def test_output_in_a_pipe(tree: Tree) -> None:
    """Whole, plain, in the order of unittests.cfg, the summary last."""
    assert tree.run() == 1
    lines = tree.out.splitlines()
    assert "\033" not in tree.out and "\r" not in tree.out
    assert lines[-1] == "4 passed, 2 failed, 1 skipped"
    assert lines[-2] == "2 info, 1 warn"
    assert lines[-3] == "report: build/x86_64/results/results.html"
    call = f"./run_tests.sh --arch x86_64 --vmm-path {tree.root}/bin"
    assert lines[-6:-4] == ["to reproduce:", f"{call} -v one 'DEV-ATTACH-3/some_fail'"]
    assert sum(line.startswith("fail ") for line in lines) == 1     # told once, for both runs
    assert not any(line.startswith(("pass ", "skip ")) for line in lines)
    table = [line.split() for line in lines if line.startswith(("run ", "one ", "two "))]
    assert [row[:-1] for row in table[1:]] == [["one", "6", "2", "1", "1", "0", "1", "1", "0"],
                                               ["two", "4", "2", "1", "0", "0", "0", "1", "0"]]
    tree.run("-v")
    assert "pass    one DEV-ATTACH-1/first_test" in tree.out


def test_skipped_set_up(tree: Tree) -> None:
    tree.write("unittests.cfg", "[one]\nendpoints = blk\ngranule = 16k\n")
    assert tree.run() == 3
    assert tree.out.count("QEMU 7.2.22 has no option granule (from 9.0)") == 1
    assert set(tree.verdicts().values()) == {"skip"}


def test_requirements(tree: Tree) -> None:
    tree.run("DEV-ATTACH*", "DEV-MAP-1")
    rows = {row["id"]: row for row in tree.results()["requirements"]}
    assert rows["DEV-ATTACH-3"]["verdict"] == "fail"
    assert rows["DEV-ATTACH-3"]["tests"] == ["DEV-ATTACH-3/some_fail"]
    assert rows["DEV-MAP-1"]["verdict"] == "skip"
    reasons = {key: row["reason"] for key, row in rows.items() if row["verdict"] == "not-tested"}
    assert reasons["DEV-FEAT-1"] == "its tests were not selected, or not reached"
    assert reasons["DEV-MAP-2"] == "no test is written for it yet"
    assert reasons["AMB-1"] == "a slip of the text"
    assert rows["DRV-MAP-1"]["verdict"] == "fail"
    assert rows["DRV-MAP-1"]["reason"].startswith("a driver that breaks it; ")
    assert rows["DRV-MAP-1"]["tests"] == ["DEV-ATTACH-3/some_fail", "DEV-MAP-1/b_skip"]
    assert rows["DEV-ATTACH-1"]["verdict"] == "pass"


def test_json(tree: Tree) -> None:
    target = tree.root / "copy.json"
    tree.run("--json", str(target), "--junit", "copy.xml", "--md", "copy.md")
    data = json.loads(target.read_text())
    assert data == tree.results()
    assert data["vmm"] == {"name": "qemu", "version": "7.2.22", "detail": "7.2.22 (Mock 1:7.2.22)"}
    assert (data["arch"], data["accel"], data["strict"]) == ("x86_64", "tcg", False)
    assert data["summary"] == {"skip": 1, "pass": 4, "info": 2, "warn": 1, "fail": 2, "error": 0,
                               "crash": 0, "timeout": 0, "silent": 0, "known": 0, "stale": 0, "red": 2}
    assert [run["name"] for run in data["runs"]] == ["one", "two"]
    assert data["runs"][0]["command"].endswith("-append 'tests=* endpoints=2'")
    assert not [path for path in (tree.root / "build").rglob("*.tmp")]


def test_junit(tree: Tree) -> None:
    tree.write("expectations/qemu", "[X/y]\nverdict = fail\nreason = <gone>\n")
    assert tree.run("--strict") == 1
    root = ElementTree.parse(tree.result.with_name("junit.xml")).getroot()
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["x86_64.one", "x86_64.two", "expectations"]
    one = suites["x86_64.one"]
    assert (one.get("tests"), one.get("failures"), one.get("errors"), one.get("skipped")) == (
        "6", "2", "0", "1")
    failures = one.findall(".//failure")
    assert failures[0].get("message") == 'expected status INVAL (4), got status "OK" (0)'
    assert "requirement: DEV-ATTACH-3 MUST" in (failures[0].text or "")
    assert "names no test" in suites["expectations"][0][0].get("message", "")


def test_markdown(tree: Tree) -> None:
    tree.run()
    text = (tree.root / "build/x86_64/results/results.md").read_text()
    assert text.startswith("# virtio-iommu conformance of qemu 7.2.22, x86_64 (tcg)\n")
    assert "| one | DEV-ATTACH-3/some\\_fail | MUST | fail | status INVAL (4) |" in text
    assert "| DEV-MAP-2 | MUST | MAP request | not-tested | no test is written for it yet |" in text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| one |")}
    assert widths <= {10, 7}


@pytest.mark.skipif(not shutil.which("prove"), reason="needs prove (package perl)")
@pytest.mark.parametrize("patterns, status", ((PASSING, 0), (("DEV-FEAT-1", "DEV-MAP-1"), 0),
                                              (("DEV-ATTACH-3",), 1)))
def test_tap(tree: Tree, patterns: tuple[str, ...], status: int) -> None:
    assert tree.run("-t", *patterns) == status
    assert tree.out.startswith("TAP version 13\n# virtio-iommu-tests 0.1.0\n1..")
    assert "passed" in tree.err
    done = subprocess.run(["prove", "-e", "cat", str(tree.write("x.tap", tree.out))],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == status, done.stdout
    assert "Parse errors" not in done.stdout


def test_tap_tells_stale_entries(tree: Tree) -> None:
    tree.write("expectations/qemu", "[X/y]\nverdict = fail\nreason = # 1\n")
    assert tree.run("-t", "DEV-ATTACH-1") == 1
    assert "not ok 3 - stale expectation: expectations/qemu:1: [X/y] names no test" in tree.out


def test_compare(tree: Tree) -> None:
    tree.run()
    old = tree.results()
    first, trap, fail, info, warn, skip = old["runs"][0]["tests"]
    first["verdict"], fail["verdict"], warn["verdict"], info["verdict"] = (
        "crash", "pass", "fail", "pass")
    del old["runs"][0]["tests"][1]
    old["runs"][1]["tests"].append({**trap, "id": "OLD-1/x"})
    tree.write("old.json", json.dumps(old))
    assert tree.run("--compare", "old.json") == 1
    assert "2 regressed" not in tree.out
    assert ("compared with qemu 7.2.22 x86_64 tcg (this is qemu 7.2.22 x86_64 tcg): 1 regressed, "
            "1 fixed, 2 changed, 1 new, 1 gone\n") in tree.out
    assert "regressed one DEV-ATTACH-3/some_fail: pass -> fail" in tree.out
    assert "fixed     one DEV-ATTACH-1/first_test: crash -> pass" in tree.out
    assert "changed   one DEV-FEAT-1/a_warn: fail -> warn" in tree.out
    assert "new       one DEV-ATTACH-2/trap_here: pass" in tree.out
    assert "gone      two OLD-1/x: pass" in tree.out
    first["verdict"] = "odd"
    tree.write("old.json", json.dumps(old))
    assert tree.run("--compare", "old.json") == 2


def test_config_mak_names_the_vmm(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    tree.write("build/config.mak", f'ARCHES="x86_64 aarch64"\nQEMU_x86_64={tree.vmm}\nCOMMIT=abc\n')
    assert cli.main(["--arch", "x86_64", "DEV-ATTACH-1"], str(tree.root)) == 0
    assert tree.results()["suite"]["commit"] == "abc"


@pytest.mark.parametrize("version", ("none", "7"))
def test_no_version(tree: Tree, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_VERSION", version)
    assert tree.run() == 2 and "no version in" in one_line(tree.err)


def test_help(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"], str(tree.root))
    assert stop.value.code == 0
    assert "exit status: 0 all as expected" in capsys.readouterr().out


def copy_of_tree(tree: Tree) -> Path:
    shutil.copy(TOP / "run_tests.sh", tree.root)
    tree.copy_runner()
    return tree.root / "run_tests.sh"


def test_script(tree: Tree) -> None:
    """From any directory, also through a link; leaves no compiled file in the tree."""
    script = copy_of_tree(tree)
    link = tree.root / "bin/link"
    link.symlink_to(script)
    for path in (str(script), str(link)):
        done = subprocess.run([path, "--arch", "x86_64", "--vmm-path", str(tree.vmm),
                               "DEV-ATTACH-1"],
                              cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("2 passed, 0 failed, 0 skipped\n")
    assert not list((tree.root / "scripts").rglob("*.pyc"))
    done = subprocess.run([str(script)], env={**os.environ, "PYTHON": "no-such-python"},
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "no-such-python not found" in one_line(done.stderr)


def ids(tree: Tree, place: str = "selected/") -> set[str]:
    data = json.loads((tree.root / f"build/x86_64/results/{place}results.json").read_text())
    return {f"{run['name']} {test['id']}" for run in data["runs"] for test in run["tests"]}


def test_sections_levels_and_what_is_left_out(tree: Tree) -> None:
    rows = (tree.root / "virtio-iommu/standard/requirements.tsv").read_text()
    tree.write("virtio-iommu/standard/requirements.tsv",
               rows.replace("MAP request", "5.13.6.5.2 MAP").replace("ATTACH request", "5.13.6.3.2 A"))
    tree.run("one", "5.13.6.3")
    attach = ids(tree)
    assert attach and all(" DEV-ATTACH-" in name for name in attach)
    tree.run("5.13.6.3", "!DEV-ATTACH-2", "!two")
    assert ids(tree) == {name for name in attach if "DEV-ATTACH-2/" not in name}
    tree.run("--level", "SHOULD")
    assert ids(tree) and all(" DEV-FEAT-1/" in name or " DRV-MAP-1/" in name for name in ids(tree))
    assert tree.run("5.13.7") == 2
    assert "'5.13.7' names no section of the standard with a test" in tree.err


def test_patterns_of_a_file(tree: Tree) -> None:
    tree.write("list", "# those of today\none\n\nDEV-ATTACH-1\n")
    tree.run("--from", str(tree.root / "list"))
    assert {name.split("/")[0] for name in ids(tree)} == {"one DEV-ATTACH-1"}


def test_a_selection_keeps_the_report_of_all_tests(tree: Tree) -> None:
    tree.run()
    whole = ids(tree, "")
    tree.run("one", "DEV-ATTACH-1")
    assert "report: build/x86_64/results/selected/results.html" in tree.out
    assert ids(tree, "") == whole


def test_rerun_of_what_failed(tree: Tree) -> None:
    tree.run()
    data = json.loads((tree.root / "build/x86_64/results/results.json").read_text())
    red = {f"{run['name']} {test['id']}" for run in data["runs"] for test in run["tests"] if test["red"]}
    assert tree.run("--rerun-failed") == 1
    assert ids(tree) == red and red


def test_shards_are_all_together(tree: Tree) -> None:
    from runner import report
    tree.run()
    whole = ids(tree, "")
    files = [str(tree.root / f"{number}.json") for number in (1, 2)]
    for number, path in enumerate(files, 1):
        tree.run("--shard", f"{number}/2", "--json", path)
    merged = tree.root / "build/x86_64/results/merged/results.json"
    merged.parent.mkdir()
    assert report.main(["merge", *files, "-o", str(merged)], "") == 0
    assert ids(tree, "merged/") == whole
    assert json.loads(merged.read_text())["selection"] == []
    assert report.main(["merge", files[0], files[0]], "") == 2
    assert tree.run("--shard", "3/2") == 2


def test_output_elsewhere(tree: Tree, tmp_path: Path) -> None:
    tree.run("--output", str(tmp_path / "there"))
    assert (tmp_path / "there/results.json").exists()
    assert not (tree.root / "build/x86_64/results").exists()
    assert not (tree.root / "build/x86_64/run").exists()


def test_budget(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SCENARIO", "hang")
    assert tree.run("--budget", "0.5") == 1
    assert "the budget of 0.5 s is used up" in tree.out
    assert "interrupted: not all tests have a verdict" in tree.out


def test_a_red_test_is_tried_again_and_traced(tree: Tree) -> None:
    tree.run(again=True)
    data = json.loads((tree.root / "build/x86_64/results/results.json").read_text())
    red = [test for run in data["runs"] for test in run["tests"] if test["red"]]
    assert any("ATTACH domain 5" in line for test in red for line in test["trace"])
    assert any(line.startswith("!! ") for test in red for line in test["trace"])
    tree.run()
    data = json.loads((tree.root / "build/x86_64/results/results.json").read_text())
    assert not any(test["trace"] for run in data["runs"] for test in run["tests"])
