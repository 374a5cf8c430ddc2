# SPDX-License-Identifier: BSD-2-Clause
"""saslauthctl migrate: what comes out of the files of the old daemon's start
scripts is a configuration, and a daemon with it does what they said."""

import pathlib
import re
import subprocess

import pytest

from daemon_users import PASSWORD, REALM, USER, set_password
from lib import SOURCE_DIR
from lib.daemon import (SASLAUTHD, TESTSASLAUTHD, TESTSASLAUTHD_OK,
                        TESTSASLAUTHD_REFUSED)
from saslauthctl import OK, SASLAUTHCTL, UNKNOWN, WARNING, run

CONFIGURATION = 78	# sysexits(3): EX_CONFIG

# Debian 12's, without its comments.
DEBIAN = """
# Settings for saslauthd daemon
DESC="SASL Authentication Daemon"
NAME="saslauthd"
MECHANISMS="pam"
MECH_OPTIONS=""
THREADS=5
OPTIONS="-c -m /var/run/saslauthd"
"""
CHROOT = "/var/spool/postfix/var/run/saslauthd"

RED_HAT = """
# Directory in which to place saslauthd's listening socket, pid file, and so
# on.  This directory must already exist.
SOCKETDIR=/run/saslauthd
MECH=pam
# DAEMONOPTS=--user saslauth
FLAGS=
"""

# What an administrator makes of the commented line.
RED_HAT_AS_A_USER = RED_HAT.replace("# DAEMONOPTS", "DAEMONOPTS")

SUSE = """
SASLAUTHD_AUTHMECH=shadow
SASLAUTHD_THREADS=7
SASLAUTHD_PARAMS="-r -m /run/sasl2"
"""

LDAP = """# one file for all three
ldap_servers: ldaps://a.example.org/ ldaps://b.example.org/
LDAP_Bind_PW: hush-hush
ldap_filter: (uid=%u)
ldap_start_tls: Yes
ldap_restart: on
ldap_default_domain: example.org
ldap_filter: (cn=%u)
httpform_host: www.example.org
"""

SETTING = re.compile(r"^ *([a-z0-9_]+): (.*)$")
OFFER = re.compile(r"^( *)# ([a-z_]+: \S+)$", re.M)


def settings(text):
    """{part or "": {key: value}}"""
    found, part = {"": {}}, ""
    for line in text.splitlines():
        begin = re.fullmatch(r"(\w+ [\w.-]+) \{", line)
        setting = SETTING.match(line)
        if begin:
            part = begin[1]
            found[part] = {}
        elif line == "}":
            part = ""
        elif setting:
            assert setting[1] not in found[part]
            found[part][setting[1]] = setting[2]
        else:
            assert re.fullmatch(r"| *#.*", line), line
    return found


def check(text, open_dir):
    file = open_dir / "checked.conf"
    file.write_text(text)
    return subprocess.run([SASLAUTHD, "--check", "--config", file],
                          capture_output=True, text=True, check=False)


@pytest.fixture
def migrate(open_dir):
    """migrate(FILE=text, ...) -> the finished run."""
    def start(**files):
        paths = []
        for name, text in files.items():
            paths.append(open_dir / name.replace("_", "-"))
            paths[-1].write_text(text)
        return run("migrate", *paths)
    return start


def comments(text):
    return [line.strip() for line in text.splitlines() if "#" in line]


# What the systems have.

def test_debian(migrate, open_dir):
    made = migrate(saslauthd=DEBIAN)
    assert (made.returncode, made.stderr) == (OK, "")
    assert settings(made.stdout) == {
        "": {"run_dir": "/var/run/saslauthd"},
        "backend pam": {"mechanism": "pam", "workers": "5", "cache": "yes"}}
    checked = check(made.stdout, open_dir)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_where_a_line_comes_from(migrate, open_dir):
    made = migrate(saslauthd=DEBIAN)
    lines = made.stdout.splitlines()
    at = lines.index("    workers: 5")
    assert lines[at - 1] == f"    # -n 5, {open_dir}/saslauthd:7"
    assert "# | saslauthd -a pam -c -m /var/run/saslauthd -n 5" in lines


def test_offers_can_be_taken(migrate, open_dir):
    """Each key that is commented out is one, with a value that it takes."""
    made = migrate(saslauthd=DEBIAN)
    taken, count = OFFER.subn(r"\1\2", made.stdout)
    assert count == 6
    assert settings(taken)["backend pam"]["cache_ttl"] == "28800"
    assert settings(taken)[""]["tempfail_reply"] == "no"
    checked = check(taken, open_dir)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_start_is_not_yes(migrate):
    said = "has no START=yes"
    assert said in migrate(saslauthd=DEBIAN).stdout
    assert said in migrate(saslauthd=DEBIAN + "START=no\n").stdout
    assert said not in migrate(saslauthd=DEBIAN + "START=yes\n").stdout
    assert said not in migrate(saslauthd=RED_HAT).stdout


def test_postfix_in_its_chroot(migrate):
    made = migrate(saslauthd=DEBIAN, saslauthd_postfix=DEBIAN.replace(
        "/var/run/saslauthd", CHROOT))
    assert made.returncode == OK
    assert settings(made.stdout) == {
        "": {"run_dir": "/var/run/saslauthd"},
        "backend pam": {"mechanism": "pam", "workers": "5", "cache": "yes"},
        "listener postfix": {"path": CHROOT + "/mux"}}


@pytest.mark.parametrize("file, name", [
    ("saslauthd-default", "default-2"), ("saslauthd-", "-"),
    ("saslauthd_a+b", "a-b"), ("other", "other"),
    ("saslauthd-" + "x" * 100, "x" * 55),
])
def test_names_of_listeners(open_dir, file, name):
    first, other = open_dir / "saslauthd", open_dir / file
    first.write_text(DEBIAN)
    other.write_text(DEBIAN.replace("/var/run", "/run"))
    made = run("migrate", first, other)
    assert settings(made.stdout)[f"listener {name}"] == {
        "path": "/run/saslauthd/mux"}
    assert check(made.stdout, open_dir).returncode == 0


def test_red_hat(migrate):
    made = migrate(saslauthd=RED_HAT)
    assert (made.returncode, made.stderr) == (OK, "")
    assert settings(made.stdout) == {
        "": {"run_dir": "/run/saslauthd"},
        "backend pam": {"mechanism": "pam"}}


def test_red_hat_as_a_user(migrate, open_dir):
    """systemd takes the line as it is, without quotes."""
    made = migrate(saslauthd=RED_HAT_AS_A_USER)
    assert (made.returncode, made.stderr) == (OK, "")
    assert settings(made.stdout) == settings(migrate(
        saslauthd=RED_HAT).stdout)
    assert f"# {open_dir}/saslauthd:6: DAEMONOPTS: was for the start " \
        "script" in comments(made.stdout)


@pytest.mark.parametrize("line, words", [
    ("-c -m /run/x", "-c -m /run/x"), ("  -c\t-n 3  ", "-c -n 3"),
    ("-c # -r", "-c # -r"), ("# -r", "# -r"), ("-O /a;b", "-O /a;b"),
    ('"-c -r" # both', "-c -r"), ("'-c  -r'", "-c -r"), ("-c\\ -r", "-c -r"),
])
def test_lines_as_in_systemd(migrate, line, words):
    made = migrate(saslauthd=f"MECH=pam\nFLAGS={line}\n")
    assert f"# | saslauthd -a pam {words}\n" in made.stdout


@pytest.mark.parametrize("line", [
    '-c "-r"', '"-c" -r', "-O $FILE", "-c \\", "-O `ls`", "-c 'x"])
def test_lines_too_strange_for_systemd(migrate, open_dir, line):
    made = migrate(saslauthd=f"MECH=pam\nFLAGS={line}\n")
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert f"{open_dir}/saslauthd:2: FLAGS " in made.stderr


def test_suse(migrate):
    made = migrate(saslauthd=SUSE)
    assert made.returncode == OK
    assert settings(made.stdout) == {
        "": {"run_dir": "/run/sasl2", "append_realm": "yes"},
        "backend shadow": {"mechanism": "shadow", "workers": "7"}}


@pytest.mark.parametrize("text, run_dir", [
    ("SASLAUTHD_AUTHMECH=pam\n", "/run/sasl2"),
    ("SASLAUTHD_PARAMS='-a pam'\n", "/run/sasl2"),
    ("MECHANISMS=pam\nOPTIONS=-c\n", "/var/run/saslauthd"),
    ("MECH=pam\n", "/run/saslauthd"),
    ("SASLAUTHD_OPTS='-a pam'\n", "/run/saslauthd"),
])
def test_old_run_directory(migrate, text, run_dir):
    """That of the system's build, if none was given; also for a socket."""
    made = migrate(saslauthd=text)
    assert settings(made.stdout)[""]["run_dir"] == run_dir
    assert "# no -m: the old daemon's default" in comments(made.stdout)
    made = migrate(saslauthd=flags("-m /run/first"), other=text)
    assert settings(made.stdout)["listener other"]["path"] == \
        f"{run_dir}/mux"


def test_gentoo(migrate):
    made = migrate(saslauthd='SASLAUTHD_OPTS="-a getpwent -n0"\n')
    assert made.returncode == OK
    found = settings(made.stdout)
    assert found["backend getpwent"] == {"mechanism": "getpwent",
                                         "workers": "0"}
    assert found[""]["run_dir"] == "/run/saslauthd"


# A daemon with what came out.

def instance(rundir, store, more=""):
    return f"START=yes\nMECHANISMS=sasldb\nMECH_OPTIONS={store}\n" \
        f"THREADS=1\nOPTIONS='{more} -m {rundir}/'\n"


def ask(path, user=USER):
    return subprocess.run(
        [TESTSASLAUTHD, "-u", user, "-r", REALM, "-f", path],
        input=PASSWORD + "\n", text=True, capture_output=True,
        check=False).returncode


@pytest.fixture
def start_migrated(start_daemon, open_dir, migrate):
    """start_migrated(FILE=text, ...): a daemon with what comes out."""
    def start(**files):
        made = migrate(**files)
        assert (made.returncode, made.stderr) == (OK, "")
        file = open_dir / "made.conf"
        file.write_text(made.stdout)
        rundir = settings(made.stdout)[""]["run_dir"]
        start_daemon("--config", file, rundir=rundir)
        return settings(made.stdout)
    return start


@pytest.fixture
def rundirs(open_dir):
    paths = [open_dir / name for name in ("first", "second")]
    for path in paths:
        path.mkdir()
    return paths


def test_daemon_with_two_sockets(start_migrated, store, rundirs):
    found = start_migrated(saslauthd=instance(rundirs[0], store),
                           saslauthd_inner=instance(rundirs[1], store))
    assert set(found) == {"", "backend sasldb", "listener inner"}
    for rundir in rundirs:
        assert ask(rundir / "mux") == TESTSASLAUTHD_OK
        assert ask(rundir / "mux", "nobody") == TESTSASLAUTHD_REFUSED


def test_daemon_with_two_backends(start_migrated, store, rundirs, open_dir):
    """Each socket has its own, as when there were two daemons."""
    other = open_dir / "other.lmdb"
    set_password(other, "ann", PASSWORD, REALM)
    found = start_migrated(
        saslauthd=instance(rundirs[0], store),
        saslauthd_inner=instance(rundirs[1], other, more="-c -t 60"))
    assert found["backend sasldb-2"] == {
        "mechanism": "sasldb", "sasldb_path": str(other), "workers": "1",
        "cache": "yes", "cache_ttl": "60"}
    assert found["route inner"] == {"listener": "inner",
                                    "step": "sasldb-2"}
    first, second = (rundir / "mux" for rundir in rundirs)
    assert ask(first, USER) == ask(second, "ann") == TESTSASLAUTHD_OK
    assert ask(first, "ann") == ask(second, USER) == TESTSASLAUTHD_REFUSED


# Which instances.

@pytest.fixture
def defaults():
    """Write /etc/default or /etc/sysconfig files, of which none is left."""
    for path in pathlib.Path("/etc/default").glob("saslauthd*"):
        path.unlink()
    written = []

    def write(path, text):
        path = pathlib.Path(path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        written.append(path)

    yield write
    for path in written:
        path.unlink(missing_ok=True)


def second(text=DEBIAN):
    return text.replace("/var/run/saslauthd", CHROOT)


@pytest.mark.needs_root
def test_all_instances_of_debian(defaults):
    defaults("/etc/default/saslauthd-b_2", second() + "START=yes\n")
    defaults("/etc/default/saslauthd", DEBIAN + "START=yes\n")
    defaults("/etc/default/saslauthd.dpkg-old", "THREADS=$(rm -rf /)\n")
    defaults("/etc/sysconfig/saslauthd", "no file of Debian")
    made = run("migrate")
    assert made.returncode == OK
    assert set(settings(made.stdout)) == {"", "backend pam",
                                          "listener b_2"}


@pytest.mark.needs_root
def test_instances_that_were_not_started(defaults):
    """They are left out, unless there is no other."""
    defaults("/etc/default/saslauthd", DEBIAN + "START=no\n")
    defaults("/etc/default/saslauthd-b", second() + "START=yes\n")
    made = run("migrate")
    assert made.returncode == OK
    assert settings(made.stdout)[""] == {"run_dir": CHROOT}
    assert "# /etc/default/saslauthd: left out: it has no START=yes" in \
        comments(made.stdout)
    defaults("/etc/default/saslauthd-b", second())
    made = run("migrate")
    assert set(settings(made.stdout)) == {"", "backend pam", "listener b"}


@pytest.mark.needs_root
def test_red_hat_where_debian_has_none(defaults):
    defaults("/etc/sysconfig/saslauthd", RED_HAT)
    made = run("migrate")
    assert settings(made.stdout)[""] == {"run_dir": "/run/saslauthd"}


@pytest.mark.needs_root
def test_no_file_at_all(defaults):
    made = run("migrate")
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert "/etc/default/saslauthd*" in made.stderr
    assert "/etc/sysconfig/saslauthd" in made.stderr


# What cannot be understood.

@pytest.mark.parametrize("line, why", [
    ('OPTIONS="-c', "OPTIONS has a quote that is not closed"),
    ("OPTIONS='-c", "OPTIONS has a quote that is not closed"),
    ('OPTIONS="-c -m $DIR"', "OPTIONS has something for the shell to fill"),
    ("OPTIONS=`ls`", "OPTIONS has something for the shell to fill in"),
    ("OPTIONS=~/run", "OPTIONS has something for the shell to fill in"),
    ("OPTIONS=-c -m /run", "OPTIONS is more than KEY=value (are quotes"),
    ("OPTIONS=-c;id", "OPTIONS is more than KEY=value"),
    ("OPTIONS=-c \\", "OPTIONS is more than KEY=value"),
    ('OPTIONS="-c \\', "OPTIONS goes on in the next line"),
    ("OPTIONS = x", "is not KEY=value"),
    ("export OPTIONS=x", "is not KEY=value"),
    ("if true; then", "is not KEY=value"),
    ("OPTIONS=\x1b[2J", "control character"),
    ("OPTIONS=-m", "-m -n"),
    ("OPTIONS='-m run'", "-m run"),
    ("MECHANISMS=pam,shadow", "no name of a mechanism"),
])
def test_not_understood(migrate, open_dir, line, why):
    """The line is named, and nothing comes out."""
    text = DEBIAN + line + "\n"
    made = migrate(saslauthd=text)
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert f"{open_dir}/saslauthd:{text.count(chr(10))}" in made.stderr
    assert why in made.stderr
    assert "\x1b" not in made.stderr


def test_no_mechanism(migrate):
    made = migrate(saslauthd="MECH=\nSOCKETDIR=/run/saslauthd\n")
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert "names no mechanism" in made.stderr


def test_one_run_directory_for_two(migrate):
    made = migrate(saslauthd=DEBIAN, saslauthd_copy=DEBIAN)
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert "saslauthd-copy: has the run directory of " in made.stderr


def test_file_that_is_missing(open_dir):
    made = run("migrate", open_dir / "missing")
    assert (made.returncode, made.stdout) == (UNKNOWN, "")
    assert f"{open_dir}/missing: No such file" in made.stderr


@pytest.mark.parametrize("option", [("--json",), ("-m", "/run/x")])
def test_options_of_other_commands(option):
    assert run(*option, "migrate").returncode == UNKNOWN


@pytest.mark.parametrize("value", [
    "-c", "'-c -m /run'", '"-c -m /run"', "a'b c'\"d e\"f", "a\\ b\\\\c",
    '"a\\"b\\\\c\\d"', "'a\\'", "'a$b`c'", '"a\\$b"', "a#b", "-c # comment",
    "", "''", "a=b",
])
def test_quotes_as_in_the_shell(migrate, tmp_path, value):
    line = f"OPTIONS={value}\n"
    (tmp_path / "file").write_text(line)
    meant = subprocess.run(
        ["sh", "-c", f". {tmp_path}/file; printf %s \"$OPTIONS\""],
        capture_output=True, text=True, check=True).stdout
    made = migrate(saslauthd=line + "MECHANISMS=pam\n")
    words = " ".join(["saslauthd -a pam", *meant.split()])
    assert f"# | {words}\n" in made.stdout


# What is left to the reader.

def by_hand(made):
    """It is said twice, and by the exit status."""
    assert made.returncode == WARNING
    said = re.findall(r"^ *# BY HAND: (.*)$", made.stdout, re.M)
    assert made.stderr.splitlines() == ["saslauthctl: " + line
                                        for line in said]
    return "\n".join(said)


def flags(text):
    return f"MECH=pam\nFLAGS='{text}'\n"


@pytest.mark.parametrize("text, said", [
    ("-x", "-x, "), ("-T", "-T, "), ("--strange", "--strange, "),
    ("-v", "prints something"), ("-a shadow", "one -a too many"),
    ("-s 0", "did not start with it"), ("-t soon", "did not start with it"),
    ("-n -1", "did not start with it"), ("-n 5000", "there may be 4096"),
])
def test_strange_options(migrate, open_dir, text, said):
    made = migrate(saslauthd=flags(text))
    assert said in by_hand(made)
    assert check(made.stdout, open_dir).returncode == 0


@pytest.mark.parametrize("text, part, key, value", [
    ("-nV", "backend pam", "workers", "0"),
    ("-n 7x", "backend pam", "workers", "7"),
    ("-n 3 -n4", "backend pam", "workers", "4"),
    ("-cVt 600", "backend pam", "cache_ttl", "600"),
    ("-cs 2048", "", "cache_size", "2048"),
    ("-d", "", "verbose", "yes"),
    ("-V", "", "verbose", "yes"),
    ("-r", "", "append_realm", "yes"),
    ("-l -m /run/x///", "", "run_dir", "/run/x"),
    ("-t 600", "backend pam", "cache_ttl", None),
    ("-s 600", "", "cache_size", None),
    ("-O /some/file", "backend pam", "mechanism", "pam"),
    ("stray -r", "", "append_realm", "yes"),
    ("-- -r", "", "append_realm", None),
])
def test_options(migrate, open_dir, text, part, key, value):
    made = migrate(saslauthd=flags(text))
    assert made.returncode == OK
    assert settings(made.stdout)[part].get(key) == value
    assert check(made.stdout, open_dir).returncode == 0


def test_variables_nobody_knows(migrate):
    made = migrate(saslauthd=RED_HAT + "KRB5_KTNAME=/etc/imap.keytab\n")
    assert "KRB5_KTNAME" in by_hand(made)


def test_variables_of_the_script(migrate, open_dir):
    made = migrate(saslauthd=RED_HAT + "DAEMONOPTS='--user saslauth'\n")
    assert made.returncode == OK
    assert f"# {open_dir}/saslauthd:8: DAEMONOPTS: was for the start " \
        "script" in comments(made.stdout)


def test_realm_for_some_only(migrate):
    """One daemon cannot do both."""
    made = migrate(a=flags("-r -m /run/a"), b=flags("-m /run/b"))
    assert "append_realm" in by_hand(made)
    assert "append_realm" not in settings(made.stdout)[""]


def test_users_of_the_old_database(migrate):
    made = migrate(saslauthd="MECH=sasldb\n")
    assert (made.returncode, made.stderr) == (OK, "")
    assert "libsasl2's sasldb2, as before" in made.stdout


# The mechanisms' own files.

def test_ldap(migrate, open_dir):
    file = open_dir / "ldap.conf"
    file.write_text(LDAP)
    made = migrate(saslauthd=f"MECH=LDAP\nFLAGS='-O {file}'\n")
    assert f"{file}:3: ldap_password: is a secret" in by_hand(made)
    assert "hush" not in made.stdout + made.stderr
    assert settings(made.stdout)["backend ldap"] == {
        "mechanism": "ldap",
        "ldap_servers": "ldaps://a.example.org/ ldaps://b.example.org/",
        "ldap_start_tls": "no", "ldap_restart": "yes",
        "ldap_default_realm": "example.org", "ldap_filter": "(cn=%u)"}
    assert f"# {file}:9: httpform_host: dropped: no key of ldap" in \
        comments(made.stdout)


def test_first_line_counts(migrate, open_dir):
    """For httpform and kerberos5."""
    file = open_dir / "krb5.conf"
    file.write_text("krb5_keytab: /etc/one\nkrb5_keytab: /etc/two\n")
    made = migrate(saslauthd=f"MECH=kerberos5\nFLAGS='-O {file}'\n")
    assert made.returncode == OK
    assert settings(made.stdout)["backend kerberos5"]["krb5_keytab"] == \
        "/etc/one"


@pytest.mark.parametrize("text, said", [
    ("ldap_servers ldap://x/\n", "no colon behind the key"),
    ("ldap_servers:\n", "has no value"),
    ("backend x {\n}\n", "has named parts"),
    (None, "No such file"),
])
def test_file_the_old_daemon_did_not_take(migrate, open_dir, text, said):
    file = open_dir / "ldap.conf"
    if text is not None:
        file.write_text(text)
    made = migrate(saslauthd=f"MECH=ldap\nFLAGS='-O {file}'\n")
    assert said in by_hand(made)


@pytest.mark.needs_root
def test_file_by_default(migrate):
    file = pathlib.Path("/etc/saslauthd.conf")
    kept = file.read_text() if file.exists() else None
    file.write_text("httpform_uri: /login\nhttpform_data: u=%u&p=%p\n")
    try:
        made = migrate(saslauthd="MECH=httpform\n")
    finally:
        file.unlink() if kept is None else file.write_text(kept)
    assert settings(made.stdout)["backend httpform"] == {
        "mechanism": "httpform", "httpform_uri": "/login",
        "httpform_data": "u=%u&p=%p"}


def test_rimap(migrate):
    made = migrate(saslauthd="MECH=rimap\nFLAGS='-O imap.example.org/143'\n")
    assert "-O imap.example.org/143" in by_hand(made)


# The page.

PAGE = (SOURCE_DIR / "docs" / "migration.md").read_text()


def test_the_page_has_every_flag():
    source = (SOURCE_DIR / "saslauthd" / "options.c").read_text()
    letters = re.search(r'getopt_long\(argc, argv, "([\w:]+)"', source)[1]
    table = re.findall(r"^\| `-(\w)", PAGE, re.M)
    assert sorted(table) == sorted(letters.replace(":", ""))


def test_the_page_has_every_variable():
    source = (SOURCE_DIR / "tools" / "old_defaults.c").read_text()
    names = re.findall(r'\{ "([A-Z_]+)", ', source)
    assert len(names) > 10
    for name in names:
        assert f"`{name}`" in PAGE


def test_the_page_names_keys_that_are_there():
    """Whatever looks like a setting of ours is one."""
    known = set(re.findall(r'\.name = "(\w+)"', "".join(
        (SOURCE_DIR / name).read_text() for name in (
            "saslauthd/settings.c", "saslauthd/site_tables.c",
            "mechanisms/sasldb_settings.c"))))
    named = set(re.findall(r"`([a-z_]+): ", PAGE))
    assert len(named) > 10
    assert named <= known
