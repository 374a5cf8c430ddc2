# SPDX-License-Identifier: BSD-2-Clause
"""What the pytest suites share: isolation, the daemon, its clients."""

import os
import pathlib
import time

SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]
BUILD_DIR = pathlib.Path(
    os.environ.get("BUILD_DIR") or SOURCE_DIR / "build").resolve()
# Programs of packages that cannot be installed; scripts/setup fills it.
UNPACKED_DIR = SOURCE_DIR / "build" / "unpacked"

POLL_SEC = 0.02


def built_with(part):
    """Does config.h say so: "LDAP", "SANITIZERS" ...?"""
    try:
        text = (BUILD_DIR / "config.h").read_text()
    except FileNotFoundError:
        return False
    return f"#define WITH_{part} 1" in text


def sanitized():
    """Is this the build with sanitizers, slower and without some walls?"""
    return built_with("SANITIZERS")


def wait_until(probe, timeout_sec, what):
    """Poll until probe() is true; its value is returned."""
    deadline = time.monotonic() + timeout_sec
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout_sec} s: {what}")
        time.sleep(POLL_SEC)
