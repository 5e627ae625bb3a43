# SPDX-License-Identifier: BSD-3-Clause
"""The options of run_tests.sh: the command line in, checked values out, and back again."""
from __future__ import annotations

import argparse
import os
import re
import shlex
from typing import Any, NoReturn, Optional

from .operate.operator import HARMLESS, Disturbance
from .operate.run import DEFAULT_LIMIT
from .operate.vmm import DEFAULT, adapter_class
from .plan import architecture
from .plan.config import number, seconds
from .plan.errors import UsageError, nearest
from .plan.standard import LEVELS
from .write import page
from .write.reports import FILES

# What `make install` puts on PATH sets it, to its own name: then the tree is not written to.
COMMAND = os.environ.get("VIRTIO_IOMMU_TESTS_COMMAND", "")
SPECS = ("1.2", "1.3", "1.4")
EPILOG = """\
A pattern that fits the name of a run selects runs, and a number such as 5.13.6.5 all tests of that
section of the standard; any other is a test id, a glob over test ids, or a requirement id, which
stands for all its tests. '!' in front of a pattern leaves out what it means.

environment: UEFI_FIRMWARE_X86_64 and so on is the firmware of runs that start by UEFI (default: what
the distribution's package has; without it such a run is skipped).

exit status: 0 all as expected; 1 a red verdict; 2 wrong usage, something missing or unknown, or a
report that cannot be written; 3 nothing ran; 128+N ended by signal N, reports hold what was measured."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message + self._nearest_option(message))

    def _nearest_option(self, message: str) -> str:
        match = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        return nearest(match[1], list(self._option_string_actions)) if match else ""


def checked(parse: Any) -> Any:
    """Make a type of argparse from a parser of values; its message is kept."""
    def convert(value: str) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{value}': {error}") from None
    return convert


def between(low: int, high: int) -> Any:
    return checked(lambda value: number(value, low, high))


def count(value: str) -> int:
    if not value.isdecimal() or int(value) >= 1 << 64:
        raise ValueError("allowed are 0 to 2^64 - 1")
    return int(value)


def disturbance(value: str) -> Disturbance:
    verb, _, pause = value.partition("=")
    if verb not in HARMLESS:
        raise ValueError(f"allowed is an event that a guest does not notice: {', '.join(HARMLESS)}")
    return Disturbance(verb, number(pause, 1, 3600000) / 1000)


def shard(value: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", value)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError("allowed is K/N with 1 <= K <= N, such as 2/4")
    return int(match[1]), int(match[2])


def word(value: str) -> str:
    if not re.fullmatch(r"[\w/-]{1,250}", value):
        raise ValueError("allowed are letters, digits, '-' and '/'")
    return value


def make_parser() -> Parser:
    parser = Parser(prog=COMMAND or "run_tests.sh", allow_abbrev=False, epilog=EPILOG,
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="Runs the virtio-iommu tests under a VMM and judges it.")
    add = parser.add_argument
    add("patterns", nargs="*", metavar="RUN|TEST", help="runs and tests, by name or glob")
    add("--arch", help=f"{' or '.join(architecture.names())}; default: this host's")
    add("--vmm", default=DEFAULT, help=f"adapter in scripts/runner/operate/vmm (default: {DEFAULT})")
    add("--vmm-path", metavar="P", help="the VMM's program or its directory (default: PATH)")
    add("--vmm-version", action="store_true",
        help="show the VMM's version, or why it judges nothing here (exit status 3)")
    add("--accel", choices=("tcg", "kvm"), help="default: tcg where the VMM has it")
    add("-l", "--list", action="store_true", help="show what would run")
    add("--level", choices=LEVELS, metavar="L",
        help=f"only tests of requirements of that level: {', '.join(LEVELS)}")
    add("--from", metavar="F", dest="read_from", help="patterns from a file, one a line, too")
    add("--rerun-failed", action="store_true", help="only what the last report of all tests has red")
    add("--shard", metavar="K/N", type=checked(shard),
        help="share K of N: `scripts/report merge` puts their results together")
    add("-g", metavar="GROUP", dest="group", help="only runs of this group")
    add("-j", metavar="N", dest="jobs", type=between(1, 1024),
        help="runs at a time (default: CPUs)")
    add("-v", action="store_true", dest="verbose",
        help="one line per test; of tests that are named, also each request and access")
    add("-t", action="store_true", dest="tap", help="TAP on stdout")
    add("--timeout", metavar="S", type=checked(seconds), default=DEFAULT_LIMIT,
        help=f"seconds without progress that a test or the boot may take (default: {DEFAULT_LIMIT:g}); runs "
             "with a limit of their own take as much more or less")
    add("--budget", metavar="S", type=checked(seconds),
        help="seconds that all may take: what is not judged then is red")
    add("--spec", choices=SPECS, default=SPECS[-1],
        help="version of the standard that counts (default: the newest)")
    add("--seed", metavar="N", type=checked(count),
        help="what the random tests draw (default: always the same)")
    add("--rounds", metavar="N", type=checked(count),
        help="how many times it draws, with seeds from N on (default: as the run or the test says)")
    add("--no-trace", action="store_true", help="do not try red tests again, alone and traced")
    add("--repeat", metavar="N", type=between(1, 10000), default=1,
        help="so many times; a test whose verdict is not always the same is red")
    add("--disturb", metavar="VERB=MS", type=checked(disturbance),
        help="let an event happen to each machine, MS milliseconds after the last one: "
             f"{', '.join(HARMLESS)}")
    add("--gdb", action="store_true",
        help="start the VMM of one test stopped, and show how to get there with gdb")
    add("--case", metavar="NAME", type=checked(word),
        help="of the tests that try one thing after the other, this thing alone")
    add("--strict", action="store_true", help="a warn is red")
    add("--output", metavar="DIR", help="where all that is written goes (default: build/ARCH, of an "
        "installed suite virtio-iommu-tests/ARCH)")
    for name in FILES:
        add(f"--{name}", metavar="F", help=f"write the {name} report also to F")
    add("--expect", metavar="F", help="known deviations (default: expectations/VMM)")
    add("--no-expect", action="store_true", help="judge without known deviations")
    add("--update-expect", action="store_true", help="write this result into the expectations")
    add("--compare", metavar="OLD.json", help="show what changed since that result")
    return parser


def parse(argv: list[str], version: str = "") -> argparse.Namespace:
    parser = make_parser()
    parser.add_argument("--version", action="version", version=f"virtio-iommu-tests {version}")
    options = parser.parse_intermixed_args(argv)
    if options.level and options.rerun_failed:
        raise UsageError("--level contradicts --rerun-failed")
    if options.no_expect and (options.expect or options.update_expect):
        raise UsageError("--no-expect contradicts --expect and --update-expect")
    offered = adapter_class(options.vmm).arches()
    machine = architecture.of_machine(os.uname().machine)
    options.arch = options.arch or (machine if machine in offered else offered[0])
    if architecture.named(options.arch).name not in offered:
        raise UsageError(f"--arch {options.arch}: --vmm {options.vmm} has {', '.join(offered)}")
    if COMMAND and not options.output:
        options.output = os.path.join("virtio-iommu-tests", options.arch)
    if options.html:
        page.require()
    for path in copies(options).values():
        if path and (os.path.isdir(path) or not os.access(os.path.dirname(path) or ".", os.W_OK)):
            raise UsageError(f"{path}: cannot be written there")
    return options


def copies(options: argparse.Namespace) -> dict[str, Optional[str]]:
    """Return where each form of the report is wanted, too."""
    return {form: getattr(options, form) for form in FILES}


def selecting(options: argparse.Namespace) -> list[str]:
    """Return options and patterns that leave tests out."""
    words = [("--level", options.level), ("-g", options.group), ("--case", options.case),
             ("--from", options.read_from), ("--disturb", options.disturb),
             ("--shard", options.shard and "/".join(map(str, options.shard)))]
    found = [f"{name} {value}" for name, value in words if value]
    return [*found, *["--rerun-failed"] * options.rerun_failed, *options.patterns]


def call(options: argparse.Namespace) -> str:
    """Return this call without the options that select and report."""
    words = [COMMAND or "./run_tests.sh", "--arch", options.arch]
    words += ["--vmm", options.vmm] if options.vmm != DEFAULT else []
    words += ["--vmm-path", os.path.abspath(options.vmm_path)] if options.vmm_path else []
    words += ["--accel", options.accel] if options.accel else []
    words += ["--strict"] if options.strict else []
    words += ["--disturb", str(options.disturb)] if options.disturb else []
    words += [f"--{word}" for word in chosen_words(options)]
    words += ["--expect", options.expect] if options.expect else []
    words += ["--no-expect"] if options.no_expect else []
    return shlex.join(words)


def chosen_words(options: argparse.Namespace) -> list[str]:
    """Return words for the image: version of the standard, seed, rounds, case."""
    spec = options.spec if options.spec != SPECS[-1] else None
    chosen = [("spec", spec), ("seed", options.seed), ("rounds", options.rounds),
              ("case", options.case)]
    return [f"{name}={value}" for name, value in chosen if value is not None]
