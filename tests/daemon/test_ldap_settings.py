# SPDX-License-Identifier: BSD-2-Clause
"""Settings of mechanism ldap at the start: files as they are in use, -O, what
is told of them and what stops nothing."""

import re
import socket
import subprocess
import time

import pytest

from lib import wire
from lib.daemon import SASLAUTHD, START_SEC
from test_manuals import built_mechanisms, section

pytestmark = pytest.mark.skipif("ldap" not in built_mechanisms(),
                                reason="ldap is not built")

GOOD, CONFIGURATION = 0, 78

OPENLDAP = """\
# LDAP for saslauthd
ldap_servers: ldap://localhost/
ldap_search_base: ou=People,dc=example,dc=com
ldap_filter: (uid=%u)
"""

PASS_THROUGH = """\
ldap_servers: ldaps://dc1.example.com ldaps://dc2.example.com
ldap_search_base: DC=example,DC=com
ldap_timeout: 10
ldap_filter: (sAMAccountName=%U)
ldap_bind_dn: CN=saslauthd,CN=Users,DC=example,DC=com
ldap_password: s3cret with blanks\x20\x20
ldap_deref: never
ldap_restart: yes
ldap_scope: sub
ldap_use_sasl: no
ldap_start_tls: no
ldap_version: 3
ldap_auth_method: bind
ldap_tls_check_peer: yes
ldap_tls_cacert_file: /etc/ssl/certs/ca-certificates.crt
"""

FASTBIND = """\
ldap_servers: ldaps://ldap.example.org/
ldap_auth_method: fastbind
ldap_filter: uid=%u,ou=people,dc=example,dc=org
ldap_group_dn: cn=mail,ou=groups,dc=example,dc=org
ldap_group_attr: memberUid
ldap_group_match_method: attr
"""

CRLF = OPENLDAP.replace("\n", "  \r\n")

CLEAR = "passwords go there in clear text"

# A file, and what is told of each of its keys: `told` counts for --check,
# `remarked` stops nobody.
FILES = {
    "openldap": (OPENLDAP, [], []),
    "active directory": (PASS_THROUGH, [], []),
    "fastbind": (FASTBIND, [], []),
    "crlf, blanks": (CRLF, [], []),
    "realm": ("ldap_servers: ldap://192.0.2.1:389/\n"
              "LDAP_Filter: (&(uid=%U)(ou=%d))\nldap_default_domain: x.org\n",
              [], ["ldap://192.0.2.1:389/: " + CLEAR,
                   "ldap_filter: %d is the realm"]),
    "capitals": ("ldap_start_tls: Yes\nldap_referrals: TRUE\n"
                 "ldap_restart: No\n",
                 [":1: ldap_start_tls: counts as yes; Cyrus",
                  ":2: ldap_referrals: counts as yes; Cyrus"],
                 ["ldap_referrals: only searches"]),
    "words": ("ldap_use_sasl: disabled\nldap_scope: subtree\n"
              "ldap_timeout: ten\nldap_tls_check_peer: maybe\n",
              [":1: ldap_use_sasl: wants yes or no",
               ":2: ldap_scope: wants sub, one or base, not 'subtree'",
               ":3: ldap_timeout: wants a time",
               ":4: ldap_tls_check_peer: wants yes or no"], []),
    "typos": ("ldap_severs: ldap://a/\nldap_bind_dm: cn=x\n"
              "ldap_cache_ttl: 30\nsasldb_path: /x\n",
              [":1: ldap_severs: unknown key (did you mean ldap_servers?)",
               ":2: ldap_bind_dm: unknown key (did you mean ldap_bind_dn?)",
               ":3: ldap_cache_ttl: unknown key, ignored",
               ":4: sasldb_path: belongs to mechanism sasldb"], []),
    "sasl": ("ldap_use_sasl: yes\nldap_mech: DIGEST-MD5\n", [],
             ["ldap_auth_method: with ldap_use_sasl bind is fastbind"]),
    "group filter": ("ldap_group_filter: (member=%D)\n", [],
                     ["ldap_group_filter: is matched by filter"]),
    "no verification": ("ldap_servers: ldaps://a/\n"
                        "ldap_tls_check_peer: no\n", [],
                        ["ldap_tls_check_peer: no: whoever answers"]),
}


@pytest.fixture(name="config")
def fixture_config(tmp_path):
    """Write a file nobody else may read, and name it."""
    def write(text, name="saslauthd.conf", mode=0o600):
        path = tmp_path / name
        path.write_bytes(text.encode())
        path.chmod(mode)
        return path
    return write


def check(*args, cwd=None):
    """Status and lines of --check, without the daemon's prefix."""
    run = subprocess.run([SASLAUTHD, "--check", *map(str, args)], text=True,
                         stdin=subprocess.DEVNULL, capture_output=True,
                         check=False, timeout=START_SEC, cwd=cwd)
    return run.returncode, [line.partition(":main            : ")[2]
                            for line in run.stderr.splitlines()]


def assert_told(lines, expected):
    assert len(lines) == len(expected), lines
    for text in expected:
        assert [line for line in lines if text in line], (text, lines)


@pytest.mark.parametrize("name", FILES)
def test_files_in_use(name, config):
    text, told, remarked = FILES[name]
    status, lines = check("-a", "ldap", "--config", config(text))
    assert_told(lines, told + remarked)
    assert status == (CONFIGURATION if told else GOOD)


def test_start_and_outage(config, start_daemon):
    """What is told does not stop the start, nor does a server that is down
    or does not answer; logins are temporary failures."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        path = config(f"ldap_servers: ldap://127.0.0.1:3/"
                      f" ldap://127.0.0.1:{port}/\n"
                      "ldap_start_tls: off\nldap_typo: x\nldap_scope: tree\n"
                      "ldap_filter: (mail=%U@%d)\n")
        began = time.monotonic()
        daemon = start_daemon("-a", "ldap", "--config", path)
        assert time.monotonic() - began < 2
        assert_told([line for line in daemon.output.splitlines()
                     if "ldap_" in line],
                    ["ldap_typo", "ldap_scope", "ldap_filter: %d"])
        assert daemon.ask("joe", "secret") == wire.OUTAGE


def test_remarks_and_strict(config, start_daemon):
    """What is good is remarked, and `strict' takes nothing amiss."""
    path = config("strict: yes\nldap_servers: ldap://127.0.0.1:3/\n"
                  "ldap_filter: (mail=%U@%d)\n")
    daemon = start_daemon("-a", "ldap", "--config", path)
    assert "ldap_filter: %d is the realm" in daemon.output
    path = config("strict: yes\nldap_start_tls: Yes\n")
    run = subprocess.run([SASLAUTHD, "-a", "ldap", "--config", path],
                         capture_output=True, check=False, text=True,
                         timeout=START_SEC)
    assert run.returncode == CONFIGURATION
    assert "counts as yes" in run.stderr


def test_certificates_that_are_not_there(config):
    keys = ("cacert_file", "cacert_dir", "cert", "key")
    lines = "".join(f"ldap_tls_{key}: /nowhere/{key}\n" for key in keys)
    status, said = check("-a", "ldap", "-O", config(
        "ldap_start_tls: yes\n" + lines))
    assert (status, said[:4]) == (CONFIGURATION, [
        f"ldap_tls_{key}: /nowhere/{key}: No such file or directory"
        for key in keys])
    assert not any("nowhere" in line for line in
                   check("-a", "ldap", "-O", config(lines))[1])


PART = "backend corp {{\nmechanism: ldap\n{}\n}}\n"


def test_part(config):
    """What is new is strict, and has no past to be told of."""
    good = config(PART.format("ldap_start_tls: Yes\nldap_filter: uid=%U\n"
                              "ldap_search_base: dc=%d"))
    assert check("--config", good) == (GOOD, [
        "ldap_search_base: %d is the realm where the login has no domain; "
        "Cyrus saslauthd left it empty"])
    bad = config(PART.format("ldap_start_tls: perhaps"))
    status, lines = check("--config", bad)
    assert_told(lines, [":3: ldap_start_tls: wants yes or no"])
    assert status == CONFIGURATION


@pytest.mark.parametrize("text, why", [
    ("ldap_servers: ldap.example.org", "ldap_servers: ldap.example.org: a "
     "URI begins with ldap://"),
    ("ldap_filter: (uid=%u", "ldap_filter: "),
    ("ldap_auth_method: fastbind", "ldap_filter: is a user's DN"),
    ("ldap_use_sasl: yes\nldap_mech: GSSAPI", "ldap_mech: GSSAPI asks for "
     "no password"),
])
def test_what_cannot_be(text, why, config):
    path = config(text + "\n")
    status, lines = check("-a", "ldap", "--config", path)
    assert status == CONFIGURATION
    at = f"{path}:{len(text.splitlines())}: "
    assert any(line.startswith((why, at + why)) for line in lines), lines


def test_readable_password(config):
    text = "ldap_bind_dn: cn=x\nldap_bind_pw: hush\n"
    path = config(text, mode=0o644)
    status, lines = check("-a", "ldap", "--config", path)
    assert lines == [f"{path}:2: ldap_bind_pw: everybody may read this file"]
    assert status == CONFIGURATION
    assert check("-a", "ldap", "--config", config(text)) == (GOOD, [])


# The manual's.

SECRET_FILE = "/etc/saslauthd.secret"


def examples():
    """What stands as a file on its page."""
    page = "saslauthd-ldap.5"
    text = section(page, "DESCRIPTION") + section(page, "EXAMPLES")
    return [block for block in re.findall(
        r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", text, re.M | re.S)
            if re.match(r"ldap_|backend ", block)]


@pytest.mark.parametrize("number", range(len(examples())))
def test_examples_of_the_manual(number, config):
    text = examples()[number].replace(
        SECRET_FILE, str(config("secret\n", "secret.file")))
    args = () if "mechanism:" in text else ("-a", "ldap")
    assert check(*args, "--config", config(text)) == (GOOD, [])


def test_there_are_examples():
    assert len(examples()) >= 8


# -O.

def test_option_is_a_file(config):
    """It is read instead of what the daemon's own file has."""
    own = config("workers: 3\nldap_filter: (\nldap_scope: one\n")
    other = config(OPENLDAP + "workers: 7\n", "other.conf")
    status, lines = check("-a", "ldap", "-O", other, "--config", own)
    assert_told(lines, [
        f"{own}: what it has of mechanism ldap (2) is not used: -O names "
        f"{other}",
        f"{other}:5: workers: stands in a file that only mechanism ldap "
        "reads, ignored"])
    assert status == CONFIGURATION
    empty = config("")
    assert check("-a", "ldap", "-O", config(OPENLDAP, "other.conf"),
                 "--config", empty) == (GOOD, [])


def test_option_names_the_same_file(config):
    path = config("workers: 3\n" + OPENLDAP)
    assert check("-a", "ldap", "-O", path, "--config", path) == (GOOD, [])


def test_set_wins_over_option(config):
    """The template of the file cannot be, and is not used."""
    other = config("ldap_filter: (\n", "other.conf")
    args = "-a", "ldap", "-O", other, "--config", config("")
    assert check(*args)[0] == CONFIGURATION
    assert check(*args, "--set", "ldap_filter=(uid=%u)") == (GOOD, [])


def test_option_that_cannot_be_read(config, tmp_path):
    missing = tmp_path / "missing"
    status, lines = check("-a", "ldap", "-O", missing, "--config",
                          config(""))
    assert lines == [f"-O: {missing}: No such file or directory"]
    assert status == CONFIGURATION


def test_keys_without_the_module(config):
    """Another mechanism's start looks for no module."""
    status, lines = check("-a", "getpwent", "--config",
                          config("ldap_filter: (uid=%u)\n"))
    assert_told(lines, [":1: ldap_filter: belongs to mechanism ldap and is "
                        "not used by getpwent"])
    assert status == CONFIGURATION
