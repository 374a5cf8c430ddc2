# SPDX-License-Identifier: BSD-2-Clause
"""The control socket of a running daemon."""

import errno
import os
import signal
import socket
import stat
import subprocess
import time

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, USER
from lib import control, wait_until, wire
from lib.daemon import START_SEC, running

STRANGER = 65534


def role(daemon, name):
    return control.one(daemon.rundir, "role", "status", name=name)


def limits(daemon):
    return control.one(daemon.rundir, "limits", "status")


# The socket itself.

@pytest.mark.parametrize("foreground", [False, True],
                         ids=["daemon", "foreground"])
def test_socket_belongs_to_the_operator(start_daemon, store, foreground):
    daemon = start_daemon("-a", "sasldb", "-O", store,
                          foreground=foreground)
    path = daemon.rundir / "control"
    state = path.stat()
    assert stat.S_ISSOCK(state.st_mode)
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert state.st_uid == os.geteuid()
    daemon.stop()
    assert not path.exists()


def test_second_instance_does_not_take_it(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    before = (daemon.rundir / "control").stat().st_ino
    again = subprocess.run(daemon.command(), stdin=subprocess.DEVNULL,
                           capture_output=True, check=False)
    assert again.returncode == 2
    assert (daemon.rundir / "control").stat().st_ino == before
    assert role(daemon, "keeper")["pid"] == daemon.pid


def test_what_lies_there_is_replaced(start_daemon, store, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "control").write_text("left over")
    daemon = start_daemon("-a", "sasldb", "-O", store, rundir=tmp_path)
    assert role(daemon, "keeper")["pid"] == daemon.pid


def test_clients_are_served_without_it(start_daemon, store, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "control").mkdir()
    daemon = start_daemon("-a", "sasldb", "-O", store, rundir=tmp_path,
                          foreground=True)
    assert "there is no control socket" in daemon.output
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    daemon.stop()
    assert (tmp_path / "control").is_dir()


# Who may ask.

def as_stranger(path, request=b""):
    """What another user reads there; his errno if he cannot connect."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(STRANGER)
        os.setuid(STRANGER)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            connection.sendall(request)
            while data := connection.recv(4096):
                os.write(write_end, data)
        except OSError as error:
            os.write(write_end, str(error.errno).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        data = file.read().decode()
    os.waitpid(pid, 0)
    return data


@pytest.mark.needs_root
def test_strangers_are_refused(start_daemon, store, syslog):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    path = daemon.rundir / "control"
    mark = syslog.mark()
    assert as_stranger(path) == str(errno.EACCES)
    # Whatever somebody does to the mode.
    path.chmod(0o777)
    assert "only root and the user that started" in as_stranger(path)
    line = syslog.wait_for("is refused", mark=mark)
    assert f"uid {STRANGER}" in str(line)
    assert role(daemon, "keeper")["pid"] == daemon.pid


@pytest.mark.needs_root
def test_who_started_it_may_ask(start_daemon, store):
    """And root, who did not."""
    daemon = start_daemon("-a", "sasldb", "-O", store, user="nobody")
    path = daemon.rundir / "control"
    assert path.stat().st_uid == STRANGER
    assert role(daemon, "keeper")["pid"] == daemon.pid
    told = as_stranger(path, control.encode("status"))
    assert told.endswith('{"kind":"end"}\n')


# What it tells.

def test_status_names_the_processes(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2", "-c")
    daemon.wait_workers(2)
    lines = control.ask(daemon.rundir, "status")
    assert [line["kind"] for line in lines] == [
        "daemon", "role", "role", "role", "backend", "clients", "queue",
        "cache", "limits", "log"]
    assert lines[0]["pid"] == daemon.pid
    assert lines[0]["state"] == "serving"
    assert lines[0]["run_dir"] == str(daemon.rundir)
    for name in ("keeper", "front", "pool"):
        told = role(daemon, name)
        assert told["pid"] == daemon.one(name)
        assert told["restarts"] == 0
        assert 0 <= told["uptime_sec"] < 60
    backend = wait_until(
        lambda: (b := control.one(daemon.rundir, "backend", "status"))[
            "workers_idle"] == 2 and b, START_SEC, "two idle workers")
    assert backend["up"] and backend["name"] == "sasldb"


def test_figures_follow_requests(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-c")
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    assert daemon.ask(USER, "wrong one", realm=REALM) == wire.NO
    totals = control.one(daemon.rundir, "totals", "stats")
    assert (totals["requests"], totals["ok"], totals["denied"],
            totals["cached"]) == (3, 2, 1, 1)
    assert totals["seconds"] > 0
    cache = control.one(daemon.rundir, "cache", "stats")
    assert (cache["entries"], cache["hits"]) == (1, 1)
    assert limits(daemon)["tries"] == 1
    text = "".join(line["text"]
                   for line in control.ask(daemon.rundir, "metrics"))
    assert text.startswith("# ") and text.endswith("\n# EOF\n")


def test_list_and_flush(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-c")
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    entry = control.one(daemon.rundir, "entry", "cache-list")
    assert (entry["user"], entry["realm"], entry["backend"]) == (
        USER, REALM, "sasldb")
    assert 0 <= entry["age_sec"] < 60
    assert abs(entry["created"] - time.time()) < 60
    told = control.one(daemon.rundir, "cache", "explain", USER, REALM,
                       entry["service"])
    assert told["state"] == "valid"
    flushed = control.one(daemon.rundir, "flushed", "flush", USER.upper(),
                          REALM)
    assert flushed["entries"] == 1
    assert control.ask(daemon.rundir, "cache-list") == []


def test_log_level_changes_at_once(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, foreground=True)
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    assert "auth success" not in daemon.output
    assert control.one(daemon.rundir, "done", "log-level",
                       "debug")["verbose"]
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    wait_until(lambda: "auth success" in daemon.output, START_SEC,
               "a success in the log")


def test_errors(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    with pytest.raises(control.Refused, match="no such command"):
        control.ask(daemon.rundir, "reboot")
    with pytest.raises(control.Refused, match="use: explain"):
        control.ask(daemon.rundir, "explain", USER)


# A front that dies.

def kill_front(daemon):
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: not running(front), START_SEC, "the front's end")

    def new_one():
        try:
            told = role(daemon, "front")
        except (OSError, ConnectionError):
            return False
        return told["pid"] not in (0, front) and told

    return wait_until(new_one, START_SEC, "another front")


def test_new_front_serves_the_same_socket(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    before = (daemon.rundir / "control").stat().st_ino
    told = kill_front(daemon)
    assert (told["pid"], told["restarts"]) == (daemon.one("front"), 1)
    assert kill_front(daemon)["restarts"] == 2
    assert (daemon.rundir / "control").stat().st_ino == before
    assert role(daemon, "pool")["restarts"] == 0


def test_restarts_of_the_pool_are_counted(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    pool = daemon.one("pool")
    os.kill(pool, signal.SIGKILL)
    told = wait_until(
        lambda: (r := role(daemon, "pool"))["pid"] not in (0, pool) and r,
        START_SEC, "another pool")
    assert (told["pid"], told["restarts"]) == (daemon.one("pool"), 1)
    assert role(daemon, "front")["restarts"] == 0


def test_a_guesser_gets_no_fresh_start(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    for number in range(3):
        assert daemon.ask(USER, f"guess {number}", realm=REALM) == wire.NO
    assert limits(daemon)["tries"] == 3
    kill_front(daemon)
    assert limits(daemon)["tries"] == 3
    told = control.one(daemon.rundir, "limits", "explain", USER, REALM,
                       "smtp")
    assert told["identity"] == 3
    wait_until(lambda: daemon.ask(USER, "guess 2", realm=REALM) == wire.NO,
               START_SEC, "an answer")
    assert limits(daemon)["tries"] == 3


# A stop without haste.

@pytest.mark.needs_root
def test_drain_finishes_what_runs(pam_daemon, syslog):
    daemon = pam_daemon("-n", "1")
    asking = Asking(daemon, "slow")
    busy(daemon)
    daemon.snapshot()
    mark = syslog.mark()
    control.ask(daemon.rundir, "drain")
    wait_until(lambda: not daemon.socket.exists(), 1, "no more clients")
    with pytest.raises(OSError):
        wire.connect(daemon.socket)
    told = control.one(daemon.rundir, "daemon", "status")
    assert told["state"] == "stopping"
    assert asking.result() == wire.OK
    daemon.wait_gone(3)
    assert not (daemon.rundir / "control").exists()
    syslog.wait_for("the operator wants a stop", mark=mark)


@pytest.mark.needs_root
def test_drain_waits_longer_than_a_signal(pam_daemon, pam_test):
    pam_test("long", "sleep=12")
    daemon = pam_daemon("-n", "1", "--set", "backend_timeout=20")
    asking = Asking(daemon, "long")
    busy(daemon)
    daemon.snapshot()
    control.ask(daemon.rundir, "drain")
    assert asking.result() == wire.OK
    daemon.wait_gone(3)


@pytest.mark.needs_root
def test_a_signal_shortens_a_drain(pam_daemon):
    daemon = pam_daemon("-n", "1", "--set", "backend_timeout=60",
                        "--set", "request_timeout=60")
    asking = Asking(daemon, "hang")
    busy(daemon)
    daemon.snapshot()
    control.ask(daemon.rundir, "drain")
    wait_until(lambda: not daemon.socket.exists(), 1, "no more clients")
    began = time.monotonic()
    daemon.stop(14)
    assert time.monotonic() - began > 9
    assert asking.result() == wire.OUTAGE


def test_idle_daemon_drains_at_once(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    daemon.snapshot()
    control.ask(daemon.rundir, "drain")
    daemon.wait_gone(3)
