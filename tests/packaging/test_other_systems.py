# SPDX-License-Identifier: BSD-2-Clause
"""The scripts for FreeBSD, OpenRC and Solaris, run over stand-ins for what
those systems give them."""

import os
import pathlib
import re
import signal
import subprocess
import xml.etree.ElementTree

import pytest

from lib import BUILD_DIR, SOURCE_DIR, wait_until, wire
from lib.daemon import SASLAUTHD, STOP_SEC, processes_of_build, running
from packaging_users import PASSWORD, USER

pytestmark = pytest.mark.needs_root

PACKAGING = SOURCE_DIR / "packaging"
CTL = BUILD_DIR / "tools" / "saslauthctl"
DEFAULT_DIR = pathlib.Path("/run/saslauthd")	# /var/run is a link to /run

# What rc.subr(8) does with the variables of a script.
RC_SUBR = """
load_rc_config() { . "$RC_CONF"; }
run_rc_command() {
	eval "program=\\${${name}_program:-$command}"
	eval "flags=\\$${name}_flags"
	eval "enabled=\\$$rcvar"
	case $enabled in
	[Yy][Ee][Ss]) ;;
	*) [ "$1" = status ] || { echo "not enabled"; exit 1; } ;;
	esac
	case $1 in
	start)
		[ -z "$start_precmd" ] || $start_precmd || exit
		$program $flags $command_args
		;;
	stop)	start-stop-daemon --stop --retry 15 --pidfile "$pidfile" ;;
	status)	start-stop-daemon --status --pidfile "$pidfile" ;;
	reload)	case " $extra_commands " in
		*" reload "*) $reload_cmd ;;
		*) exit 1 ;;
		esac
		;;
	esac
}
"""

# What openrc-run(8) does; $0 is the script, $1 the command.
OPENRC_RUN = """
RC_SVCNAME=saslauthd
ebegin() { echo "$* ..."; }
eend() { return "$1"; }
need() { :; }
use() { :; }
before() { :; }
checkpath() {
	[ "$*" = "-d -m 0755 $4" ] && mkdir -p "$4" && chmod 0755 "$4"
}
. "$CONF"
. "$SCRIPT"
depend || exit
case $1 in
start)
	start_pre && start-stop-daemon --start --pidfile "$pidfile" \\
	    --exec "$command" -- $command_args
	;;
stop)
	start-stop-daemon --stop --retry "$retry" --pidfile "$pidfile" \\
	    --exec "$command"
	;;
status)	start-stop-daemon --status --pidfile "$pidfile" ;;
*)	case " $extra_started_commands " in
	*" $1 "*) "$1" ;;
	*) exit 1 ;;
	esac
	;;
esac
"""

SMF_INCLUDE = """
SMF_EXIT_OK=0
SMF_EXIT_ERR_FATAL=95
SMF_EXIT_ERR_CONFIG=96
"""

# svcprop(1) of the instance in the file $PROPERTIES: lines "name value".
SVCPROP = """#!/bin/sh
[ "$1" = -p ] && [ "$3" = "$SMF_FMRI" ] || exit 1
while read -r name value; do
	[ "$name" != "$2" ] || { printf '%s\\n' "$value"; exit 0; }
done <"$PROPERTIES"
exit 1
"""


@pytest.fixture(autouse=True)
def surroundings(accounts, nothing_left):
    yield


@pytest.fixture(scope="module")
def script(shared_dir):
    """script("openrc/saslauthd.initd") -> a copy for what was built."""
    def copy(name):
        text = (PACKAGING / name).read_text()
        for old, new in (("/usr/local/sbin/saslauthctl", CTL),
                         ("/usr/sbin/saslauthctl", CTL),
                         ("/usr/local/sbin/saslauthd", SASLAUTHD),
                         ("/usr/sbin/saslauthd", SASLAUTHD),
                         ("/etc/rc.subr", shared_dir / "rc.subr"),
                         ("/lib/svc/share", shared_dir)):
            text = re.sub(rf"(?<![\w/]){re.escape(old)}\b", str(new), text)
        file = shared_dir / name.replace("/", "-")
        file.write_text(text)
        return file
    (shared_dir / "rc.subr").write_text(RC_SUBR)
    (shared_dir / "openrc-run").write_text(OPENRC_RUN)
    (shared_dir / "smf_include.sh").write_text(SMF_INCLUDE)
    svcprop = shared_dir / "svcprop"
    svcprop.write_text(SVCPROP)
    svcprop.chmod(0o755)
    return copy


def run(*args, **env):
    done = subprocess.run(
        list(map(str, args)), stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, **{k: str(v) for k, v in env.items()}},
        timeout=60)
    return done.returncode, done.stdout


class System:
    """One system's way to call a script with these settings."""

    def __init__(self, call):
        self.call = call

    def do(self, action):
        status, said = self.call(action)
        assert status == 0, said
        return said


@pytest.fixture
def freebsd(script, tmp_path):
    file = script("freebsd/saslauthd")

    def make(settings):
        conf = tmp_path / "rc.conf"
        conf.write_text(settings)
        return System(lambda action: run("sh", file, action, RC_CONF=conf))
    return make


@pytest.fixture
def openrc(script, tmp_path):
    file = script("openrc/saslauthd.initd")

    def make(settings):
        conf = tmp_path / "conf.d"
        conf.write_text(settings)
        return System(lambda action: run(
            "sh", file.with_name("openrc-run"), action, CONF=conf,
            SCRIPT=file))
    return make


def arguments(directory):
    pid = int((directory / "saslauthd.pid").read_text())
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:-1]


def life(system, directory, expected):
    """Start, reload, stop; the daemon's arguments in between."""
    assert system.call("status")[0] != 0
    system.do("start")
    try:
        pid = int((directory / "saslauthd.pid").read_text())
        assert wire.request(directory / "mux", USER, PASSWORD) == wire.OK
        assert arguments(directory) == expected
        system.do("status")
        system.do("reload")
        assert running(pid)
    finally:
        system.do("stop")
    assert not processes_of_build()


# FreeBSD.

def test_freebsd(freebsd):
    life(freebsd("saslauthd_enable=YES\nsaslauthd_flags='-a shadow'\n"),
         DEFAULT_DIR, ["-a", "shadow", "-m", "/var/run/saslauthd"])


def test_freebsd_runpath(freebsd, open_dir):
    """The last part of its path, and those before."""
    path = open_dir / "a" / "b"
    life(freebsd("saslauthd_enable=YES\nsaslauthd_flags='-a shadow -n 2'\n"
                 f"saslauthd_runpath={path}\n"),
         path, ["-a", "shadow", "-n", "2", "-m", str(path)])


def test_freebsd_runpath_among_the_flags(freebsd, open_dir):
    path = str(open_dir / "a")
    life(freebsd("saslauthd_enable=YES\n"
                 f"saslauthd_flags='-m {path} -a shadow'\n"),
         open_dir / "a", ["-m", path, "-a", "shadow", "-m", path])


def test_freebsd_defaults(script, tmp_path):
    """Not enabled; pam; and a program of one's own."""
    file = script("freebsd/saslauthd")
    conf = tmp_path / "rc.conf"
    conf.write_text("")
    assert run("sh", file, "start", RC_CONF=conf) == (1, "not enabled\n")
    conf.write_text("saslauthd_enable=YES\nsaslauthd_program=echo\n")
    assert run("sh", file, "start", RC_CONF=conf) == (
        0, "-a pam -m /var/run/saslauthd\n")


def test_freebsd_order():
    """rcorder(8) reads these."""
    said = dict(re.findall(r"^# ([A-Z]+): (.*)$", (
        PACKAGING / "freebsd/saslauthd").read_text(), re.M))
    assert said == {"PROVIDE": "saslauthd", "REQUIRE": "LOGIN",
                    "BEFORE": "mail", "KEYWORD": "shutdown"}


# OpenRC.

def test_openrc(openrc):
    life(openrc("SASLAUTHD_OPTS='-a shadow'\n"), DEFAULT_DIR,
         ["-a", "shadow", "-m", "/run/saslauthd"])


def test_openrc_run_directory(openrc, open_dir):
    """Alpine's and Gentoo's older scripts had others."""
    path = str(open_dir / "a" / "b")
    life(openrc(f"SASLAUTHD_OPTS='-m {path} -a shadow'\n"),
         open_dir / "a" / "b", ["-m", path, "-a", "shadow", "-m", path])


def test_openrc_shipped_settings(script):
    text = script("openrc/saslauthd.initd").with_name("openrc-run")
    status, said = run(
        "sh", "-c", '. "$CONF"; . "$SCRIPT"; echo "$command_args $pidfile"',
        CONF=PACKAGING / "openrc/saslauthd.confd",
        SCRIPT=text.with_name("openrc-saslauthd.initd"))
    assert (status, said) == (
        0, "-a pam -m /run/saslauthd /run/saslauthd/saslauthd.pid\n")


def test_openrc_owner_of_the_directory(openrc, open_dir):
    """One that is there is left alone."""
    directory = open_dir / "a"
    directory.mkdir(mode=0o710)
    system = openrc(f"SASLAUTHD_OPTS='-a shadow -m {directory}'\n")
    system.do("start")
    system.do("stop")
    assert directory.stat().st_mode & 0o777 == 0o710


# Solaris.

@pytest.fixture
def smf(script, tmp_path):
    file = script("solaris/saslauthd")

    def make(**options):
        properties = tmp_path / "properties"
        properties.write_text("".join(
            f"options/{name} {value}\n" for name, value in options.items()))
        return System(lambda action: run(
            "sh", file, action, SMF_FMRI="svc:/network/saslauthd:default",
            PROPERTIES=properties,
            PATH=f"{file.parent}:{os.environ['PATH']}"))
    return make


@pytest.mark.parametrize("flags, words", [
    ('""', []), (r"-c\ -n\ 2", ["-c", "-n", "2"])])
def test_smf(smf, open_dir, flags, words):
    directory = open_dir / "a" / "b"
    system = smf(mechanism="shadow", run_dir=directory, flags=flags)
    system.do("start")
    try:
        assert wire.request(directory / "mux", USER, PASSWORD) == wire.OK
        assert arguments(directory) == ["-m", str(directory), "-a",
                                        "shadow", *words]
        system.do("refresh")
    finally:
        pid = int((directory / "saslauthd.pid").read_text())
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not processes_of_build(), STOP_SEC, "the end")


@pytest.mark.parametrize("options, status", [
    ({"flags": "--nonsense"}, 96), ({"flags": r"--set\ nonsense=1"}, 96),
    ({"run_dir": "/dev/null/a"}, 95)])
def test_smf_statuses(smf, open_dir, options, status):
    """96 is maintenance, and no other try."""
    given = {"mechanism": "shadow", "run_dir": open_dir, "flags": '""',
             **options}
    assert smf(**given).call("start")[0] == status


@pytest.mark.parametrize("missing", ["mechanism", "run_dir", "flags"])
def test_smf_property_that_is_gone(smf, open_dir, missing):
    given = {"mechanism": "shadow", "run_dir": open_dir, "flags": '""'}
    del given[missing]
    assert smf(**given).call("start")[0] == 95


def test_smf_usage(smf, open_dir):
    status, said = smf(run_dir=open_dir).call("nonsense")
    assert status == 95 and "Usage:" in said


def test_smf_manifest():
    """It has the properties that the method reads, and its actions."""
    tree = xml.etree.ElementTree.parse(PACKAGING / "solaris/saslauthd.xml")
    options = {p.get("name"): p.get("value") for p in tree.findall(
        ".//property_group[@name='options']/propval")}
    method = (PACKAGING / "solaris/saslauthd").read_text()
    assert set(options) == set(re.findall(r"\$\(option (\w+)\)", method))
    assert options["mechanism"] == "pam"
    actions = {m.get("name"): m.get("exec")
               for m in tree.iter("exec_method")}
    assert set(actions) == {"start", "stop", "refresh"}
    for name in ("start", "refresh"):
        assert actions[name] == f"/lib/svc/method/saslauthd {name}"
        assert re.search(rf"^{name}\)$", method, re.M)
