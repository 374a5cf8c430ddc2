# SPDX-License-Identifier: BSD-2-Clause
"""A daemon whose clients ask through a door. All of it was tested with the
emulation of tests/door, and on no Solaris.

In a build without doors this file is not looked at.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, RIGHT, USER, WRONG
from lib import wait_until, wire
from lib.daemon import START_SEC, TESTSASLAUTHD, Daemon, running

OK, NO, OUTAGE = wire.string("OK"), wire.string("NO"), wire.string("")
EX_UNAVAILABLE, EX_TEMPFAIL = 69, 75

# As sd_listen_fds(3) has it.
WITH_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def daemon(start_daemon, store):
    return start_daemon("-a", "sasldb", "-O", store, "-n", "1")


def ask_with_our_client(path, password=PASSWORD):
    run = subprocess.run(
        [TESTSASLAUTHD, "-u", USER, "-r", REALM, "-f", path],
        input=password + "\n", text=True, capture_output=True, check=False)
    return run.returncode, run.stdout, run.stderr


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


# Answers.

def test_testsaslauthd(daemon):
    assert ask_with_our_client(daemon.socket) == (0, '0: OK "Success."\n', "")
    assert ask_with_our_client(daemon.socket, "wrong one") == \
        (255, '0: NO "authentication failed"\n', "")


@pytest.mark.parametrize("setting, outcome", [
    ("empty", (EX_TEMPFAIL, '0: NO "temporary failure"\n',
               "saslauthd sent an overly long response\n")),
    ("no", (255, '0: NO "authentication failed"\n', ""))])
def test_outage(start_daemon, open_dir, setting, outcome):
    daemon = start_daemon("-a", "sasldb", "-O", open_dir / "missing.lmdb",
                          "--set", f"tempfail_reply={setting}")
    assert ask_with_our_client(daemon.socket) == outcome


def test_nobody_there(daemon):
    path = daemon.socket
    daemon.signal(signal.SIGKILL)
    daemon.wait_gone()
    status, stdout, stderr = ask_with_our_client(path)
    assert (status, stdout) == (EX_UNAVAILABLE, "0: ")
    assert stderr.startswith("door_call: ")
    path.unlink()
    assert ask_with_our_client(path) == \
        (EX_UNAVAILABLE, "0: ", "open() : No such file or directory\n")


def test_request_that_ends_too_early(daemon, syslog):
    for cut in range(len(RIGHT)):
        assert wire.call(daemon.socket, RIGHT[:cut]) == wire.string("NO ")
    syslog.wait_for("^do_request      : Bad data$")


# Many calls, and none that is waited for.

def test_many_at_once(daemon):
    wrong = []

    def client(number):
        data, reply = ((RIGHT, OK), (WRONG, NO))[number % 2]
        if wire.call(daemon.socket, data) != reply:
            wrong.append(number)

    clients = [threading.Thread(target=client, args=(n,)) for n in range(60)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    assert wrong == []


@pytest.mark.needs_root
def test_threads_have_a_limit(pam_daemon):
    """Who finds no thread waits for one."""
    daemon = pam_daemon("-n", "20", "--set", "clients_max=8", "--set",
                        "join=no")
    asked = [Asking(daemon, "slow") for _ in range(20)]
    front = daemon.one("front")
    most = 0
    while any(one.is_alive() for one in asked):
        most = max(most, threads(front))
        time.sleep(0.02)
    assert most == 1 + 8
    assert [one.result() for one in asked] == [wire.OK] * 20


@pytest.mark.needs_root
def test_clients_that_vanish_leave_nothing(pam_daemon):
    daemon = pam_daemon("-n", "4", "--set", "request_timeout=2", "--set",
                        "backend_timeout=2", "--set", "join=no")
    front = daemon.one("front")
    assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK
    data = wire.encode(USER, PASSWORD, "slow", "")
    clients = []
    for _ in range(20):
        client = subprocess.Popen([wire.DOOR_ASK, daemon.socket],
                                  stdin=subprocess.PIPE)
        client.stdin.write(data)
        client.stdin.close()
        clients.append(client)
    busy(daemon)
    for client in clients:
        client.kill()
        client.wait()

    def descriptors():
        return len(os.listdir(f"/proc/{front}/fd"))

    assert daemon.ask(USER, PASSWORD, service="quick") in (wire.OK,
                                                           wire.OUTAGE)
    wait_until(lambda: daemon.ask(USER, PASSWORD, service="quick") ==
               wire.OK, START_SEC, "an answer")
    before = descriptors()
    for _ in range(50):
        assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK
    assert descriptors() <= before


@pytest.mark.needs_root
def test_no_thread_is_no_start(store):
    """Nobody would ever take a call."""
    daemon = Daemon("-a", "sasldb", "-O", store)
    run = subprocess.run(["prlimit", "--nproc=1", *daemon.command()],
                         capture_output=True, text=True, check=False,
                         timeout=START_SEC)
    daemon.remove()
    assert run.returncode == 71
    assert "no thread can be had" in run.stderr


# Coming and going.

def test_front_is_replaced(daemon):
    """A door dies with its process: the keeper attaches the next one's."""
    inode = daemon.socket.stat().st_ino
    for _ in range(3):
        front = daemon.one("front")
        os.kill(front, signal.SIGKILL)
        wait_until(lambda: not running(front), START_SEC, "its end")
        assert wire.exchange(daemon.socket, RIGHT) == OK
    assert daemon.socket.stat().st_ino == inode


def test_door_stays_over_a_reload(daemon):
    """No call falls between two generations."""
    stop, replies = threading.Event(), set()

    def client():
        while not stop.is_set():
            replies.add(wire.call(daemon.socket, RIGHT))

    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    for _ in range(10):
        daemon.signal(signal.SIGHUP)
        time.sleep(0.1)
    stop.set()
    for one in clients:
        one.join()
    assert replies == {OK}


@pytest.mark.needs_root
def test_end_answers_what_runs(pam_daemon):
    daemon = pam_daemon("-n", "4", "--set", "join=no")
    asked = [Asking(daemon, "slow") for _ in range(4)]
    busy(daemon, 4)
    daemon.stop()
    assert [one.result() for one in asked] == [wire.OK] * 4
    assert not daemon.socket.exists()


def test_after_a_kill(start_daemon, store, open_dir):
    args = ("-a", "sasldb", "-O", store)
    start_daemon(*args, rundir=open_dir).kill9()
    assert (open_dir / "mux").exists()
    daemon = start_daemon(*args, rundir=open_dir)
    assert wire.call(daemon.socket, RIGHT) == OK


def test_other_instance_is_noticed(daemon, store, open_dir):
    """By its door alone: the listener is in no run directory of its own."""
    file = open_dir / "site.conf"
    file.write_text(f"mechanism: sasldb\nsasldb_path: {store}\n"
                    f"listener a {{\npath: {daemon.socket}\n}}\n")
    again = Daemon("--config", file)
    again.spawn()
    try:
        assert again.process.wait(START_SEC) == 2
        assert "somebody listens at" in again.output
    finally:
        again.remove()
    assert wire.call(daemon.socket, RIGHT) == OK


def test_sockets_are_not_taken(store, open_dir):
    """systemd would hold what libsasl2 does not ask at."""
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(str(open_dir / "mux"))
        passed.listen()
        daemon = Daemon("-a", "sasldb", "-O", store)
        run = subprocess.run(
            [sys.executable, "-c", WITH_SOCKET, str(passed.fileno()),
             *daemon.command(), "-f"],
            pass_fds=[passed.fileno()], capture_output=True, text=True,
            check=False, timeout=START_SEC)
        daemon.remove()
    assert run.returncode == 71
    assert "doors" in run.stderr
