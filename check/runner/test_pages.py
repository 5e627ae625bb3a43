# SPDX-License-Identifier: BSD-3-Clause
"""Pages, the matrix, and what of the image's comments they show."""
from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib         # type: ignore[import]
import jsonschema       # type: ignore[import]
import pytest
from conftest import TOP, Tree
from runner import report
from runner.judge.results import VERDICTS
from runner.judge.score import by_clause, level_class, scores, topic
from runner.operate.environment import read_environment
from runner.write import matrix, page

MINE = "`<b>` <script>alert(1)</script> & \"quoted\""


def parsed(path: Path) -> str:
    """Valid for a strict parser, alone, and not too large."""
    text = path.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    links = re.sub(r'<a href="https://docs\.oasis-open\.org/virtio/virtio/[^"]*"', "", text)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|https?:", links)
    assert "default-src 'none'" in text
    assert len(text) < 2 << 20
    return text


@pytest.fixture
def result(tree: Tree) -> Path:
    tree.run()
    return tree.root / "build/x86_64/results/results.json"


def changed(path: Path, name: str, change) -> Path:
    data = json.loads(path.read_text())
    change(data)
    target = path.with_name(name)
    target.write_text(json.dumps(data))
    return target


def test_the_run_writes_a_page(tree: Tree) -> None:
    tree.run("--html", "copy.html")
    text = parsed(tree.root / "build/x86_64/results/results.html")
    assert (tree.root / "copy.html").read_text() == text
    assert "report: build/x86_64/results/results.html" in tree.out
    for expected in ("conformance of qemu 7.2.22", "DEV-ATTACH-1",
                     '<a href="#requirements" data-flag="red">Unexpected results: 2</a>.',
                     "status INVAL (4)", "status &#34;OK&#34; (0)", "a slip of the text",
                     "no test is written for it yet", "needs a second endpoint",
                     " -v one &#39;DEV-ATTACH-3/some_fail&#39;</pre>"):
        assert expected in text, expected


def test_every_requirement_has_one_row(tree: Tree, result: Path) -> None:
    text = parsed(result.with_suffix(".html"))
    ids = re.findall(r'<details class="row" id="([^"]+)" data-verdict="([^"]+)"', text)
    rows = json.loads(result.read_text())["requirements"]
    assert sorted(ids) == sorted((row["id"], row["verdict"]) for row in rows)


def test_templates_are_compiled_once(result: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    for _ in range(2):
        assert report.main(["html", str(result), "-o", str(tmp_path / "x.html")], "") == 0
        assert len(list((tmp_path / "cache").iterdir())) == 4
    parsed(tmp_path / "x.html")


def test_without_the_template_package(tree: Tree, monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)           # type: ignore
    assert tree.run("one", "DEV-ATTACH-1") == 0
    assert "results.md" in tree.out
    assert not (tree.root / "build/x86_64/results/results.html").exists()
    assert tree.run("--html", "x.html") == 2
    assert "install package python3-jinja2" in tree.err
    found = str(tree.result)
    assert report.main(["html", found], str(tree.root)) == 2
    assert report.main(["measure", "/usr/bin"], str(tree.root)) == 2
    assert capsys.readouterr().err.count("install package python3-jinja2") == 2
    tree.run()
    found = str(tree.result)
    assert report.main(["matrix", found], str(tree.root)) == 0


def test_template_package_that_does_not_load(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were none; who asks for a page is told before anything runs."""
    tree.write("broken/jinja2.py", "import no_such_markupsafe\n")
    monkeypatch.delitem(sys.modules, "jinja2", raising=False)
    monkeypatch.syspath_prepend(str(tree.root / "broken"))
    assert tree.run("one", "DEV-ATTACH-1") == 0
    assert tree.result.with_name("results.md").exists() and not tree.result.with_suffix(".html").exists()
    (tree.root / "starts").unlink()
    assert tree.run("--html", "x.html") == 2 and not (tree.root / "starts").exists()
    assert tree.err.startswith("run_tests.sh: a page needs Jinja2: it does not load: No module named ")


def test_template_package_that_fails(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no other report along, and is no red verdict."""
    def fail(_: object) -> str:
        raise AttributeError("module 'jinja2' has no attribute 'Environment'")
    monkeypatch.setattr(page, "to_html", fail)
    assert tree.run("one", "DEV-ATTACH-3") == 2
    assert tree.verdicts()["DEV-ATTACH-3/some_fail"] == "fail"
    assert tree.err.startswith("run_tests.sh: results.html is not written: AttributeError ")
    assert tree.err.count("\n") == 1


def test_nothing_of_a_vmm_gets_into_the_markup(result: Path) -> None:
    def spoil(data: dict) -> None:
        data["vmm"]["version"] = MINE
        data["runs"][0].update(failure=MINE, notes=[MINE], command=MINE)
        data["runs"][0]["environment"]["other"] = [MINE]
        data["runs"][0]["tests"][2].update(expected=MINE, actual=MINE, reason=MINE, at=MINE)
        data["requirements"][0].update(text=MINE, reason=MINE, clause=MINE)
    path = changed(result, "spoilt.json", spoil)
    assert report.main(["html", str(path)], "") == 0
    text = parsed(path.with_suffix(".html"))
    assert "<script>alert" not in text and "<b>" not in text and "<code>&lt;b&gt;</code>" in text
    both = path.with_name("m.html")
    assert report.main(["matrix", str(path), str(result), "-o", str(both)], "") == 0
    assert "<script>alert" not in parsed(both)


def every_verdict(data: dict) -> None:
    for verdict, row in zip(VERDICTS, data["requirements"]):
        row["verdict"] = verdict
    for verdict, test in zip(VERDICTS[2:], data["runs"][0]["tests"]):
        test.update(verdict=verdict, known=True, expectation="it is so")
    data.update(interrupted=True, stale=["an entry", "another"], strict=True)
    del data["runs"][1]["environment"]                  # as an older suite wrote it


def test_all_verdicts_and_states(result: Path) -> None:
    path = changed(result, "all.json", every_verdict)
    assert report.main(["html", str(path), "-o", str(path.with_name("all.html"))], "") == 0
    text = parsed(path.with_name("all.html"))
    for expected in ("Interrupted", "Stale expectations: 2", "it is so", "an entry", "timeout"):
        assert expected in text
    for verdict in (*VERDICTS, "not-tested"):
        assert f'data-verdict="{verdict}"' in text, verdict


def test_verdicts_are_more_than_colours(result: Path) -> None:
    """Each has a word beside its symbol."""
    text = parsed(result.with_suffix(".html"))
    found = re.findall(r'<span class="verdict ([a-z-]+)"><span class="symbol" aria-hidden="true">'
                       r"([^<]+)</span> ([a-z-]+)</span>", text)
    assert len(found) == text.count('<span class="verdict')
    assert all(name == word and symbol for name, symbol, word in found)


def test_form_fields_have_labels(result: Path) -> None:
    text = parsed(result.with_suffix(".html"))
    form = text[text.index("<form"):text.index("</form>")]
    assert len(re.findall("<input|<select", form)) == form.count("<label>")
    for tag in ('lang="en"', "<main>", 'role="status"', 'class="skip-link"', 'name="viewport"',
                "prefers-color-scheme: dark", "@media print"):
        assert tag in text


def slower(data: dict) -> None:
    data["vmm"]["version"] = "10.0"
    data["requirements"][0]["verdict"] = "fail"
    del data["requirements"][1]


def test_matrix(tree: Tree, result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = changed(result, "other.json", slower)
    html, markdown = result.with_name("m.html"), result.with_name("m.md")
    assert report.main(["matrix", str(result), str(other), "-o", str(html),
                        "--md", str(markdown)], "") == 0
    text, lines = parsed(html), markdown.read_text()
    titles = ["qemu 7.2.22 x86_64", "qemu 10.0 x86_64"]
    assert "sentence | " + " | ".join(titles) + " |" in lines
    assert re.search(r"\| DEV-ATTACH-1 \| MUST \|[^|]*\| ✓ pass \| ✗ fail \|", lines)
    assert re.search(r"\| DEV-ATTACH-2 \| MUST \|[^|]*\| ✓ pass \| ○ not-tested \|", lines)
    assert "| VMM | all of the device | MUST |" in lines, "a row for each result"
    assert '<a class="fail" href="#DEV-ATTACH-1"' in text and '<tr id="DEV-ATTACH-1"' in text
    assert 'data-verdict="pass fail"' in text and text.count('data-flags="differs"') == 2
    assert str(tree.root) not in text + lines
    capsys.readouterr()
    assert report.main(["matrix", str(result)], "") == 0
    assert "## How each column was made" in capsys.readouterr().out


def test_scores_of_a_matrix_are_over_the_same_statements() -> None:
    def result(*verdicts: str) -> dict:
        return {"requirements": [{"id": f"DEV-MAP-{n}", "level": "MUST", "clause": "5.13.6.5.2 MAP",
                                  "verdict": verdict} for n, verdict in enumerate(verdicts)],
                "vmm": {"name": "qemu", "version": "1"}, "arch": "x86_64", "accel": "tcg"}
    made = matrix.Matrix([result("pass", "fail", "pass"), result("fail", "skip", "pass")])
    assert [row[0].text for row in made.scores() if row[0]] == ["2 of 2 (100 %)", "1 of 2 (50 %)"]


def test_a_part_of_a_result_is_no_column(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    tree.run("one", "DEV-MAP-1")
    assert report.main(["matrix", str(tree.result)], "") == 2
    assert "is a result of one DEV-MAP-1 only" in capsys.readouterr().err


def test_results_are_as_their_schema_says(result: Path) -> None:
    schema = json.loads((TOP / "docs/results.schema.json").read_text())
    jsonschema.validate(json.loads(result.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(result.read_text()), "schema": 1}, schema)


@pytest.mark.parametrize("arguments, text", (
    ((), "arguments are required"),
    (("pdf", "x"), "invalid choice"),
    (("html", "nothing.json"), "nothing.json: No such file"),
    (("html", "a.json", "b.json"), "html takes one result"),
    (("matrix", "unittests.cfg"), "is no results.json"),
))
def test_wrong_use(tree: Tree, arguments: tuple[str, ...], text: str,
                   capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(list(arguments), str(tree.root)) == 2
    assert text in capsys.readouterr().err


def spoiled(data: Any, new: object) -> Iterator[tuple[object, str]]:
    """Each value below in turn is another one, or missing; then all is as it was."""
    places = list(data.items()) if isinstance(data, dict) else list(enumerate(data))[:1]
    for key, value in places:
        if new is MISSING:
            del data[key]
        else:
            data[key] = new
        yield key, repr(new)
        if isinstance(data, dict) or new is not MISSING:
            data[key] = value
        else:
            data.insert(0, value)
        if isinstance(value, (dict, list)):
            yield from spoiled(value, new)


MISSING = object()


@pytest.mark.parametrize("command, new", (("html", MISSING), ("html", None), ("html", 5),
                                          ("matrix", MISSING), ("matrix", None), ("matrix", "x")))
def test_other_fields(result: Path, command: str, new: object, monkeypatch: pytest.MonkeyPatch,
                      capsys: pytest.CaptureFixture[str]) -> None:
    """Of another version of the suite, or edited: one line with the file, or a page that is whole."""
    monkeypatch.setattr(sys, "pycache_prefix", str(result.parent))      # compile templates once
    data = json.loads(result.read_text())
    del data["requirements"][2:], data["runs"][0]["tests"][2:], data["runs"][1:]
    other, target = result.with_name("other.json"), result.with_name("o.html")
    for key, value in spoiled(data, new):
        other.write_text(json.dumps(data))
        status = report.main([command, str(other), "-o", str(target)], "")
        err = capsys.readouterr().err
        assert status in (0, 2) and err.count("\n") == (status == 2), (key, value)
        assert not err or str(other) in err


def test_no_room_for_a_page(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["html", str(result), "-o", "/dev/null/x.html"], "") == 2
    assert "/dev/null" in capsys.readouterr().err


def test_measure(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs what is built on each VMM, in the order of the call."""
    for name in ("run_tests.sh", "scripts", "expectations"):
        (tree.root / name).symlink_to(TOP / name)
    script = ('#!/bin/sh\nexec "$PYTHON" -B -c \'import sys; sys.path.insert(0, "%s"); '
              'from runner.cli import main; sys.exit(main(sys.argv[1:], "%s"))\' "$@"\n')
    (tree.root / "run_tests.sh").unlink()
    tree.write("run_tests.sh", script % (TOP / "scripts", tree.root)).chmod(0o755)
    assert report.main(["measure", str(tree.root / "bin")], str(tree.root)) == 0
    parsed(tree.root / "docs/results/matrix.html")
    text = (tree.root / "docs/results/matrix.md").read_text()
    assert "| sentence | qemu 7.2.22 aarch64 | qemu 7.2.22 x86_64 |" in text
    assert str(tree.root) not in text
    assert report.main(["measure", "/nonexistent"], str(tree.root)) == 2
    assert "/nonexistent aarch64: /nonexistent is not there" in capsys.readouterr().err
    (tree.root / "bin/qemu-system-aarch64").unlink()
    assert report.main(["measure", f"qemu={tree.root}/bin"], str(tree.root)) == 0
    text = (tree.root / "docs/results/matrix.md").read_text()
    assert "| sentence | qemu 7.2.22 x86_64 |" in text, "without what is not there"


FACTS = (
    "boot: pvh", "device: 0000:00:02.0 features 0x50000000005 accepted 0x100000001",
    "config: page_size_mask 0xfffffffffffff000 input_range 0-0xffff",
    "iommu: VIOT: PCI 0000:00:02.0", "endpoints: VIOT: PCI 0000:00:00.0 to 0000:00:1f.7",
    "request queue: 64 descriptors, split", "virtio-iommu-tests 0.1.0 x86_64",
    "endpoint: 0000:00:03.0 id 0x18 virtio-blk", "endpoint: MMIO 0xa00 id 0x0 virtio-rng",
    "endpoint: 0000:00:04.0 not usable: no BAR",
    "reserved: endpoint 0x18 0xfee00000-0xfeefffff subtype 1",
    "reserved: endpoint 0x18 0x0-0xfff subtype 7", "property: endpoint 0x18 type 0x7, 4 bytes",
    "reserved: endpoint 0x99 0x0-0xfff subtype 0", "device: gone", "qemu: a log line", "words",
)


def test_environment() -> None:
    found = read_environment(FACTS)
    assert found["queue"] == "64 descriptors, split"
    assert found["boot"] == "pvh" and found["device"] == "0000:00:02.0"
    assert [tuple(item.values()) for item in found["features"]] == [
        (0, "INPUT_RANGE", True, True), (2, "MAP_UNMAP", True, False),
        (32, "VERSION_1", False, True), (40, "RING_RESET", True, False),
        (42, "unknown", True, False)]
    assert found["config"] == {"page_size_mask": "0xfffffffffffff000", "input_range": "0-0xffff"}
    assert found["tables"] == ["VIOT: PCI 0000:00:02.0", "VIOT: PCI 0000:00:00.0 to 0000:00:1f.7"]
    assert found["endpoints"] == [{"address": "0000:00:03.0", "id": "0x18", "kind": "virtio-blk",
                                   "properties": ["RESV_MEM 0xfee00000-0xfeefffff MSI",
                                                  "RESV_MEM 0x0-0xfff subtype 7",
                                                  "type 0x7, 4 bytes"]},
                                  {"address": "MMIO 0xa00", "id": "0x0", "kind": "virtio-rng",
                                   "properties": []}]
    assert found["other"] == ["endpoint: 0000:00:04.0 not usable: no BAR",
                              "reserved: endpoint 0x99 0x0-0xfff subtype 0", "device: gone",
                              "qemu: a log line", "words"]


def catalogue() -> list[dict]:
    lines = (TOP / "virtio-iommu/standard/requirements.tsv").read_text().splitlines()[1:]
    return [{**dict(zip(("id", "level", "clause"), line.split("\t"))), "verdict": "pass"}
            for line in lines]


def test_each_row_of_the_catalogue_has_a_place() -> None:
    """None falls through to a part's name but where the part is one topic."""
    rows = catalogue()
    tree = by_clause(rows)
    assert sum(len(found) for topics in tree.values() for found in topics.values()) == len(rows)
    assert "IOMMU device" not in tree["IOMMU device"]
    assert "Virtio over PCI" not in tree["Virtio over PCI"]
    assert topic({"id": "N-BYP-1", "clause": "IOMMU device, L1"}) == "Bypass"
    assert sum(score.total for score in scores(rows)[1:]) == len(rows)


@pytest.mark.parametrize("level, name, expected", (
    ("MUST NOT", "X-1", "MUST"), ("SHOULD + MUST", "X-1", "MUST"), ("RECOMMENDED", "X-1", "SHOULD"),
    ("SHOULD NOT + MAY", "X-1", "SHOULD"), ("ISOLATION", "X-1", "ISOLATION"),
    ("(table rule)", "X-1", "no keyword"), ("(open point)", "AMB-1", "open point"),
))
def test_level_class(level: str, name: str, expected: str) -> None:
    assert level_class({"level": level, "id": name}) == expected


def test_headings() -> None:
    assert matrix.heading({"vmm": {"name": "host", "version": "1"}, "arch": "host",
                           "accel": "tcg"}) == "reference device 1"
    assert matrix.heading({"vmm": {"name": "qemu", "version": "9.2"}, "arch": "x86_64",
                           "accel": "kvm"}) == "qemu 9.2 x86_64 kvm"


def test_page_of_nothing_judged() -> None:
    assert scores([])[0].text == "–"


def test_coverage(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    """From the catalogue, the list of tests and the mutants, whatever a VMM does."""
    built = tree.root / "build/host"
    built.mkdir(parents=True)
    shutil.copy(tree.root / "build/x86_64/tests.tsv", built / "tests.tsv")
    program = built / "virtio-iommu"
    program.write_text("#!/bin/sh\n"
                       "printf 'LATE\\tDEV-ATTACH-3\\tx\\ttext\\nEARLY\\tDEV-ATTACH-3\\tx\\ttext\\n'\n")
    program.chmod(0o755)
    assert report.main(["coverage"], str(tree.root)) == 0
    text = capsys.readouterr().out
    assert "some\\_fail" in text and "| LATE, EARLY |" in text
    rows = len((tree.root / "virtio-iommu/standard/requirements.tsv").read_text().splitlines()) - 1
    assert f"| {rows} | " in text
    program.write_text("#!/bin/sh\n")
    assert report.main(["coverage"], str(tree.root)) == 2
    assert "lists none" in capsys.readouterr().err
    assert report.main(["coverage", "x"], str(tree.root)) == 2
    assert report.main(["html"], str(tree.root)) == 2
