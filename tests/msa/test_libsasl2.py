# SPDX-License-Identifier: BSD-2-Clause
"""The real libsasl2 asks us: sasl_checkpass(3) and Cyrus' testsaslauthd."""

import os
import pathlib
import shutil
import subprocess

import pytest

from lib import BUILD_DIR

SASL_OK, SASL_FAIL, SASL_BADAUTH = 0, -1, -13

PROGRAM = "tests/msa/sasl_checkpass"

# Of libsasl2: the sum of the four strings of a request.
REQUEST_MAX = 8162

# (user, realm, password) in the database.
LONG_NAME = "n" * 200
LONG_PASSWORD = "p" * 500	# crypt(3) takes 511
USERS = [
    ("joe", "example.org", "s3cret"),
    ("joe", "other.example", "another"),
    (LONG_NAME, "example.org", "short"),
    ("long", "example.org", LONG_PASSWORD),
    ("jürgen", "example.org", "größe"),
    ("\N{GREEK SMALL LETTER PI}", "example.org", "\N{SNOWMAN}"),
]


@pytest.fixture(scope="module")
def program():
    if not pathlib.Path("/usr/include/sasl/sasl.h").exists():
        pytest.skip("libsasl2-dev is not installed")
    subprocess.run(["make", "-s", "-C", BUILD_DIR, PROGRAM], check=True,
                   stdin=subprocess.DEVNULL)
    return BUILD_DIR / PROGRAM


@pytest.fixture(scope="module")
def daemon(shared_dir, start_shared_daemon):
    store = shared_dir / "users.lmdb"
    for user, realm, password in USERS:
        subprocess.run(
            [BUILD_DIR / "tools" / "saslpasswd2", "-p", "-c", "-f", store,
             "-u", realm, user],
            input=password.encode(), check=True)
    return start_shared_daemon("-d", "-a", "sasldb", "-O", store,
                               foreground=True)


@pytest.fixture(scope="module")
def checkpass(program, daemon, shared_dir):
    """checkpass((user, password), ...) -> [code, ...]"""
    (shared_dir / "smtpd.conf").write_text(
        "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"
        f"saslauthd_path: {daemon.socket}\n")

    def ask(*questions, realm="example.org"):
        lines = "".join(
            f"{user.encode().hex() or '-'} {password.encode().hex() or '-'}"
            "\n" for user, password in questions)
        run = subprocess.run(
            [program, "smtpd", "smtp", realm], input=lines, check=True,
            env={**os.environ, "SASL_CONF_PATH": str(shared_dir)},
            capture_output=True, text=True)
        return [int(line) for line in run.stdout.split()]

    return ask


def test_right_wrong_unknown(checkpass):
    assert checkpass(("joe", "s3cret"), ("joe", "s3cre"),
                     ("joe", "s3cret "), ("jo", "s3cret")) == \
        [SASL_OK, SASL_BADAUTH, SASL_BADAUTH, SASL_BADAUTH]


def test_realm(checkpass):
    assert checkpass(("joe@other.example", "another"),
                     ("joe@other.example", "s3cret"),
                     ("joe@example.org", "s3cret"),
                     ("joe@", "s3cret"),
                     (" joe ", "s3cret")) == \
        [SASL_OK, SASL_BADAUTH, SASL_OK, SASL_BADAUTH, SASL_OK]
    assert checkpass(("joe", "another"), ("joe", "s3cret"),
                     realm="other.example") == [SASL_OK, SASL_BADAUTH]


def test_login_is_split_at_the_last_at_sign(checkpass, daemon):
    assert checkpass(("a@b@c.example", "x")) == [SASL_BADAUTH]
    assert "[user=a@b] [service=smtp] [realm=c.example]" in daemon.output


def test_empty(checkpass):
    codes = checkpass(("joe", ""), ("", "s3cret"), ("", ""))
    assert SASL_OK not in codes
    assert codes[0] == SASL_BADAUTH


def test_long(checkpass):
    """Above 256 bytes Cyrus' daemon refused the right password, too."""
    assert checkpass((LONG_NAME, "short"), (LONG_NAME[1:], "short"),
                     ("long", LONG_PASSWORD),
                     ("long", LONG_PASSWORD[1:])) == \
        [SASL_OK, SASL_BADAUTH, SASL_OK, SASL_BADAUTH]
    longest = REQUEST_MAX - len("joe" + "smtp" + "example.org")
    assert checkpass(("u" * 1000, "x"), ("joe", "x" * longest),
                     ("joe", "x" * (longest + 1))) == \
        [SASL_BADAUTH, SASL_BADAUTH, SASL_FAIL]


def test_8_bit(checkpass):
    assert checkpass(("jürgen", "größe"), ("jürgen", "gröss"),
                     ("\N{GREEK SMALL LETTER PI}", "\N{SNOWMAN}"),
                     ("\N{GREEK SMALL LETTER PI}", "\N{CLOUD}")) == \
        [SASL_OK, SASL_BADAUTH, SASL_OK, SASL_BADAUTH]


def test_many_questions_on_one_connection(checkpass):
    right, wrong = ("joe", "s3cret"), ("joe", "no")
    assert checkpass(*[right, wrong] * 20) == [SASL_OK, SASL_BADAUTH] * 20


def test_cyrus_testsaslauthd(daemon):
    """Its two lines are what other packages' tests compare with."""
    cyrus = shutil.which("testsaslauthd", path="/usr/sbin:/usr/bin")
    if cyrus is None:
        pytest.skip("sasl2-bin is not installed")
    for password, status, line in (
            ("s3cret", 0, '0: OK "Success."\n'),
            ("wrong", 255, '0: NO "authentication failed"\n')):
        run = subprocess.run(
            [cyrus, "-u", "joe", "-p", password, "-r", "example.org", "-s",
             "smtp", "-f", daemon.socket], capture_output=True, text=True,
            check=False)
        assert (run.returncode, run.stdout) == (status, line)
