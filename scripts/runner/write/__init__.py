# SPDX-License-Identifier: BSD-3-Clause
"""What people and machines get to read: the screen, and each kind of report."""
