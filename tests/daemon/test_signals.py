# SPDX-License-Identifier: BSD-2-Clause
"""Signals, to any of our processes, idle and while requests run."""

import os
import signal
import subprocess
import time

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, RIGHT, USER
from lib import isolation, wait_until, wire
from lib.daemon import (SASLAUTHD, START_SEC, children, command_line, kill,
                        processes_of_build, running)

FINISH_SEC = 10		# what a TERM lets requests run on
SLOW_SEC = 1		# what the service "slow" takes

ROLES = ["keeper", "front", "pool", "worker"]


# Ending it.

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("role", ROLES)
def test_end_by_a_signal_to_any_of_them(start_daemon, store, syslog, role,
                                        number):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2")
    daemon.wait_workers(2)
    daemon.snapshot()
    mark = syslog.mark()
    os.kill(daemon.by_role(role)[0], number)
    daemon.wait_gone(5)
    assert not daemon.socket.exists() and not daemon.pid_file.exists()
    syslog.wait_for(f"master exited: {daemon.pid}", mark=mark)


def test_end_by_a_signal_to_all_of_them(start_daemon, store, syslog):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2")
    daemon.wait_workers(2)
    mark = syslog.mark()
    for pid in list(daemon.snapshot()):
        kill(pid, signal.SIGTERM)  # the first may end the others
    daemon.wait_gone(5)
    assert not daemon.socket.exists() and not daemon.pid_file.exists()
    syslog.wait_for("master exited", mark=mark)
    assert len(syslog.find("master exited", mark)) == 1


@pytest.mark.needs_root
@pytest.mark.parametrize("role", ROLES)
def test_end_finishes_what_runs(pam_daemon, role):
    daemon = pam_daemon("-n", "2")
    daemon.wait_workers(2)
    right = Asking(daemon, "slow")
    wrong = Asking(daemon, "slow", "wrong one")
    busy(daemon, 2)
    daemon.snapshot()
    os.kill(daemon.by_role(role)[0], signal.SIGTERM)
    wait_until(lambda: not daemon.socket.exists(), 1, "no more clients")
    assert right.result() == wire.OK
    assert wrong.result() == wire.NO
    daemon.wait_gone(2)


@pytest.mark.needs_root
def test_end_does_not_wait_for_ever(pam_daemon):
    daemon = pam_daemon("-n", "1", "--set", "backend_timeout=60",
                        "--set", "request_timeout=60")
    asking = Asking(daemon, "hang")
    busy(daemon)
    began = time.monotonic()
    daemon.stop(FINISH_SEC + 4)
    assert time.monotonic() - began > FINISH_SEC - 1
    # Never a verdict.
    assert asking.result() in (wire.OUTAGE, None)


def test_foreground_ends_alone(store, open_dir):
    """Not its process group, in which the script that started it runs."""
    script = (f"'{SASLAUTHD}' -f -a sasldb -O '{store}' -m '{open_dir}' & "
              "wait $!; echo survived with $?")
    shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True,
                             start_new_session=True)
    try:
        wait_until((open_dir / "mux").exists, START_SEC, "its socket")
        assert wire.exchange(open_dir / "mux", RIGHT) == wire.string("OK")
        (daemon,) = [p for p in children(shell.pid)
                     if str(SASLAUTHD) in command_line(p)]
        os.kill(daemon, signal.SIGTERM)
        assert shell.communicate(timeout=5)[0] == "survived with 0\n"
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


# Sudden deaths.

def test_keeper_killed_takes_all_down(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2")
    daemon.wait_workers(2)
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")
    daemon.kill9(3)
    again = start_daemon("-a", "sasldb", "-O", store, rundir=daemon.rundir)
    assert again.pid != daemon.pid
    assert wire.exchange(again.socket, RIGHT) == wire.string("OK")


@pytest.mark.needs_root
def test_keeper_killed_while_workers_are_busy(pam_daemon):
    daemon = pam_daemon("-n", "2")
    asking = [Asking(daemon, "hang", login=name) for name in ("one", "two")]
    busy(daemon, 2)
    daemon.kill9(3)
    assert {a.result() for a in asking} <= {None, wire.OUTAGE}


@pytest.mark.needs_root
def test_front_killed_while_workers_are_busy(pam_daemon):
    """No answer reaches the wrong request: the old workers' go nowhere."""
    daemon = pam_daemon("-n", "4")
    old = set(daemon.wait_workers(4))
    # Half of them will be won, by workers the next front must not hear.
    lost = [Asking(daemon, "slow", password, login=f"lost{n}")
            for n, password in enumerate([PASSWORD, "wrong one"] * 2)]
    busy(daemon, 4)
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    assert {a.result() for a in lost} == {None}
    wait_until(lambda: daemon.by_role("front") not in ([], [front]),
               START_SEC, "a new front")
    end = time.monotonic() + SLOW_SEC + 1
    number = 0
    while time.monotonic() < end:
        for password, reply in ((PASSWORD, wire.OK), ("wrong one", wire.NO)):
            number += 1
            assert wire.request(daemon.socket, f"user{number}", password,
                                service="quick") == reply
    assert not old & set(daemon.by_role("worker"))
    assert daemon.by_role("keeper") == [daemon.pid]


def test_socket_stays_while_the_front_is_replaced(start_daemon, store):
    """A client that comes in between waits instead of being refused."""
    daemon = start_daemon("-a", "sasldb", "-O", store)
    for _ in range(3):
        front = daemon.one("front")
        os.kill(front, signal.SIGKILL)
        wait_until(lambda: not running(front), 5, "its end")
        assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")


def test_front_killed_while_workers_start(start_daemon, store):
    """They end with it, and that is no sign of a backend that is down."""
    for _ in range(12):
        daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "60")
        front = daemon.one("front")
        os.kill(front, signal.SIGKILL)
        wait_until(lambda: not running(front), 5, "its end")
        assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")
        daemon.stop()


@pytest.mark.needs_root
def test_pool_killed(pam_daemon, syslog):
    daemon = pam_daemon("-n", "2")
    daemon.wait_workers(2)
    asking = Asking(daemon, "hang")
    busy(daemon)
    mark = syslog.mark()
    front, pool = daemon.one("front"), daemon.one("pool")
    old = daemon.by_role("worker")
    os.kill(pool, signal.SIGKILL)
    assert asking.result() == wire.OUTAGE
    wait_until(lambda: not any(map(running, old)), 5, "end of its workers")
    # Requests that come meanwhile wait for the next pool.
    assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK
    assert daemon.ask(USER, "wrong one", service="quick") == wire.NO
    assert daemon.by_role("front") == [front]
    assert daemon.by_role("pool") != [pool]
    syslog.wait_for("pool of pam ended unexpectedly", mark=mark)


@pytest.mark.needs_root
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_worker_killed_costs_one_request(pam_daemon, syslog, number):
    daemon = pam_daemon("-n", "2")
    victim = Asking(daemon, "hang")
    (worker,) = busy(daemon)
    other = Asking(daemon, "slow")
    busy(daemon, 2)
    mark = syslog.mark()
    os.kill(worker, number)
    assert victim.result() == wire.OUTAGE
    assert other.result() == wire.OK
    syslog.wait_for(r"auth error: .*\[reason=worker_died", mark=mark)
    assert worker not in daemon.wait_workers(2)


# At awkward moments.

def test_end_while_the_front_is_missing(start_daemon, store):
    """After several deaths the next front comes later; the end does not
    wait for it."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    for _ in range(4):
        wait_until(lambda: daemon.by_role("front"), START_SEC, "a front")
        front = daemon.one("front")
        os.kill(front, signal.SIGKILL)
        wait_until(lambda: not running(front), 5, "its end")
    daemon.stop(5)
    assert not daemon.socket.exists() and not daemon.pid_file.exists()


def test_end_twice(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    daemon.signal(signal.SIGTERM)
    try:
        os.kill(daemon.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    daemon.wait_gone(5)
    assert not daemon.socket.exists()


def test_end_at_any_moment_of_the_start(store, open_dir):
    """In the foreground, where the pid is known from the first moment:
    never a process left, never a socket without a daemon."""
    command = [SASLAUTHD, "-f", "-a", "sasldb", "-O", store, "-m",
               open_dir / "run", "-n", "1"]
    for msec in range(0, 60, 3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(msec / 1000)
        process.terminate()
        # 71: it had not begun to serve.
        assert process.wait(START_SEC) in (0, 71, -signal.SIGTERM), msec
        assert not (open_dir / "run" / "mux").exists(), msec
    # Elsewhere another suite may be running the same programs.
    if isolation.isolated():
        wait_until(lambda: not processes_of_build(), 3, "end of all")


def test_start_after_start(start_daemon, store):
    """stop returns when all is gone: the next start finds nothing."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    for _ in range(10):
        os.kill(daemon.pid, signal.SIGTERM)
        wait_until(lambda: not running(daemon.pid), 5, "its end")
        daemon.start()
        assert wire.exchange(daemon.socket, RIGHT) == wire.string("OK")
