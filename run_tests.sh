#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Boots the test image under a VMM and judges it: see ./run_tests.sh --help
root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd) || exit 2
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
	echo "run_tests.sh: $python not found: install Python 3.9 or later (package python3)" >&2
	exit 2
fi
# Compiled modules make the next start faster, but do not belong into the tree.
PYTHONPYCACHEPREFIX="$root/build/pycache" PYTHONDONTWRITEBYTECODE='' \
	exec "$python" "$root/scripts/runner" "$@"
