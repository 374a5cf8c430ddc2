# SPDX-License-Identifier: BSD-2-Clause
"""Running saslauthctl, against a scripted daemon or a real one."""

import os
import re
import subprocess

import pytest

from control_server import ControlServer
from lib import BUILD_DIR

SASLAUTHCTL = BUILD_DIR / "tools" / "saslauthctl"
OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
TIMEOUT_SEC = 30

COMMANDS = [["status"], ["watch", "-n", "1"],
            ["explain", "joe", "example.org", "smtp"], ["config"], ["list"],
            ["flush", "--all"], ["metrics"], ["log-level", "info"],
            ["reload"], ["drain"]]

HOSTILE = 'evil"\x1b[2J\x9b\\n\n\u202e[x]\x7f'


@pytest.fixture
def serve(open_dir):
    """serve(REPLY) -> a running ControlServer; see there."""
    servers = []

    def start(reply):
        servers.append(ControlServer(open_dir, reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def run(*args, rundir=None, given=""):
    where = [] if rundir is None else ["-m", rundir]
    return subprocess.run(
        [SASLAUTHCTL, *where, *args], check=False, capture_output=True,
        text=True, timeout=TIMEOUT_SEC, input=given,
        env={**os.environ, "LC_ALL": "C.UTF-8"})


def control_characters(shown):
    """Those a terminal would act upon, line ends left out."""
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", shown)
