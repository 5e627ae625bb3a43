# SPDX-License-Identifier: BSD-3-Clause
"""What the documents leave out or get wrong: options, keys, verdicts, links."""
from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from conftest import TOP
from runner.judge.expectations import EXPECTABLE, KEYS
from runner.judge.results import VERDICTS
from runner.options import make_parser
from runner.plan.config import KINDS, PLACES, RUN_KEYS, SETUP_KEYS

MAN = TOP / "docs/run_tests.1"
PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").glob("*.md"))]


def page(name: str) -> str:
    return (TOP / "docs" / name).read_text(encoding="utf-8")


def test_man_page_has_each_option() -> None:
    options = {name for action in make_parser()._actions for name in action.option_strings}
    text = MAN.read_text().replace("\\-", "-").replace("\\fR", "")
    found = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    assert options <= found
    assert {name for name in found if name.startswith("--")} <= options | {"--version"}


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("name", ("run_tests.1", "report.1", "cost.1"))
def test_man_page_is_well_formed(name: str) -> None:
    done = subprocess.run(["groff", "-ww", "-man", "-z", str(TOP / "docs" / name)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("name, words", (
    ("unittests-cfg.md", (*SETUP_KEYS, *RUN_KEYS, *KINDS, *PLACES)),
    ("verdicts.md", KEYS),
))
def test_words_are_explained(name: str, words: tuple[str, ...]) -> None:
    explained = set(re.findall(r"`([\w-]+)`", page(name)))
    assert set(words) <= explained


def test_verdicts_are_explained() -> None:
    rows = set(re.findall(r"^\| (\w+) \|", page("verdicts.md"), re.MULTILINE))
    assert set(VERDICTS) | set(EXPECTABLE) <= rows


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_named_files_exist(path) -> None:
    """Of the tree: what is built has capital letters or build/ in its name."""
    pattern = r"`((?:docs|scripts|check|lib|host|virtio-iommu|expectations)/[a-z0-9_./-]+)`"
    for name in re.findall(pattern, path.read_text(encoding="utf-8")):
        assert (TOP / name).exists(), name


def test_man_page_has_each_command() -> None:
    from runner.report import make_parser as parser_of_report
    commands = next(action.choices for action in parser_of_report()._actions if action.dest == "command")
    found = re.findall(r"^\.TP\n\.B (\w+)$", page("report.1"), re.MULTILINE)
    assert sorted(found) == sorted(commands or ())
