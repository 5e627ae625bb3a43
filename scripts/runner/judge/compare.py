# SPDX-License-Identifier: BSD-3-Clause
"""Two results side by side: what changed from the old one to this one."""
from __future__ import annotations

import json
from typing import Any

from ..plan.errors import UsageError
from .results import BAD, VERDICTS

DEVIATES = ("warn", *BAD)
KEPT = ("pass", "info")
Data = dict[str, Any]                   # a results.json
Verdicts = dict[tuple[str, str], str]


def read_results(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            data: dict[str, Any] = json.load(file)
        verdicts(data), title(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: is no results.json of this suite") from None
    return data


def red_results(data: dict[str, Any]) -> set[tuple[str, str]]:
    """Return run and test of each red result."""
    return {(run["name"], test["id"]) for run in data["runs"] for test in run["tests"] if test["red"]}


def verdicts(data: dict[str, Any]) -> Verdicts:
    found = {(run["name"], test["id"]): test["verdict"]
             for run in data["runs"] for test in run["tests"]}
    if not set(found.values()) <= set(VERDICTS):
        raise ValueError("unknown verdict")
    if not all(isinstance(name, str) for key in found for name in key):
        raise ValueError("a name that is none")
    return found


def title(data: dict[str, Any]) -> str:
    return f"{data['vmm']['name']} {data['vmm']['version']} {data['arch']} {data['accel']}"


def kind(old: str, new: str) -> str:
    if old in ("skip", *DEVIATES) and new in KEPT:
        return "fixed"
    if (old not in DEVIATES and new in DEVIATES) or (old in KEPT and new == "skip"):
        return "regressed"
    return "changed"


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before, after = verdicts(old), verdicts(new)
    if new.get("selection"):            # what was not asked for is not gone
        before = {key: verdict for key, verdict in before.items() if key in after}
    groups: dict[str, list[str]] = {
        name: [] for name in ("regressed", "fixed", "changed", "new", "gone")}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was and now and was != now:
            groups[kind(was, now)].append(f"{key[0]} {key[1]}: {was} -> {now}")
        elif not was:
            groups["new"].append(f"{key[0]} {key[1]}: {now}")
        elif not now:
            groups["gone"].append(f"{key[0]} {key[1]}: {was}")
    lines = [f"compared with {title(old)} (this is {title(new)}): "
             + ", ".join(f"{len(found)} {name}" for name, found in groups.items())]
    return lines + [f"{name:<9} {line}" for name, found in groups.items() for line in found]
