# SPDX-License-Identifier: BSD-2-Clause
"""A real Postfix asks us, and we ask a real FreeRADIUS, over UDP and TLS."""

import pytest

from lib import freeradius, postfix, slapd
from lib.freeradius import PASSWORD, SECRET, FreeRadius

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(postfix.obstacle() is not None,
                       reason=str(postfix.obstacle())),
    pytest.mark.skipif(freeradius.obstacle() is not None,
                       reason=str(freeradius.obstacle())),
]

ADDRESS, UNSIGNED = "127.0.0.64", "127.0.0.65"
# libsasl2 makes a realm of the domain; -r puts it back.
USERS = {"joe": PASSWORD, "ann@example.org": "pä ss"}
OK, DENIED, TRY_AGAIN = 235, 535, 454


@pytest.fixture(name="servers", scope="module")
def fixture_servers(shared_dir):
    """(Postfix, FreeRADIUS, the certificate of both ends of RadSec)"""
    made = slapd.certificate(slapd.make_ca(shared_dir), "radius.test",
                             ips=[ADDRESS])
    mail = postfix.Postfix(shared_dir / "run" / "mux")
    with FreeRadius(shared_dir, ADDRESS, tls=made, users=USERS) as radius:
        try:
            yield mail.start(), radius, made
        finally:
            print(mail.log(), radius.log_text())
            mail.stop()


@pytest.fixture(name="ask")
def fixture_ask(servers, shared_dir, start_daemon):
    """ask(lines of configuration) -> send(user, password) -> SMTP's code"""
    mail = servers[0]

    def ask(*lines):
        path = shared_dir / "saslauthd.conf"
        path.write_text("\n".join([
            "radius_timeout: 1", "radius_retries: 0", *lines, ""]))
        path.chmod(0o600)
        (shared_dir / "run").mkdir(mode=0o755, exist_ok=True)
        start_daemon("-a", "radius", "-r", "-n", "2", "-O", path,
                     rundir=shared_dir / "run")
        return lambda user, password, mechanism="PLAIN": mail.send(
            mechanism, user, password).auth

    return ask


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_right_and_wrong(servers, ask, mechanism):
    send = ask(f"radius_servers: {servers[1].name}",
               f"radius_secret: {SECRET}")
    assert send("joe", PASSWORD, mechanism) == OK
    assert send("ann@example.org", "pä ss", mechanism) == OK
    assert send("joe", "wrong", mechanism) == DENIED
    assert send("nobody", PASSWORD, mechanism) == DENIED
    assert send("ann@example.com", "pä ss", mechanism) == DENIED
    assert send("joe", "x" * 129, mechanism) == DENIED


def test_radsec(servers, ask):
    made = servers[2]
    send = ask(f"radius_servers: tls://{ADDRESS}",
               f"radius_tls_cacert_file: {made.ca.cert}",
               f"radius_tls_cert: {made.cert}",
               f"radius_tls_key: {made.key}")
    assert send("joe", PASSWORD) == OK
    assert send("joe", "wrong") == DENIED


def test_outage_is_temporary(servers, ask):
    radius = servers[1]
    send = ask(f"radius_servers: {radius.name}", f"radius_secret: {SECRET}")
    assert send("joe", PASSWORD) == OK
    radius.stop()
    try:
        for password in (PASSWORD, "wrong"):
            assert send("joe", password) == TRY_AGAIN
    finally:
        radius.start()
    assert send("joe", PASSWORD) == OK
    assert send("joe", "wrong") == DENIED


@pytest.mark.parametrize("required, right, wrong", [
    ("yes", TRY_AGAIN, TRY_AGAIN), ("no", OK, DENIED)])
def test_answers_that_are_not_signed(shared_dir, ask, syslog, required,
                                     right, wrong):
    """Nobody is let in, and nobody is told that a password is wrong."""
    mark = syslog.mark()
    with FreeRadius(shared_dir, UNSIGNED, sign=False, users=USERS) as radius:
        send = ask(f"radius_servers: {radius.name}",
                   f"radius_secret: {SECRET}",
                   f"radius_server: {radius.name} "
                   f"require_message_authenticator={required}")
        assert send("joe", PASSWORD) == right
        assert send("joe", "wrong") == wrong
    if required == "yes":
        syslog.wait_for("reason=no_message_authenticator", mark=mark)
