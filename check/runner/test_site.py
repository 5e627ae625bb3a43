# SPDX-License-Identifier: BSD-3-Clause
"""The static site of many results: whole, valid, without dead links, scripts or network."""
from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import html5lib         # type: ignore[import]
import pytest
from conftest import Tree
from runner import report
from runner.plan.standard import PUBLISHED
from runner.write.badge import COLOURS, badge, to_svg
from runner.write.history import Change, Edition, changes, implementations, in_order, slug
from runner.write.site import bars
from test_pages import MINE, MISSING, spoiled

XHTML = "{http://www.w3.org/1999/xhtml}"
LOADING = {"img": "src", "link": "href", "script": "src", "iframe": "src", "object": "data", "source": "src",
           "video": "src", "audio": "src", "embed": "src", "form": "action", "image": "href", "use": "href"}


@pytest.fixture
def result(tree: Tree) -> dict:
    tree.write("expectations/qemu", "[DEV-ATTACH-3/some_fail]\nverdict = fail\nreason = known for long\n")
    tree.run()
    return tree.results()


def version(result: dict, name: str, date: str = "2026-01-02", **verdicts: str) -> dict:
    """Another version of the VMM, with other verdicts: DEV_MAP_1=..."""
    data = json.loads(json.dumps(result))
    data["vmm"].update(version=name, detail=f"{name} (a build)")
    data["started"] = f"{date}T00:00:00+00:00"
    for row in data["requirements"]:
        row["verdict"] = verdicts.get(row["id"].replace("-", "_"), row["verdict"])
    return data


def write(tree: Tree, *results: dict) -> list[str]:
    return [str(tree.write(f"r{number}.json", json.dumps(data))) for number, data in enumerate(results)]


def six(result: dict) -> list[dict]:
    """Versions, dates and architectures, not in order."""
    arm = version(result, "10.0.2")
    arm["arch"] = "aarch64"
    host = version(result, "0.1.0")
    host.update(arch="host", vmm={**host["vmm"], "name": "host"})
    return [version(result, "10.0.2", DEV_ATTACH_1="fail", DEV_MAP_1="pass"), version(result, "9.2.1"),
            arm, host, version(result, "10.0.2", "2026-02-03", DEV_ATTACH_1="pass"),
            version(result, "11.1.0", DEV_ATTACH_1="info")]


@pytest.fixture
def site(tree: Tree, result: dict, capsys: pytest.CaptureFixture[str]) -> Path:
    assert report.main(["site", "site", *write(tree, *six(result))], "") == 0
    files = [path for path in (tree.root / "site").rglob("*") if path.is_file()]
    assert capsys.readouterr().out == f"site: {len(files)} files\n"
    return tree.root / "site"


def parse(path: Path) -> ElementTree.Element:
    return html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))


def references(document: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Return element and target of all that leads somewhere or is loaded."""
    for element in document.iter():
        if isinstance(element.tag, str):
            for name in ("href", "src", "srcset", "data", "action"):
                if name in element.attrib:
                    yield element.tag.replace(XHTML, ""), element.attrib[name]


def ids(path: Path, known: dict[Path, set[str]]) -> set[str]:
    if path not in known:
        known[path] = {element.get("id", "") for element in parse(path).iter()}
    return known[path]


def dead_links(top: Path) -> list[str]:
    """Return links that lead nowhere or out of the site, and whatever is loaded from elsewhere."""
    known: dict[Path, set[str]] = {}
    found = []
    for path in sorted(top.rglob("*.html")):
        for tag, target in references(parse(path)):
            if tag == "a" and target in PUBLISHED.values():
                continue
            name, fragment = urldefrag(target)
            file = (path.parent / unquote(name)).resolve() if name else path
            if re.match(r"\w+:|//|/", target) or not file.is_file() or top not in file.parents or (
                    fragment and "=" not in fragment and fragment not in ids(file, known)):
                found.append(f"{path.relative_to(top)}: {tag} {target}")
    return found


def own_pages(top: Path) -> list[Path]:
    """Return all pages but the reports, which are single files with a script of their own."""
    return [path for path in sorted(top.rglob("*.html")) if path.parent.name != "results"]


def test_links(site: Path) -> None:
    assert dead_links(site) == []
    (site / "differences.html").unlink()
    assert dead_links(site), "the checker sees one"


def test_all_is_reached_from_the_index(site: Path) -> None:
    seen, left = set(), [site / "index.html"]
    while left:
        page = left.pop()
        if page not in seen and page.suffix == ".html":
            left += [(page.parent / unquote(urldefrag(target)[0])).resolve()
                     for _, target in references(parse(page)) if ":" not in target]
        seen.add(page)
    assert {path for path in site.rglob("*") if path.is_file()} - seen == {site / "site.json"}


def test_pages_are_valid_and_alone(site: Path) -> None:
    """No script, nothing that the policy for contents would stop, and no text that leaves its box."""
    for path in own_pages(site):
        document, text = parse(path), path.read_text()
        assert "default-src 'none'" in text and "@import" not in text
        for element in document.iter():
            tag = str(element.tag).replace(XHTML, "")
            assert tag != "script" and not {name for name in element.keys() if name[:2] == "on"}
            assert "style" not in element.keys() and tag != "style", "the policy stops it"
        boxes = [table for box in document.iter(f"{XHTML}div") if box.get("class") == "scroll"
                 for table in box.iter(f"{XHTML}table")]
        assert len(boxes) == len(list(document.iter(f"{XHTML}table"))), f"{path}: a table out of its box"


def test_style(site: Path) -> None:
    """Nothing outside of a box is wider than a small screen, and colours follow the reader's."""
    text = (site / "style.css").read_text()
    assert "url(" not in text and "@import" not in text
    for wanted in (".scroll { overflow-x: auto; }", "overflow-wrap: anywhere", "prefers-color-scheme: dark",
                   "color-scheme: light dark"):
        assert wanted in text
    for rule, width in re.findall(r"([^{}]+)\{[^}]*[ ;{](?:min-)?width: (\d+)rem", text):
        assert int(width) <= 16 or "media" in rule, rule


def test_people_find_their_way(site: Path) -> None:
    for path in own_pages(site):
        document = parse(path)
        assert document.get("lang") == "en"
        assert len(list(document.iter(f"{XHTML}h1"))) == len(list(document.iter(f"{XHTML}title"))) == 1
        assert all(image.get("alt") for image in document.iter(f"{XHTML}img"))
        for element in document.iter(f"{XHTML}a"):
            assert "".join(element.itertext()).strip() or element.get("aria-label"), "a link without a name"


def test_history(site: Path) -> None:
    text = (site / "implementations/qemu-x86-64-tcg-1.4.html").read_text()
    order = re.findall(r'<th scope="row">([\d.]+)</th><td class="number">([\d-]+)</td>', text)
    assert order == [("11.1.0", "2026-01-02"), ("10.0.2", "2026-02-03"), ("10.0.2", "2026-01-02"),
                     ("9.2.1", "2026-01-02")]
    assert re.findall("<h3>(.*)</h3>", text) == [
        "10.0.2 → 11.1.0", "10.0.2 (2026-01-02) → 10.0.2 (2026-02-03)", "9.2.1 → 10.0.2"]
    assert re.findall("<h4>(.*)</h4>", text) == ["Changed: 1", "Fixed: 1", "Changed: 1", "Regressed: 1",
                                                 "Changed: 1"]
    assert 'aria-label="' in text and "<rect" in text


def test_requirement_page(site: Path) -> None:
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", (site / "requirements/DEV-ATTACH-3.html").read_text()))
    for wanted in ("DEV-ATTACH-3", "Level MUST", "Clause ATTACH request", "DEV-ATTACH-3/some_fail",
                   "Expected status INVAL (4)", "Actual status", "Known defect known for long",
                   "9.2.1 ✗ fail 10.0.2 ✗ fail 11.1.0 ✗ fail", "Previous: DEV-ATTACH-2"):
        assert wanted in text, wanted
    assert text.count("known for long") == 1, "what all showed in the same words is told once"
    text = (site / "requirements/DRV-MAP-1.html").read_text()
    assert '<a href="DEV-ATTACH-3.html">DEV-ATTACH-3</a>' in text


def test_a_clause_of_the_standard_is_linked(tree: Tree, result: dict) -> None:
    result["requirements"][0]["clause"] = "5.13.6.3.2 Device Requirements: ATTACH request"
    assert report.main(["site", "site", *write(tree, result)], "") == 0
    text = (tree.root / "site/requirements/DEV-ATTACH-1.html").read_text()
    for link in PUBLISHED.values():
        assert f'5.13.6.3.2 Device Requirements: ATTACH request, in <a href="{PUBLISHED["1.2"]}"' in text
        assert f'href="{link}"' in text


def test_differences(site: Path) -> None:
    found = set(re.findall(r'requirements/([A-Z0-9-]+)\.html', (site / "differences.html").read_text()))
    assert found == {"DEV-ATTACH-1"}, "the newest of each version count"


def test_contents_for_programs(site: Path) -> None:
    data = json.loads((site / "site.json").read_text())
    assert [one["implementation"] for one in data["implementations"]] == [
        "qemu aarch64", "qemu x86_64", "reference device"]
    for one in data["implementations"]:
        for path in (one["page"], one["badge"], *(result[key] for result in one["results"]
                                                  for key in ("report", "data"))):
            assert (site / path).is_file()
    newest = data["implementations"][1]["results"][-1]
    assert newest["version"] == "11.1.0" and newest["kept"] < newest["judged"]
    assert json.loads((site / newest["data"]).read_text())["vmm"]["version"] == "11.1.0"


def test_badges(site: Path) -> None:
    for path in (site / "badges").glob("*.svg"):
        root = ElementTree.parse(path).getroot()
        data = json.loads(path.with_suffix(".json").read_text())
        assert root.get("aria-label") == f"{data['label']}: {data['message']}"
        assert set(data) == {"schemaVersion", "label", "message", "color"} and data["schemaVersion"] == 1
        assert data["color"] in COLOURS and "kept" in data["message"]
        assert "http" not in path.read_text().replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("verdicts, colour, message", (
    (("pass", "info", "skip"), "brightgreen", "2 of 2 kept"),
    (("pass", "pass", "warn"), "yellow", "2 of 3 kept"),
    (("crash", "pass", "pass"), "red", "2 of 3 kept"),
    (("skip", "skip", "not-tested"), "lightgrey", "not judged"),
))
def test_colour_of_a_badge(result: dict, verdicts: tuple[str, ...], colour: str, message: str) -> None:
    levels = ("MUST", "MUST", "SHOULD")
    result["requirements"] = [
        {"id": f"DEV-MAP-{number}", "level": level, "clause": "MAP request", "verdict": verdict}
        for number, (level, verdict) in enumerate(zip(levels, verdicts))]
    shown = badge(Edition(result))
    assert (shown.colour, shown.message) == (colour, message)
    assert COLOURS[colour] in to_svg(shown)


@pytest.mark.parametrize("before, after, kind", (
    ("pass", "fail", "regressed"), ("info", "warn", "regressed"), ("crash", "pass", "fixed"),
    ("skip", "fail", "deviation found"), ("not-tested", "timeout", "deviation found"),
    ("fail", "crash", "changed"), ("pass", "info", "changed"), ("fail", "skip", "changed"),
    ("absent", "fail", "new"), ("pass", "absent", "gone"),
))
def test_kinds_of_change(before: str, after: str, kind: str) -> None:
    assert Change({}, before, after).kind == kind


def test_changes(result: dict) -> None:
    old, new = version(result, "1"), version(result, "2", DEV_ATTACH_1="fail")
    del new["requirements"][3], old["requirements"][5]
    found = changes(Edition(old), Edition(new))
    assert {kind: [change.row["id"] for change in those] for kind, those in found.items()} == {
        "regressed": ["DEV-ATTACH-1"], "new": ["DEV-MAP-1"], "gone": ["DEV-ATTACH-4"]}


def test_order_of_versions() -> None:
    names = ["10.0.2", "9.2", "10.2.50", "7.2.22", "11.0.0", "10.0"]
    assert sorted(names, key=in_order) == ["7.2.22", "9.2", "10.0", "10.0.2", "10.2.50", "11.0.0"]


def test_names_of_files() -> None:
    assert slug("qemu", "7.2.22", "../../etc/x", "", "é/..") == "qemu-7.2.22-etc-x-x-x"


def test_what_makes_an_implementation(result: dict) -> None:
    other = version(result, "9.2.1")
    other["standard"] = "1.2"
    found = implementations([result, other])
    assert [one.title for one in found] == ["qemu x86_64 by virtio 1.2", "qemu x86_64"]


def test_bars_add_up(result: dict) -> None:
    edition = Edition(version(result, "1", DEV_ATTACH_1="crash"))
    found = bars(edition)
    assert sum(number for *_, number in found) == len(edition.rows)
    assert [start for _, _, start, _ in found] == [sum(part[3] for part in found[:index])
                                                   for index in range(len(found))]


def test_a_site_takes_the_place_of_the_last(tree: Tree, site: Path, result: dict) -> None:
    """The same results give the same bytes."""
    before = {path: path.read_bytes() for path in site.rglob("*.html")}
    assert report.main(["site", "site", *write(tree, *reversed(six(result)))], "") == 0
    assert {path: path.read_bytes() for path in site.rglob("*.html")} == before
    assert report.main(["site", str(site) + "/", *write(tree, version(result, "9.2.1"))], "") == 0
    assert len(list((site / "results").iterdir())) == 2 and dead_links(site) == []
    assert not list(tree.root.glob("*.tmp"))


def selected(data: dict) -> None:
    data["selection"] = ["DEV-MAP-1"]


def twins(data: dict) -> None:
    data["requirements"][1]["id"] = data["requirements"][0]["id"].replace("-", "_")


@pytest.mark.parametrize("change, text", ((selected, "DEV-MAP-1 only"), (twins, "punctuation only")))
def test_refused_results(tree: Tree, result: dict, change: Callable[[dict], None], text: str,
                         capsys: pytest.CaptureFixture[str]) -> None:
    change(result)
    assert report.main(["site", "site", *write(tree, result)], "") == 2
    assert text in capsys.readouterr().err and not (tree.root / "site").exists()


def test_refused_calls(tree: Tree, result: dict, capsys: pytest.CaptureFixture[str]) -> None:
    paths = write(tree, result)
    tree.write("docs/page.md", "mine\n")
    calls: list[tuple[list[str], str]] = [
        (["docs", *paths], "is no empty directory"), (["r0.json", *paths], "is no empty directory"),
        (["site"], "at least one result"), ([], "at least one input"),
        (["site", *paths, *paths], "is given twice"), (["site", "x.json"], "No such file")]
    for arguments, text in calls:
        assert report.main(["site", *arguments], "") == 2
        assert text in capsys.readouterr().err
    assert (tree.root / "docs/page.md").read_text() == "mine\n" and not (tree.root / "site").exists()


def test_nothing_of_a_vmm_gets_into_the_markup(tree: Tree, result: dict) -> None:
    other = version(result, MINE)
    other["requirements"][0].update(id="../../" + MINE, text=MINE, clause=MINE, reason=MINE)
    for test in other["runs"][0]["tests"]:
        test.update(expected=MINE, actual=MINE, reason=MINE, at=MINE, expectation=MINE, verdict="fail")
    assert report.main(["site", "site", *write(tree, result, other)], "") == 0
    site = tree.root / "site"
    assert dead_links(site) == [] and not (tree.root / "requirements").exists()
    for path in own_pages(site):
        assert "<script" not in path.read_text() and "<b>" not in path.read_text()


@pytest.mark.parametrize("new", (MISSING, None, 5))
def test_other_fields(tree: Tree, result: dict, new: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Of another version of the suite, or edited: one line with the file, or a site that is whole."""
    del result["requirements"][2:], result["runs"][0]["tests"][2:], result["runs"][1:]
    for key, value in spoiled(result, new):
        paths = write(tree, result)
        status = report.main(["site", "site", *paths], "")
        err = capsys.readouterr().err
        assert status in (0, 2) and err.count("\n") == (status == 2), (key, value, err)
        assert not err or paths[0] in err
