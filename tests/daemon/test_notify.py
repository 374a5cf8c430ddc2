# SPDX-License-Identifier: BSD-2-Clause
"""Started by a service manager: passed sockets, readiness, signs of life."""

import os
import pathlib
import shutil
import signal
import socket
import time
import stat
import subprocess
import sys

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, RIGHT, USER
from lib import wait_until, wire
from lib.daemon import (POOL, SASLAUTHD, START_SEC, STOP_SEC, Daemon,
                        descendants, running)

OK, NO = wire.OK, wire.NO
ANOTHER_RUNS, CONFIGURATION = 2, 78
BEAT_SEC = 0.5		# half of what WATCHDOG_USEC says
MINE = ("LISTEN_", "NOTIFY_", "WATCHDOG_")

# What a service manager does between fork and exec: argv is descriptors,
# names ("-": no LISTEN_FDNAMES), then the command.
LAUNCHER = """
import fcntl, os, sys
fds = [int(fd) for fd in sys.argv[1].split(",") if fd]
high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
for place, fd in enumerate(high):
    os.dup2(fd, 3 + place)
os.closerange(3 + len(fds), 1000)
if fds:
    os.environ["LISTEN_FDS"] = str(len(fds))
    os.environ["LISTEN_PID"] = str(os.getpid())
if sys.argv[2] != "-":
    os.environ["LISTEN_FDNAMES"] = sys.argv[2]
if os.environ.get("WATCHDOG_PID") == "mine":
    os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.argv[3], sys.argv[3:])
"""


class Service(Daemon):
    """A daemon that is handed `passed` sockets."""

    def __init__(self, *args, passed=(), names="-", **keywords):
        super().__init__(*args, **keywords)
        self.passed, self.names = passed, names

    def command(self):
        numbers = ",".join(str(s.fileno()) for s in self.passed)
        return [sys.executable, "-c", LAUNCHER, numbers, self.names,
                *super().command()]

    def spawn(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=self.output_file, stderr=self.output_file, env=self.env,
            cwd="/", start_new_session=self.foreground,
            pass_fds=[s.fileno() for s in self.passed])
        return self.process

    def _listening(self):
        """The passed socket always connects."""
        assert self.process.poll() is None, self.report()
        return len(self.by_role("worker")) >= 1

    def start(self):
        if self.foreground:
            self.spawn()
            self.pid = self.process.pid
            wait_until(self._listening, START_SEC, self.report())
            self.snapshot()
            return self
        return super().start()


@pytest.fixture
def service():
    """service(...) -> a Service, not started; ended with the test."""
    made = []

    def make(*args, **keywords):
        made.append(Service(*args, **keywords))
        return made[-1]
    yield make
    for daemon in made:
        try:
            daemon.finish()
        finally:
            daemon.remove()


@pytest.fixture
def args(open_dir, store):
    """A daemon with the default listener and one called a."""
    file = open_dir / "site.conf"
    file.write_text(f"mechanism: sasldb\nsasldb_path: {store}\nworkers: 1\n"
                    f"listener a {{\npath: {open_dir}/a\nmode: 0600\n}}\n")
    return "--config", file


@pytest.fixture
def listening(open_dir):
    """listening("c", 0o640) -> a socket at that name of the directory."""
    made = []

    def make(name, mode=0o666, listen=True, kind=socket.SOCK_STREAM):
        made.append(socket.socket(socket.AF_UNIX, kind))
        path = pathlib.Path(open_dir, name)
        made[-1].bind(str(path))
        path.chmod(mode)
        if listen:
            made[-1].listen(16)
        return made[-1]
    yield make
    for one in made:
        one.close()


def ask(path, password=PASSWORD):
    return wire.request(path, USER, password, service="smtp", realm=REALM)


def where(one):
    return pathlib.Path(one.getsockname())


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(START_SEC)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def next(self, timeout_sec=START_SEC):
        """(message as a dict, who sent it)."""
        self.socket.settimeout(timeout_sec)
        data, more, _, _ = self.socket.recvmsg(4096, 1024)
        sender = int.from_bytes(more[0][2][:4], sys.byteorder)
        return dict(line.split("=", 1)
                    for line in data.decode().splitlines()), sender

    def forget(self):
        """What was said until now."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(4096):
                pass
        except BlockingIOError:
            pass

    def is_silent(self, seconds=0.3):
        try:
            return not self.next(seconds)
        except TimeoutError:
            return True


@pytest.fixture(params=["path", "abstract"])
def manager(request, open_dir):
    path = f"{open_dir}/notify"
    name = path if request.param == "path" else "\0" + path
    made = Manager(name)
    made.name = name.replace("\0", "@")
    yield made
    made.socket.close()


# Readiness.

@pytest.mark.parametrize("foreground", [True, False])
def test_readiness(service, args, manager, foreground):
    daemon = service(*args, foreground=foreground,
                     env={"NOTIFY_SOCKET": manager.name})
    daemon.spawn()
    said, sender = manager.next()
    assert said["READY"] == "1"
    assert said["STATUS"]
    # The final process says it, and it is true.
    assert int(said["MAINPID"]) == sender
    assert ask(daemon.socket) == OK
    if not foreground:
        assert daemon.process.wait(START_SEC) == 0
        assert int(daemon.pid_file.read_text()) == sender
        assert sender != daemon.process.pid
    daemon.pid = sender
    daemon.wait_workers(1)
    daemon.stop()
    said, sender = manager.next()
    assert said["STOPPING"] == "1"
    assert sender == daemon.pid
    assert manager.is_silent()


def test_told_before_the_starting_command_returns(service, args, manager):
    service(*args, env={"NOTIFY_SOCKET": manager.name}).start()
    manager.socket.setblocking(False)
    assert b"READY=1" in manager.socket.recv(4096)


def test_no_readiness_when_the_start_fails(service, args, manager):
    first = service(*args).start()
    again = service(*args, rundir=first.rundir,
                    env={"NOTIFY_SOCKET": manager.name})
    again.spawn()
    assert again.process.wait(START_SEC) == ANOTHER_RUNS
    assert manager.is_silent()


def test_manager_that_is_gone(service, args, open_dir):
    daemon = service(*args, env={"NOTIFY_SOCKET": f"{open_dir}/gone",
                                 "WATCHDOG_USEC": "100000"}).start()
    assert ask(daemon.socket) == OK
    assert "cannot tell NOTIFY_SOCKET" in daemon.output


def test_stop_is_told_while_requests_run(pam_daemon, manager):
    os.environ["NOTIFY_SOCKET"] = manager.name
    try:
        daemon = pam_daemon()
    finally:
        del os.environ["NOTIFY_SOCKET"]
    assert "READY" in manager.next()[0]
    slow = Asking(daemon, "slow")
    busy(daemon)
    daemon.signal(signal.SIGTERM)
    assert "STOPPING" in manager.next()[0]
    assert slow.is_alive()
    assert slow.result() == OK
    daemon.wait_gone()
    # A second TERM, or the end, is no news.
    assert manager.is_silent()


def test_reload_is_told(service, args, manager):
    """systemd.service(5), notify-reload: with the time, until ready."""
    daemon = service(*args, env={"NOTIFY_SOCKET": manager.name}).start()
    assert "READY" in manager.next()[0]
    daemon.signal(signal.SIGHUP)
    said = manager.next()[0]
    assert said["RELOADING"] == "1"
    assert int(said["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.next()[0]["READY"] == "1"


# Signs of life.

@pytest.mark.parametrize("foreground", [True, False])
def test_watchdog(service, args, manager, foreground):
    daemon = service(*args, foreground=foreground, env={
        "NOTIFY_SOCKET": manager.name, "WATCHDOG_PID": "mine",
        "WATCHDOG_USEC": str(int(2 * BEAT_SEC * 1e6))}).start()
    for _ in range(4):
        said, sender = manager.next(2 * BEAT_SEC)
        assert said.keys() in ({"WATCHDOG"}, {"READY", "MAINPID", "STATUS"})
        assert sender == daemon.pid
    # A keeper that hangs is silent.
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        manager.forget()
        assert manager.is_silent(4 * BEAT_SEC)
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    assert manager.next(BEAT_SEC)[0] == {"WATCHDOG": "1"}


@pytest.mark.parametrize("env", [
    {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}, {}])
def test_no_watchdog(service, args, manager, env):
    service(*args, env={"NOTIFY_SOCKET": manager.name, **env}).start()
    assert "READY" in manager.next()[0]
    assert manager.is_silent()


# The environment.

@pytest.fixture
def telling_pool(open_dir):
    """A saslauthd whose pools write down the environment they are given:
    no /proc/PID/environ is left of a process that has a title."""
    program = open_dir / "bin" / "saslauthd"
    program.parent.mkdir()
    shutil.copy(SASLAUTHD, program)
    pool = program.with_name("saslauthd-pool")
    # A script never sees its argv[0], which says that it is to be a pool.
    pool.write_text(f"#!/bin/bash\nenv >>{open_dir}/env\n"
                    f"exec -a 'saslauthd-pool: its pool' {POOL} \"$@\"\n")
    pool.chmod(0o755)
    return program, open_dir / "env"


@pytest.mark.sockets
def test_children_get_nothing_of_it(service, args, manager, listening,
                                    telling_pool):
    program, written = telling_pool
    daemon = service(*args, passed=[listening("c")], names="default",
                     program=program,
                     env={"NOTIFY_SOCKET": manager.name, "KEPT": "yes",
                          "WATCHDOG_USEC": "1000000",
                          "WATCHDOG_PID": "mine"}).start()
    names = [line.split("=")[0]
             for line in written.read_text().splitlines()]
    # The one that checked the settings, and the one that serves.
    assert names.count("KEPT") == 2
    assert not [name for name in names if name.startswith(MINE)]
    # Only the front holds the socket.
    daemon.wait_workers(1)
    inode = os.fstat(daemon.passed[0].fileno()).st_ino
    holders = {pid for pid in descendants(daemon.pid) for fd in
               pathlib.Path(f"/proc/{pid}/fd").iterdir()
               if os.readlink(fd) == f"socket:[{inode}]"}
    assert holders == set(daemon.by_role("front"))


# Passed sockets.

@pytest.mark.parametrize("foreground", [True, False])
@pytest.mark.parametrize("names", ["default", "-", "unknown",
                                   "saslauthd.socket"])
@pytest.mark.sockets
def test_passed_default(service, args, listening, names, foreground):
    passed = listening("c", 0o640)
    before = where(passed).lstat()
    daemon = service(*args, passed=[passed], names=names,
                     foreground=foreground).start()
    assert ask(where(passed)) == OK
    assert ask(where(passed), "wrong one") == NO
    assert not daemon.socket.exists()
    # The other listener is made as ever.
    other = where(passed).parent / "a"
    assert ask(other) == OK
    daemon.stop()
    assert not other.exists()
    after = where(passed).lstat()
    assert (after.st_ino, after.st_mode, after.st_uid) == \
        (before.st_ino, before.st_mode, before.st_uid)


@pytest.mark.parametrize("names, file", [("a", "c"), ("-", "a"),
                                         ("a", "a")])
@pytest.mark.sockets
def test_passed_other(service, args, listening, names, file):
    passed = listening(file, 0o640)
    daemon = service(*args, passed=[passed], names=names).start()
    assert ask(where(passed)) == OK
    assert ask(daemon.socket) == OK
    assert stat.S_IMODE(where(passed).stat().st_mode) == 0o640
    daemon.stop()
    assert where(passed).exists()
    assert not daemon.socket.exists()


@pytest.mark.sockets
def test_several_passed(service, args, listening):
    passed = [listening("c"), listening("d")]
    daemon = service(*args, passed=passed, names="a:default").start()
    assert [ask(where(one)) for one in passed] == [OK, OK]
    assert not daemon.socket.exists()


@pytest.mark.sockets
def test_passed_at_the_usual_path(service, args, open_dir):
    """The default socket's own path, which nobody must probe or replace:
    what it asked there would wait for itself, and be logged."""
    run = open_dir / "run"
    run.mkdir()
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(str(run / "mux"))
        passed.listen(16)
        before = (run / "mux").lstat().st_ino
        daemon = service(*args, rundir=run, passed=[passed],
                         foreground=True)
        daemon.start()
        assert ask(daemon.socket) == OK
        daemon.stop()
        assert daemon.socket.lstat().st_ino == before
        assert "NULL login" not in daemon.output


@pytest.mark.sockets
def test_clients_wait_between_two_lives(service, args, listening):
    """Who asks while no daemon runs is answered by the next."""
    passed = listening("c")
    first = service(*args, passed=[passed]).start()
    assert ask(where(passed)) == OK
    first.stop()
    waiting = [wire.stalled(where(passed), RIGHT) for _ in range(3)]
    service(*args, passed=[passed]).start()
    for one in waiting:
        with one:
            assert wire.parse(wire.read_to_end(one)) == OK


@pytest.mark.sockets
def test_new_front_serves_it_too(service, args, listening):
    passed = listening("c")
    daemon = service(*args, passed=[passed]).start()
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: not running(front), STOP_SEC, "end of the front")
    assert ask(where(passed)) == OK


def test_meant_for_another_process(service, args, open_dir):
    daemon = Daemon(*args, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    try:
        daemon.start()
        assert ask(daemon.socket) == OK
    finally:
        daemon.finish()
        daemon.remove()


@pytest.mark.parametrize("foreground", [True, False])
@pytest.mark.parametrize("names, options, text", [
    ("mail", {}, "no listener has this name"),
    ("a", {"listen": False}, "does not listen"),
    ("a", {"kind": socket.SOCK_DGRAM, "listen": False},
     "is no Unix stream socket"),
    ("a:b", {}, "as many names"),
])
def test_refused(service, args, listening, names, options, text, foreground):
    passed = listening("c", **options)
    daemon = service(*args, passed=[passed], names=names,
                     foreground=foreground)
    daemon.spawn()
    assert daemon.process.wait(START_SEC) == CONFIGURATION
    assert text in daemon.output
    assert not daemon.socket.exists()
    assert where(passed).exists()


def test_two_for_one_listener(service, args, listening):
    daemon = service(*args, passed=[listening("c"), listening("d")],
                     names="a:a")
    daemon.spawn()
    assert daemon.process.wait(START_SEC) == CONFIGURATION
    assert "second socket for listener a" in daemon.output


@pytest.mark.sockets
def test_path_of_another_listener(service, args, listening):
    """What is passed as default stands where listener a should be made."""
    passed = listening("a")
    daemon = service(*args, passed=[passed], names="default")
    daemon.spawn()
    assert daemon.process.wait(START_SEC) == CONFIGURATION
    assert "is that of listener default, too" in daemon.output
    assert where(passed).exists()


# The real thing.

ACTIVATE = shutil.which("systemd-socket-activate")


@pytest.mark.skipif(ACTIVATE is None, reason="no systemd-socket-activate")
@pytest.mark.parametrize("name", ["a", None])
@pytest.mark.sockets
def test_systemd_socket_activate(service, args, open_dir, name):
    path = open_dir / "c"
    more = [f"--fdname={name}"] if name else []
    daemon = service(*args, foreground=True)
    process = subprocess.Popen(
        [ACTIVATE, f"--listen={path}", *more, *Daemon.command(daemon)],
        stdout=daemon.output_file, stderr=daemon.output_file)
    try:
        wait_until(path.exists, START_SEC, f"{path}")
        # It starts the daemon when the first one asks.
        assert ask(path) == OK
        assert daemon.socket.exists() == (name == "a")
    finally:
        process.terminate()
        process.wait(STOP_SEC)
