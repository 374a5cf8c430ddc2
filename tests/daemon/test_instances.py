# SPDX-License-Identifier: BSD-2-Clause
"""One run directory, one instance: second starts, leftovers, pid files."""

import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys

import pytest

from daemon_users import RIGHT, WRONG
from lib import wait_until, wire
from lib.daemon import SASLAUTHD, START_SEC, Daemon, running, stat_fields

ANOTHER_RUNS = 2
STOCK = "/usr/sbin/saslauthd"

OK, NO = wire.string("OK"), wire.string("NO")


def start_again(daemon, *more):
    return subprocess.run(
        daemon.command() + list(more), stdin=subprocess.DEVNULL, text=True,
        capture_output=True, check=False, timeout=START_SEC)


# A second start.

@pytest.mark.parametrize("first", [False, True], ids=["daemon", "foreground"])
@pytest.mark.parametrize("second", [[], ["-f"], ["-c", "-s", "10"]],
                         ids=["daemon", "foreground", "other settings"])
def test_second_start_harms_nothing(start_daemon, store, first, second):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-c", "-n", "2",
                          foreground=first)
    daemon.wait_workers(2)
    before = daemon.socket.stat().st_ino, daemon.snapshot().copy()
    run = start_again(daemon, *second)
    assert run.returncode == ANOTHER_RUNS
    assert "Another instance of saslauthd is currently running" in run.stderr
    assert (daemon.socket.stat().st_ino, daemon.snapshot()) == before
    if not first:
        assert daemon.pid_file.read_text() == f"{daemon.pid}\n"
    assert wire.exchange(daemon.socket, RIGHT) == OK


@pytest.mark.needs_root
def test_foreground_beside_a_daemon_that_cannot_answer(start_daemon, store):
    """The lock of its pid file says that it lives."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    daemon.wait_workers(1)
    os.kill(daemon.one("front"), signal.SIGSTOP)
    try:
        assert start_again(daemon, "-f").returncode == ANOTHER_RUNS
    finally:
        os.kill(daemon.one("front"), signal.SIGCONT)
    assert wire.exchange(daemon.socket, RIGHT) == OK


def test_starts_at_the_same_time(store, open_dir):
    """Exactly one of them serves."""
    command = [SASLAUTHD, "-m", open_dir, "-a", "sasldb", "-O", store]
    starts = [subprocess.Popen(command, stderr=subprocess.DEVNULL)
              for _ in range(6)]
    codes = [start.wait(START_SEC) for start in starts]
    daemon = Daemon(rundir=open_dir)
    daemon.pid = int(daemon.pid_file.read_text())
    try:
        assert sorted(codes) == [0] + [ANOTHER_RUNS] * 5
        assert wire.exchange(daemon.socket, RIGHT) == OK
    finally:
        daemon.stop()
        daemon.remove()


def test_two_directories_are_two_instances(start_daemon, store):
    one, two = (start_daemon("-a", "sasldb", "-O", store)
                for _ in range(2))
    one.stop()
    assert wire.exchange(two.socket, RIGHT) == OK


# What stands at the socket's place.

def test_stale_socket_is_replaced(start_daemon, store, open_dir):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(open_dir / "mux"))
    daemon = start_daemon("-a", "sasldb", "-O", store, rundir=open_dir)
    assert wire.exchange(daemon.socket, RIGHT) == OK


def test_leftover_files_are_replaced(start_daemon, store, open_dir):
    (open_dir / "mux").write_text("no socket")
    (open_dir / "saslauthd.pid").write_text("99999999\nstale content")
    daemon = start_daemon("-a", "sasldb", "-O", store, rundir=open_dir)
    assert daemon.pid_file.read_text() == f"{daemon.pid}\n"
    assert wire.exchange(daemon.socket, RIGHT) == OK


# A daemon in little: argv is the path, whether it answers, and whether the
# process that listens leaves its child alone.
SOMEBODY = """
import os, socket, sys
path, answers, orphan = sys.argv[1], sys.argv[2] == "1", sys.argv[3] == "1"
sock = socket.socket(socket.AF_UNIX)
sock.bind(path)
sock.listen()
if orphan and os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
while True:
    if answers:
        client, _ = sock.accept()
        with client:
            try:
                client.recv(65536)
                client.sendall(b"\\0\\2OK")
            except OSError:
                pass
    else:
        import time; time.sleep(60)
"""


@pytest.fixture
def somebody(open_dir):
    """Start SOMEBODY on the run directory's socket."""
    pids = []

    def start(answers, orphan):
        process = subprocess.Popen(
            [sys.executable, "-c", SOMEBODY, str(open_dir / "mux"),
             str(int(answers)), str(int(orphan))],
            stdout=subprocess.PIPE, text=True)
        pids.append(int(process.stdout.readline()))
        if orphan:
            process.wait()

    yield start
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_one_that_answers_is_not_replaced(somebody, store, open_dir):
    """It holds none of the locks, and still it is served by it."""
    somebody(answers=True, orphan=False)
    inode = (open_dir / "mux").stat().st_ino
    run = subprocess.run(
        [SASLAUTHD, "-a", "sasldb", "-O", store, "-m", open_dir], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert run.returncode == ANOTHER_RUNS
    assert f"{open_dir}/mux" in run.stderr
    assert (open_dir / "mux").stat().st_ino == inode
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(open_dir / "mux"))
        sock.sendall(WRONG)
        assert wire.read_to_end(sock) == OK


@pytest.mark.parametrize("answers", [False, True])
def test_orphans_are_replaced(start_daemon, somebody, store, open_dir,
                              answers):
    """Workers whose master was killed: nobody can stop them any more, so
    they must not keep the next start from serving."""
    somebody(answers=answers, orphan=True)
    daemon = start_daemon("-a", "sasldb", "-O", store, rundir=open_dir)
    assert wire.exchange(daemon.socket, WRONG) == NO


@pytest.mark.needs_root
@pytest.mark.skipif(not os.path.exists(STOCK),
                    reason="needs Debian's sasl2-bin")
def test_orphans_of_the_stock_daemon_are_replaced(start_daemon, store,
                                                  open_dir):
    subprocess.run([STOCK, "-a", "getpwent", "-m", open_dir], check=True)
    master = int((open_dir / "saslauthd.pid").read_text())
    group = os.getpgid(master)
    wait_until(lambda: (open_dir / "mux").exists(), START_SEC, "its socket")
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: not running(master), START_SEC, "end of its master")
    try:
        daemon = start_daemon("-a", "sasldb", "-O", store, rundir=open_dir)
        assert wire.exchange(daemon.socket, RIGHT) == OK
        assert wire.exchange(daemon.socket, WRONG) == NO
    finally:
        os.killpg(group, signal.SIGKILL)


@pytest.mark.needs_root
@pytest.mark.skipif(not os.path.exists(STOCK),
                    reason="needs Debian's sasl2-bin")
@pytest.mark.sockets
def test_stock_daemon_that_runs_is_left_alone(store, open_dir):
    subprocess.run([STOCK, "-a", "getpwent", "-m", open_dir], check=True)
    master = int((open_dir / "saslauthd.pid").read_text())
    try:
        run = subprocess.run(
            [SASLAUTHD, "-a", "sasldb", "-O", store, "-m", open_dir],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        assert run.returncode == ANOTHER_RUNS
        # getpwent knows no joe; ours would.
        assert wire.exchange(open_dir / "mux", RIGHT) != OK
    finally:
        os.kill(master, signal.SIGTERM)
        wait_until(lambda: not running(master), START_SEC, "its end")


# The pid file, as Type=forking and start-stop-daemon(8) use it.

def lock_holder(path):
    """Pid of who holds the write lock, or None; struct flock of 64-bit
    Linux."""
    layout = "hhqqi4x"
    with open(path, "rb+") as file:
        asked = struct.pack(layout, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, *_, pid = struct.unpack(
            layout, fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else pid


def test_pid_file(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    # The starting command is gone, and its child is the one named.
    assert daemon.process.returncode == 0
    pid = int(daemon.pid_file.read_text())
    assert os.readlink(f"/proc/{pid}/exe") == str(SASLAUTHD)
    assert int(stat_fields(pid)[1]) != daemon.process.pid
    assert lock_holder(daemon.pid_file) == pid
    # Others may start meanwhile in no way, but the start itself is over.
    assert lock_holder(daemon.rundir / "saslauthd.pid.lock") is None


def test_foreground_holds_the_start_lock(start_daemon, store):
    """By which a stock daemon would notice it."""
    daemon = start_daemon("-a", "sasldb", "-O", store, foreground=True)
    assert lock_holder(daemon.rundir / "saslauthd.pid.lock") == daemon.pid


def test_clean_end_leaves_no_socket_and_no_pid_file(start_daemon, store,
                                                    syslog):
    mark = syslog.mark()
    daemon = start_daemon("-a", "sasldb", "-O", store)
    daemon.stop()
    left = {p.name for p in daemon.rundir.iterdir()}
    assert left <= {"saslauthd.pid.lock"}
    syslog.wait_for(f"^server_exit     : master exited: {daemon.pid}$",
                    mark=mark)


# Debian's own start script.

INIT_SCRIPT = pathlib.Path("/etc/init.d/saslauthd")

DEFAULTS = """START=yes
DESC="SASL Authentication Daemon"
NAME="{name}"
MECHANISMS="sasldb"
MECH_OPTIONS="{store}"
THREADS=2
OPTIONS="-c -m {rundir}"
"""


@pytest.fixture
def installed(open_dir):
    """Our programs where Debian's script looks, over the stock one."""
    # An overlay may not have an overlay's directory as its upper one.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", open_dir], check=True)
    for name in ("upper", "work"):
        (open_dir / name).mkdir()
    subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/usr/sbin,"
         f"upperdir={open_dir}/upper,workdir={open_dir}/work", "/usr/sbin"],
        check=True)
    for name in ("saslauthd", "saslauthd-pool", "mech_sasldb.so"):
        subprocess.run(["install", "-m", "755", SASLAUTHD.with_name(name),
                        f"/usr/sbin/{name}"], check=True)
    yield
    subprocess.run(["umount", "/usr/sbin"], check=True)
    subprocess.run(["umount", open_dir], check=True)


def init(action, *instance):
    return subprocess.run([INIT_SCRIPT, action, *instance], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)


def exe_of(pid):
    return os.readlink(f"/proc/{pid}/exe")


@pytest.mark.needs_root
@pytest.mark.skipif(not INIT_SCRIPT.exists(),
                    reason="needs Debian's sasl2-bin")
def test_init_script(installed, store):
    rundirs = [pathlib.Path("/run/saslauthd"), pathlib.Path("/run/second")]
    files = ["saslauthd", "saslauthd-second"]
    for file, rundir in zip(files, rundirs):
        pathlib.Path("/etc/default", file).write_text(DEFAULTS.format(
            name="saslauthd", store=store, rundir=rundir))

    def pids():
        return [int((d / "saslauthd.pid").read_text()) for d in rundirs]

    assert init("start").returncode == 0
    first = pids()
    assert [exe_of(p) for p in first] == [STOCK, STOCK]
    assert rundirs[0].stat().st_mode & 0o7777 == 0o710
    for rundir in rundirs:
        assert wire.exchange(rundir / "mux", RIGHT) == OK

    again = init("start")
    assert (again.returncode, again.stdout.count("already running")) == (0, 2)
    assert pids() == first
    assert init("status").returncode == 0

    assert init("reload").returncode == 0
    assert pids() == first and all(map(running, first))
    assert wire.exchange(rundirs[0] / "mux", RIGHT) == OK

    assert init("restart-instance", files[1]).returncode == 0
    assert pids()[0] == first[0] and pids()[1] != first[1]
    assert wire.exchange(rundirs[1] / "mux", RIGHT) == OK

    last = pids()
    assert init("stop").returncode == 0
    assert not any(map(running, last))
    assert not any((d / "mux").exists() for d in rundirs)
    assert init("status").returncode != 0
