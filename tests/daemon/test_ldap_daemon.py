# SPDX-License-Identifier: BSD-2-Clause
"""The whole daemon in front of a directory: files as people have them, -O,
parts, many workers, passwords that change, and where none may be found."""

import os
import pathlib
import re
import subprocess
import threading

import pytest

from ldap_files import FILES, START_LINES
from lib import wait_until, wire
from lib import slapd as directory
from lib.daemon import SASLAUTHD, START_SEC, all_pids
from lib.slapd import (GROUPS, PASSWORD, PEOPLE, REALM, SERVICE_DN,
                       SERVICE_PASSWORD, Slapd, person)
from saslauthctl import run
from test_manuals import built_mechanisms

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif("ldap" not in built_mechanisms(),
                       reason="ldap is not built"),
    pytest.mark.skipif(directory.obstacle() is not None,
                       reason=directory.obstacle() or ""),
]

OK, NO, OUTAGE = wire.OK, wire.NO, wire.OUTAGE
PLAIN, TLS, OTHER = "127.0.0.51", "127.0.0.52", "127.0.0.53"
NOBODY_LISTENS = "127.0.0.54"
ETC = pathlib.Path("/etc/saslauthd.conf")
PATIENCE_SEC = 15	# files are looked at every few seconds
MANY = 64
EX_TEMPFAIL = 75


@pytest.fixture(scope="module", name="plain")
def fixture_plain(shared_dir):
    with Slapd(shared_dir, PLAIN) as server:
        server.add(person("mia", extra=["mail: mia@example.org"]))
        yield server


@pytest.fixture(scope="module", name="tls")
def fixture_tls(shared_dir):
    made = directory.certificate(directory.make_ca(shared_dir),
                                 "ldap.example.test", ips=[TLS])
    with Slapd(shared_dir, TLS, tls=made) as server:
        yield server


@pytest.fixture(scope="module", name="other")
def fixture_other(shared_dir):
    """joe has another password there."""
    with Slapd(shared_dir, OTHER) as server:
        server.password("joe", "of the other")
        yield server


@pytest.fixture(name="etc")
def fixture_etc():
    """Write /etc/saslauthd.conf, of the session's own /etc."""
    kept = ETC.read_bytes() if ETC.exists() else None

    def write(text, mode=0o600):
        ETC.write_text(text)
        ETC.chmod(mode)
        return ETC

    yield write
    if kept is None:
        ETC.unlink(missing_ok=True)
    else:
        ETC.write_bytes(kept)


def service(server):
    """The lines that every file here begins with."""
    return (f"ldap_servers: {server.uri}\nldap_bind_dn: {SERVICE_DN}\n"
            f"ldap_password: {SERVICE_PASSWORD}\n"
            f"ldap_search_base: {PEOPLE}\n")


def answers(daemon, login, right=PASSWORD, **request):
    """To the right password, a wrong one, and one of nobody."""
    return [daemon.ask(login, right, **request),
            daemon.ask(login, "wrong", **request),
            daemon.ask("nobody-here", right, **request)]


GOOD = [OK, NO, NO]


# Files as people have them.

def text_of(file, plain, tls):
    return file.text.format(
        plain=plain.uri, ldapi=plain.ldapi, tls=tls.uri, ldaps=tls.ldaps,
        gone=f"ldap://{NOBODY_LISTENS}/", ca=tls.tls.ca.cert,
        people=PEOPLE, groups=GROUPS, service=SERVICE_DN,
        password=SERVICE_PASSWORD)


@pytest.mark.parametrize("name", FILES)
def test_files(name, plain, tls, etc, start_daemon, monkeypatch):
    """Unchanged, at the place where the old daemon looked for it; under -O,
    by its whole name and by a relative one."""
    file = FILES[name]
    path = etc(text_of(file, plain, tls))
    monkeypatch.setenv("LDAPTLS_REQCERT", "demand")
    for args in ([], ["-O", path], ["-O", os.path.relpath(path, "/")]):
        daemon = start_daemon("-a", "ldap", "-n", "2", *args)
        for login, request in file.logins:
            assert answers(daemon, login, **request) == GOOD, login
        said = [line for line in daemon.output.splitlines()
                if re.search(START_LINES, line)]
        assert len(said) == len(file.said), said
        for line, expected in zip(said, file.said):
            assert expected in line
        daemon.stop()


def test_group_of_a_file(plain, etc, start_daemon):
    """Who is not in it is refused, whatever the password."""
    etc(service(plain) + "ldap_group_attr: member\n"
        f"ldap_group_dn: cn=mail,{GROUPS}\n")
    daemon = start_daemon("-a", "ldap")
    assert answers(daemon, "joe") == GOOD
    assert daemon.ask("ann", PASSWORD) == NO


# -O and parts.

PARTS = """\
{more}
backend own {{
    mechanism: ldap
    ldap_servers: {own}
    ldap_search_base: {people}
}}
backend other {{
    mechanism: ldap
    ldap_servers: {other}
    ldap_search_base: {people}
}}
route others {{
    realm: example.net
    step: other
}}
route all {{
    step: own
}}
"""


def parts(plain, other, more=""):
    return PARTS.format(own=plain.uri, other=other.uri, people=PEOPLE,
                        more=more)


def test_two_directories(plain, other, etc, start_daemon):
    etc(parts(plain, other))
    daemon = start_daemon()
    for realm in ("", REALM):
        assert answers(daemon, "joe", realm=realm) == GOOD
        assert daemon.ask("joe", "of the other", realm=realm) == NO
    assert answers(daemon, "joe", "of the other",
                   realm="example.net") == GOOD
    assert daemon.ask("joe", PASSWORD, realm="example.net") == NO
    # One that is down takes nothing from the other.
    other.stop()
    try:
        assert daemon.ask("joe", PASSWORD, realm="example.net") == OUTAGE
        assert answers(daemon, "joe") == GOOD
    finally:
        other.start()


def test_option_beside_parts(plain, other, etc, start_daemon, open_dir):
    """-O belongs to a mechanism, of which there are two here."""
    etc(parts(plain, other))
    path = open_dir / "ldap.conf"
    path.write_text(service(plain))
    with pytest.raises(AssertionError, match="exit 64|exit 78") as caught:
        start_daemon("-O", path)
    assert "-O" in str(caught.value)


# Many workers.

def connections_to(address):
    """proc_net_tcp(5): those that are open (01), by their far end."""
    far = "".join(f"{int(byte):02X}"
                  for byte in reversed(address.split("."))) + ":0185"
    table = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in table if line.split()[2:4] == [far, "01"])


def test_many_workers(plain, etc, start_daemon):
    """Two connections each, however much they are asked."""
    before = connections_to(PLAIN)
    etc(service(plain) + f"workers: {MANY}\nworkers_max: {MANY}\n")
    daemon = start_daemon("-a", "ldap")
    daemon.wait_workers(MANY)
    wait_until(lambda: connections_to(PLAIN) == before + MANY, START_SEC,
               "a connection of each worker")
    replies = []

    def ask():
        for password in (PASSWORD, "wrong") * 4:
            replies.append((password, daemon.ask("joe", password)))

    threads = [threading.Thread(target=ask) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 8 * MANY
    assert set(replies) == {(PASSWORD, OK), ("wrong", NO)}
    assert len(daemon.by_role("worker")) == MANY
    assert before + MANY < connections_to(PLAIN) <= before + 2 * MANY
    daemon.stop()
    wait_until(lambda: connections_to(PLAIN) == before, START_SEC,
               "the end of the connections")


# What changes meanwhile.

METHODS = {
    "bind": "",
    "custom": "ldap_auth_method: custom\n",
    "fastbind": "ldap_auth_method: fastbind\n"
                f"ldap_filter: uid=%u,{PEOPLE}\n",
}


@pytest.mark.parametrize("method", METHODS)
def test_changed_password(method, plain, etc, start_daemon):
    """The old one is refused at once, also by a worker that has just bound
    with it."""
    etc(service(plain) + METHODS[method])
    daemon = start_daemon("-a", "ldap", "-n", "1")
    try:
        for _ in range(3):
            assert daemon.ask("bob", PASSWORD) == OK
        plain.password("bob", "changed")
        for _ in range(3):
            assert daemon.ask("bob", PASSWORD) == NO
            assert daemon.ask("bob", "changed") == OK
    finally:
        plain.password("bob", PASSWORD)


@pytest.fixture(name="service_password")
def fixture_service_password(plain):
    """Set it on the server."""
    def change(new):
        plain.modify(f"dn: {SERVICE_DN}\nchangetype: modify\n"
                     f"replace: userPassword\nuserPassword: {new}\n")
    yield change
    change(SERVICE_PASSWORD)


def by_file(server, path):
    return (f"ldap_servers: {server.uri}\nldap_bind_dn: {SERVICE_DN}\n"
            f"ldap_password_file: {path}\nldap_auth_method: custom\n"
            f"ldap_search_base: {PEOPLE}\n")


def secret_file(directory_, name, content):
    path = directory_ / name
    path.write_text(content)
    path.chmod(0o600)
    return path


def uid_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^Uid:\t\d+\t(\d+)", status, re.M)[1])


def test_reload_with_another_password_file(plain, etc, start_daemon,
                                           service_password, open_dir):
    old = secret_file(open_dir, "old", SERVICE_PASSWORD + "\n")
    new = secret_file(open_dir, "new", "a new one\n")
    etc(by_file(plain, old))
    daemon = start_daemon("-a", "ldap", "-n", "2")
    assert answers(daemon, "joe") == GOOD
    service_password("a new one")
    etc(by_file(plain, new))
    assert run("reload", rundir=daemon.rundir).returncode == 0
    assert answers(daemon, "joe") == GOOD
    # One that cannot be used leaves the settings as they are.
    etc(by_file(plain, open_dir / "missing"))
    done = run("reload", rundir=daemon.rundir)
    assert done.returncode != 0
    assert "ldap_password_file" in done.stdout + done.stderr
    assert answers(daemon, "joe") == GOOD


def test_password_file_of_root(plain, etc, start_daemon, service_password,
                               open_dir):
    """Workers have what is in it, and no right to read it; what is written
    to it is in force without a reload."""
    path = secret_file(open_dir, "password", SERVICE_PASSWORD + "\n")
    etc(by_file(plain, path))
    daemon = start_daemon("-a", "ldap", "-n", "2")
    assert answers(daemon, "joe") == GOOD
    workers = daemon.wait_workers(2)
    assert all(uid_of(pid) != 0 for pid in workers)
    service_password("written anew")
    path.write_text("written anew\n")
    wait_until(lambda: not set(workers) & set(daemon.by_role("worker")),
               PATIENCE_SEC, "other workers")
    assert answers(daemon, "joe") == GOOD
    assert all(uid_of(pid) != 0 for pid in daemon.by_role("worker"))


# Where no password may be.

SECRETS = {"service": "Schwertfisch of the service",
           "user": "Zauberwort of the user", "wrong": "Irrtum of the user"}


def traces(daemon):
    """{where: bytes} of what others can see of our processes."""
    seen = {}
    for pid in all_pids():
        for name in ("environ", "cmdline"):
            path = pathlib.Path(f"/proc/{pid}/{name}")
            try:
                seen[str(path)] = path.read_bytes()
            except OSError:
                continue	# it has just ended
    for pid in [daemon.pid, *daemon.by_role("worker")]:
        assert f"/proc/{pid}/cmdline" in seen
    return seen


@pytest.mark.parametrize("by", ["ldap_password", "ldap_password_file"])
@pytest.mark.parametrize("method", METHODS)
def test_no_trace_of_passwords(by, method, plain, etc, start_daemon,
                               service_password, syslog, open_dir):
    mark = syslog.mark()
    value = SECRETS["service"]
    service_password(value)
    plain.password("bob", SECRETS["user"])
    if by == "ldap_password_file":
        value = secret_file(open_dir, "password", value + "\n")
    etc(f"ldap_servers: {plain.uri}\nldap_bind_dn: {SERVICE_DN}\n"
        f"{by}: {value}\nldap_search_base: {PEOPLE}\n" + METHODS[method])
    daemon = start_daemon("-a", "ldap", "-n", "2", "-V")
    try:
        assert run("log-level", "debug", rundir=daemon.rundir).returncode == 0
        assert daemon.ask("bob", SECRETS["user"]) == OK
        assert daemon.ask("bob", SECRETS["wrong"]) == NO
        assert daemon.ask("nobody-here", SECRETS["wrong"]) == NO
        plain.stop()
        assert daemon.ask("bob", SECRETS["user"]) == OUTAGE
    finally:
        if plain.process is None:
            plain.start()
        plain.password("bob", PASSWORD)
    syslog.wait_for("auth error: ", mark=mark)
    seen = traces(daemon)
    seen["syslog"] = "\n".join(
        line.raw for line in syslog.since(mark)).encode()
    seen["output"] = daemon.output.encode()
    for words in (["config", "--all"], ["config", "--all", "--json"],
                  ["status"], ["explain", "bob", "", "imap"]):
        seen[" ".join(words)] = run(
            *words, rundir=daemon.rundir).stdout.encode()
    assert b"ldap_password" in seen["config --all"]
    assert b"user=bob" in seen["syslog"]
    for where, data in seen.items():
        for word in SECRETS.values():
            assert word.split(" ", maxsplit=1)[0].encode() not in data, where


# An operator's question.

def test_explain_with_a_password(plain, etc, start_daemon):
    etc(service(plain))
    daemon = start_daemon("-a", "ldap", "-n", "2")

    def explain(login, password):
        return run("explain", login, "", "imap", "--password",
                   rundir=daemon.rundir, given=password + "\n").stdout

    assert re.search(r"step 1 +ldap \(ldap\): ok\n", explain("joe", PASSWORD))
    assert "denied, bad_password" in explain("joe", "wrong")
    assert "denied, no_such_user" in explain("nobody-here", PASSWORD)


def test_check_asks_only_when_told_to(plain, etc):
    """A directory that is down is found out by --try."""
    path = etc(service(plain))

    def check(*args):
        return subprocess.run(
            [SASLAUTHD, "--check", "-a", "ldap", *args], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=START_SEC)

    assert check("--try").returncode == 0
    asked = plain.operations("BIND dn=")
    assert check().returncode == 0
    assert plain.operations("BIND dn=") == asked
    path.write_text(path.read_text().replace(SERVICE_PASSWORD, "no more"))
    assert check().returncode == 0
    done = check("--try")
    assert done.returncode == EX_TEMPFAIL
    assert "service account" in done.stdout
    assert "no more" not in done.stdout + done.stderr
