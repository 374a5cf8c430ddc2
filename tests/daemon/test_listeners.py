# SPDX-License-Identifier: BSD-2-Clause
"""Several sockets: whose they are, who may ask there, and what becomes of
them when something dies."""

import grp
import os
import pwd
import re
import signal
import socket
import stat
import subprocess
import sys

import pytest

from daemon_users import PASSWORD, REALM, RIGHT, USER, set_password
from lib import wait_until, wire
from lib.daemon import START_SEC, Daemon

OK, NO, OUTAGE = wire.OK, wire.NO, wire.OUTAGE
ANOTHER_RUNS, SYSTEM, CONFIGURATION = 2, 71, 78
OTHER = "games"		# neither who starts the tests nor a daemon's user

needs_root = pytest.mark.needs_root


@pytest.fixture
def site(open_dir, store):
    """Write the file of a daemon with `store` and these listeners, each a
    name and its lines; returns the daemon's arguments."""
    def write(more="", **listeners):
        file = open_dir / "site.conf"
        text = f"mechanism: sasldb\nsasldb_path: {store}\nworkers: 1\n{more}\n"
        for name, lines in listeners.items():
            text += f"listener {name} {{\n{lines}\n}}\n"
        file.write_text(text)
        return "--config", file
    return write


def ask(path, password=PASSWORD, service="smtp", realm=REALM):
    return wire.request(path, USER, password, service=service, realm=realm)


ASK_AS = """
import os, socket, sys
path, uid, gids = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
os.setgroups([int(gid) for gid in gids[1:]])
os.setgid(int(gids[0]))
os.setuid(uid)
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(path)
except PermissionError:
    sys.exit("no permission")
try:
    s.sendall(bytes.fromhex(sys.argv[4]))
    sys.stdout.buffer.write(s.recv(4096))
except (BrokenPipeError, ConnectionResetError):
    pass
"""


def ask_as(path, uid, *gids):
    """The reply a process with these rights gets; None is a close without
    one."""
    if wire.DOORS:
        groups = ("--groups", ",".join(map(str, gids[1:]))) if gids[1:] \
            else ("--clear-groups",)
        return wire.parse(wire.call(path, RIGHT, rights=(
            "setpriv", "--reuid", str(uid), "--regid", str(gids[0]),
            *groups)))
    run = subprocess.run(
        [sys.executable, "-c", ASK_AS, str(path), str(uid),
         ",".join(map(str, gids)), RIGHT.hex()], capture_output=True,
        check=False)
    if b"no permission" in run.stderr:
        raise PermissionError(str(path))
    assert run.returncode == 0, run.stderr
    return wire.parse(run.stdout)


def refused(status, *args):
    """What a start says that must fail."""
    daemon = Daemon(*args)
    daemon.spawn()
    try:
        assert daemon.process.wait(START_SEC) == status, daemon.report()
        assert not daemon.socket.exists()
        return daemon.output
    finally:
        daemon.remove()


# The sockets.

def test_all_answer_until_the_end(start_daemon, site, open_dir):
    paths = [open_dir / name for name in ("a", "b")]
    daemon = start_daemon(*site(a=f"path: {paths[0]}", b=f"path: {paths[1]}"))
    for path in (daemon.socket, *paths):
        assert ask(path) == OK
        assert ask(path, "wrong one") == NO
    daemon.stop()
    assert not [p for p in (daemon.socket, *paths) if p.exists()]
    # Nor is anything else left.
    assert sorted(p.name for p in open_dir.iterdir()) == ["site.conf"]


@pytest.mark.parametrize("mask", [0o000, 0o077])
@pytest.mark.parametrize("mode", ["0777", "0660", "600", "0"])
def test_mode(start_daemon, site, open_dir, mode, mask):
    before = os.umask(mask)
    try:
        daemon = start_daemon(
            *site(a=f"path: {open_dir}/a\nmode: {mode}",
                  default=f"mode: {mode}"))
    finally:
        os.umask(before)
    for path in (open_dir / "a", daemon.socket):
        status = path.stat()
        assert wire.DOORS or stat.S_ISSOCK(status.st_mode)
        assert stat.S_IMODE(status.st_mode) == \
            wire.file_mode(int(mode, 8))
        assert status.st_uid == os.geteuid()


@needs_root
@pytest.mark.parametrize("by", ["name", "number"])
def test_owner_and_group(start_daemon, site, open_dir, by):
    user, group = pwd.getpwnam(OTHER), grp.getgrnam("mail")
    words = (user.pw_name, group.gr_name) if by == "name" else \
        (user.pw_uid, group.gr_gid)
    lines = f"owner: {words[0]}\ngroup: {words[1]}\nmode: 0660"
    daemon = start_daemon(*site(a=f"path: {open_dir}/a\n{lines}",
                                default=lines))
    for path in (open_dir / "a", daemon.socket):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (user.pw_uid, group.gr_gid)
        assert stat.S_IMODE(status.st_mode) == wire.file_mode(0o660)
        assert ask_as(path, user.pw_uid, user.pw_gid) == OK
        assert ask_as(path, 12345, group.gr_gid) == OK
        with pytest.raises(PermissionError):
            ask_as(path, 12345, 12345)


def test_default_one_elsewhere(start_daemon, site, open_dir):
    """Scripts and saslauthctl still find the rest in the run directory."""
    path = open_dir / "elsewhere"
    daemon = start_daemon(*site(default=f"path: {path}"))
    assert ask(path) == OK
    assert not daemon.socket.exists()
    assert (daemon.rundir / "control").exists()


# What is there already.

def test_socket_nobody_serves_is_replaced(start_daemon, site, open_dir):
    path = open_dir / "a"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    start_daemon(*site(a=f"path: {path}"))
    assert ask(path) == OK


def test_after_a_kill(start_daemon, site, open_dir):
    path = open_dir / "a"
    args = site(a=f"path: {path}")
    start_daemon(*args).kill9()
    assert path.exists()
    start_daemon(*args)
    assert ask(path) == OK


def test_socket_somebody_serves_stays(start_daemon, site, open_dir):
    path = open_dir / "a"
    args = site(a=f"path: {path}")
    first = start_daemon(*args)
    again = Daemon(*args)
    again.spawn()
    try:
        assert again.process.wait(START_SEC) == ANOTHER_RUNS
        assert str(path) in again.output
    finally:
        again.remove()
    assert ask(path) == OK
    assert ask(first.socket) == OK


@pytest.mark.parametrize("make", [
    pytest.param(lambda path: path.write_text("precious"), id="file"),
    pytest.param(lambda path: path.mkdir(), id="directory"),
    pytest.param(lambda path: path.symlink_to("site.conf"), id="link"),
    pytest.param(lambda path: path.symlink_to("nowhere"),
                 id="dangling link"),
])
def test_what_is_no_socket_stays(site, open_dir, make):
    path = open_dir / "a"
    make(path)
    before = path.lstat()
    said = refused(CONFIGURATION, *site(a=f"path: {path}"))
    assert f"{path} is no socket" in said
    after = path.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_what_came_later_stays(start_daemon, site, open_dir):
    """At the end only our own socket is removed."""
    path = open_dir / "a"
    daemon = start_daemon(*site(a=f"path: {path}"))
    path.unlink()
    path.write_text("precious")
    daemon.stop()
    assert path.read_text() == "precious"


# What cannot be.

def test_missing_directory(site, open_dir):
    path = open_dir / "missing" / "a"
    said = refused(SYSTEM, *site(a=f"path: {path}"))
    assert str(path) in said
    assert "No such file or directory" in said
    assert not path.parent.exists()


@needs_root
@pytest.mark.parametrize("key", ["owner", "group", "allow_uids",
                                 "allow_gids"])
def test_nobody_of_that_name(site, open_dir, key):
    said = refused(CONFIGURATION,
                   *site(a=f"path: {open_dir}/a\n{key}: no-such-name"))
    assert "no-such-name" in said


def test_path_too_long(site, open_dir):
    path = open_dir / ("x" * 120)
    said = refused(CONFIGURATION, *site(a=f"path: {path}"))
    assert f"listener a: path: {str(path)[:80]}" in said


def test_one_path_twice(site, open_dir):
    said = refused(CONFIGURATION, *site(a=f"path: {open_dir}/a",
                                        b=f"path: {open_dir}/a"))
    assert f"{open_dir}/a is that of listener a, too" in said


# Who may ask.

@needs_root
@pytest.mark.parametrize("by", ["name", "number"])
def test_allow_uids(start_daemon, site, open_dir, syslog, by):
    user = pwd.getpwnam(OTHER)
    word = user.pw_name if by == "name" else user.pw_uid
    path = open_dir / "a"
    mark = syslog.mark()
    start_daemon(*site(a=f"path: {path}\nallow_uids: {word}, 4711"))
    assert ask_as(path, user.pw_uid, user.pw_gid) == OK
    assert ask_as(path, 4711, 4711) == OK
    for uid in (4712, 0):
        assert ask_as(path, uid, user.pw_gid) == wire.REFUSED
    syslog.wait_for("uid 4712 may not ask on listener a", mark=mark)


@needs_root
def test_allow_gids(start_daemon, site, open_dir):
    path = open_dir / "a"
    start_daemon(*site(a=f"path: {path}\nallow_gids: mail, 4711"))
    mail = grp.getgrnam("mail").gr_gid
    assert ask_as(path, 4712, mail) == OK
    assert ask_as(path, 4712, 4711) == OK
    # A group of many counts like the first one.
    assert ask_as(path, 4712, 4712, 4711) == OK
    assert ask_as(path, 4711, 4712) == wire.REFUSED


@needs_root
def test_either_is_enough(start_daemon, site, open_dir):
    path = open_dir / "a"
    start_daemon(*site(a=f"path: {path}\nallow_uids: 4711\n"
                         "allow_gids: 4712"))
    assert ask_as(path, 4711, 4713) == OK
    assert ask_as(path, 4713, 4712) == OK
    assert ask_as(path, 4713, 4713) == wire.REFUSED


@needs_root
def test_refused_peers_do_not_flood_the_log(start_daemon, site, open_dir,
                                            syslog):
    path = open_dir / "a"
    mark = syslog.mark()
    start_daemon(*site(a=f"path: {path}\nallow_uids: 4711"))
    for _ in range(300):
        assert ask(path) == wire.REFUSED
    assert ask_as(path, 4711, 4711) == OK
    syslog.wait_for("uid 0 may not ask on listener a", mark=mark)
    assert len(syslog.find("may not ask", mark)) <= 3


def test_services(start_daemon, site, open_dir):
    path = open_dir / "a"
    daemon = start_daemon(*site(a=f"path: {path}\nservices: smtp, sieve"),
                          foreground=True)
    assert ask(path, service="smtp") == OK
    assert ask(path, service="sieve") == OK
    for service in ("imap", "SMTP", "smt", ""):
        assert ask(path, service=service) == NO
        assert ask(daemon.socket, service=service) == OK
    wait_until(lambda: re.search(
        r"auth failure: .*\[service=imap\].*\[reason=not_permitted",
        daemon.output), 5, "the reason")


# What else is a listener's own.

def test_default_realm(start_daemon, site, open_dir, store):
    set_password(store, USER, "of net", "example.net")
    set_password(store, USER, "of com", "example.com")
    paths = open_dir / "a", open_dir / "b"
    daemon = start_daemon(*site(
        "default_realm: example.com",
        a=f"path: {paths[0]}\ndefault_realm: example.net",
        b=f"path: {paths[1]}"))
    assert ask(paths[0], "of net", realm="") == OK
    assert ask(paths[1], "of com", realm="") == OK
    assert ask(daemon.socket, "of com", realm="") == OK
    for path in (*paths, daemon.socket):
        assert ask(path) == OK	# who names a realm has that


@pytest.mark.parametrize("of_all, replies", [
    ("empty", [OUTAGE, OUTAGE, NO]), ("no", [NO, OUTAGE, NO])])
def test_tempfail_reply(start_daemon, site, open_dir, of_all, replies):
    paths = [open_dir / name for name in ("a", "b", "c")]
    start_daemon(*site(
        f"tempfail_reply: {of_all}\nsasldb_path: /nonexistent/users.lmdb",
        a=f"path: {paths[0]}",
        b=f"path: {paths[1]}\ntempfail_reply: empty",
        c=f"path: {paths[2]}\ntempfail_reply: no"))
    assert [ask(path) for path in paths] == replies


# The warning.

@needs_root
@pytest.mark.parametrize("mode, closed, warned", [
    ("0777", False, True), ("0666", False, True), ("0660", False, False),
    ("0777", True, False)])
def test_warning_of_an_open_socket(start_daemon, site, open_dir, syslog,
                                   mode, closed, warned):
    inner = open_dir / "inner"
    inner.mkdir(mode=0o755)
    inner.chmod(0o750 if closed else 0o755)
    mark = syslog.mark()
    daemon = start_daemon(*site(a=f"path: {inner}/a\nmode: {mode}"))
    assert ask(f"{inner}/a") == OK
    lines = [l for l in syslog.since(mark)
             if f"every user of this machine can try passwords at {inner}/a"
             in l.text]
    assert len(lines) == (1 if warned else 0)
    # The usual one is told of in the manual and by nobody else.
    assert not [l for l in syslog.since(mark) if "every user" in l.text and
                str(daemon.socket) in l.text]


# A death.

def test_a_front_dies(start_daemon, site, open_dir):
    """Its successor has all of them, and they are the same sockets."""
    paths = [open_dir / "a", open_dir / "b"]
    daemon = start_daemon(*site(
        a=f"path: {paths[0]}\nservices: smtp",
        b=f"path: {paths[1]}\ndefault_realm: {REALM}"))
    before = [path.stat().st_ino for path in paths]
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: daemon.by_role("front") not in ([], [front]),
               START_SEC, "another front")
    for path in (daemon.socket, *paths):
        assert ask(path) == OK
    assert [path.stat().st_ino for path in paths] == before
    # Each has its own settings again.
    assert ask(paths[0], service="imap") == NO
    assert ask(paths[1], realm="") == OK
