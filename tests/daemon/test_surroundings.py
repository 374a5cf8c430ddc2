# SPDX-License-Identifier: BSD-2-Clause
"""Starts from surroundings that scripts and supervisors really leave."""

import subprocess
import sys

import pytest

from daemon_users import PASSWORD, RIGHT, WRONG
from lib import users, wait_until, wire
from lib.daemon import SASLAUTHD, Daemon, running

OK, NO = wire.string("OK"), wire.string("NO")


@pytest.fixture
def start_from(start_daemon, store, open_dir):
    """Start by a script that prepares something first."""
    def start(preparation, *args):
        script = open_dir / "start"
        script.write_text(f"#!/bin/bash\n{preparation}\n"
                          f"exec {SASLAUTHD} \"$@\"\n")
        script.chmod(0o755)
        daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2", *args,
                              program=script)
        assert wire.exchange(daemon.socket, RIGHT) == OK
        assert wire.exchange(daemon.socket, WRONG) == NO
        return daemon
    return start


@pytest.mark.parametrize("preparation", [
    pytest.param("exec 0<&-", id="no stdin"),
    pytest.param("exec 0<&- 1>&- 2>&-", id="no standard descriptors"),
    pytest.param("exec 7</dev/null 8</dev/null 200</dev/null",
                 id="more descriptors"),
    pytest.param("cd $(mktemp -d) && rmdir $PWD", id="removed directory"),
    pytest.param("unset PATH LANG HOME", id="no environment"),
    pytest.param("ulimit -c unlimited", id="core dumps"),
])
def test_starts(start_from, preparation):
    daemon = start_from(preparation)
    daemon.stop()
    assert not daemon.socket.exists()


@pytest.mark.parametrize("mask", ["000", "022", "077", "777"])
def test_modes_do_not_depend_on_the_umask(start_from, mask):
    daemon = start_from(f"umask {mask}")
    assert daemon.socket.stat().st_mode & 0o7777 == \
        wire.file_mode(0o777)
    assert daemon.pid_file.stat().st_mode & 0o7777 == 0o600


IGNORING = """
import os, signal, sys
for name in sys.argv[1].split(","):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("ignored", [
    "SIGCHLD", "SIGTERM,SIGINT", "SIGPIPE,SIGHUP"])
def test_inherited_signal_settings_do_not_matter(store, open_dir, ignored):
    """Nor does a mask: nohup and some supervisors leave both."""
    daemon = Daemon("-a", "sasldb", "-O", store, "-n", "2",
                    rundir=open_dir)
    subprocess.run([sys.executable, "-c", IGNORING, ignored,
                    *daemon.command()], check=True,
                   stdin=subprocess.DEVNULL)
    daemon.pid = int(daemon.pid_file.read_text())
    try:
        worker = daemon.wait_workers(2)[0]
        subprocess.run(["kill", "-KILL", str(worker)], check=True)
        wait_until(lambda: not running(worker), 5, "its end")
        daemon.wait_workers(2)
        assert wire.exchange(daemon.socket, RIGHT) == OK
    finally:
        daemon.finish()
        daemon.remove()


@pytest.mark.needs_root
def test_few_descriptors(start_daemon, open_dir, syslog):
    """A hard limit below clients_max: fewer clients, and a warning; the
    workers still have theirs."""
    users.add("pwjoe", PASSWORD, in_passwd=True)
    script = open_dir / "start"
    script.write_text(f"#!/bin/bash\nulimit -n 256\n"
                      f"exec {SASLAUTHD} \"$@\"\n")
    script.chmod(0o755)
    mark = syslog.mark()
    daemon = start_daemon("-a", "getpwent", user="games", program=script)
    syslog.wait_for("clients_max is lowered", mark=mark)
    stalled = [wire.stalled(daemon.socket, RIGHT[:4], 2)
               for _ in range(400)]
    assert daemon.ask("pwjoe", PASSWORD) == wire.OK
    assert daemon.ask("pwjoe", "wrong one") == wire.NO
    for sock in stalled:
        sock.close()


def test_many_clients_need_no_raised_soft_limit(start_from):
    """The usual soft limit is 1024; the daemon raises its own."""
    daemon = start_from("ulimit -Sn 256")
    stalled = [wire.stalled(daemon.socket, RIGHT[:4], 2)
               for _ in range(700)]
    assert wire.exchange(daemon.socket, RIGHT) == OK
    # None of them had to go for it.
    for sock in stalled:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        sock.close()
