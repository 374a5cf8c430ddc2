# SPDX-License-Identifier: BSD-2-Clause
"""Whose password the packaging tests ask for."""

USER, PASSWORD = "joe", "correct horse"
