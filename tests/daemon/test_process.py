# SPDX-License-Identifier: BSD-2-Clause
"""Who runs as whom, and what each role has given up, read from /proc."""

import grp
import os
import pwd
import re
from pathlib import Path

import pytest

from daemon_users import PASSWORD, REALM, RIGHT, USER, set_password
from lib import users, wait_until, wire
from lib.daemon import command_line, stat_fields

# Its accounts, and what /proc shows of processes that are not dumpable.
pytestmark = pytest.mark.needs_root

ROLES = ["keeper", "front", "pool", "worker"]
CHILDREN = ROLES[1:]
CLIENTS_MAX = 2000
DESCRIPTORS_ON_TOP = 256	# RLIMIT_NOFILE is clients_max and these
SECCOMP_FILTER = 2		# proc_pid_status(5)


def status(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines()
                if ":\t" in line)


def ids(pid):
    """(set of uids, set of gids, supplementary groups)."""
    s = status(pid)
    return (set(map(int, s["Uid"].split())), set(map(int, s["Gid"].split())),
            set(map(int, s["Groups"].split())))


def limit(pid, name):
    text = Path(f"/proc/{pid}/limits").read_text()
    return re.search(rf"^{name} +(\S+)", text, re.M)[1]


def process_group(pid):
    return int(stat_fields(pid)[2])


@pytest.fixture(scope="module")
def accounts():
    users.add("saslauth", hashed="*")
    users.add(USER, PASSWORD)
    users.add("pwjoe", PASSWORD, in_passwd=True)
    for service in ("imap", "smtp", "other"):
        users.pam_unix_service(service)
    return pwd.getpwnam("saslauth")


@pytest.fixture(scope="module")
def daemon(start_shared_daemon, accounts):
    """Started as root."""
    daemon = start_shared_daemon("-a", "shadow", "-n", "2",
                                 "--set", f"clients_max={CLIENTS_MAX}")
    daemon.wait_workers(2)
    assert daemon.ask(USER, PASSWORD) == wire.OK
    return daemon


# Names.

def test_names(daemon):
    """What ps shows; start-stop-daemon --name looks at the keeper's."""
    def comm(pid):
        return Path(f"/proc/{pid}/comm").read_text().strip()

    assert comm(daemon.one("keeper")) == "saslauthd"
    assert comm(daemon.one("front")) == "saslauthd"
    assert comm(daemon.one("pool")) == "saslauthd-pool"
    assert command_line(daemon.one("front")) == "saslauthd: front"
    assert command_line(daemon.one("pool")) == "saslauthd-pool: shadow pool"
    for worker in daemon.by_role("worker"):
        assert comm(worker) == "saslauthd-pool"
        assert command_line(worker) == "saslauthd-pool: shadow worker"


def test_family(daemon):
    """Keeper - front and pool - workers."""
    def parent(pid):
        return int(stat_fields(pid)[1])

    assert parent(daemon.one("front")) == daemon.pid
    assert parent(daemon.one("pool")) == daemon.pid
    assert {parent(w) for w in daemon.by_role("worker")} == {
        daemon.one("pool")}


def test_every_worker_leads_its_group(daemon):
    """So that the pool can kill what a module has forked with it."""
    for worker in daemon.by_role("worker"):
        assert process_group(worker) == worker
    assert process_group(daemon.one("pool")) != daemon.one("pool")
    assert process_group(daemon.pid) == daemon.pid


# Rights.

def test_front_is_nobody_special(daemon, accounts):
    front = daemon.one("front")
    assert ids(front) == ({accounts.pw_uid}, {accounts.pw_gid}, set())
    s = status(front)
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(s[capabilities], 16) == 0
    assert s["NoNewPrivs"] == "1"


@pytest.mark.ordinary_build
def test_front_is_confined(daemon):
    front = daemon.one("front")
    assert os.readlink(f"/proc/{front}/root") != "/"
    assert os.listdir(f"/proc/{front}/root") == []
    assert int(status(front)["Seccomp"]) == SECCOMP_FILTER


def test_shadow_worker_has_the_shadow_group_and_no_more(daemon, accounts):
    for worker in daemon.by_role("worker"):
        assert ids(worker) == ({accounts.pw_uid}, {accounts.pw_gid},
                               {grp.getgrnam("shadow").gr_gid})
        s = status(worker)
        assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0
        assert s["NoNewPrivs"] == "1"


@pytest.mark.parametrize("role", ["front", "worker"])
def test_not_dumpable(daemon, role):
    """Files of a process that is not dumpable belong to root."""
    for pid in daemon.by_role(role):
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0
        assert limit(pid, "Max core file size") == "0"


def test_descriptors_suffice(daemon):
    assert int(limit(daemon.one("front"), "Max open files")) >= \
        CLIENTS_MAX + DESCRIPTORS_ON_TOP


def worker_ids(start_daemon, *args):
    daemon = start_daemon(*args, "-n", "1")
    return ids(daemon.wait_workers(1)[0])


def test_getpwent_worker_needs_nothing(start_daemon, accounts):
    assert worker_ids(start_daemon, "-a", "getpwent") == (
        {accounts.pw_uid}, {accounts.pw_gid}, set())


def test_pam_worker_keeps_root(start_daemon, accounts, syslog):
    mark = syslog.mark()
    uids, _, _ = worker_ids(start_daemon, "-a", "pam")
    assert uids == {0}
    syslog.wait_for("workers of pam keep the starting identity", mark=mark)


def test_sasldb_worker_has_the_rights_its_file_needs(start_daemon, accounts,
                                                     store, syslog):
    """Root's own database keeps root, and the log says why."""
    mark = syslog.mark()
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    assert ids(daemon.wait_workers(1)[0])[0] == {0}
    line = syslog.wait_for("workers of sasldb keep the starting identity",
                           mark=mark)
    assert str(store) in line.text
    daemon.stop()
    for path in (store, f"{store}-lock"):
        os.chown(path, accounts.pw_uid, -1)
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    assert ids(daemon.wait_workers(1)[0])[0] == {accounts.pw_uid}
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")


def test_users_can_be_named(start_daemon, accounts):
    daemon = start_daemon("-a", "getpwent", "-n", "1", "--set", "user=games",
                          "--set", "worker_user=news")
    assert ids(daemon.one("front"))[0] == {pwd.getpwnam("games").pw_uid}
    assert ids(daemon.wait_workers(1)[0])[0] == {
        pwd.getpwnam("news").pw_uid}
    assert daemon.ask("pwjoe", PASSWORD) == wire.OK


def test_user_that_nobody_is(start_daemon, accounts, syslog):
    """Without saslauth and sasl it is nobody, with a warning."""
    users.remove("saslauth")
    try:
        mark = syslog.mark()
        daemon = start_daemon("-a", "getpwent", "-n", "1")
        assert ids(daemon.one("front"))[0] == {
            pwd.getpwnam("nobody").pw_uid}
        assert len(syslog.find(r"\bnobody\b", mark)) == 1
    finally:
        users.add("saslauth", hashed="*", uid=accounts.pw_uid)


def test_user_that_is_lost_makes_nobody_root(start_daemon, open_dir, syslog):
    """The user database is away for a moment when the pool decides again
    who its workers are."""
    users.add("mailer", "x")
    database = open_dir / "users.lmdb"
    set_password(database, USER, PASSWORD, REALM)
    uid = pwd.getpwnam("mailer").pw_uid
    for path in (database, database.with_name("users.lmdb-lock")):
        os.chown(path, uid, uid)
    daemon = start_daemon("-a", "sasldb", "-O", database, "-n", "1", "--set",
                          "worker_user=mailer")
    (before,) = daemon.wait_workers(1)
    mark = syslog.mark()
    users.remove("mailer")
    database.chmod(0o640)
    syslog.wait_for("keep the rights they have", mark=mark, timeout_sec=15)
    wait_until(lambda: daemon.by_role("worker") not in ([], [before]), 15,
               "another worker")
    assert ids(daemon.one("worker"))[0] == {uid}
    assert status(daemon.one("worker"))["NoNewPrivs"] == "1"


# Started by an ordinary user.

@pytest.mark.ordinary_build
def test_ordinary_user(start_daemon, accounts, open_dir, syslog):
    """Everything is his; what that costs is said, and answered as an outage
    rather than a wrong password."""
    mark = syslog.mark()
    daemon = start_daemon("-a", "shadow", "-n", "2", user="games")
    daemon.wait_workers(2)
    for role in ROLES:
        for pid in daemon.by_role(role):
            assert ids(pid)[0] == {pwd.getpwnam("games").pw_uid}, role
    for role in CHILDREN:
        for pid in daemon.by_role(role):
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0, role
    assert len(syslog.find("started without root", mark)) == 1
    assert len(syslog.find("workers of shadow have no root", mark)) == 1
    assert int(status(daemon.one("front"))["Seccomp"]) == SECCOMP_FILTER
    assert daemon.ask(USER, PASSWORD) == wire.OUTAGE


# What is inherited.

@pytest.fixture
def wrapped(open_dir):
    """A program that starts the daemon with a descriptor and a variable
    too many."""
    from lib.daemon import SASLAUTHD
    marker = open_dir / "marker"
    marker.touch()
    script = open_dir / "start"
    script.write_text(f"#!/bin/sh\nexec 9<{marker}\n"
                      f"exec {SASLAUTHD} \"$@\"\n")
    script.chmod(0o755)
    return script, marker


def open_files(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return found


def test_no_descriptor_is_inherited(start_daemon, store, wrapped):
    script, marker = wrapped
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2",
                          program=script)
    daemon.wait_workers(2)
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")
    for role in CHILDREN:
        for pid in daemon.by_role(role):
            assert str(marker) not in open_files(pid), role


@pytest.mark.parametrize("role", ROLES)
def test_nothing_holds_the_terminal(daemon, role):
    """Who waits for the end of the starting command's output waits for
    every process that has it open."""
    for pid in daemon.by_role(role):
        for fd in range(3):
            assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"


def test_workers_do_not_share_channels(start_daemon, store):
    """A socket that two of them held would let one answer for another."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "3")
    workers = daemon.wait_workers(3)
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")
    seen = [f for w in workers for f in set(open_files(w))
            if f.startswith("socket:")]
    assert len(seen) == len(set(seen)) >= 3


def test_front_holds_no_file(daemon):
    """Sockets, pipes, its event queue, /dev/null, and the memory that limits
    share with the keeper, if a reload turns them on."""
    for name in open_files(daemon.one("front")):
        assert name.split(":")[0] in ("socket", "pipe", "anon_inode",
                                      "/dev/null") or \
            name.startswith("/memfd:saslauthd-tries "), name


def test_password_stays_out_of_proc(daemon):
    """No role shows it in its arguments or its environment."""
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    for role in ROLES:
        for pid in daemon.by_role(role):
            for name in ("cmdline", "environ"):
                assert PASSWORD.encode() not in Path(
                    f"/proc/{pid}/{name}").read_bytes()
