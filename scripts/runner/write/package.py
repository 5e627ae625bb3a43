# SPDX-License-Identifier: BSD-3-Clause
"""What a call of the runner needs, as files: for `make dist`, `make install` and `make standalone`."""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ..plan import architecture
from ..plan.catalogue import Tree, commit, read_make_config

PLAIN = ("run_tests.sh", "unittests.cfg", "VERSION", "LICENSE", "virtio-iommu/standard/requirements.tsv",
         "virtio-iommu/standard/untested.tsv")
DIRECTORIES = ("scripts/runner", "expectations")
PROGRAMS = ("run_tests.sh", "scripts/standalone", "scripts/report", "scripts/cost")
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")


def runtime_files(tree: Tree) -> list[str]:
    """Return names below the top of the tree: the runner, its data, and what is built for tree.arch."""
    images = dict.fromkeys((tree.image, tree.image_for("uefi")))
    built = [*map(tree.shown, images), tree.shown(tree.built("tests.tsv"))]
    found = [name for directory in DIRECTORIES for name in below(tree, directory)]
    architectures = [tree.shown(path) for path in architecture.files(tree.root)]
    return [*PLAIN, *architectures, *found, *built]


def programs_with_data(root: str, arches: list[str]) -> list[str]:
    """Return names, each once, of all programs for users with what they need for @arches."""
    trees = [Tree(root, arch) for arch in arches]
    names = [name for tree in trees for name in (*runtime_files(tree), tree.shown(tree.cost_image))]
    return sorted({*names, *existing(root, PROGRAMS)})


def documents(root: str) -> list[str]:
    """Return names of what people read, and of what they take into their own trees."""
    return existing(root, (*PAGES, *below(Tree(root, ""), "docs"), *below(Tree(root, ""), "contrib")))


def existing(root: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if os.path.isfile(os.path.join(root, name))]


def below(tree: Tree, directory: str) -> Iterator[str]:
    for path, directories, names in os.walk(tree.path(directory)):
        directories[:] = sorted(name for name in directories if name != "__pycache__")
        for name in sorted(names):
            if not name.endswith((".pyc", ".tmp")):
                yield tree.shown(os.path.join(path, name))


def make_config(tree: Tree) -> str:
    """Return the build/config.mak of a copy: where it comes from, and nothing of this machine."""
    known = read_make_config(tree).get("COMMIT") or commit(tree.root)
    return f"COMMIT={known}\n" if known else ""
