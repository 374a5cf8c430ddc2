# SPDX-License-Identifier: BSD-2-Clause
"""The examples of the manual pages: configurations are judged by --check, and
commands run, by the real programs, on a machine where joe has an account."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from daemon_users import PASSWORD, REALM, USER, set_password
from lib import BUILD_DIR, isolation, users, wire
from lib.daemon import SASLAUTHD
from manuals import MAN, PAGES, section, source
from test_manuals import built_mechanisms

COMMAND_SEC = 60

PROGRAMS = {"saslauthd": SASLAUTHD, **{name: BUILD_DIR / "tools" / name
            for name in ("saslauthctl", "testsaslauthd", "saslcache",
                         "saslpasswd2", "sasldblistusers2")}}
# What each may end with. Anything else is wrong use, or no answer; a
# directory of the examples cannot be asked (75), joe's password may be one
# that the daemon of the test does not know (255).
STATUSES = {"saslauthd": {0, 75}, "saslauthctl": {0, 1},
            "testsaslauthd": {0, 255}, "saslcache": {0}, "saslpasswd2": {0},
            "sasldblistusers2": {0}}
# Put behind what an example has: nothing is started, the daemon of the test
# is asked, and nobody watches for a minute.
BEHIND = {"saslauthd": "--check", "saslcache": '-m "$RUNDIR"',
          "testsaslauthd": '-f "$RUNDIR/mux"', "saslpasswd2": "",
          "sasldblistusers2": ""}
WRAPPER = """#!/bin/sh
[ /dev/stdin -ef /dev/null ] && exec <"$PASSWORD_FILE"
set -- {program} "$@" {behind}
"$@"
status=$?
echo "{name} $status" >>"$STATUSES"
exit $status
"""
CTL_BEHIND = """$(
case " $* " in
*" migrate "*) ;;
*" watch "*) echo "-m $RUNDIR -i 1 -n 1" ;;
*) echo "-m $RUNDIR" ;;
esac)"""

# What else a line of an example may begin with.
TOOLS = ("awk", "chage", "install", "printf")
# Neither ours nor run: what other programs are told.
OTHERS = {
    "saslauthd.8": {"[Socket]", "pwcheck_method: saslauthd"},
    "saslauthd-ldap.5": {"access to attrs=userPassword by anonymous auth"},
    "saslauthd-pam.5": {"auth     required pam_unix.so"},
    "saslauthd-radius.5": {"client saslauthd {"},
    "saslpasswd2.8": {"db5.3_dump -r -p /etc/sasldb2 |"},
    "saslauthd-metrics.5": None,	# queries, but for commands
}
DEFAULTS = ("START=", "SOCKETDIR=")	# of start scripts: for migrate

CONFIG = pathlib.Path("/etc/saslauthd.conf")

# Names that not every machine has, and what a part of a file lacks.
GROUP = ("group: postfix", "group: 0")
SERVERS = "radius_servers: old.example.org\nradius_secret: hush\n"

# What it names is to be there.
NAMED_FILE = re.compile(r"(_(?:file|cert|key|dir)[:=] ?)/\S+")

CONFIGURATION = re.compile(
    r"(# .*\n)*(\w+: |(backend|listener|route) \w+ \{)")
# Forms of lines, and another program's.
NO_CONFIGURATION = ("key: value", "step: NAME", "pwcheck_method:")


def unescaped(text):
    return text.replace("\\(dq", '"').replace("\\&", "").replace("\\e", "\\")


def blocks(text):
    """What stands there as it is typed."""
    found = re.findall(
        r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed|((?:^\.Dl [^\n]*\n)+)", text,
        re.M | re.S)
    return [unescaped(block or re.sub(r"^\.Dl ", "", lines, flags=re.M))
            for block, lines in found]


def kind(block):
    words = re.sub(r"^[#$] (?=\w)", "", block).split()
    if words[0] in (*PROGRAMS, *TOOLS):
        return "commands"
    if block.startswith(DEFAULTS):
        return "defaults"
    return "configuration" if CONFIGURATION.match(block) and \
        not block.startswith(NO_CONFIGURATION) else "other"


def examples(wanted):
    return [pytest.param(page, block, id=f"{page}-{number}")
            for page in PAGES
            for number, block in enumerate(blocks(section(page, "EXAMPLES")))
            if kind(block) == wanted]


def configurations():
    """Also those in front of the examples."""
    found = []
    for page in PAGES:
        text = (MAN / page).read_text()
        found += [pytest.param(page, block, id=f"{page}-{number}")
                  for number, block in enumerate(blocks(text))
                  if kind(block) == "configuration"]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_of_a_known_kind(page):
    others = {block.split("\n")[0] for block in
              blocks(section(page, "EXAMPLES"))
              if kind(block) == "other"}
    known = OTHERS.get(page, set())
    assert known is None or others == known


def test_there_are_enough():
    assert len(examples("commands")) > 30
    assert len(configurations()) > 20
    assert len(examples("defaults")) == 2


def mechanism_of(page):
    """None for a page that is not a mechanism's."""
    name = re.sub(r"saslauthd-(\w+)\.5", r"\1", page)
    return name if f'"{name}"' in source("mechanisms/mech_names.c") else None


def skip_what_is_not_built(page, block):
    wanted = set(re.findall(r"(?:mechanism: |-a )(\w+)", block)) | \
        ({mechanism_of(page)} - {None})
    missing = sorted(wanted - set(built_mechanisms()))
    missing += [name for name, path in PROGRAMS.items()
                if name in block and not path.exists()]
    if missing:
        pytest.skip(f"not built: {', '.join(missing)}")


@pytest.mark.parametrize("page, block", configurations())
def test_configurations(page, block, tmp_path):
    skip_what_is_not_built(page, block)
    file = tmp_path / "saslauthd.conf"
    if "radius_" in block and "radius_servers:" not in block:
        block = SERVERS + block
    there = tmp_path / "there"
    there.touch(mode=0o600)
    block = NAMED_FILE.sub(rf"\1{there}", block)
    file.write_text(block.replace(*GROUP))
    file.chmod(0o600)
    args = [SASLAUTHD, "--check", "--config", file]
    if "mechanism:" not in block:
        args += ["-a", mechanism_of(page) or "getpwent"]
    run = subprocess.run(args, text=True, capture_output=True, check=False)
    # One example shows what is remarked on.
    said = "" if "authenticator=no" not in block else "CVE-2024-3596"
    assert run.returncode == 0 and said in run.stderr, run.stderr
    assert bool(said) == bool(run.stderr), run.stderr


@pytest.mark.parametrize("page, block", examples("defaults"))
def test_defaults(page, block, tmp_path):
    """What start scripts read is what migrate understands."""
    file = tmp_path / "saslauthd"
    file.write_text(block)
    new = tmp_path / "new.conf"
    with new.open("w") as to:
        subprocess.run([PROGRAMS["saslauthctl"], "migrate", file], stdout=to,
                       check=True)
    assert "mechanism: pam" in new.read_text()
    skip_what_is_not_built(page, new.read_text())
    subprocess.run([SASLAUTHD, "--check", "--config", new], check=True)


def wrapper(name):
    behind = CTL_BEHIND if name == "saslauthctl" else BEHIND[name]
    return WRAPPER.format(name=name, program=shlex.quote(str(PROGRAMS[name])),
                          behind=behind)


def aside(path):
    return path.with_name(path.name + ".aside")


def put_back(path):
    """What stood there before, if anything did."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if aside(path).exists():
        aside(path).rename(path)


@pytest.fixture(scope="module")
def machine():
    """joe's account, his user database, and what migrate reads."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    users.add(USER, PASSWORD)
    users.pam_unix_service("smtp")
    group = pathlib.Path("/etc/group")
    if not re.search("^sasl:", group.read_text(), re.M):
        group.write_text(group.read_text() + "sasl:x:45:\n")
    database = pathlib.Path("/etc/sasldb2")
    defaults = pathlib.Path("/etc/default/saslauthd")
    dovecot = pathlib.Path("/etc/dovecot")
    own = [database, defaults, dovecot, CONFIG,
           pathlib.Path("/var/lib/saslauthd")]
    for path in own:
        if path.exists():
            path.rename(aside(path))
    set_password(database, USER, PASSWORD, REALM)
    defaults.write_text(examples("defaults")[0].values[1])
    dovecot.mkdir()
    (dovecot / "users").write_text("ann:{PLAIN}secret::::\n")
    yield
    for path in own:
        put_back(path)


@pytest.fixture
def desk(machine, start_daemon, tmp_path):
    """A directory to type commands in, and the environment for that."""
    daemon = start_daemon("-a", "sasldb", "-c", "-n", "1")
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).write_text(wrapper(name))
        (programs / name).chmod(0o755)
    for name in ("joe.txt", "password.txt"):
        (tmp_path / name).write_text(PASSWORD + "\n")
    for name in ("new.conf", "site.conf"):
        (tmp_path / name).write_text("mechanism: pam\n")
    return {"cwd": tmp_path, "env": {
        **os.environ, "PATH": f"{programs}:{os.environ['PATH']}",
        "RUNDIR": str(daemon.rundir), "password": PASSWORD,
        "PASSWORD_FILE": str(tmp_path / "password.txt"),
        "STATUSES": str(tmp_path / "statuses")}}


@pytest.mark.needs_root
@pytest.mark.parametrize("page, block", examples("commands"))
def test_commands(page, block, desk):
    skip_what_is_not_built(page, block)
    script = re.sub(r"^[#$] (?=\w)", "", block, flags=re.M)
    CONFIG.write_text(SERVERS if "radius" in page else "mechanism: pam\n")
    CONFIG.chmod(0o600)
    run = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL,
                         text=True, capture_output=True, check=False,
                         timeout=COMMAND_SEC, **desk)
    report = script + run.stdout + run.stderr
    assert run.returncode not in (2, 126, 127), report
    file = desk["cwd"] / "statuses"
    ran = [line.split() for line in
           file.read_text().splitlines()] if file.exists() else []
    named = [word for word in re.findall(r"[\w-]+", script)
             if word in PROGRAMS]
    assert ran or not named, report
    for name, status in ran:
        assert int(status) in STATUSES[name], report
