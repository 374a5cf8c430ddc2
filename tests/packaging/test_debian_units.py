# SPDX-License-Identifier: BSD-2-Clause
"""Debian's instances under a real systemd: debian/*.service."""

import pathlib
import shutil
import subprocess

import pytest

from lib import SOURCE_DIR, booted, wait_until, wire
from packaging_users import PASSWORD, USER

pytestmark = pytest.mark.needs_root

DEBIAN = SOURCE_DIR / "debian"
DEFAULTS = pathlib.Path("/etc/default")
ALL = "saslauthd.service"
FIRST, SECOND = ("saslauthd@saslauthd.service",
                 "saslauthd@saslauthd-postfix.service")
FIRST_RUN = "/run/saslauthd"
SECOND_RUN = "/run/chroot/var/run/saslauthd"


@pytest.fixture(scope="module")
def machine(shared_dir, accounts):
    why = booted.obstacle()
    if why is not None:
        pytest.skip(why)
    if not pathlib.Path("/lib/lsb/init-functions").exists():
        pytest.skip("no /lib/lsb/init-functions")
    with booted.Booted(shared_dir) as machine:
        ours = shared_dir / "libexec"
        ours.mkdir()
        for source, name in (
                (SOURCE_DIR / "packaging/sysv/saslauthd",
                 "saslauthd-instance"),
                (DEBIAN / "saslauthd-instances", "saslauthd-instances")):
            (ours / name).write_text(moved(source, ours))
            (ours / name).chmod(0o755)
        for name in ("saslauthd.service", "saslauthd@.service"):
            machine.unit(name, moved(DEBIAN / name, ours))
        yield machine


def moved(source, to):
    """Its text, for programs that are not in /usr/libexec."""
    return source.read_text().replace("/usr/libexec/", f"{to}/")


@pytest.fixture(autouse=True)
def no_settings_left(machine):
    yield
    machine.systemctl("stop", ALL, FIRST, SECOND)
    machine.run("reset-failed")
    for path in DEFAULTS.glob("saslauthd*"):
        path.unlink()
    shutil.rmtree(machine.path("/run/chroot"), ignore_errors=True)


def instance(name, directory, start="yes", mechanism="shadow"):
    (DEFAULTS / name).write_text(
        f'START={start}\nNAME={name}\nMECHANISMS={mechanism}\n'
        f'OPTIONS="-m {directory}"\n')


def two_instances():
    instance("saslauthd", FIRST_RUN)
    instance("saslauthd-postfix", SECOND_RUN)


def right(machine, directory):
    path = machine.path(f"{directory}/mux")
    return wire.request(path, USER, PASSWORD)


def state(machine, unit):
    return machine.show(unit, "ActiveState")


def test_every_enabled_instance_is_started(machine):
    two_instances()
    instance("saslauthd-not", "/run/not", start="no")
    instance("saslauthd.dpkg-old", "/run/old")
    machine.systemctl("start", ALL)
    assert [state(machine, unit) for unit in (ALL, FIRST, SECOND)] == \
        ["active"] * 3
    for directory in (FIRST_RUN, SECOND_RUN):
        assert right(machine, directory) == wire.OK
    assert state(machine, "saslauthd@saslauthd-not.service") == "inactive"
    assert not machine.path("/run/not").exists()
    assert not machine.path("/run/old").exists()


def test_stop_restart_and_reload_are_about_all(machine):
    two_instances()
    machine.systemctl("start", ALL)
    before = [machine.main_pid(unit) for unit in (FIRST, SECOND)]
    machine.systemctl("reload", ALL)
    assert [machine.main_pid(unit) for unit in (FIRST, SECOND)] == before
    machine.systemctl("restart", ALL)
    after = [machine.main_pid(unit) for unit in (FIRST, SECOND)]
    assert not set(before) & set(after) and None not in after
    machine.systemctl("stop", ALL)
    machine.wait_state(FIRST, "inactive")
    machine.wait_state(SECOND, "inactive")
    assert machine.inside("pgrep", "saslauthd").stdout == ""


def test_enabled_later(machine):
    """As every tutorial says: edit the file, then start or restart."""
    instance("saslauthd", FIRST_RUN, start="no")
    machine.systemctl("start", ALL)
    assert state(machine, ALL) == "inactive"
    instance("saslauthd", FIRST_RUN)
    machine.systemctl("start", ALL)
    assert right(machine, FIRST_RUN) == wire.OK
    instance("saslauthd-postfix", SECOND_RUN)
    machine.systemctl("restart", ALL)
    assert right(machine, SECOND_RUN) == wire.OK
    instance("saslauthd-postfix", SECOND_RUN, start="no")
    machine.systemctl("restart", ALL)
    assert state(machine, FIRST) == "active"
    assert state(machine, SECOND) == "inactive"


def test_a_run_directory_has_its_override(machine):
    two_instances()
    subprocess.run(["dpkg-statoverride", "--force-all", "--add", "root",
                    "mail", "751", SECOND_RUN], check=True)
    machine.systemctl("start", ALL)
    subprocess.run(["dpkg-statoverride", "--remove", SECOND_RUN],
                   check=True)
    path = machine.path(SECOND_RUN)
    assert path.group() == "mail"
    assert path.stat().st_mode & 0o777 == 0o751
    assert machine.path(FIRST_RUN).stat().st_mode & 0o777 == 0o710


def test_one_that_cannot_start_leaves_the_others(machine):
    instance("saslauthd", FIRST_RUN)
    instance("saslauthd-postfix", SECOND_RUN, mechanism="nonsense")
    assert machine.run("start", ALL).returncode != 0
    assert state(machine, FIRST) == "active"
    assert state(machine, SECOND) == "failed"
    assert machine.show(SECOND, "NRestarts") == "0"
    assert right(machine, FIRST_RUN) == wire.OK


@pytest.mark.parametrize("text", [
    'START=yes\nNAME="x\n',			# no end of the quotes
    "START=yes\nMECHANISMS=shadow\nOPTIONS=-c\n"])
def test_a_file_of_no_use_is_told(machine, text):
    """It fails, and is not tried for ever."""
    instance("saslauthd", FIRST_RUN)
    (DEFAULTS / "saslauthd-postfix").write_text(text)
    machine.drop_in(SECOND, "[Service]\nRestartSec=100ms\n")
    assert machine.run("start", ALL).returncode != 0
    wait_until(lambda: int(machine.show(SECOND, "NRestarts")) > 0 and
               state(machine, SECOND) == "failed", 30, "the end of its tries")
    machine.forget_drop_ins(SECOND)
    assert right(machine, FIRST_RUN) == wire.OK


def test_one_whose_file_went(machine):
    """It is stopped with the others, and that is that."""
    two_instances()
    machine.systemctl("start", ALL)
    (DEFAULTS / "saslauthd-postfix").unlink()
    machine.systemctl("restart", ALL)
    machine.wait_state(SECOND, "inactive")
    assert machine.show(SECOND, "NRestarts") == "0"
    assert right(machine, FIRST_RUN) == wire.OK


def test_one_that_runs_by_hand(machine):
    """Not ours, and no reason to try for ever."""
    instance("saslauthd", FIRST_RUN)
    # Five tries take longer than the 10 seconds that systemd looks at.
    assert machine.show(FIRST, "StartLimitIntervalUSec") == "1min"
    machine.drop_in(FIRST, "[Service]\nRestartSec=100ms\n")
    machine.path(FIRST_RUN).mkdir(exist_ok=True)
    started = machine.inside("setsid", "/usr/sbin/saslauthd", "-a", "shadow",
                             "-m", FIRST_RUN)
    try:
        assert started.returncode == 0
        assert machine.run("start", ALL).returncode != 0
        wait_until(lambda: state(machine, FIRST) == "failed" and
                   int(machine.show(FIRST, "NRestarts")) > 0, 30,
                   "the end of its tries")
        assert right(machine, FIRST_RUN) == wire.OK
    finally:
        machine.forget_drop_ins(FIRST)
        machine.inside("pkill", "-TERM", "-o", "saslauthd")
        wait_until(lambda: machine.inside("pgrep", "saslauthd").stdout == "",
                   30, "its end")


def test_one_that_dies_comes_back(machine):
    two_instances()
    machine.systemctl("start", ALL)
    before = machine.main_pid(FIRST)
    other = machine.main_pid(SECOND)
    machine.inside("pkill", "-KILL", "-o", "-f",
                   f"saslauthd .*-m {FIRST_RUN}$")
    wait_until(lambda: machine.main_pid(FIRST) not in (None, before), 30,
               "another main process")
    machine.wait_state(FIRST, "active")
    assert right(machine, FIRST_RUN) == wire.OK
    assert machine.main_pid(SECOND) == other
