# SPDX-License-Identifier: BSD-3-Clause
"""Starts a VMM, reads what the image prints, and goes on until each test has its answer."""
