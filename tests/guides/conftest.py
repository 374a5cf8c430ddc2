# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the suites about docs/*.md."""

import pathlib
import shutil
import tempfile

import pytest

import guide_machine as machine
from lib import isolation


@pytest.fixture(scope="session", name="usr")
def fixture_usr(syslog):
    """Our build, installed; with a syslog server, as a machine has one."""
    assert isolation.isolated() and syslog
    directory = pathlib.Path(tempfile.mkdtemp(prefix="guide-build-"))
    yield machine.installed_build(directory)
    shutil.rmtree(directory, ignore_errors=True)
