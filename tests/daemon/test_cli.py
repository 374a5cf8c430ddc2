# SPDX-License-Identifier: BSD-2-Clause
"""The command line: what starts, what does not, and with which status."""

import re
import subprocess

import pytest

from daemon_users import PASSWORD, REALM, USER
from lib import wire
from lib.daemon import SASLAUTHD, START_SEC

SERVING, ANOTHER_RUNS, WRONG_USE, SYSTEM, CONFIGURATION = 0, 2, 64, 71, 78

CLASSIC_ORDER = ["sasldb", "dce", "getpwent", "kerberos4", "kerberos5",
                 "pam", "rimap", "shadow", "sia", "ldap", "httpform"]


def saslauthd(*args):
    """Run a command that must not leave a daemon behind."""
    return subprocess.run([SASLAUTHD, *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, timeout=START_SEC)


def refused(status, *args):
    """Its stderr, after checking the exit status."""
    run = saslauthd(*args)
    assert run.returncode == status, run.stderr
    return run.stderr


def answers(daemon):
    return daemon.ask(USER, PASSWORD, service="smtp", realm=REALM)


# Information.

def test_version():
    run = saslauthd("-v")
    assert (run.returncode, run.stdout) == (0, "")
    lines = run.stderr.split("\n")
    assert re.fullmatch(r"saslauthd \d+\.\d+\.\d+", lines[0])
    # Scripts parse this one.
    label, _, names = lines[1].partition(": ")
    assert label == "authentication mechanisms"
    assert {"sasldb", "getpwent", "shadow", "pam"} <= set(names.split())
    assert names.split() == [m for m in CLASSIC_ORDER
                             if m in names.split()]
    assert lines[-2:] == ["", ""]


def test_help():
    run = saslauthd("-h")
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr.startswith("usage: saslauthd [options]\n")
    for flag in "acdfhOlmnrstVv":
        assert re.search(rf"^ +-{flag}\b", run.stderr, re.M), flag
    for name in ("--check", "--config", "--set"):
        assert name in run.stderr
    assert run.stderr.endswith(saslauthd("-v").stderr)


# Command lines that serve.

@pytest.mark.parametrize("args", [
    pytest.param(["-a", "sasldb", "-c", "-n", "5"], id="Debian's order"),
    pytest.param(["-c", "-n", "5", "-a", "sasldb"], id="another"),
    pytest.param(["-a", "SaslDB"], id="name in any case"),
    pytest.param(["-a", "sasldb", "-l", "-t", "600", "-s", "128"],
                 id="-l, and -t and -s without -c"),
    pytest.param(["-a", "sasldb", "-c", "-t", "600", "-s", "10"],
                 id="cache flags"),
    pytest.param(["-a", "sasldb", "-n", "1"], id="one worker"),
    pytest.param(["-a", "sasldb", "-n", "0"], id="one per request"),
])
def test_serves(start_daemon, store, args):
    daemon = start_daemon(*args, "-O", store)
    # The starting command has returned: the socket accepts.
    assert answers(daemon) == wire.OK


def test_last_mechanism_option_wins(start_daemon, store, open_dir):
    daemon = start_daemon("-a", "sasldb", "-O", open_dir / "missing",
                          "-O", store)
    assert answers(daemon) == wire.OK


@pytest.mark.needs_root
@pytest.mark.parametrize("args", [
    pytest.param(["-a", "pam", "-c", "-n", "5"], id="Debian"),
    pytest.param(["-a", "pam"], id="Red Hat"),
])
def test_stock_pam_command_lines(start_daemon, pam_accounts, args):
    """What the packages' own files give, `-m DIR` apart."""
    daemon = start_daemon(*args)
    assert daemon.ask(USER, PASSWORD) == wire.OK
    assert daemon.ask(USER, "wrong one") == wire.NO


@pytest.mark.needs_root
@pytest.mark.parametrize("mechanism", ["getpwent", "shadow", "pam"])
def test_useless_option_is_warned_about(start_daemon, syslog, pam_accounts,
                                        mechanism):
    mark = syslog.mark()
    start_daemon("-a", mechanism, "-O", "/nonexistent")
    assert len(syslog.find(r"-O", mark)) == 1


def test_stray_operand_is_warned_about(start_daemon, store):
    """MECHANISMS="pam shadow" of a defaults file: the first one serves."""
    daemon = start_daemon("-a", "sasldb", "shadow", "-O", store)
    assert answers(daemon) == wire.OK
    assert daemon.output.count('"shadow" is ignored') == 1


def test_run_directory_is_made(start_daemon, store, open_dir):
    daemon = start_daemon("-a", "sasldb", "-O", store,
                          rundir=open_dir / "new")
    assert answers(daemon) == wire.OK
    assert daemon.rundir.stat().st_mode & 0o7777 == 0o755
    assert daemon.socket.stat().st_mode & 0o7777 == 0o777
    assert daemon.pid_file.stat().st_mode & 0o7777 == 0o600


def test_run_directory_is_left_as_it_is(start_daemon, store, open_dir):
    rundir = open_dir / "run"
    rundir.mkdir()
    rundir.chmod(0o2710)
    start_daemon("-a", "sasldb", "-O", store, rundir=str(rundir) + "/")
    assert rundir.stat().st_mode & 0o7777 == 0o2710


# Command lines that do not.

@pytest.mark.parametrize("args, complaint", [
    (["-x"], "option"),
    (["-T"], "option"),
    (["-H", "host"], "option"),
    (["--no-such"], "option"),
    (["-a"], "argument"),
    ([], "no authentication mechanism"),
    (["-a", "sasldb", "-a", "pam"], "-a"),
    (["-a", "nosuch"], "unknown authentication mechanism: nosuch"),
    (["-a", "sasldb", "-n", "-1"], "-n"),
    (["-a", "sasldb", "-n", "many"], "-n"),
    (["-a", "sasldb", "-n", "5x"], "-n"),
    (["-a", "sasldb", "-n", ""], "-n"),
    (["-a", "sasldb", "-n", "99999999999999999999"], "-n"),
    (["-a", "sasldb", "-s", "0"], "-s"),
    (["-a", "sasldb", "-s", "big"], "-s"),
    (["-a", "sasldb", "-t", "0"], "-t"),
    (["-a", "sasldb", "-t", "-5"], "-t"),
    (["-a", "sasldb", "-m", "relative/dir"], "absolute"),
    (["-a", "sasldb", "-m", "/tmp/" + "x" * 120], "longer than"),
    (["-a", "sasldb", "--set", "nonsense"], "--set"),
], ids=lambda v: " ".join(v)[:40] if isinstance(v, list) else "")
def test_wrong_use(args, complaint):
    assert complaint in refused(WRONG_USE, *args)


def test_longest_path(start_daemon, store, open_dir):
    """108 bytes with the final NUL is what a socket address holds."""
    room = 107 - len("/mux") - len(str(open_dir)) - 1
    daemon = start_daemon("-a", "sasldb", "-O", store,
                          rundir=open_dir / ("x" * room))
    assert len(str(daemon.socket)) == 107
    assert answers(daemon) == wire.OK
    refused(WRONG_USE, "-a", "sasldb", "-O", store, "-m",
            open_dir / ("x" * (room + 1)))


def test_mechanism_that_is_not_built():
    built = saslauthd("-v").stderr.split("\n")[1].split()
    name = next(m for m in ("ldap", "rimap", "httpform", "kerberos5")
                if m not in built)
    assert "not built in" in refused(CONFIGURATION, "-a", name)


def test_socket_path_is_a_directory(store, open_dir):
    (open_dir / "mux").mkdir()
    (open_dir / "mux" / "keep").touch()
    error = refused(SYSTEM, "-a", "sasldb", "-O", store, "-m", open_dir)
    assert f"{open_dir}/mux" in error
    assert (open_dir / "mux" / "keep").exists()
    # A start that failed leaves nothing that says it runs.
    assert not (open_dir / "saslauthd.pid").exists()


def test_run_directory_without_parent(store, open_dir):
    assert "directory" in refused(
        SYSTEM, "-a", "sasldb", "-O", store, "-m", open_dir / "no" / "such")


def test_run_directory_is_a_file(store, open_dir):
    (open_dir / "file").touch()
    refused(SYSTEM, "-a", "sasldb", "-O", store, "-m", open_dir / "file")


# Settings.

def write_config(open_dir, *lines):
    path = open_dir / "saslauthd.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_config_file(start_daemon, store, open_dir):
    config = write_config(open_dir, "# all of it", "mechanism: sasldb",
                          f"sasldb_path: {store}", "workers: 3")
    daemon = start_daemon("--config", config)
    assert answers(daemon) == wire.OK
    daemon.wait_workers(3)


def test_flag_wins_over_file_and_set_over_flag(start_daemon, store,
                                               open_dir):
    config = write_config(open_dir, "workers: 4",
                          "sasldb_path: /nonexistent")
    daemon = start_daemon("-a", "sasldb", "--config", config, "-O", store,
                          "-n", "3", "--set", "workers=2")
    assert answers(daemon) == wire.OK
    daemon.wait_workers(2)


@pytest.mark.parametrize("line", ["no colon here", "workers 5"])
def test_config_file_that_cannot_be_read_right(open_dir, line):
    config = write_config(open_dir, "# one", line)
    error = refused(CONFIGURATION, "-a", "sasldb", "--config", config,
                    "-m", open_dir)
    assert f"{config}:2: " in error


def test_config_file_that_is_missing(open_dir):
    error = refused(CONFIGURATION, "-a", "sasldb", "--config",
                    open_dir / "none.conf", "-m", open_dir)
    assert "none.conf" in error


@pytest.mark.needs_root
@pytest.mark.parametrize("setting", ["user=nosuch", "worker_user=nosuch",
                                     "user=root"])
def test_user_that_cannot_be(open_dir, setting):
    """Of one who has no rights to give up, and without a stale file."""
    error = refused(CONFIGURATION, "-a", "getpwent", "-m", open_dir / "run",
                    "--set", setting)
    assert setting.partition("=")[2] in error
    assert not (open_dir / "run" / "mux").exists()
    error = refused(CONFIGURATION, "-a", "getpwent", "--check", "--set",
                    setting)
    assert setting.partition("=")[2] in error


@pytest.mark.parametrize("setting", [
    "workers=many", "workers=-1", "client_timeout=0",
    "tempfail_reply=maybe", "strict=perhaps", "name_max=70000"])
def test_bad_value_by_set(open_dir, setting):
    error = refused(CONFIGURATION, "-a", "sasldb", "-m", open_dir,
                    "--set", setting)
    assert setting.partition("=")[0] in error


def test_unknown_key_by_set(open_dir):
    assert "wrokers" in refused(CONFIGURATION, "-a", "sasldb", "-m",
                                open_dir, "--set", "wrokers=3",
                                "--set", "strict=yes")


FORGIVEN = {
    "unknown key": ["wrokers: 3"],
    "another mechanism's key": ["ldap_servers: ldap://127.0.0.1/"],
    "bad value": ["workers: many"],
}


@pytest.mark.parametrize("lines", FORGIVEN.values(), ids=FORGIVEN.keys())
def test_what_the_file_is_forgiven(start_daemon, syslog, store, open_dir,
                                   lines):
    """It starts and warns, once; a check and `strict' refuse."""
    config = write_config(open_dir, *lines)
    key = lines[0].partition(":")[0]
    args = ["-a", "sasldb", "-O", store, "--config", config]
    mark = syslog.mark()
    assert answers(start_daemon(*args)) == wire.OK
    warnings = syslog.find(rf":1: .*\b{key}\b", mark)
    assert len(warnings) == 1, warnings
    assert str(config) in warnings[0].text
    assert key in refused(CONFIGURATION, *args, "--check")
    assert key in refused(CONFIGURATION, *args, "-m", open_dir,
                          "--set", "strict=yes")


def test_check_of_a_good_configuration(store, open_dir):
    """Touches no run directory and leaves nothing running."""
    run = saslauthd("-a", "sasldb", "-O", store, "-m", open_dir / "none",
                    "--check")
    assert run.returncode == SERVING, run.stderr
    assert run.stdout == "configuration is good\n"
    assert not (open_dir / "none").exists()


def test_check_beside_a_running_instance(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    run = saslauthd("-a", "sasldb", "-O", store, "-m", daemon.rundir,
                    "--check")
    assert run.returncode == SERVING, run.stderr
    assert answers(daemon) == wire.OK


# The foreground.

@pytest.mark.parametrize("flag", ["-f", "-d"])
def test_foreground(start_daemon, store, syslog, flag):
    mark = syslog.mark()
    daemon = start_daemon("-a", "sasldb", "-O", store, flag,
                          foreground=True)
    assert answers(daemon) == wire.OK
    assert daemon.process.poll() is None
    assert not daemon.pid_file.exists()
    assert daemon.ask(USER, "wrong one") == wire.NO
    syslog.wait_for("auth failure", mark=mark)
    daemon.stop()
    assert daemon.process.returncode == 0
    # -d also says so on stderr, and of successes.
    assert len(syslog.find("auth success", mark)) == (flag == "-d")
    if flag == "-d":
        assert re.findall(
            r"^saslauthd\[\d+\] :do_auth         : auth (\w+):",
            daemon.output, re.M) == ["success", "failure"]
