# SPDX-License-Identifier: BSD-3-Clause
"""The report of a call in all its forms."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Optional

from ..judge.results import Report
from . import page
from .files import write_file
from .junit import to_junit
from .markdown import to_markdown
from .results_json import to_json

# By the name of the option that asks for a copy.
FILES = {"json": "results.json", "junit": "junit.xml", "md": "results.md", "html": "results.html"}


def texts(report: Report) -> tuple[dict[str, str], list[str]]:
    """
    Return what goes into each file, and what cannot be made, and why. A page is made only where its template
    package is installed; one that is damaged does not take the other forms along.
    """
    data = to_json(report)
    found = {"json": data, "junit": to_junit(report), "md": to_markdown(report)}
    try:
        if page.available():
            found["html"] = page.to_html(json.loads(data))
    except Exception as error:          # whatever a foreign package raises
        what = " ".join(str(error).split())
        return found, [f"{FILES['html']} is not written: {type(error).__name__} {what}"]
    return found, []


def write_reports(report: Report, directory: str, copies: Mapping[str, Optional[str]]) -> list[str]:
    """
    Write each form to @directory, and to its copy. Return what could not be written, and why: a
    full disk does not take the others along.
    """
    made, lost = texts(report)
    files = [(path, text) for form, text in made.items()
             for path in (os.path.join(directory, FILES[form]), copies.get(form)) if path]
    return lost + [why for why in (try_to_write(path, text) for path, text in files) if why]


def try_to_write(path: str, text: str) -> str:
    try:
        write_file(path, text)
    except OSError as error:
        return f"{path} is not written: {error.strerror}"
    return ""
