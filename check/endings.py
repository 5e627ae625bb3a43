#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs of the host machine that end early, and what they say then: command lines of the tests and
options of the program."""
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Optional

sys.dont_write_bytecode = True
import hostrun                                              # noqa: E402


@dataclass
class Ending:
    words: tuple[str, ...]
    says: str                   # on stdout, or on stderr of one that fails
    status: int = 0
    verdicts: int = 0

    def problem(self) -> Optional[str]:
        done = subprocess.run([hostrun.PROGRAM, *self.words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=hostrun.timeout())
        said = done.stderr if self.status else done.stdout
        verdicts = len(hostrun.read(done.stdout.encode(), "", "").verdicts)
        if (done.returncode, verdicts) == (self.status, self.verdicts) and self.says in said:
            return None
        return (f"{' '.join(self.words)[:80]}: exit status {done.returncode} and {verdicts} verdicts, "
                f"not {self.status} and {self.verdicts}; expected to say: {self.says}\n{said[-300:]}")


def tests(cmdline: str, says: str, verdicts: int = 0) -> Ending:
    return Ending(("--cmdline", cmdline), says, 0, verdicts)


def refused(option: str, value: str, says: str) -> Ending:
    return Ending((f"--{option}", value), says, 2)


def endings() -> list[Ending]:
    listed = os.path.join(os.path.dirname(hostrun.PROGRAM), "tests.tsv")
    with open(listed, encoding="utf-8") as table:
        ids = [line.split("\t")[0] for line in table]
    return [
        tests("bare", "# boot: process\n"),
        tests(f"after={ids[-3]}", "\n1..2\n", 2),
        tests(f"after={ids[-1]}", "\n1..0\n# end\n"),
        tests(f"after={ids[-3]} tests=!*", "\n1..0\n# end\n"),
        tests("after=NO/such", "Bail out! command line: after=NO/such names no test\n"),
        tests("tests=" + "x" * 1023, "Bail out! command line: tests= has more than 1022 characters\n"),
        tests("after=" + "x" * 127, "Bail out! command line: after= has more than 126 characters\n"),
        tests("endpoints=9", "Bail out! set-up: 9 endpoints that do DMA should be behind the IOMMU, "
              "3 were found\n"),
        Ending(("--version",), "virtio-iommu-tests reference device version "),
        Ending(("--help",), "usage: virtio-iommu [option ...]\n"),
        Ending(("--list-mutants",), "\n"),
        Ending(("word",), "unknown argument 'word'; see --help\n", 2),
        Ending(("--wrong",), "unrecognized option '--wrong'\n", 2),
        refused("endpoints", "blk,tape", "--endpoints: unknown 'tape'"),
        refused("endpoints", "blk@moon", "--endpoints: unknown 'moon'"),
        refused("endpoints", ",".join(["blk"] * 99), "--endpoints: more than "),
        refused("boot-bypass", "maybe", "--boot-bypass: unknown 'maybe'"),
        refused("reserved-regions", "0x1000", "not FIRST-LAST:KIND: '0x1000'"),
        refused("reserved-regions", "0x1000-0xfff:msi", "not FIRST-LAST:KIND"),
        refused("reserved-regions", "0x1000-0x1fff:odd", "--reserved-regions: unknown 'odd'"),
        refused("reserved-regions", ",".join(["1-2:msi"] * 99), "--reserved-regions: more than "),
        refused("granule", "5k", "--granule: unknown '5k'"),
        refused("address-width", "65", "--address-width: '65' is not 32 to 64"),
        refused("address-width", "4o", "--address-width: '4o' is not 32 to 64"),
        refused("memory", "1", "--memory: '1' is not 32 to "),
        refused("personality", "odd", "--personality: unknown 'odd'"),
        refused("mutant", "odd", "--mutant: unknown 'odd'"),
        refused("mutant", "MAP_DOES_NOTHING=5", "--mutant: MAP_DOES_NOTHING takes no number"),
        refused("mutant", "SIZE_BITS=64", "--mutant: '64' is not 30 to 39"),
        refused("mutant", "SIZE_BITS=", "--mutant: '' is not 30 to 39"),
    ]


def problems() -> list[str]:
    return [found for found in hostrun.parallel(Ending.problem, endings()) if found]


def main() -> int:
    found = problems()
    print("\n".join([*found, f"{len(endings())} early endings, {len(found)} wrong"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
