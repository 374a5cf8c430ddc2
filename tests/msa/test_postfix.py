# SPDX-License-Identifier: BSD-2-Clause
"""A real Postfix submission service asks us; swaks is the mail client."""

import subprocess

import pytest

from lib import BUILD_DIR, isolation, postfix, users

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(postfix.obstacle() is not None,
                       reason=str(postfix.obstacle())),
]

USER, PASSWORD, WRONG = "joe", "correct horse", "battery staple"

MECHANISMS = ["PLAIN", "LOGIN"]


class Sasldb:
    """The outage: the database file is gone."""

    def __init__(self, directory):
        directory.mkdir(mode=0o755)
        self.store = directory / "users.lmdb"
        self.hidden = directory / "elsewhere"
        for realm in (isolation.HOST_NAME, "example.org"):
            subprocess.run(
                [BUILD_DIR / "tools" / "saslpasswd2", "-p", "-c", "-f",
                 self.store, "-u", realm, USER],
                input=PASSWORD, text=True, check=True)
        self.args = ["-a", "sasldb", "-O", self.store]

    def break_it(self):
        self.store.rename(self.hidden)

    def mend_it(self):
        self.hidden.rename(self.store)


class Shadow:
    """The outage: the shadow file cannot be read."""

    def __init__(self, _directory):
        users.restore_shadow()
        users.add(USER, PASSWORD, method="yescrypt")
        self.args = ["-a", "shadow"]

    def break_it(self):
        users.SHADOW.chmod(0)

    def mend_it(self):
        users.restore_shadow()


class Pam:
    """pam_unix; the outage: PAM_AUTHINFO_UNAVAIL of a required module."""

    SERVICE = users.PAM_DIR / "smtp"

    def __init__(self, _directory):
        users.add(USER, PASSWORD, method="yescrypt")
        self.mend_it()
        self.args = ["-a", "pam"]

    def break_it(self):
        users.pam_service(
            "smtp", "auth required pam_debug.so auth=authinfo_unavail",
            "account required pam_permit.so")

    def mend_it(self):
        users.pam_unix_service("smtp")


@pytest.fixture(scope="module")
def rundir(shared_dir):
    path = shared_dir / "run"
    path.mkdir(mode=0o755)
    return path


@pytest.fixture(scope="module")
def server(rundir):
    instance = postfix.Postfix(rundir / "mux")
    try:
        yield instance.start()
    finally:
        print(instance.log())
        instance.stop()


@pytest.fixture(params=[Sasldb, Shadow, Pam],
                ids=lambda kind: kind.__name__.lower())
def backend(request, open_dir, rundir, syslog, start_daemon):
    """A running daemon on the socket that Postfix asks."""
    instance = request.param(open_dir / "backend")
    instance.daemon = start_daemon(*instance.args, rundir=rundir)
    return instance


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_right_password_sends_mail(server, backend, mechanism):
    reply = server.send(mechanism, USER, PASSWORD)
    assert reply.auth == 235, reply
    assert reply.queue_id in server.queued(), reply


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_wrong_password_and_unknown_user(server, backend, mechanism):
    for user, password in ((USER, WRONG), ("nobody-here", PASSWORD)):
        reply = server.send(mechanism, user, password)
        assert reply.auth == 535, reply
        assert reply.queue_id is None, reply


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_outage_is_temporary(server, backend, mechanism):
    assert server.send(mechanism, USER, PASSWORD).auth == 235
    backend.break_it()
    try:
        # Whoever asks, "try again" is the answer, never "wrong".
        for user, password in ((USER, PASSWORD), (USER, WRONG),
                               ("nobody-here", PASSWORD)):
            reply = server.send(mechanism, user, password)
            assert reply.auth == 454, reply
    finally:
        backend.mend_it()
    reply = server.send(mechanism, USER, PASSWORD)
    assert reply.auth == 235, reply


def test_user_at_domain(server, backend):
    """libsasl2 splits the realm off; only sasldb looks at it."""
    reply = server.send("PLAIN", USER + "@example.org", PASSWORD)
    assert reply.auth == 235, reply
    reply = server.send("PLAIN", USER + "@elsewhere.example", PASSWORD)
    assert reply.auth == (535 if isinstance(backend, Sasldb) else 235), \
        reply


def test_relay_refused_without_auth(server, backend):
    reply = server.send(None, USER, PASSWORD)
    assert reply.recipient == 554, reply
    assert reply.queue_id is None, reply


def test_daemon_stopped(server, backend):
    backend.daemon.stop()
    reply = server.send("PLAIN", USER, PASSWORD)
    assert reply.auth == 454, reply


def test_chrooted_smtpd(syslog, start_daemon):
    """As Debian runs it: smtpd sees our socket inside its queue only."""
    users.add(USER, PASSWORD)
    server = postfix.Postfix("/var/run/saslauthd/mux", chroot=True)
    rundir = server.queue / "var" / "run" / "saslauthd"
    try:
        server.start()
        rundir.mkdir(parents=True)
        start_daemon("-a", "shadow", rundir=rundir)
        reply = server.send("PLAIN", USER, PASSWORD)
        assert reply.auth == 235, f"{reply}\n{server.log()}"
        assert server.send("PLAIN", USER, WRONG).auth == 535
    finally:
        server.stop()
