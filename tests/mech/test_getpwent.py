# SPDX-License-Identifier: BSD-2-Clause
"""mech_getpwent against hashes in /etc/passwd."""

import os
import shutil

import pytest

from drive import BUILD_DIR, HOSTILE_NAMES, PROGRAM, Drive, assert_no_growth
from lib import users

pytestmark = pytest.mark.needs_root

OK = ("ok", "none")


@pytest.fixture(name="drive")
def fixture_drive():
    with Drive("getpwent") as d:
        yield d


@pytest.mark.parametrize("method", sorted(users.METHODS))
def test_every_method(drive, method):
    users.add("joe", "secret", method, in_passwd=True)
    assert drive.verdict("joe", "secret") == OK
    assert drive.verdict("joe", "Secret") == ("denied", "bad_password")


@pytest.mark.parametrize("hashed, reason", [
    ("", "no_password"), ("x", "no_password"), ("##joe", "no_password"),
    ("!", "locked"), ("*", "locked"), ("!{}", "locked"),
    ("NP", "bad_hash"), ("##ann", "bad_hash"), ("secret", "bad_hash"),
])
def test_fields_that_let_nobody_in(drive, hashed, reason):
    hashed = hashed.replace("{}", users.hash_password("secret"))
    users.add("joe", hashed=hashed, in_passwd=True)
    for password in ("secret", hashed or "x"):
        assert drive.verdict("joe", password) == ("denied", reason)


def test_hash_in_the_shadow_file_is_not_used(drive):
    users.add("joe", "secret")
    answer = drive.ask("joe", "secret")
    assert answer[:2] == ("denied", "no_password")
    assert "shadow" in answer.detail


def test_unknown_users(drive):
    for name in ["nosuch"] + HOSTILE_NAMES:
        assert drive.verdict(name, "secret") == \
            ("denied", "no_such_user"), name


def test_missing_file_is_no_denial(drive):
    users.add("joe", "secret", in_passwd=True)
    os.rename("/etc/passwd", "/etc/passwd.away")
    try:
        assert drive.verdict("joe", "secret") == ("tempfail", "no_access")
    finally:
        os.rename("/etc/passwd.away", "/etc/passwd")
    assert drive.verdict("joe", "secret") == OK


def test_garbage_in_the_file(drive):
    """Lines that are none hide nobody behind them, and let nobody in."""
    users.add("joe", "secret", "md5", in_passwd=True)
    lines = users.PASSWD.read_bytes()
    try:
        users.PASSWD.write_bytes(
            b"\0\xff\n:::::::\njoe\nann:" + b"x" * 5000 +
            b"\nbob:$6$:a:b:c:d:e\n\n" + lines)
        assert drive.verdict("joe", "secret") == OK
        for name in ("ann", "bob", ""):
            assert drive.verdict(name, "x")[0] == "denied", name
        users.PASSWD.write_bytes(os.urandom(4096))
        assert drive.verdict("joe", "secret")[0] != "ok"
    finally:
        users.PASSWD.write_bytes(lines)
    assert drive.verdict("joe", "secret") == OK


@pytest.mark.parametrize("sources, errnum, wanted", [
    ("files testerror", 5, ("tempfail", "backend_down")),
    ("testerror files", 5, ("denied", "no_such_user")),
    ("files [NOTFOUND=return] testerror", 5, ("denied", "no_such_user")),
    ("files testerror", 2, ("tempfail", "backend_down")),
])
def test_sources_of_nsswitch_conf(sources, errnum, wanted):
    conf = users.PASSWD.with_name("nsswitch.conf")
    before = conf.read_text()
    conf.write_text(f"# passwd: nis\npasswd:\t{sources}\n")
    try:
        with Drive("getpwent", environment={
                "LD_LIBRARY_PATH": str(BUILD_DIR / "tests" / "mech"),
                "NSS_TEST_ERRNO": str(errnum)}) as d:
            assert d.verdict("nosuch", "x") == wanted
    finally:
        conf.write_text(before)


def test_local_sources_need_no_root(drive):
    assert drive.command("accessible") == "yes"


@pytest.mark.parametrize("mode, wanted", [(0o644, "yes"), (0o600, "no")])
def test_master_passwd_of_the_bsds(open_dir, mode, wanted):
    program = open_dir / "mech_drive"
    shutil.copy(PROGRAM, program)
    master = users.PASSWD.with_name("master.passwd")
    master.write_text("")
    master.chmod(mode)
    try:
        with Drive("getpwent", identity=(65534, 65534),
                   program=program) as d:
            assert d.command("accessible").split()[0] == wanted
    finally:
        master.unlink()


@pytest.mark.ordinary_build     # sanitizers cost more than what is compared
def test_unknown_user_takes_the_time_of_a_wrong_password():
    users.add("joe", "secret", "sha512", in_passwd=True)
    users.add("locked", hashed="*", in_passwd=True)
    with Drive("getpwent") as d:
        names = ("nosuch", "locked", "nobody")
        usec = d.least_cpu("joe", *names)
        for name in names:
            assert 0.5 < usec[name] / usec["joe"] < 2, usec


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_10000_requests_without_growth(drive):
    users.add("joe", "secret", "md5", in_passwd=True)
    users.add("locked", hashed="!", in_passwd=True)
    assert_no_growth(drive, [
        ("joe", "secret"), ("joe", "wrong"), ("nosuch", "x"),
        ("locked", "x"), ("bad:name", "x")], each=2000)
