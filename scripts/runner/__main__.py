# SPDX-License-Identifier: BSD-3-Clause
"""Entry point: python3 scripts/runner (see run_tests.sh)."""
import os
import sys

if sys.version_info < (3, 9):
    sys.stderr.write("run_tests.sh: needs Python 3.9 or later, this is %s\n"
                     % sys.version.split()[0])
    sys.exit(2)

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = SCRIPTS

from runner.cli import main  # noqa: E402  (needs the path set above)

sys.exit(main(sys.argv[1:], os.path.dirname(SCRIPTS)))
