# SPDX-License-Identifier: BSD-2-Clause
"""The units, under a real systemd."""

import os
import pathlib
import re
import shutil
import subprocess
import threading

import pytest

from lib import SOURCE_DIR, booted, built_with, users, wait_until, wire
from lib.daemon import START_SEC, kill, running
from lib.slapd import PASSWORD as LDAP_PASSWORD
from lib.slapd import PEOPLE, Slapd
from packaging_users import PASSWORD, USER

pytestmark = pytest.mark.needs_root

UNITS = SOURCE_DIR / "packaging" / "systemd"
SERVICE, SOCKET = "saslauthd.service", "saslauthd.socket"
STRICT = "ldap-radius.conf"
CONFIG = pathlib.Path("/etc/saslauthd.conf")
SYSCONFIG = pathlib.Path("/etc/sysconfig/saslauthd")
SHADOW = "[Service]\nEnvironment=MECH=shadow\n"


@pytest.fixture(scope="module")
def machine(shared_dir, accounts):
    why = booted.obstacle()
    if why is not None:
        pytest.skip(why)
    shared_dir.chmod(0o755)
    with booted.Booted(shared_dir) as machine:
        for name in (SERVICE, SOCKET):
            machine.unit(name, (UNITS / name).read_text())
        yield machine


@pytest.fixture(autouse=True)
def tidy(request):
    """Each test finds the shipped units, with shadow for a mechanism, and
    nothing started."""
    CONFIG.unlink(missing_ok=True)
    if "machine" not in request.fixturenames:
        yield
        return
    machine = request.getfixturevalue("machine")
    machine.drop_in(SERVICE, SHADOW, "mechanism.conf")
    yield
    machine.systemctl("stop", SOCKET, SERVICE)
    machine.run("reset-failed")
    machine.forget_drop_ins(SERVICE)
    shutil.rmtree(SYSCONFIG.parent, ignore_errors=True)
    CONFIG.unlink(missing_ok=True)
    assert machine.inside("pgrep", "saslauthd").stdout == ""


def ask(machine, login=USER, password=PASSWORD, path="/run/saslauthd/mux",
        **keywords):
    return wire.request(machine.path(path), login, password, **keywords)


@pytest.fixture(params=["notify", "forking"])
def kind(request, machine):
    """Both types that packagers write."""
    machine.drop_in(SERVICE, f"[Service]\nType={request.param}\n")
    return request.param


def test_start_and_stop(machine, kind):
    machine.systemctl("start", SERVICE)
    assert machine.show(SERVICE, "Type") == kind
    # It is ready when systemctl says so.
    assert ask(machine) == wire.OK
    keeper = machine.main_pid(SERVICE)
    said = machine.path("/run/saslauthd/saslauthd.pid").read_text().strip()
    assert said == machine.show(SERVICE, "MainPID")
    assert running(keeper)
    machine.systemctl("stop", SERVICE)
    assert not running(keeper)
    assert machine.show(SERVICE, "Result") == "success"
    assert not machine.path("/run/saslauthd/mux").exists()


def test_restart_and_reload(machine, kind):
    CONFIG.write_text("password_max: 64\n")
    machine.systemctl("start", SERVICE)
    first = machine.main_pid(SERVICE)
    assert ask(machine, password="x" * 65) != wire.NO
    CONFIG.write_text("password_max: 128\n")
    machine.systemctl("reload", SERVICE)
    assert ask(machine, password="x" * 65) == wire.NO
    assert machine.main_pid(SERVICE) == first
    machine.systemctl("restart", SERVICE)
    assert machine.main_pid(SERVICE) != first and not running(first)
    assert ask(machine) == wire.OK


def test_reload_that_is_refused(machine):
    CONFIG.write_text("password_max: 64\n")
    machine.systemctl("start", SERVICE)
    CONFIG.write_text("strict: yes\npassword_max: many\n")
    assert machine.run("reload", SERVICE).returncode != 0
    assert machine.show(SERVICE, "ActiveState") == "active"
    assert ask(machine) == wire.OK


def test_signal_reloads(machine):
    """Type=notify hears that it goes on."""
    machine.systemctl("start", SERVICE)
    machine.systemctl("kill", "--kill-whom=main", "--signal=HUP", SERVICE)
    machine.wait_state(SERVICE, "active")
    assert ask(machine) == wire.OK


@pytest.mark.parametrize("flags, status", [
    ("--nonsense", "64"), ("--set nonsense=1", "78")])
def test_what_is_not_tried_again(machine, flags, status):
    machine.drop_in(SERVICE, f"[Service]\nEnvironment='FLAGS={flags}'\n"
                    "RestartSec=100ms\n")
    assert machine.run("start", SERVICE).returncode != 0
    assert machine.show(SERVICE, "ActiveState") == "failed"
    assert machine.show(SERVICE, "Result") == "exit-code"
    assert machine.show(SERVICE, "NRestarts") == "0"
    assert machine.show(SERVICE, "ExecMainStatus") == status


def test_tries_of_type_forking(machine):
    """Status 64 is the control process's there, and counts for nothing."""
    machine.drop_in(SERVICE, "[Service]\nEnvironment=FLAGS=--nonsense\n"
                    "Type=forking\nRestartSec=100ms\n")
    assert machine.run("start", SERVICE).returncode != 0
    wait_until(lambda: machine.show(SERVICE, "ActiveState") == "failed" and
               int(machine.show(SERVICE, "NRestarts")) > 0, START_SEC,
               "its end")
    assert int(machine.show(SERVICE, "NRestarts")) <= 5


def test_keeper_that_is_killed(machine, kind):
    machine.drop_in(SERVICE, f"[Service]\nType={kind}\nRestartSec=100ms\n")
    machine.systemctl("start", SERVICE)
    first = machine.main_pid(SERVICE)
    kill(first, 9)
    wait_until(lambda: machine.show(SERVICE, "NRestarts") == "1",
               START_SEC, "another start")
    machine.wait_state(SERVICE, "active")
    assert ask(machine) == wire.OK
    assert not running(first)


def test_worker_that_is_killed(machine):
    """Nobody's business but the daemon's."""
    machine.systemctl("start", SERVICE)
    first = machine.main_pid(SERVICE)
    machine.inside("pkill", "-9", "-f", "worker$")
    wait_until(lambda: ask(machine) == wire.OK, START_SEC, "other workers")
    assert machine.main_pid(SERVICE) == first
    assert machine.show(SERVICE, "NRestarts") == "0"
    assert machine.show(SERVICE, "OOMPolicy") == "continue"


def test_sysconfig(machine):
    """Red Hat's file, and a directory that is not the pid file's."""
    SYSCONFIG.parent.mkdir(exist_ok=True)
    text = (SOURCE_DIR / "packaging/redhat/saslauthd.sysconfig").read_text()
    SYSCONFIG.write_text(
        text.replace("SOCKETDIR=/run/saslauthd", "SOCKETDIR=/run/other")
        .replace("MECH=pam", "MECH=shadow")
        .replace("FLAGS=\n", 'FLAGS="-c -n 2"\n'))
    machine.systemctl("start", SERVICE)
    assert ask(machine, path="/run/other/mux") == wire.OK
    line = pathlib.Path(
        f"/proc/{machine.main_pid(SERVICE)}/cmdline").read_text()
    assert line.split("\0")[1:-1] == ["-m", "/run/other", "-a", "shadow",
                                      "-c", "-n", "2"]
    machine.systemctl("reload", SERVICE)
    machine.systemctl("stop", SERVICE)


def status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines()
                if ":\t" in line)


def test_pam_keeps_what_it_may_need(machine):
    """Its helpers are set-uid and set-gid."""
    users.pam_unix_service("imap")
    machine.drop_in(SERVICE, "[Service]\nEnvironment=MECH=pam\n")
    machine.systemctl("start", SERVICE)
    assert ask(machine) == wire.OK
    keeper = status(machine.main_pid(SERVICE))
    assert keeper["NoNewPrivs"] == "0"
    assert keeper["Seccomp"] == "0"
    assert keeper["CapBnd"] == status("self")["CapBnd"]
    # Nor is it so for who follows Red Hat's manual page.
    users.pam_service("smtp", "auth required pam_permit.so",
                      "account required pam_permit.so")
    machine.drop_in(SERVICE, "[Service]\nUser=saslauth\n"
                    "Environment=MECH=pam\n")
    machine.systemctl("restart", SERVICE)
    keeper = status(machine.main_pid(SERVICE))
    assert keeper["Uid"].split()[0] != "0"
    assert keeper["NoNewPrivs"] == "0"
    assert ask(machine, service="smtp") == wire.OK


# The drop-in.

@pytest.fixture
def strict(machine):
    text = (UNITS / "saslauthd.service.d" / STRICT).read_text()
    machine.drop_in(SERVICE, text, STRICT)
    machine.drop_in(SERVICE, "[Service]\nEnvironment=MECH=ldap "
                    "'FLAGS=--set sandbox=require'\n")


@pytest.mark.ordinary_build
@pytest.mark.skipif(not built_with("LDAP"), reason="ldap is not built")
@pytest.mark.skipif(not pathlib.Path("/usr/sbin/slapd").exists(),
                    reason="slapd is not installed")
def test_strict_drop_in(machine, strict, open_dir, syslog):
    """It lets ldap work, and all walls of the front stand."""
    mark = syslog.mark()
    with Slapd(open_dir) as server:
        CONFIG.write_text(f"ldap_servers: {server.uri}\n"
                          f"ldap_search_base: {PEOPLE}\n"
                          "ldap_filter: (uid=%u)\n")
        machine.systemctl("start", SERVICE)
        assert ask(machine, "joe", LDAP_PASSWORD) == wire.OK
        assert ask(machine, "joe", "wrong") == wire.NO
        machine.systemctl("reload", SERVICE)
        assert ask(machine, "joe", LDAP_PASSWORD) == wire.OK
    keeper = status(machine.main_pid(SERVICE))
    assert keeper["NoNewPrivs"] == "1" and keeper["Seccomp"] == "2"
    machine.systemctl("restart", SERVICE)
    said = [line.text for line in syslog.find("Operation not permitted",
                                              mark)]
    assert not said


# The socket unit.

@pytest.fixture
def client_waits(machine):
    """ask() of somebody who comes now, to be fetched later."""
    def begin():
        got = []
        thread = threading.Thread(target=lambda: got.append(ask(machine)))
        thread.start()

        def result():
            thread.join(START_SEC)
            return got
        return result
    return begin


def test_socket_unit(machine, client_waits):
    machine.systemctl("start", SOCKET)
    mux = machine.path("/run/saslauthd/mux")
    before = mux.lstat()
    assert machine.show(SERVICE, "ActiveState") == "inactive"
    # The first one who asks starts it.
    assert ask(machine) == wire.OK
    machine.wait_state(SERVICE, "active")
    machine.systemctl("restart", SERVICE)
    assert ask(machine) == wire.OK
    machine.systemctl("stop", SERVICE)
    # It is there without a daemon, too, and starts the next one.
    assert mux.lstat().st_ino == before.st_ino
    result = client_waits()
    assert result() == [wire.OK]


# What can be said without starting anything.

@pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                    reason="systemd is not installed")
@pytest.mark.parametrize("with_drop_in", [False, True])
def test_verify(tmp_path, with_drop_in):
    for name in (SERVICE, SOCKET):
        text = (UNITS / name).read_text()
        # Programs and manuals that this machine need not have.
        text = re.sub(r"/usr/sbin/saslauth(d|ctl)\b", "/bin/true", text)
        (tmp_path / name).write_text("\n".join(
            line for line in text.split("\n")
            if not line.startswith("Documentation=")))
    if with_drop_in:
        shutil.copytree(UNITS / f"{SERVICE}.d", tmp_path / f"{SERVICE}.d")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no",
         *(str(tmp_path / name) for name in (SERVICE, SOCKET))],
        text=True, capture_output=True, check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("program, folder, options", [
    ("systemd-sysusers", "sysusers.d", ["--dry-run"]),
    ("systemd-tmpfiles", "tmpfiles.d", ["--create"])])
def test_users_and_directories(tmp_path, program, folder, options):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", tmp_path / "etc")
    file = SOURCE_DIR / "packaging" / folder / "saslauthd.conf"
    done = subprocess.run([program, f"--root={tmp_path}", *options, file],
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if folder == "tmpfiles.d":
        made = tmp_path / "run" / "saslauthd"
        assert made.stat().st_mode & 0o7777 == 0o755
    else:
        assert "saslauth" in done.stderr + done.stdout
