# SPDX-License-Identifier: BSD-3-Clause
"""__main__ of a file that scripts/standalone wrote: unpacks itself, and runs the test.

usage: FILE [--keep DIR] [options of run_tests.sh, such as --vmm-path P, --accel kvm, --json F]

--keep DIR unpacks into DIR, leaves there the reports, logs and disks, and tells the VMM's command
line, which then can be run by hand.
"""
import json
import os
import shutil
import sys
import tempfile
import zipfile
from typing import Any, Dict, List      # such as older Pythons have, which are told so below

USAGE = (__doc__ or "").split("\n\n", 1)[1]


def unpack(directory: str) -> Dict[str, Any]:
    with zipfile.ZipFile(sys.argv[0]) as archive:
        archive.extractall(directory)
    program = os.path.join(directory, "build", "host", "virtio-iommu")
    for path in (program, os.path.join(directory, "run_tests.sh")):
        if os.path.exists(path):
            os.chmod(path, 0o755)
    with open(os.path.join(directory, "standalone.json"), encoding="utf-8") as file:
        what: Dict[str, Any] = json.load(file)
        return what


def run(directory: str, arguments: List[str]) -> int:
    what = unpack(directory)
    print("\n".join(what["about"]), flush=True)
    sys.path.insert(0, os.path.join(directory, "scripts"))
    from runner.cli import main
    return main([*what["arguments"], *arguments], directory, brief=True)


def commands(directory: str) -> List[str]:
    for path, _, names in os.walk(os.path.join(directory, "build")):
        if "results.json" in names:
            with open(os.path.join(path, "results.json"), encoding="utf-8") as file:
                return [run["command"] for run in json.load(file)["runs"] if run["command"]]
    return []


def keep(directory: str, arguments: List[str]) -> int:
    os.makedirs(directory, exist_ok=True)
    status = run(os.path.abspath(directory), arguments)
    for command in commands(directory):
        print(f"by hand: {command}")
    return status


def main(arguments: List[str]) -> int:
    if sys.version_info < (3, 9):
        sys.stderr.write("%s: needs Python 3.9 or later, this is %s\n"
                         % (sys.argv[0], sys.version.split()[0]))
        return 2
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    sys.dont_write_bytecode = True
    if arguments[:1] == ["--keep"]:
        if len(arguments) < 2:
            print(USAGE, file=sys.stderr)
            return 2
        return keep(arguments[1], arguments[2:])
    directory = tempfile.mkdtemp(prefix="virtio-iommu-")
    try:
        return run(directory, arguments)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
