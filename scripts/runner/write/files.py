# SPDX-License-Identifier: BSD-3-Clause
"""Files that others may read while they are written."""
from __future__ import annotations

import os


def write_file(path: str, text: str) -> None:
    """Write all of it or nothing: a reader never sees half a report."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:               # a signal is one
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
