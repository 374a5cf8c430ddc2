# SPDX-License-Identifier: BSD-2-Clause
"""Debian's init script, run as init runs it."""

import grp
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess

import pytest

from lib import BUILD_DIR, SOURCE_DIR, wait_until, wire
from lib.daemon import SASLAUTHD, STOP_SEC, processes_of_build, running
from packaging_users import PASSWORD, USER

pytestmark = pytest.mark.needs_root

INIT = pathlib.Path("/etc/init.d/saslauthd")
DEFAULTS = pathlib.Path("/etc/default")
PLACES = {"DAEMON": SASLAUTHD,
          "CTL": BUILD_DIR / "tools" / "saslauthctl"}

RUN_DIR = pathlib.Path("/run/saslauthd")
CHROOT_DIR = pathlib.Path("/run/postfix/var/run/saslauthd")
OTHER_DIR = pathlib.Path("/run/other")
STOCK = ('START=yes\nDESC="SASL Authentication Daemon"\nNAME="saslauthd"\n'
         'MECHANISMS="shadow"\nMECH_OPTIONS=""\nTHREADS=2\n'
         'OPTIONS="-c -m /run/saslauthd"\n')
CHROOT = (STOCK.replace('"saslauthd"', '"saslauthd-postfix"')
          .replace("/run/saslauthd", str(CHROOT_DIR)))

DEAD_WITH_PID_FILE, USAGE, NOT_RUNNING = 1, 3, 3


@pytest.fixture(scope="module", autouse=True)
def script():
    """The script where init has it, for the daemon that was built."""
    text = (SOURCE_DIR / "packaging/sysv/saslauthd").read_text()
    for name, path in PLACES.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={path}", text,
                              flags=re.M)
        assert count == 1
    INIT.parent.mkdir(exist_ok=True)
    INIT.unlink(missing_ok=True)
    INIT.write_text(text)
    INIT.chmod(0o755)


@pytest.fixture(autouse=True)
def surroundings(accounts, nothing_left):
    """Neither instances nor run directories before and after a test."""
    def clear():
        for file in DEFAULTS.glob("saslauthd*"):
            file.unlink()
        for path in (RUN_DIR, CHROOT_DIR, OTHER_DIR):
            shutil.rmtree(path, ignore_errors=True)
    clear()
    yield
    for file in DEFAULTS.glob("saslauthd*"):
        run("stop-instance", file.name)
    clear()


def settings(text, name="saslauthd"):
    (DEFAULTS / name).write_text(text)


def run(*args):
    """(exit status, what it said)."""
    done = subprocess.run([INIT, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def do(*args):
    status, said = run(*args)
    assert status == 0, said
    return said


def pid(directory=RUN_DIR):
    return int((directory / "saslauthd.pid").read_text())


def answers(directory=RUN_DIR):
    try:
        return wire.request(directory / "mux", USER, PASSWORD) == wire.OK
    except OSError:
        return False


def test_start_status_stop():
    settings(STOCK)
    assert run("status")[0] == NOT_RUNNING
    do("start")
    # The starting command returns when the socket answers.
    assert answers()
    assert "saslauthd is running" in do("status")
    do("stop")
    assert not answers() and not processes_of_build()
    assert not (RUN_DIR / "saslauthd.pid").exists()
    assert run("status")[0] == NOT_RUNNING


def test_twice():
    """LSB: done already is done."""
    settings(STOCK)
    do("start")
    first = pid()
    assert "already running" in do("start")
    assert pid() == first
    do("stop")
    assert "not running" in do("stop")


@pytest.mark.parametrize("how", ["restart", "restart-instance"])
def test_restart(how):
    settings(STOCK)
    names = ["saslauthd"] if how.endswith("instance") else []
    do(how, *names)		# what does not run is started
    first = pid()
    do(how, *names)
    assert pid() != first and not running(first)
    assert answers()


@pytest.mark.parametrize("how", ["reload", "force-reload", "reload-instance",
                                 "force-reload-instance"])
def test_reload(how):
    """It is done when the command returns, and nobody is restarted."""
    settings(STOCK + 'OPTIONS="$OPTIONS --config /etc/saslauthd.test"\n')
    names = ["saslauthd"] if how.endswith("instance") else []
    file = pathlib.Path("/etc/saslauthd.test")
    file.write_text("password_max: 64\n")
    do("start")
    before = pid()
    assert wire.request(RUN_DIR / "mux", USER, "x" * 65) != wire.NO
    file.write_text("password_max: 128\n")
    do(how, *names)
    assert wire.request(RUN_DIR / "mux", USER, "x" * 65) == wire.NO
    # One that cannot be has failed, and changed nothing.
    file.write_text("nonsense\n")
    status, said = run(how, *names)
    assert status == 1 and "nonsense" in said
    assert pid() == before and answers()


def test_reload_of_nothing():
    settings(STOCK)
    assert "not running" in do("reload")
    assert not processes_of_build()


# START.

@pytest.mark.parametrize("line", ["", "START=no\n", "START=YES\n"])
@pytest.mark.parametrize("how", ["start", "restart", "start-instance"])
def test_not_enabled(line, how):
    """No failure: packages are installed like that."""
    settings(STOCK.replace("START=yes\n", line))
    said = do(how, *["saslauthd"] if how == "start-instance" else [])
    assert "To enable saslauthd, edit /etc/default/saslauthd and set " \
        "START=yes" in said
    assert not processes_of_build()
    status, said = run("status")
    assert status == NOT_RUNNING and "no instance" in said


def test_environment_enables_nothing(monkeypatch):
    monkeypatch.setenv("START", "yes")
    settings(STOCK.replace("START=yes\n", ""))
    assert "To enable saslauthd" in do("start")
    assert not processes_of_build()


def test_stop_of_what_is_no_longer_enabled():
    settings(STOCK)
    do("start")
    settings(STOCK.replace("=yes", "=no"))
    assert "is running" in do("status")
    do("stop")


def test_no_instance_at_all():
    do("start")
    assert run("status")[0] == NOT_RUNNING


# Its other keys.

@pytest.mark.parametrize("change, complaint", [
    (("MECHANISMS=", "#"), "No mechanisms defined"),
    (('"-c -m /run/saslauthd"', '"-c"'), "No run directory defined"),
    (("-m /run/saslauthd", "-m 'run/saslauthd'"), "No run directory defined"),
    (('"-c -m', '"-d -c -m'), "foreground"),
    (('"-c -m', '"-cd -m'), "foreground"),
    (('"-c -m', '"-c -f -m'), "foreground"),
    (('"shadow"', '"nonsense"'), "nonsense"),
    (("THREADS=2", "THREADS=many"), "many")])
def test_mistakes(change, complaint):
    settings(STOCK.replace(*change))
    status, said = run("start")
    assert status == 1
    assert complaint in said
    assert not processes_of_build()


@pytest.mark.parametrize("key, default", [
    ("NAME", "using default"), ("OPTIONS", "-c -m /var/run/saslauthd")])
def test_left_out(key, default):
    settings(re.sub(rf"^{key}=.*\n", "", STOCK, flags=re.M))
    assert default in do("start")
    assert answers()


def arguments():
    return pathlib.Path(f"/proc/{pid()}/cmdline").read_bytes().rstrip(
        b"\0").decode().split("\0")[1:]


def test_command_line():
    settings(STOCK + 'MECH_OPTIONS="/etc/x"\nOPTIONS="-r -m '
             '/run/saslauthd /et*"\n')
    do("start")
    # Words, and no patterns. (An operand is warned of and ignored.)
    assert arguments() == ["-a", "shadow", "-O", "/etc/x", "-r", "-m",
                           "/run/saslauthd", "/et*", "-n", "2"]


def test_command_line_without_options():
    settings(STOCK + "THREADS=\n")
    do("start")
    assert arguments() == ["-a", "shadow", "-c", "-m", "/run/saslauthd"]


# Instances.

def test_two_instances():
    settings(STOCK)
    settings(CHROOT, "saslauthd-postfix")
    do("start")
    assert answers() and answers(CHROOT_DIR)
    first = pid()
    said = do("status")
    assert "saslauthd is running" in said
    assert "saslauthd-postfix is running" in said
    do("stop-instance", "saslauthd-postfix")
    assert answers() and not answers(CHROOT_DIR)
    status, said = run("status")
    assert status == NOT_RUNNING
    assert "saslauthd-postfix is not running" in said
    do("start-instance", "saslauthd-postfix")
    assert answers(CHROOT_DIR) and pid() == first
    do("stop")
    assert not processes_of_build()


def test_one_that_fails_holds_up_nobody():
    settings(STOCK.replace("shadow", "nonsense"))
    settings(CHROOT, "saslauthd-postfix")
    assert run("start")[0] == 1
    assert answers(CHROOT_DIR)
    assert run("status")[0] == NOT_RUNNING


def test_one_that_is_not_enabled():
    settings(STOCK)
    settings(CHROOT.replace("=yes", "=no"), "saslauthd-postfix")
    assert "To enable saslauthd-postfix" in do("start")
    assert not answers(CHROOT_DIR)
    do("status")


def test_what_an_instance_leaves_out():
    """As under the old script, the first instance's words go on counting."""
    settings(STOCK)
    settings(f'NAME=short\nOPTIONS="-m {CHROOT_DIR}"\n', "saslauthd-short")
    do("start")
    assert answers() and answers(CHROOT_DIR)


@pytest.mark.parametrize("name, counts", [
    ("saslauthd-a_B2", True), ("saslauthd2", True),
    ("saslauthd.dpkg-old", False), ("saslauthd-a~", False),
    ("saslauthd-a.bak", False)])
def test_names_of_instances(name, counts):
    settings(STOCK.replace("/run/saslauthd", str(OTHER_DIR)), name)
    do("start")
    assert answers(OTHER_DIR) == counts


def test_unknown_instance():
    settings(STOCK)
    status, said = run("start-instance", "saslauthd-gone")
    assert status == 1
    assert "Instance saslauthd-gone does not exist" in said
    assert run("stop-instance")[0] == 1


# The run directory.

def mode_and_owner(path):
    found = path.stat()
    return (oct(stat.S_IMODE(found.st_mode)), found.st_uid,
            grp.getgrgid(found.st_gid).gr_name)


def test_run_directory_is_made():
    settings(CHROOT)
    do("start")
    assert mode_and_owner(CHROOT_DIR) == ("0o710", 0, "sasl")
    assert mode_and_owner(CHROOT_DIR.parent)[0] == "0o755"
    # Whoever is in the group may ask.
    done = subprocess.run(
        ["setpriv", "--reuid", "games", "--regid", "games", "--groups",
         "sasl", "test", "-S", CHROOT_DIR / "mux"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("named", ["{0}", "{0}/", "/var{0}"])
def test_run_directory_with_override(named):
    """dpkg-statoverride(1) has the last word, whatever the path's name."""
    stat_override = ["dpkg-statoverride", "--force-all"]
    path = str(CHROOT_DIR)
    subprocess.run([*stat_override, "--add", "root", "mail", "750", path],
                   check=True, capture_output=True)
    try:
        settings(CHROOT.replace(path, named.format(path)))
        do("start")
        assert mode_and_owner(CHROOT_DIR) == ("0o750", 0, "mail")
    finally:
        subprocess.run([*stat_override, "--remove", path], check=True,
                       capture_output=True)


# What went wrong before.

def test_pid_file_that_was_left():
    settings(STOCK)
    do("start")
    old = pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not processes_of_build(), STOP_SEC, "the end")
    assert run("status")[0] == DEAD_WITH_PID_FILE
    do("stop")
    assert not (RUN_DIR / "saslauthd.pid").exists()
    do("start")
    assert answers()


def test_pid_of_somebody_else():
    """A number that was given away again is not killed."""
    settings(STOCK)
    RUN_DIR.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        (RUN_DIR / "saslauthd.pid").write_text(f"{other.pid}\n")
        assert run("status")[0] != 0
        do("stop")
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("args", [[], ["nonsense"]])
def test_usage(args):
    status, said = run(*args)
    assert status == USAGE
    assert "Usage:" in said and "force-reload-instance" in said


def test_program_that_is_gone(tmp_path):
    """Removed, not purged: the script stays and does nothing."""
    text = INIT.read_text().replace(str(SASLAUTHD), "/nonexistent")
    copy = tmp_path / "script"
    copy.write_text(text)
    assert subprocess.run(["sh", copy, "start"],
                          check=False).returncode == 0
