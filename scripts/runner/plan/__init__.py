# SPDX-License-Identifier: BSD-3-Clause
"""What is to be run: architectures, set-ups, tests, requirements, and the choice among them."""
