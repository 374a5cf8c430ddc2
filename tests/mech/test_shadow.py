# SPDX-License-Identifier: BSD-2-Clause
"""mech_shadow against a real /etc/shadow, with pam_unix as the judge."""

import os
import shutil

import pytest

from drive import BUILD_DIR, HOSTILE_NAMES, PROGRAM, Drive, assert_no_growth
from lib import users

pytestmark = pytest.mark.needs_root

OK = ("ok", "none")
NOBODY = 65534


@pytest.fixture(name="drive")
def fixture_drive():
    with Drive("shadow") as d:
        yield d


@pytest.mark.parametrize("method", sorted(users.METHODS))
def test_every_method(drive, method):
    users.add("joe", "secret", method)
    assert drive.verdict("joe", "secret") == OK
    assert drive.verdict("joe", "Secret") == ("denied", "bad_password")
    assert drive.verdict("joe", "secre") == ("denied", "bad_password")


@pytest.mark.parametrize("field", ["*", "!", "!!", "*LK*"])
def test_locked_in_passwd(drive, field):
    """With a hash in shadow that would do; pam_unix denies it, too."""
    users.add("joe", "secret", "md5")
    lines = users.PASSWD.read_text()
    assert "\njoe:x:" in lines
    users.PASSWD.write_text(lines.replace("\njoe:x:", f"\njoe:{field}:"))
    assert drive.verdict("joe", "secret") == ("denied", "locked")
    users.PASSWD.write_text(lines)
    assert drive.verdict("joe", "secret") == OK


GARBAGE = (b"\0\xff\xfe\n:::::::::\njoe\n:\nann:" + b"x" * 5000 +
           b"\nbob:$6$:a:b:c:d:e:f\n\n\xe9:::\n")


def test_garbage_in_the_file(drive):
    """Lines that are none hide nobody behind them, and let nobody in."""
    users.add("joe", "secret", "md5")
    lines = users.SHADOW.read_bytes()
    try:
        users.SHADOW.write_bytes(GARBAGE + lines)
        assert drive.verdict("joe", "secret") == OK
        for name in ("ann", "bob", "", "\u00e9"):
            assert drive.verdict(name, "x")[0] == "denied", name
        users.SHADOW.write_bytes(os.urandom(4096))
        assert drive.verdict("joe", "secret")[0] != "ok"
    finally:
        users.SHADOW.write_bytes(lines)
    assert drive.verdict("joe", "secret") == OK


def test_des_sees_eight_characters_only(drive):
    users.add("joe", "12345678", "des")
    assert drive.verdict("joe", "12345678more") == OK


def test_eight_bit_password(drive):
    users.add("joe", "p\u00e4sswort \u20ac")
    assert drive.verdict("joe", "p\u00e4sswort \u20ac") == OK


@pytest.mark.parametrize("hashed, reason", [
    ("", "no_password"), ("!", "locked"), ("*", "locked"), ("!!", "locked"),
    ("!{}", "locked"), ("*{}", "locked"), ("*NP*", "locked"),
    ("NP", "bad_hash"), ("x", "bad_hash"), ("nologin", "bad_hash"),
    ("$9$zzz$zzz", "bad_hash"), ("$6$", "bad_hash"),
])
def test_fields_that_let_nobody_in(drive, hashed, reason):
    users.add("joe",
              hashed=hashed.replace("{}", users.hash_password("secret")))
    for password in ("secret", hashed or "x"):
        assert drive.verdict("joe", password) == ("denied", reason)


TODAY = users.today()


@pytest.mark.parametrize("ageing, wanted", [
    ({}, OK),
    ({"expire": TODAY + 1}, OK),
    ({"expire": TODAY}, ("denied", "account_expired")),
    ({"expire": TODAY - 1}, ("denied", "account_expired")),
    ({"expire": 0}, ("denied", "account_expired")),
    ({"last_change": 0}, ("denied", "must_change")),
    ({"last_change": TODAY + 5, "max_days": 1}, OK),
    ({"last_change": TODAY - 90, "max_days": 90}, OK),
    ({"last_change": TODAY - 91, "max_days": 90},
     ("denied", "password_expired")),
    ({"last_change": TODAY - 97, "max_days": 90, "inactive": 7},
     ("denied", "password_expired")),
    ({"last_change": TODAY - 98, "max_days": 90, "inactive": 7},
     ("denied", "password_expired")),
    ({"last_change": TODAY - 91, "max_days": 90, "inactive": 0},
     ("denied", "password_expired")),
    ({"last_change": "", "max_days": ""}, OK),
    ({"last_change": "", "max_days": 90}, ("denied", "password_expired")),
    ({"last_change": TODAY - 99, "max_days": "", "inactive": 1}, OK),
])
def test_ageing_as_pam_unix_judges_it(drive, ageing, wanted):
    users.add("joe", "secret", **ageing)
    assert drive.verdict("joe", "secret") == wanted
    # Only who knows the password learns of it.
    assert drive.verdict("joe", "wrong") == ("denied", "bad_password")
    if not (BUILD_DIR / "tests/mech/pam_test_code.so").exists():
        return
    users.pam_unix_service("plain")
    with Drive("pam") as pam:
        assert pam.ask("joe", "secret", "plain").result == wanted[0]


def test_unknown_users(drive):
    users.add("joe", "secret")
    assert drive.verdict("nosuch", "secret") == ("denied", "no_such_user")
    for name in HOSTILE_NAMES:
        assert drive.verdict(name, "secret") == \
            ("denied", "no_such_user"), name


def test_a_user_must_be_in_both_files(drive):
    users.add("joe", "secret")
    passwd, shadow = users.PASSWD.read_text(), users.SHADOW.read_text()
    users.remove("joe")
    without_passwd, without_shadow = (users.PASSWD.read_text(),
                                      users.SHADOW.read_text())
    users.replace(users.PASSWD, passwd)
    assert drive.verdict("joe", "secret") == ("denied", "no_such_user")
    users.replace(users.SHADOW, shadow)
    assert drive.verdict("joe", "secret") == OK
    users.replace(users.PASSWD, without_passwd)
    assert drive.verdict("joe", "secret") == ("denied", "no_such_user")
    users.replace(users.SHADOW, without_shadow)


def test_the_file_is_opened_anew(drive):
    users.add("joe", "first")
    assert drive.verdict("joe", "first") == OK
    users.add("joe", "second")
    assert drive.verdict("joe", "second") == OK
    assert drive.verdict("joe", "first") == ("denied", "bad_password")


def test_password_of_8000_bytes(drive):
    users.add("joe", "secret")
    assert drive.verdict("joe", "s" * 8000) == ("denied", "bad_password")


def test_entry_longer_than_the_first_buffer(drive):
    users.add("joe", "secret")
    users.replace(users.SHADOW,
                  f"long:{'!' * 50000}:1:0:99999:7:::\n" +
                  users.SHADOW.read_text())
    assert drive.verdict("joe", "secret") == OK
    assert drive.verdict("nosuch", "secret") == ("denied", "no_such_user")
    users.remove("long")


@pytest.fixture(name="anyone")
def fixture_anyone(open_dir):
    """The program where an unprivileged user can run it."""
    program = open_dir / "mech_drive"
    shutil.copy(PROGRAM, program)
    program.chmod(0o755)
    return program


def test_unreadable_file_is_no_denial(anyone):
    users.add("joe", "secret")
    users.SHADOW.chmod(0o640)
    with Drive("shadow", identity=(NOBODY, NOBODY), program=anyone) as d:
        for name, password in (("joe", "secret"), ("joe", "wrong"),
                               ("nosuch", "secret")):
            answer = d.ask(name, password)
            assert answer[:2] == ("tempfail", "no_access")
            assert "/etc/shadow" in answer.detail
        assert d.command("accessible").startswith("no /etc/shadow")


def test_the_group_of_the_file_is_enough(anyone):
    users.add("joe", "secret")
    os.chown(users.SHADOW, 0, 4242)
    users.SHADOW.chmod(0o640)
    with Drive("shadow", identity=(NOBODY, 4242), program=anyone) as d:
        assert d.command("accessible") == "yes"
        assert d.verdict("joe", "secret") == OK
        assert d.verdict("nosuch", "secret") == ("denied", "no_such_user")
    os.chown(users.SHADOW, 0, 0)


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/passwd"])
def test_missing_file_is_no_denial(drive, path):
    users.add("joe", "secret")
    os.rename(path, path + ".away")
    try:
        assert drive.verdict("joe", "secret") == ("tempfail", "no_access")
        assert drive.verdict("nosuch", "x") == ("tempfail", "no_access")
    finally:
        os.rename(path + ".away", path)
    assert drive.verdict("joe", "secret") == OK


@pytest.fixture(name="broken_source")
def fixture_broken_source():
    """A source of user entries that cannot be asked, behind "files"."""
    conf = users.PASSWD.with_name("nsswitch.conf")
    before = conf.read_text()
    lines = [line for line in before.splitlines()
             if not line.startswith(("passwd", "shadow"))]
    conf.write_text("\n".join(lines + ["passwd: files testerror",
                                       "shadow: files testerror"]) + "\n")
    yield {"LD_LIBRARY_PATH": str(BUILD_DIR / "tests" / "mech")}
    conf.write_text(before)


@pytest.mark.parametrize("errnum", [2, 5, 13, 24, 110, 111])
def test_source_that_is_down(broken_source, errnum):
    users.add("joe", "secret")
    environment = dict(broken_source, NSS_TEST_ERRNO=str(errnum))
    with Drive("shadow", environment=environment) as d:
        assert d.verdict("joe", "secret") == OK
        assert d.verdict("nosuch", "x") == ("tempfail", "backend_down")
        assert d.command("accessible").startswith("no ")


@pytest.mark.ordinary_build     # sanitizers cost more than what is compared
@pytest.mark.parametrize("method", ["sha512", "yescrypt"])
def test_unknown_user_takes_the_time_of_a_wrong_password(method):
    for number in range(20):	# the site's method, whatever root has
        users.add(f"site{number}", "secret", method)
    users.add("locked", hashed="!" + users.hash_password("x", method))
    users.add("empty", hashed="")
    with Drive("shadow") as d:
        names = ("nosuch", "locked", "empty", "bad:name")
        usec = d.least_cpu("site7", *names)
        for name in names:
            assert 0.5 < usec[name] / usec["site7"] < 2, usec
    for number in range(20):
        users.remove(f"site{number}")


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_10000_requests_without_growth(drive):
    users.add("joe", "secret", "md5")
    users.add("locked", hashed="!")
    assert_no_growth(drive, [
        ("joe", "secret"), ("joe", "wrong"), ("nosuch", "x"),
        ("locked", "x"), ("bad:name", "x")], each=2000)
