# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the packaging tests."""

import pathlib
import shutil
import tempfile

import pytest

import debs
from lib import isolation, users
from lib.daemon import processes_of_build
from packaging_users import PASSWORD, USER


@pytest.fixture(scope="session", autouse=True)
def log_server(request):
    if isolation.isolated():
        request.getfixturevalue("syslog")


@pytest.fixture(scope="session")
def accounts():
    """joe in the shadow file, and who the front runs as."""
    users.add("saslauth", hashed="*")
    users.add(USER, PASSWORD)


@pytest.fixture
def nothing_left():
    """A test that leaves a daemon behind has failed."""
    assert not processes_of_build()
    yield
    assert not processes_of_build()


@pytest.fixture(scope="session")
def packages():
    """Our Debian packages: a debs.Debs."""
    why = debs.obstacle()
    if why is not None:
        pytest.skip(why)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="debs-"))
    yield debs.Debs(directory)
    shutil.rmtree(directory)
