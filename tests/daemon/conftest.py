# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures the daemon suites share."""

import pytest

import databases
import fake_pool
from daemon_users import PASSWORD, REALM, USER, set_password
from lib import BUILD_DIR, isolation, users, wire

if not wire.DOORS:
    collect_ignore = ["test_doors.py"]

PAM_TEST_CODE = BUILD_DIR / "tests" / "mech" / "pam_test_code.so"


@pytest.fixture(scope="session", autouse=True)
def log_server(request):
    """Before the first daemon, so that no line of it is lost."""
    if isolation.isolated():
        request.getfixturevalue("syslog")


@pytest.fixture(scope="module")
def store(shared_dir):
    """A user database with joe of example.org; no rights are needed."""
    path = shared_dir / "users.lmdb"
    set_password(path, USER, PASSWORD, REALM)
    return path


@pytest.fixture(scope="session")
def pam_accounts():
    """joe in shadow, and the PAM services imap, smtp and other: pam_unix."""
    users.add(USER, PASSWORD)
    for service in ("imap", "smtp", "other"):
        users.pam_unix_service(service)


@pytest.fixture(scope="session")
def pam_test():
    """pam_test(NAME, "sleep=1", ...): the service NAME does that and then
    accepts PASSWORD from whatever user; see pam_test_code.c."""
    assert PAM_TEST_CODE.exists(), f"{PAM_TEST_CODE} is not built"
    expect = f"[expect={PASSWORD}]"

    def add(name, *steps):
        users.pam_service(
            name, f"auth required {PAM_TEST_CODE} {' '.join(steps)} "
            f"ask=Password: {expect}", "account required pam_permit.so")
        return name

    return add


@pytest.fixture(scope="session")
def services(pam_test):
    """A service for each way a backend may behave."""
    pam_test("quick")
    pam_test("slow", "sleep=1")
    pam_test("hang", "sleep=600")
    pam_test("crash", "crash")


@pytest.fixture
def pam_daemon(start_daemon, services):
    def start(*args, **keywords):
        return start_daemon("-a", "pam", *args, **keywords)
    return start


@pytest.fixture(scope="module")
def stores(shared_dir):
    """The databases of databases.py: {name: path}."""
    return databases.make(shared_dir)


@pytest.fixture(scope="module")
def backends(stores):
    """A backend for each of them, and "gone"."""
    return databases.backend_parts(stores)


@pytest.fixture
def start_site(start_daemon, open_dir, backends):
    """Start with these backends and more settings."""
    def start(text, *args, **keywords):
        file = open_dir / "site.conf"
        file.write_text(backends + text)
        return start_daemon("--config", file, *args, **keywords)
    return start


@pytest.fixture
def breakable(open_dir):
    """A saslauthd whose pool of the backend "two" does not open while the
    file "broken" is there."""
    return fake_pool.make(open_dir, fake_pool.BREAKABLE)
