# SPDX-License-Identifier: BSD-2-Clause
"""A real OpenLDAP that passes binds through to us ({SASL} in userPassword),
while we ask another directory, or that very one."""

import pathlib
import shutil
import subprocess
import threading
import time

import pytest

from lib import built_with
from lib import slapd as directory
from lib.slapd import (PASSWORD, PEOPLE, SERVICE_DN, SERVICE_PASSWORD, Slapd,
                       person, user_dn)

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not built_with("LDAP"), reason="ldap is not built"),
    pytest.mark.skipif(directory.obstacle() is not None,
                       reason=directory.obstacle() or ""),
]

PASSING, ASKED = "127.0.0.41", "127.0.0.42"
TIMEOUT_SEC = 2		# of one operation of ours

# Where Debian's slapd looks, and others'.
SASL_DIRS = ("/etc/ldap/sasl2", "/etc/sasl2")

SUCCESS, INVALID_CREDENTIALS = 0, 49


def passed_through(uid, login):
    return person(uid, f"{{SASL}}{login}")


@pytest.fixture(name="start")
def fixture_start(start_daemon, open_dir):
    """start(address asked) -> a daemon, and a slapd that asks it."""
    servers = []

    def start(address):
        path = open_dir / "saslauthd.conf"
        path.write_text(
            f"ldap_servers: ldap://{address}/\nldap_bind_dn: {SERVICE_DN}\n"
            f"ldap_password: {SERVICE_PASSWORD}\n"
            f"ldap_search_base: {PEOPLE}\nldap_filter: (uid=%U)\n"
            f"ldap_timeout: {TIMEOUT_SEC}\n")
        path.chmod(0o600)
        daemon = start_daemon("-a", "ldap", "-n", "4", "-O", path)
        for name in SASL_DIRS:
            sasl_dir = pathlib.Path(name)
            sasl_dir.mkdir(parents=True, exist_ok=True)
            (sasl_dir / "slapd.conf").write_text(
                "pwcheck_method: saslauthd\n"
                f"saslauthd_path: {daemon.socket}\n")
        server = Slapd(open_dir, PASSING).start()
        servers.append(server)
        return daemon, server

    yield start
    for server in servers:
        server.remove()
    for name in SASL_DIRS:
        shutil.rmtree(name, ignore_errors=True)


def bind(server, uid, password):
    """The result code of a client's bind."""
    return subprocess.run(
        ["ldapwhoami", "-x", "-H", server.uri, "-D", user_dn(uid), "-w",
         password], stdin=subprocess.DEVNULL, capture_output=True,
        check=False).returncode


def test_passed_through_to_another_directory(start, open_dir):
    with Slapd(open_dir, ASKED) as other:
        daemon, server = start(ASKED)
        server.add(passed_through("front", "joe@example.org"))
        server.add(passed_through("nowhere", "nosuch@example.org"))
        assert bind(server, "front", PASSWORD) == SUCCESS
        assert bind(server, "front", "wrong") == INVALID_CREDENTIALS
        assert bind(server, "nowhere", PASSWORD) == INVALID_CREDENTIALS
        other.password("joe", "new")
        assert bind(server, "front", PASSWORD) == INVALID_CREDENTIALS
        assert bind(server, "front", "new") == SUCCESS
        assert daemon.ask("joe", "new").startswith(b"OK")


def test_many_at_once(start, open_dir):
    """More than there are workers."""
    with Slapd(open_dir, ASKED):
        _, server = start(ASKED)
        server.add(passed_through("front", "joe@example.org"))
        codes = []
        threads = [threading.Thread(target=lambda password=password:
                                    codes.append(bind(server, "front",
                                                      password)))
                   for password in [PASSWORD, "wrong"] * 8]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [SUCCESS] * 8 + [INVALID_CREDENTIALS] * 8


def test_the_loop_ends_and_harms_nobody(start):
    """slapd asks us, we ask slapd, whose bind asks us ..."""
    daemon, server = start(PASSING)
    server.add(passed_through("ouroboros", "ouroboros@example.org"))
    codes = []
    began = time.monotonic()
    loop = threading.Thread(
        target=lambda: codes.append(bind(server, "ouroboros", PASSWORD)))
    loop.start()
    time.sleep(0.5)
    for _ in range(5):	# meanwhile
        asked = time.monotonic()
        assert daemon.ask("joe", PASSWORD).startswith(b"OK")
        assert daemon.ask("joe", "wrong").startswith(b"NO")
        assert time.monotonic() - asked < 1
    assert loop.is_alive()
    loop.join()
    assert codes[0] != SUCCESS
    assert time.monotonic() - began < 3 * TIMEOUT_SEC
    # It is over for good.
    assert daemon.ask("joe", PASSWORD).startswith(b"OK")
    assert bind(server, "joe", PASSWORD) == SUCCESS
