# SPDX-License-Identifier: BSD-2-Clause
"""Several directory servers behind one backend: which of them is asked, what
status, metrics and log say of them, and who the workers run as."""

import json
import os
import pwd
import signal
import subprocess
import time

import pytest

from lib import control, slapd, wait_until, wire
from lib.daemon import START_SEC
from saslauthctl import OK, SASLAUTHCTL, WARNING
from test_manuals import built_mechanisms

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif("ldap" not in built_mechanisms(),
                       reason="ldap is not built")]
needs_slapd = pytest.mark.skipif(slapd.obstacle() is not None,
                                 reason=slapd.obstacle() or "")

FIRST, SECOND = "127.0.0.31", "127.0.0.32"
BACK_SEC = 15	# the back-off, and a worker's turn
TOLD_SEC = 5	# a look each second
MARGIN_SEC = 0.8
WORKERS = 2


@pytest.fixture(scope="module")
def servers(shared_dir):
    if slapd.obstacle() is not None:
        pytest.skip(slapd.obstacle())
    with slapd.Slapd(shared_dir, FIRST) as first, \
            slapd.Slapd(shared_dir, SECOND) as second:
        yield first, second


def configuration(open_dir, *uris, more=""):
    path = open_dir / "ldap.conf"
    path.write_text(f"ldap_servers: {' '.join(uris)}\n"
                    f"ldap_search_base: {slapd.SUFFIX}\n{more}")
    return path


@pytest.fixture
def daemon(start_daemon, open_dir, servers):
    return start_daemon("-a", "ldap", "-n", str(WORKERS), "-O", configuration(
        open_dir, *(server.uri for server in servers)))


def parts(daemon):
    """{server: its line of the status}"""
    return {line["name"]: line
            for line in control.ask(daemon.rundir, "status")
            if line["kind"] == "part"}


def up(daemon):
    """{server: is it up}"""
    return {name: line["up"] for name, line in parts(daemon).items()}


def status(daemon):
    """(exit status, text)"""
    run = subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "status"],
                         check=False, capture_output=True, text=True)
    return run.returncode, run.stdout


def metrics(daemon):
    run = subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "metrics"],
                         check=True, capture_output=True, text=True)
    return run.stdout


def sample(uri, value):
    return f'saslauthd_backend_part_up{{backend="ldap",part="{uri}"}} {value}\n'


def ask(daemon):
    began = time.monotonic()
    reply = daemon.ask("joe", slapd.PASSWORD)
    assert time.monotonic() - began < MARGIN_SEC
    return reply


def binds(server):
    return server.operations("BIND dn=\"uid=joe")


@needs_slapd
def test_the_first_dies_and_returns(daemon, servers, syslog):
    first, second = servers
    assert ask(daemon) == wire.OK
    wait_until(lambda: up(daemon) == {first.uri: True, second.uri: True},
               TOLD_SEC, "both servers")
    code, text = status(daemon)
    assert code == OK and text.startswith("OK: ldap is up |")
    assert f"  server     {first.uri} is up for " in text
    mark = syslog.mark()
    first.kill()
    try:
        asked = binds(second)
        for _ in range(4):
            assert ask(daemon) == wire.OK
        assert binds(second) > asked
        syslog.wait_for(f"backend ldap: {first.uri} is down: .", mark=mark)
        wait_until(lambda: up(daemon) == {first.uri: False, second.uri: True},
                   TOLD_SEC, "its outage")
        assert parts(daemon)[first.uri]["why"]
        code, text = status(daemon)
        assert code == WARNING
        assert text.startswith(
            f"WARNING: {first.uri} of backend ldap is down for ")
        assert f"  server     {first.uri} is DOWN for " in text
        assert sample(first.uri, 0) in metrics(daemon)
        assert sample(second.uri, 1) in metrics(daemon)
    finally:
        first.start()
    # Nobody asks anything meanwhile.
    wait_until(lambda: up(daemon)[first.uri], BACK_SEC, "the first again")
    syslog.wait_for(rf"backend ldap: {first.uri} is up after \d+ s",
                    mark=mark)
    assert status(daemon)[0] == OK
    assert sample(first.uri, 1) in metrics(daemon)
    asked = binds(first), binds(second)
    for _ in range(4):
        assert ask(daemon) == wire.OK
    wait_until(lambda: binds(first) >= asked[0] + 4, TOLD_SEC, "the log")
    assert binds(second) == asked[1]
    assert len(syslog.find(f"{first.uri} is", mark)) == 2
    assert not syslog.find(f"{second.uri} is", mark)


@needs_slapd
def test_a_new_front_is_told(daemon, servers):
    first, second = servers
    first.stop()
    try:
        assert ask(daemon) == wire.OK
        wait_until(lambda: not up(daemon)[first.uri], TOLD_SEC, "its outage")
        front = daemon.one("front")
        os.kill(front, signal.SIGKILL)

        def told_again():
            try:
                return up(daemon)
            except (OSError, json.JSONDecodeError):
                return None

        assert wait_until(told_again, START_SEC, "another front") == \
            {first.uri: False, second.uri: True}
    finally:
        first.start()


@needs_slapd
def test_the_servers_after_a_reload(daemon, open_dir, servers):
    """Those of the new settings, as their own pool finds them."""
    first, second = servers
    wait_until(lambda: len(up(daemon)) == 2, TOLD_SEC, "both servers")
    first.stop()
    try:
        assert ask(daemon) == wire.OK
        wait_until(lambda: not up(daemon)[first.uri], TOLD_SEC, "its outage")
        configuration(open_dir, second.uri)
        subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "reload"],
                       check=True, capture_output=True)
        wait_until(lambda: up(daemon) == {second.uri: True}, TOLD_SEC,
                   "the new server only")
        assert sample(first.uri, 0) not in metrics(daemon)
        configuration(open_dir, first.uri, second.uri)
        subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "reload"],
                       check=True, capture_output=True)
        assert ask(daemon) == wire.OK
        wait_until(lambda: up(daemon) == {first.uri: False, second.uri: True},
                   TOLD_SEC, "what the new workers found")
    finally:
        first.start()


# Who the workers are.

EXTERNAL = "ldap_service_mech: EXTERNAL\n"
MAILER = "news"


def owner(daemon):
    return {os.stat(f"/proc/{pid}").st_uid
            for pid in daemon.wait_workers(WORKERS)}


@pytest.mark.parametrize("more, user, line", [
    ("", "nobody", None),
    (EXTERNAL, "root", "workers of ldap keep the starting identity: .*"
     "EXTERNAL over ldapi"),
    (EXTERNAL, MAILER, f"workers of ldap run as {MAILER}, because "
     "worker_user is set: .*EXTERNAL over ldapi"),
], ids=["simple", "its socket sees who asks", "worker_user"])
def test_whom_the_server_sees(start_daemon, open_dir, syslog, more, user,
                              line):
    mark = syslog.mark()
    named = ["--set", f"worker_user={user}"] if user == MAILER else []
    daemon = start_daemon(
        "-a", "ldap", "-n", str(WORKERS), *named, "--set", "user=nobody",
        "-O", configuration(open_dir, "ldapi:///", more=more))
    assert owner(daemon) == {pwd.getpwnam(user).pw_uid}
    if line is not None:
        syslog.wait_for(line, mark=mark)
    else:
        assert not syslog.find("starting identity", mark)
