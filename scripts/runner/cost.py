# SPDX-License-Identifier: BSD-3-Clause
"""scripts/cost: what DMA costs behind each IOMMU of a VMM (docs/cost.md)."""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from .cli import host, identified, own_directory, prepare_streams
from .judge import cost, repeats
from .operate.cost import ENDPOINTS, GROWTH, INSTRUCTIONS, TIMES, CostBoot, Plan, boot_cost
from .operate.vmm import DEFAULT, Adapter, CannotProvide, counts_instructions, iommus_of
from .options import COMMAND, Parser, between
from .plan import architecture
from .plan.catalogue import Tree, commit, read_make_config, read_requirements, suite_version
from .plan.errors import Interrupted, NothingToRun, UsageError, nearest
from .signals import Signals
from .write import page, pictures
from .write.cost import MEANING, NONE, to_csv, to_html, to_lines, usual_rows
from .write.files import write_file

BOOTS = 5                       # for times: what a boot has by chance, such as where its memory is, shows
MOST_REPEATS = 1000
NAME = "virtio-iommu-cost" if COMMAND else "scripts/cost"
EPILOG = """\
Counts do not depend on how busy the machine is. Times are ratios to "none" in the same boot; one that
spreads is marked with "!".

exit status: 0 there are figures; 1 an IOMMU did not do what is asked of it, or --compare or --repeat
found a difference; 2 wrong usage or something missing; 3 nothing to measure here; 128+N ended by signal N."""


def make_parser() -> Parser:
    parser = Parser(prog=NAME, allow_abbrev=False, epilog=EPILOG,
                    description="Boot the image of cost behind each IOMMU of a VMM.",
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--arch", help=f"{' or '.join(architecture.names()[:-1])}; default: this host's")
    add("--vmm", default=DEFAULT, help=f"adapter; default: {DEFAULT}")
    add("--vmm-path", metavar="P", help="the program, or its directory; default: search PATH")
    add("--accel", choices=("tcg", "kvm"))
    add("--iommu", action="append", metavar="NAME",
        help="only this one; may be said again. default: all but variants, which are NAME-WORD")
    add("--workload", action="append", metavar="NAME",
        help="only this one; may be said again. all: all of them. "
        "default: usual, some that together have each property")
    add("--growth", action="store_true", help="boot each twice more, to show how times and memory grow")
    add("--mappings", type=between(1, 1000000), metavar="N",
        help="the most of them for --growth; default: 100000")
    add("--settle", type=between(1, 60000), metavar="MS",
        help="how long the VMM has, each of six times, to give memory back, with --growth; default: 500")
    add("--output", metavar="DIR", help="for cost.json, cost.csv, cost.html; default: build/ARCH/results")
    add("--repeat", type=between(2, MOST_REPEATS), metavar="N",
        help="measure N times, and tell which counts and ratios were not the same")
    add("--compare", metavar="OLD.json", help="tell what differs from an earlier cost.json")
    return parser


def chosen(adapter: Adapter, asked: Optional[list[str]]) -> list[str]:
    """Return names of IOMMUs, "none" first."""
    known = sorted(iommus_of(adapter), key=lambda name: name != NONE)
    for name in asked or ():
        if name not in known:
            raise UsageError(f"--iommu {name}: known are {', '.join(known)}{nearest(name, known)}")
    return asked or [name for name in known if "-" not in name]


def boot_data(boots: list[CostBoot]) -> dict[str, Any]:
    """Return what boots of one plan say; what has no place in it is empty."""
    lines, failure = boots[0].lines, next((done.failure for done in boots if done.failure), None)
    rows = [] if failure else cost.figures([done.lines for done in boots])
    cost.add_cpu_time(rows, [(seen.words, seen.cpu_ns, seen.seconds)
                             for done in boots for seen in done.stretches])
    return {"iommu": boots[0].iommu, "kind": boots[0].kind, "command": boots[0].command, "boots": len(boots),
            "seconds": round(sum(done.seconds for done in boots), 2), "failure": failure,
            "unit": cost.unit(lines), "proofs": cost.proofs(lines), "isolation": cost.isolation(lines),
            "figures": rows, "growth": [] if failure else cost.growth(lines),
            "memory": cost.memory(boots[0].memory),
            "extra": next(iter(cost.of_kind("extra", lines)), None),
            "left_out": cost.left_out(lines)}


def plans(options: argparse.Namespace, adapter: Adapter, iommus: list[str]) -> list[Plan]:
    workloads = tuple(options.workload or ())
    kinds = [TIMES, *([INSTRUCTIONS] if counts_instructions(adapter) else [])]
    found = [Plan(iommu, kind, workloads) for iommu in iommus for kind in kinds]
    settle = options.settle or 0
    return found + [plan for iommu in iommus if options.growth and iommu != NONE
                    for plan in (Plan(iommu, GROWTH, mappings=options.mappings or 0, settle=settle),
                                 Plan(iommu, ENDPOINTS, settle=settle))]


def around(adapter: Adapter, tree: Tree, arch: str) -> dict[str, Any]:
    """Return who measured what, when and where, as results.json has it."""
    return {"schema": cost.SCHEMA, "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "suite": {"version": suite_version(tree.root) or None,
                      "commit": read_make_config(tree).get("COMMIT") or commit(tree.root)},
            "vmm": {"name": adapter.name, "version": adapter.version, "detail": adapter.detail},
            "arch": arch, "accel": adapter.accel, "host": host()}


def boot_in_turns(asked: list[Plan], boot: Callable[[Plan], CostBoot]) -> list[list[CostBoot]]:
    """Boot all of a kind in turns, so that those of one plan do not meet the same moment of a busy host."""
    done: list[list[CostBoot]] = [[] for _ in asked]
    for turn in range(BOOTS):
        for plan, same in zip(asked, done):
            if not turn or plan.kind == TIMES:
                same.append(boot(plan))
    return done


def measure(options: argparse.Namespace, adapter: Adapter, tree: Tree, iommus: list[str]) -> dict[str, Any]:
    """Boot one after the other: two at a time would disturb each other's times."""
    data, clock = around(adapter, tree, options.arch), time.monotonic()
    directory, lock = own_directory(options.output or tree.built())
    with lock:
        done = boot_in_turns(plans(options, adapter, iommus),
                             lambda plan: boot_cost(adapter, tree, directory, plan))
    boots = [boot_data(same) for same in done]
    for counted in done:
        for boot in boots:
            if boot["iommu"] == counted[0].iommu and not counted[0].failure:
                cost.add_instructions(boot["figures"], counted[0].lines)
    return {**data, "seconds": round(time.monotonic() - clock, 2), "boots": boots}


def write_all(data: dict[str, Any], titles: dict[str, str], tree: Tree, directory: str) -> None:
    texts = {"cost.json": json.dumps(data, indent=1) + "\n", "cost.csv": to_csv(data)}
    if page.available():
        texts["cost.html"] = to_html(data, titles)
    if not pictures.obstacle() and usual_rows(data):
        texts["cost.svg"] = pictures.to_file(usual_rows(data))
    for name, text in texts.items():
        write_file(os.path.join(directory, name), text)
    print(f"written to {tree.shown(directory)}: {', '.join(texts)}")
    for what, why in (("page", page.obstacle()), ("picture", pictures.obstacle())):
        if why:
            print(f"no {what}: {why}")


def measure_once(options: argparse.Namespace, adapter: Adapter, tree: Tree, iommus: list[str],
                 directory: str, number: int) -> dict[str, Any]:
    """Of several, each is in a file of its own as soon as it is over."""
    data = measure(options, adapter, tree, iommus)
    if options.repeat:
        write_file(os.path.join(directory, f"cost-{number}.json"), json.dumps(data, indent=1) + "\n")
        print(f"{number} of {options.repeat}: {data['seconds']:.1f} s", flush=True)
    return data


def run(argv: list[str], root: str) -> int:
    options = make_parser().parse_args(argv)
    for name in ("mappings", "settle"):
        if getattr(options, name) and not options.growth:
            raise UsageError(f"--{name}: goes with --growth")
    options.arch = options.arch or architecture.of_machine(os.uname().machine)
    if COMMAND and not options.output:
        options.output = os.path.join("virtio-iommu-tests", options.arch)
    tree = Tree(root, options.arch)
    old = cost.read_cost(options.compare) if options.compare else None
    adapter = identified(options, tree)
    titles = {name: requirement.text for name, requirement in read_requirements(tree).items()}
    iommus, directory = chosen(adapter, options.iommu), options.output or tree.built("results")
    runs = [measure_once(options, adapter, tree, iommus, directory, number)
            for number in range(1, (options.repeat or 1) + 1)]
    data = runs[-1]
    print(f"{adapter.name} {adapter.detail or adapter.version}, {options.arch}, {adapter.accel}", end="\n\n")
    print("\n".join([*to_lines(data), "", MEANING]))
    write_all(data, titles, tree, directory)
    different = cost.compare(old, data) if old else []
    if old:
        print("\n".join([f"compared with {cost.title(old)}: {len(different)} differences", *different]))
    if options.repeat:
        others = repeats.differences(runs)
        print("\n".join([repeats.summary(runs), *others]))
        different += others
    return 1 if different or any(boot["failure"] for run in runs for boot in run["boots"]) else 0


def main(argv: list[str], root: str) -> int:
    prepare_streams()
    Signals()
    try:
        return run(argv, root)
    except (UsageError, NothingToRun, CannotProvide, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 3 if isinstance(error, (NothingToRun, CannotProvide)) else 2
    except Interrupted as stop:
        return 128 + stop.signum
