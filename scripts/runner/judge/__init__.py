# SPDX-License-Identifier: BSD-3-Clause
"""From answers to verdicts: expectations, what is red, what changed, what differs between repeats."""
