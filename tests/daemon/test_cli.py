# SPDX-License-Identifier: BSD-2-Clause
"""The command line: what starts, what does not, and with which status."""

import re
import subprocess

import pytest

import fake_pool
from daemon_users import PASSWORD, REALM, USER, set_password
from lib import wire
from lib.daemon import SASLAUTHD, START_SEC

SERVING, ANOTHER_RUNS, WRONG_USE, SYSTEM = 0, 2, 64, 71
NOT_NOW, CONFIGURATION = 75, 78

GUEST = "a-guest"

CLASSIC_ORDER = ["sasldb", "dce", "getpwent", "kerberos4", "kerberos5",
                 "pam", "rimap", "shadow", "sia", "ldap", "httpform",
                 "radius"]


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
    for name in ("--check", "--config", "--set", "--try"):
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


@pytest.fixture
def guests(open_dir):
    """Users of the database only: the system knows none of them."""
    path = open_dir / "guests.lmdb"
    set_password(path, GUEST, PASSWORD, REALM)
    return path


def test_chain(start_daemon, guests):
    daemon = start_daemon("-a", "getpwent,sasldb",
                          "--set", f"sasldb_path={guests}")
    assert daemon.ask(GUEST, PASSWORD, realm=REALM) == wire.OK
    assert daemon.ask(GUEST, "wrong one", realm=REALM) == wire.NO


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
    assert daemon.socket.stat().st_mode & 0o7777 == \
        wire.file_mode(0o777)
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
    (["-a", ","], "no authentication mechanism"),
    (["-a", "sasldb,nosuch"], "unknown authentication mechanism: nosuch"),
    (["-a", "sasldb,getpwent", "-O", "/nonexistent"], "-O"),
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
    (["-a", "sasldb", "--try"], "--try goes with --check"),
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
    assert f"mechanism {name} is not built in" in refused(
        CONFIGURATION, "-a", f"sasldb,{name}")


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


# Named parts: each mistake refuses the start, and is told once.

BACKEND = ["backend local {", "mechanism: sasldb", "}"]
OTHER = ["backend system {", "mechanism: getpwent", "}"]
ROUTE = ["route all {", "step: local", "step: system", "}"]

MISTAKES = {
    "no such kind":
        ([*BACKEND, "rout all {", "step: local", "}"],
         "4: no part is called rout"),
    "no name":
        ([*BACKEND, "route {", "step: local", "}"],
         "4: a part begins with KIND NAME {"),
    "no end": ([*BACKEND, "route all {", "step: local"],
               "4: route all has no } at its end"),
    "twice": ([*BACKEND, *BACKEND], "4: backend local is there already"),
    "no mechanism": (["backend local {", "}"],
                     "1: backend local: mechanism is missing"),
    "no such mechanism":
        (["backend local {", "mechanism: nosuch", "}"],
         "2: mechanism: unknown authentication mechanism: nosuch"),
    "a chain in a backend":
        (["backend local {", "mechanism: sasldb,getpwent", "}"],
         "2: mechanism: unknown authentication mechanism: sasldb,getpwent"),
    "key of the whole daemon":
        (["backend local {", "mechanism: sasldb", "run_dir: /x", "}"],
         "3: run_dir: is for the whole daemon"),
    "value in a backend":
        (["backend local {", "mechanism: sasldb", "workers: many", "}"],
         "3: workers: wants a number"),
    "value in no part": (["workers: many", *BACKEND],
                         "1: workers: wants a number"),
    "key in a backend":
        (["backend local {", "mechanism: sasldb", "wrokers: 1", "}"],
         "3: wrokers: unknown key (did you mean workers?)"),
    "mechanism's key in a backend":
        ([*OTHER, "backend local {", "mechanism: sasldb",
          "sasldb_pth: /x", "}", *ROUTE],
         "6: sasldb_pth: unknown key (did you mean sasldb_path?)"),
    "another mechanism's key in a backend":
        ([*BACKEND, "backend system {", "mechanism: getpwent",
          "sasldb_path: /x", "}", *ROUTE],
         "6: sasldb_path: belongs to mechanism sasldb and is not used by "
         "getpwent"),
    "mechanism's value in a backend":
        ([*OTHER, "backend local {", "mechanism: sasldb",
          "sasldb_path: x", "}", *ROUTE],
         "6: sasldb_path: wants an absolute path"),
    "key in no part": (["wrokers: 1", *BACKEND, *OTHER, *ROUTE],
                       "1: wrokers: unknown key (did you mean workers?)"),
    "mechanism's key in no part":
        (["sasldb_pth: /x", *OTHER, *BACKEND, *ROUTE],
         "1: sasldb_pth: unknown key (did you mean sasldb_path?)"),
    "mechanism's value in no part":
        (["sasldb_path: x", *OTHER, *BACKEND, *ROUTE],
         "1: sasldb_path: wants an absolute path"),
    "key in a listener":
        ([*BACKEND, "listener inner {", "paht: /x", "path: /y", "}"],
         "5: paht: no key of a listener (did you mean path?)"),
    "value in a listener":
        ([*BACKEND, "listener inner {", "path: x", "}"],
         "5: path: wants an absolute path"),
    "key in a route":
        ([*BACKEND, "route all {", "stpe: local", "step: local", "}"],
         "5: stpe: no key of a route (did you mean step?)"),
    "step": ([*BACKEND, "route all {", "step: lcoal", "}"],
             '5: step: no backend is called "lcoal" (did you mean local?)'),
    "listener of a route":
        ([*BACKEND, "route all {", "listener: inner", "step: local", "}"],
         '5: listener: no listener is called "inner"'),
}


@pytest.mark.parametrize("lines, complaint", MISTAKES.values(),
                         ids=MISTAKES.keys())
def test_named_parts_are_strict(open_dir, lines, complaint):
    config = write_config(open_dir, *lines)
    for args in (["--check"], ["-m", open_dir / "run"]):
        error = refused(CONFIGURATION, "--config", config, *args)
        assert error.count(f"{config}:{complaint}") == 1, error
        assert "ignored" not in error and "default is used" not in error
    assert not (open_dir / "run").exists()


@pytest.mark.needs_root
def test_user_of_a_backend_that_cannot_be(open_dir):
    config = write_config(open_dir, *BACKEND, "backend system {",
                          "mechanism: getpwent", "worker_user: nosuch",
                          "}", *ROUTE)
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert error.count("nosuch") == 1, error
    assert f"{config}:6: worker_user: no user \"nosuch\"" in error


@pytest.mark.needs_root
def test_bad_user_is_told_once_with_its_line(open_dir):
    config = write_config(open_dir, "user: nosuch", *BACKEND, *OTHER, *ROUTE)
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert error.count("nosuch") == 1, error
    assert f"{config}:1: user: no user \"nosuch\"" in error


@pytest.mark.parametrize("value, near", [("sasldbb", "sasldb"),
                                         ("sasldb,shaodw", "shadow")])
def test_unknown_mechanism_of_a_file_is_told_with_its_line(open_dir, value,
                                                           near):
    config = write_config(open_dir, f"mechanism: {value}")
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert f"{config}:1: mechanism: unknown authentication mechanism" in error
    assert f"did you mean {near}?" in error


@pytest.mark.parametrize("path", ["/run/x/mux", "/run/" + 120 * "y"])
def test_check_refuses_paths_that_a_start_would(open_dir, path):
    """The same one twice, and one too long for a socket."""
    config = write_config(open_dir, *BACKEND, "listener a {",
                          f"path: {path}", "}", "listener b {",
                          "path: /run/x/mux", "}")
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert path in error and f"{config}:" in error, error


def test_check_tells_all_mistakes(open_dir):
    config = write_config(open_dir, "wrokers: 1", *BACKEND[:-1],
                          "sasldb_pth: /x", "}", *OTHER[:-1],
                          "shaodw: x", "}", *ROUTE)
    error = refused(CONFIGURATION, "--config", config, "--check")
    for line, key in ((1, "wrokers"), (4, "sasldb_pth"), (8, "shaodw")):
        assert error.count(f"{config}:{line}: {key}: ") == 1, error


def test_secret_of_a_backend_is_not_told(open_dir):
    config = write_config(open_dir, *BACKEND[:-1], "some_password: hushhush",
                          "}", "backnd other {", "more: hushhush", "}")
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert "hushhush" not in error


def test_named_parts(start_daemon, guests, open_dir):
    """A backend's own keys over those for all; -a names it, too."""
    config = write_config(open_dir, "workers: 1", "sasldb_path: /none",
                          *BACKEND[:-1], f"sasldb_path: {guests}",
                          "workers: 2", "}", *OTHER)
    daemon = start_daemon("--config", config, "-a", "system,local")
    assert daemon.ask(GUEST, PASSWORD, realm=REALM) == wire.OK
    daemon.wait_workers(3)


def test_mechanism_that_no_route_asks(open_dir):
    """Rather than not to ask what the command line says."""
    config = write_config(open_dir, *BACKEND, *OTHER, *ROUTE)
    assert 'which -a names: add "step: shadow"' in refused(
        CONFIGURATION, "-a", "shadow", "--config", config,
        "-m", open_dir / "run")
    assert saslauthd("-a", "local", "--config", config,
                     "--check").returncode == SERVING


def test_stray_operand_beside_named_parts(open_dir):
    config = write_config(open_dir, *BACKEND)
    assert '"system" is ignored' in refused(
        CONFIGURATION, "-a", "local", "system", "--config", config,
        "-m", open_dir / "run")


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


@pytest.mark.needs_root
@pytest.mark.parametrize("key", ["owner", "group", "allow_uids",
                                 "allow_gids"])
def test_check_looks_for_names(open_dir, key):
    config = write_config(open_dir, *BACKEND, "listener inner {",
                          f"path: {open_dir}/inner", f"{key}: no-such-name",
                          "}", "listener outer {",
                          f"path: {open_dir}/outer", f"{key}: 4711", "}")
    error = refused(CONFIGURATION, "--config", config, "--check")
    assert re.search(rf": listener inner: {key}: .*no-such-name", error)
    assert "listener outer" not in error
    assert not (open_dir / "outer").exists()


# --check --try.

def tries(status, *args):
    """{backend: (mechanism, what is said of it)}"""
    run = saslauthd(*args, "--check", "--try")
    assert run.returncode == status, run.stdout + run.stderr
    first, *lines = run.stdout.splitlines()
    assert first == "configuration is good"
    found = [re.fullmatch(r"backend (\w+) \((\w+)\): (.*) \(\d+ ms\)", line)
             for line in lines]
    assert all(found), run.stdout
    return {match[1]: (match[2], match[3]) for match in found}


def try_config(open_dir, *paths):
    """A backend "b0", "b1" and so on for each database, and "system"."""
    parts = [[f"backend b{i} {{", "mechanism: sasldb",
              f"sasldb_path: {path}", "}"] for i, path in enumerate(paths)]
    steps = [f"step: b{i}" for i in range(len(paths))]
    return write_config(open_dir, *sum(parts, []), *OTHER, "route all {",
                        *steps, "step: system", "}")


def test_try_what_is_ready(start_daemon, store, open_dir):
    daemon = start_daemon("-a", "sasldb", "-O", store)
    assert tries(SERVING, "-a", "sasldb", "-O", store, "-m",
                 daemon.rundir) == {"sasldb": ("sasldb", "ready")}
    assert answers(daemon) == wire.OK
    assert tries(SERVING, "--config", try_config(open_dir, store), "-m",
                 open_dir / "none") == {
                     "b0": ("sasldb", "ready"),
                     "system": ("getpwent", "ready")}
    assert not (open_dir / "none").exists()


def test_try_what_is_not_ready(store, open_dir):
    missing, bad = open_dir / "missing.lmdb", open_dir / "bad.lmdb"
    bad.write_text("no database")
    said = tries(NOT_NOW, "--config",
                 try_config(open_dir, missing, store, bad))
    for name, path in (("b0", missing), ("b2", bad)):
        assert said[name][1].startswith(
            f"opens, but is not ready: {path}: "), said
    assert said["b1"][1] == said["system"][1] == "ready"
    assert not missing.exists()


@pytest.mark.needs_root
def test_try_with_the_rights_of_workers(open_dir):
    """Who starts it without root has not those of the real start."""
    assert tries(SERVING, "-a", "shadow")["shadow"][1] == "ready"
    run = subprocess.run([SASLAUTHD, "-a", "shadow", "-m", open_dir,
                          "--check", "--try"], text=True, user="nobody",
                         group=65534, extra_groups=[], check=False,
                         stdin=subprocess.DEVNULL, capture_output=True,
                         timeout=START_SEC)
    assert run.returncode == NOT_NOW, run.stdout + run.stderr
    assert "(shadow): opens, but is not ready: /etc/shadow" in run.stdout


def test_try_only_what_is_good(open_dir):
    config = write_config(open_dir, "wrokers: 1", *BACKEND)
    run = saslauthd("--config", config, "--check", "--try")
    assert (run.returncode, run.stdout) == (CONFIGURATION, "")


# A pool that does as it likes when asked to try.
FAKE_POOL = """
import os, signal, socket, struct, sys
if sys.argv[1:] == ["--try"]:
    channel = socket.socket(fileno=3)
    channel.recv(65537)
    {deed}
    why = b"cannot be opened: the\\nkey (1 ms)"
    channel.send(struct.pack(">BBH", {failed}, 78, len(why)) + why)
    sys.exit(0)
os.execv({real!r}, ["saslauthd-pool", *sys.argv[1:]])
"""


@pytest.mark.parametrize("deed, said", [
    pytest.param("pass", "the key (1 ms)", id="says so"),
    pytest.param("os.kill(os.getpid(), signal.SIGKILL)",
                 "the program that tried it died", id="dies"),
])
def test_try_what_cannot_be_opened(store, open_dir, deed, said):
    program = fake_pool.make(open_dir, FAKE_POOL, deed=deed)
    run = subprocess.run([program, "-a", "sasldb", "-O", store, "--check",
                          "--try"], text=True, stdin=subprocess.DEVNULL,
                         capture_output=True, check=False,
                         timeout=START_SEC)
    assert run.returncode == CONFIGURATION, run.stderr
    assert run.stdout.splitlines() == [
        "configuration is good",
        f"backend sasldb (sasldb): cannot be opened: {said}"]


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
