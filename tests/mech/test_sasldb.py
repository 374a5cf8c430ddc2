# SPDX-License-Identifier: BSD-2-Clause
"""mech_sasldb with stores made by saslpasswd2."""

import os
import shutil
import socket
import subprocess

import pytest

from drive import BUILD_DIR, HOSTILE_NAMES, Drive, assert_no_growth

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
NO_SUCH_USER = ("denied", "no_such_user")
DOWN = ("tempfail", "backend_down")
NO_ACCESS = ("tempfail", "no_access")
HOST = socket.gethostname()
STRANGER = (1234, 1234)


def saslpasswd2(db, *args, password="secret"):
    subprocess.run([BUILD_DIR / "tools" / "saslpasswd2", "-f", db, *args],
                   input=password.encode(), check=True, timeout=60)


def drive_of(db, **keywords):
    return Drive("sasldb", f"sasldb_path={db}", **keywords)


def beside(db):
    return db.with_name(db.name + "-lock")


@pytest.fixture(name="db")
def fixture_db(open_dir):
    db = open_dir / "users.lmdb"
    saslpasswd2(db, "-u", "dom", "joe")
    return db


def test_right_wrong_unknown(db):
    saslpasswd2(db, "ann", password="p\u00e4ss wort")
    with drive_of(db) as drive:
        assert drive.verdict("joe", "secret", realm="dom") == OK
        for wrong in ("Secret", "secre", "secrett", " secret", "$y$"):
            assert drive.verdict("joe", wrong, realm="dom") == BAD_PASSWORD
        for user, realm in (("Joe", "dom"), ("joe", "Dom"), ("jo", "edom"),
                            ("joe", ""), ("joe@dom", "dom"), ("joe", HOST),
                            ("", "dom"), ("j" * 600, "dom")):
            assert drive.verdict(user, "secret", realm=realm) == NO_SUCH_USER
        # No realm is this host's name.
        assert drive.verdict("ann", "p\u00e4ss wort") == OK
        assert drive.verdict("ann", "p\u00e4ss wort", realm=HOST) == OK
        # What crypt(3) would not take is simply wrong.
        assert drive.verdict("joe", "x" * 8000, realm="dom") == BAD_PASSWORD


def test_what_the_tools_do_is_seen_at_once(db):
    with drive_of(db) as drive:
        assert drive.verdict("joe", "secret", realm="dom") == OK
        saslpasswd2(db, "-u", "dom", "joe", password="new")
        assert drive.verdict("joe", "secret", realm="dom") == BAD_PASSWORD
        assert drive.verdict("joe", "new", realm="dom") == OK
        saslpasswd2(db, "-d", "-u", "dom", "joe")
        assert drive.verdict("joe", "new", realm="dom") == NO_SUCH_USER


def test_appears_is_replaced_vanishes(open_dir, db):
    late = open_dir / "late.lmdb"
    with drive_of(late) as drive:
        answer = drive.ask("joe", "secret", realm="dom")
        assert answer[:2] == DOWN
        assert str(late) in answer.detail
        shutil.copy(db, late)
        assert drive.verdict("joe", "secret", realm="dom") == OK

        other = open_dir / "other.lmdb"
        for password in ("one", "two"):
            saslpasswd2(other, "-u", "dom", "joe", password=password)
        other.rename(late)
        assert drive.verdict("joe", "two", realm="dom") == OK
        assert drive.verdict("joe", "secret", realm="dom") == BAD_PASSWORD

        late.unlink()
        assert drive.verdict("joe", "two", realm="dom") == DOWN
        saslpasswd2(late, "-u", "dom", "joe", password="three")
        assert drive.verdict("joe", "three", realm="dom") == OK
        beside(late).unlink()
        saslpasswd2(late, "-u", "dom", "joe", password="four")
        assert drive.verdict("joe", "four", realm="dom") == OK


def test_two_workers_and_a_replaced_store(open_dir, db):
    """The second holds the old file's lock while the first goes on."""
    other = open_dir / "other.lmdb"
    for password in ("1", "2", "3", "4"):
        saslpasswd2(other, "-u", "dom", "joe", password=password)
    with drive_of(db) as first, drive_of(db) as second:
        for drive in (first, second):
            assert drive.verdict("joe", "secret", realm="dom") == OK
        other.rename(db)
        assert first.verdict("joe", "4", realm="dom") == OK
        saslpasswd2(db, "-u", "dom", "joe", password="5")
        for drive in (first, second):
            assert drive.verdict("joe", "5", realm="dom") == OK


@pytest.mark.parametrize("content", [
    b"", b"joe:dom:secret\n", os.urandom(8192),
    b"\0" * 16 + b"\xde\xc0\xef\xbe" + b"\xff" * 8172,
    b"\0" * 12 + b"\x61\x15\x06\0" + b"\0" * 8176],
    ids=["empty", "text", "noise", "lmdb", "berkeley"])
def test_garbage_is_an_outage(open_dir, content):
    db = open_dir / "garbage"
    db.write_bytes(content)
    with drive_of(db) as drive:
        for _ in range(3):
            answer = drive.ask("joe", "secret", realm="dom")
            assert answer[:2] == DOWN
            assert answer.detail.startswith(str(db))
        assert drive.command("accessible") == "yes"


def test_cut_while_open(db):
    with drive_of(db) as drive:
        assert drive.verdict("joe", "secret", realm="dom") == OK
        os.truncate(db, 2 * 4096)       # its first two pages are no rows
        assert drive.verdict("joe", "secret", realm="dom") == DOWN


@pytest.mark.needs_root
def test_no_right(db):
    db.chmod(0o640)
    with drive_of(db, identity=STRANGER) as drive:
        answer = drive.ask("joe", "secret", realm="dom")
        assert answer[:2] == NO_ACCESS
        assert str(db) in answer.detail
        assert drive.command("accessible").startswith("no")
    db.chmod(0o664)
    beside(db).chmod(0o600)
    with drive_of(db, identity=STRANGER) as drive:
        answer = drive.ask("joe", "secret", realm="dom")
        assert answer[:2] == NO_ACCESS
        lock = beside(db)
        assert answer.detail.startswith(str(lock))
        assert f"chown 0:0 {lock} && chmod 0666 {lock}" in answer.detail
        assert drive.command("accessible").startswith("no")
        # Mended, without a new worker.
        lock.chmod(0o666)
        assert drive.command("accessible") == "yes"
        assert drive.verdict("joe", "secret", realm="dom") == OK


@pytest.mark.needs_root
def test_missing_store_asks_for_no_rights(open_dir):
    with drive_of(open_dir / "none", identity=STRANGER) as drive:
        assert drive.command("accessible") == "yes"
    open_dir.chmod(0o700)
    with drive_of(open_dir / "none", identity=STRANGER) as drive:
        assert drive.command("accessible").startswith("no")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_characters(db, name):
    with drive_of(db) as drive:
        assert drive.verdict(name, "secret", realm="dom") == NO_SUCH_USER
        assert drive.verdict("joe", "secret", realm=name) == NO_SUCH_USER
        assert drive.verdict("joe", name, realm="dom") == BAD_PASSWORD
        assert drive.verdict("joe", "secret", name, "dom", name) == OK


def test_unknown_user_takes_the_time_of_a_wrong_password(db):
    with drive_of(db) as drive:
        usec = drive.least_cpu("joe", "ann", realm="dom")
    assert 0.8 < usec["ann"] / usec["joe"] < 1.25, usec


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_10000_requests_without_growth(db):
    """Passwords too long for crypt(3) make the many cheap; then real ones,
    of which each that is not given back would be 32 KiB."""
    with drive_of(db) as drive:
        assert_no_growth(drive, [("joe", "x" * 600, "smtp", "dom"),
                                 ("ann", "x" * 600, "smtp", "dom")],
                         each=5000)
        assert_no_growth(drive, [("joe", "secret", "smtp", "dom"),
                                 ("joe", "wrong", "smtp", "dom"),
                                 ("ann", "secret", "smtp", "dom")],
                         warm_up=5, each=20)
