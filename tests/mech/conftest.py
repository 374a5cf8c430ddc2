# SPDX-License-Identifier: BSD-2-Clause
"""Servers that the tests of this folder share. Who changes one puts it back,
or starts one of their own."""

import pathlib
import shutil
import tempfile

import pytest

from lib import freeradius, isolation
from lib import slapd as directory


@pytest.fixture(scope="session")
def slapd_dir():
    """For servers, their certificates and data."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    why = directory.obstacle()
    if why is not None:
        pytest.skip(why)
    path = pathlib.Path(tempfile.mkdtemp(prefix="saslauthd-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def slapd(slapd_dir):
    with directory.Slapd(slapd_dir) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_tls(slapd_dir):
    """One that names itself by its address."""
    address = "127.0.0.3"
    made = directory.certificate(directory.make_ca(slapd_dir),
                                 "ldap.example.test", ips=[address])
    with directory.Slapd(slapd_dir, address, tls=made) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_ppolicy(slapd_dir):
    with directory.Slapd(slapd_dir, "127.0.0.4", ppolicy=True) as server:
        yield server


@pytest.fixture(scope="session")
def radius_dir():
    """For RADIUS servers, and their certificates."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    path = pathlib.Path(tempfile.mkdtemp(prefix="saslauthd-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def radius_cert(radius_dir):
    """Of a server that names itself by its address."""
    return directory.certificate(directory.make_ca(radius_dir),
                                 "radius.example.test", ips=["127.0.0.61"])


@pytest.fixture(scope="session")
def radius(radius_dir, radius_cert):
    """A FreeRADIUS that signs its answers, with RadSec."""
    why = freeradius.obstacle()
    if why is not None:
        pytest.skip(why)
    with freeradius.FreeRadius(radius_dir, tls=radius_cert) as server:
        yield server
