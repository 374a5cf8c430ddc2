# SPDX-License-Identifier: BSD-2-Clause
"""mech_sasldb with files of Cyrus SASL's layouts, made by the libraries' own
tools; which file it takes; disks that are full and directories that may not
be written."""

import fcntl
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest

from drive import BUILD_DIR, Drive, assert_no_growth
from lib import isolation

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
NO_SUCH_USER = ("denied", "no_such_user")
DOWN = ("tempfail", "backend_down")
HOST = socket.gethostname()
STRANGER = (1234, 1234)
SASLDB2 = pathlib.Path("/etc/sasldb2")
CONFIG_H = (BUILD_DIR / "config.h").read_text()
BUILT = {"hashed": "WITH_LMDB", "berkeley": "WITH_BERKELEY",
         "gdbm": "WITH_GDBM", "lmdb": "WITH_LMDB"}
LAYOUTS = [name for name, macro in BUILT.items()
           if f"#define {macro} 1" in CONFIG_H]
CYRUS = [name for name in LAYOUTS if name != "hashed"]
COPIED = [name for name in CYRUS if name != "lmdb"]


def tool(name):
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passwd(db, *args, password="secret", **keywords):
    return subprocess.run(
        [BUILD_DIR / "tools" / "saslpasswd2", "-f", db, *args], check=False,
        input=password.encode(), capture_output=True, timeout=60, **keywords)


def good(*args, **keywords):
    done = passwd(*args, **keywords)
    assert done.returncode == 0, done.stderr


def drive_of(db, **keywords):
    return Drive("sasldb", f"sasldb_path={db}", **keywords)


def verdict(db, user, password, realm="dom"):
    with drive_of(db) as drive:
        return drive.verdict(user, password, realm=realm)


# A few users by the library's own tools.

USERS = {"joe": "s3cret", "ann": "gr\u00f6\u00dfe", "max": "m" * 1024}


def dump(kind, header=""):
    rows = "".join(f" {user}\\00dom\\00userPassword\n {escaped(password)}\n"
                   for user, password in sorted(USERS.items()))
    return (f"VERSION=3\nformat=print\ntype={kind}\n{header}HEADER=END\n"
            f"{rows}DATA=END\n").encode()


def escaped(text):
    return "".join(chr(c) if 32 < c < 127 and c != 92 else f"\\{c:02x}"
                   for c in text.encode())


def load_berkeley(db, *args):
    subprocess.run([tool("db5.3_load"), *args, db], input=dump("hash"),
                   check=True, timeout=60)


def load_gdbm(db, *settings):
    commands = "".join(f"set {word}\n" for word in settings) + \
        "define key { stringz user, stringz realm, string property }\n"
    for user, password in USERS.items():
        commands += f'store {{"{user}", "dom", "userPassword"}} ' \
            f'"{password}"\n'
    subprocess.run([tool("gdbmtool"), "--newdb", db], check=True,
                   input=commands.encode(), timeout=60)


def load_lmdb(db):
    subprocess.run([tool("mdb_load"), "-n", db], input=dump("btree"),
                   check=True, timeout=60)


LOADS = {"berkeley": load_berkeley, "gdbm": load_gdbm, "lmdb": load_lmdb}


@pytest.fixture(name="db")
def fixture_db(open_dir):
    return open_dir / "sasldb2"


@pytest.mark.parametrize("layout", CYRUS)
def test_right_wrong_unknown(db, layout):
    LOADS[layout](db)
    with drive_of(db) as drive:
        for user, password in USERS.items():
            assert drive.verdict(user, password, realm="dom") == OK
            for wrong in (password + "x", password[:-1], password.upper()):
                assert drive.verdict(user, wrong,
                                     realm="dom") == BAD_PASSWORD
        for user, realm in (("Joe", "dom"), ("joe", "Dom"), ("jo", "edom"),
                            ("joe", HOST), ("", "dom"), ("j" * 600, "dom")):
            assert drive.verdict(user, "s3cret", realm=realm) == NO_SUCH_USER


@pytest.mark.skipif("berkeley" not in CYRUS, reason="Berkeley DB is not built")
def test_berkeley_of_the_other_byte_order(db):
    load_berkeley(db, "-c", "db_lorder=4321")
    assert verdict(db, "joe", "s3cret") == OK
    good(db, "-u", "dom", "joe", password="new")
    assert verdict(db, "joe", "new") == OK
    assert verdict(db, "ann", USERS["ann"]) == OK


@pytest.mark.skipif("gdbm" not in CYRUS, reason="GDBM is not built")
def test_gdbm_with_numsync(db):
    load_gdbm(db, "format=numsync")
    assert db.read_bytes()[:1] in (b"\xd0", b"\xd1")
    assert verdict(db, "joe", "s3cret") == OK
    good(db, "-u", "dom", "joe", password="new")
    assert verdict(db, "joe", "new") == OK


@pytest.mark.parametrize("layout", CYRUS)
def test_what_the_tools_do_is_seen_at_once(db, layout):
    LOADS[layout](db)
    with drive_of(db) as drive:
        assert drive.verdict("joe", "s3cret", realm="dom") == OK
        good(db, "-u", "dom", "joe", password="new")
        assert drive.verdict("joe", "s3cret", realm="dom") == BAD_PASSWORD
        assert drive.verdict("joe", "new", realm="dom") == OK
        good(db, "--hash", "sha512crypt", "-u", "dom", "joe", password="2")
        assert drive.verdict("joe", "2", realm="dom") == OK
        good(db, "-d", "-u", "dom", "joe")
        assert drive.verdict("joe", "2", realm="dom") == NO_SUCH_USER
        assert drive.verdict("ann", USERS["ann"], realm="dom") == OK
        assert drive.command("changed") == "no"


@pytest.mark.parametrize("layout", CYRUS)
def test_the_hash_itself_lets_nobody_in(db, layout):
    LOADS[layout](db)
    good(db, "--hash", "sha512crypt", "-u", "dom", "joe", password="2")
    stored = subprocess.run([BUILD_DIR / "tools" / "saslpasswd2", "--export",
                             "passwd-file", "-f", db], check=True,
                            capture_output=True, timeout=60).stdout.decode()
    value = next(line.partition(":")[2].split(":")[0] for line in
                 stored.splitlines() if line.startswith("joe@dom:"))
    found = value[value.index("$6$"):]
    for wrong in (found, "{CRYPT}" + found, value):
        assert verdict(db, "joe", wrong) == BAD_PASSWORD


@pytest.mark.skipif("berkeley" not in CYRUS, reason="Berkeley DB is not built")
def test_stock_tool_writes_while_we_read(db):
    """In place and without a lock: what is there before is always found."""
    stock = tool("saslpasswd2")
    subprocess.run([stock, "-p", "-c", "-f", db, "-u", "dom", "joe"],
                   input=b"s3cret", check=True, timeout=60)
    with drive_of(db) as drive:
        for number in range(30):
            with subprocess.Popen([stock, "-p", "-c", "-f", db, "-u", "dom",
                                   f"user{number}"],
                                  stdin=subprocess.PIPE) as writer:
                writer.stdin.write(b"other")
                writer.stdin.close()
                while writer.poll() is None:
                    assert drive.verdict("joe", "s3cret", realm="dom") == OK
            assert drive.verdict(f"user{number}", "other", realm="dom") == OK


@pytest.mark.skipif("gdbm" not in CYRUS, reason="GDBM is not built")
def test_gdbm_writer_is_waited_for(db):
    load_gdbm(db)
    with drive_of(db) as drive, open(db, "rb") as writer:
        # What gdbm_open() does for a writer.
        fcntl.flock(writer, fcntl.LOCK_EX)
        answer = drive.ask("joe", "s3cret", realm="dom")
        assert answer[:2] == DOWN
        assert "has been writing" in answer.detail
        timer = threading.Timer(0.3, fcntl.flock, (writer, fcntl.LOCK_UN))
        timer.start()
        assert drive.verdict("joe", "s3cret", realm="dom") == OK
        timer.join()


@pytest.mark.parametrize("layout", CYRUS)
@pytest.mark.parametrize("first", ["plain", "hashed"])
def test_unknown_user_takes_the_time_of_a_wrong_password(db, layout, first):
    args = ["--hash", "sha512crypt"] if first == "hashed" else []
    for user in ("joe", "max"):
        good(db, "--layout", layout, *args, "-u", "dom", user)
    with drive_of(db) as drive:
        usec = drive.least_cpu("joe", "ann", realm="dom")
    if first == "hashed":
        assert 0.8 < usec["ann"] / usec["joe"] < 1.25, usec
    else:
        # A hash would take milliseconds.
        assert abs(usec["ann"] - usec["joe"]) < 1000, usec


@pytest.mark.ordinary_build  # ASan keeps what is freed
@pytest.mark.parametrize("layout", CYRUS)
def test_requests_without_growth(db, layout):
    LOADS[layout](db)
    with drive_of(db) as drive:
        assert_no_growth(drive, [("joe", "s3cret", "smtp", "dom"),
                                 ("joe", "wrong", "smtp", "dom"),
                                 ("ann", "x" * 600, "smtp", "nowhere")],
                         each=1000)


@pytest.mark.parametrize("layout", CYRUS)
def test_another_layout_takes_its_place(db, layout):
    LOADS[layout](db)
    with drive_of(db) as drive:
        assert drive.verdict("joe", "s3cret", realm="dom") == OK
        for other in LAYOUTS:
            path = db.with_name("other")
            good(path, "--layout", other, "--hash", "sha512crypt", "-u",
                 "dom", "joe", password=other)
            path.rename(db)
            beside = path.with_name("other-lock")
            beside.unlink(missing_ok=True)
            assert drive.verdict("joe", other, realm="dom") == OK


@pytest.mark.parametrize("layout", CYRUS)
def test_cut_while_open(db, layout):
    LOADS[layout](db)
    with drive_of(db) as drive:
        assert drive.verdict("joe", "s3cret", realm="dom") == OK
        os.truncate(db, db.stat().st_size - 4096)
        assert drive.verdict("joe", "s3cret", realm="dom") == DOWN


@pytest.mark.skipif(not isolation.isolated(), reason=isolation.reason())
def test_which_file():
    """Nothing said: the system's, where there is one."""
    SASLDB2.unlink(missing_ok=True)
    with Drive("sasldb") as drive:
        answer = drive.ask("joe", "secret", realm="dom")
        assert answer[:2] == DOWN
        assert "/users.lmdb: No such file" in answer.detail
        good(SASLDB2, "-u", "dom", "joe")
        try:
            assert drive.verdict("joe", "secret", realm="dom") == OK
        finally:
            SASLDB2.unlink()
        assert drive.verdict("joe", "secret", realm="dom") == DOWN


@pytest.fixture(name="system")
def fixture_system():
    """No file at the system's path, which libsasl2's tools read."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    beside = SASLDB2.with_name("sasldb2-lock")
    for path in (SASLDB2, beside):
        path.unlink(missing_ok=True)
    yield SASLDB2
    for path in (SASLDB2, beside):
        path.unlink(missing_ok=True)


def layout_of(path):
    head = path.read_bytes()[:64]
    return "lmdb" if head[16:20] in (b"\xde\xc0\xef\xbe",
                                     b"\xbe\xef\xc0\xde") else "other"


@pytest.mark.parametrize("name", ["/etc//sasldb2", "/etc/../etc/sasldb2",
                                  "sasldb2", "./sasldb2"])
def test_system_path_by_another_name(system, name):
    """Libsasl2 could not read our own layout there."""
    done = passwd(name, "--layout", "hashed", "-u", "dom", "joe", cwd="/etc")
    assert done.returncode == 1
    assert b"libsasl2 reads this file" in done.stderr
    assert not system.exists()
    good(name, "-u", "dom", "joe", cwd="/etc")
    assert layout_of(system) == "other"
    assert b"secret" in system.read_bytes()


def test_system_path_that_is_a_link(system, open_dir):
    target = open_dir / "db"
    good(target, "--layout", CYRUS[0], "-u", "dom", "joe")
    system.symlink_to(target)
    before = target.read_bytes()
    for name in (system, target):
        done = passwd(name, "--convert", "hashed")
        assert done.returncode == 1
        assert b"libsasl2 reads this file" in done.stderr
    assert target.read_bytes() == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_realm_of_who_sends_none(db, layout):
    good(db, "--layout", layout, "-u", "example.org", "joe")
    with drive_of(db) as drive:
        answer = drive.ask("joe", "secret")
        assert answer[:2] == NO_SUCH_USER
        assert f"realm {HOST}" in answer.detail
        assert "sasldb_default_realm" in answer.detail
    with Drive("sasldb", f"sasldb_path={db}",
               "sasldb_default_realm=example.org") as drive:
        assert drive.verdict("joe", "secret") == OK
        assert drive.verdict("joe", "secret", realm=HOST) == NO_SUCH_USER


# Disks and directories.

@pytest.fixture(name="small")
def fixture_small(open_dir):
    """A file system of 1 MiB."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755",
                    "tmpfs", open_dir], check=True)
    yield open_dir
    subprocess.run(["umount", "-l", open_dir], check=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_full_disk(small, layout):
    db = small / "db"
    kept = ["--layout", layout, "--hash", "md5crypt"]
    good(db, *kept, "-u", "dom", "joe")
    acknowledged = 0
    done = None
    # The rest of the disk, but for some pages.
    with open(small / "rest", "wb") as rest:
        free = os.statvfs(small)
        rest.write(b"x" * (free.f_bavail * free.f_frsize - 65536))
    for number in range(2000):
        done = passwd(db, *kept, "-u", "dom", f"{number:0400}")
        if done.returncode != 0:
            break
        acknowledged += 1
    assert done.returncode == 1
    assert b"No space left" in done.stderr or \
        b"is the disk full?" in done.stderr
    listed = subprocess.run([BUILD_DIR / "tools" / "sasldblistusers2", db],
                            check=True, capture_output=True).stdout
    assert len(listed.splitlines()) == 1 + acknowledged
    assert verdict(db, "joe", "secret") == OK
    (small / "rest").unlink()
    good(db, *kept, "-u", "dom", "max")
    assert verdict(db, "max", "secret") == OK
    assert not (small / "db.saslauthd-new").exists()


@pytest.mark.parametrize("layout", COPIED)
def test_full_disk_and_a_second_name(small, layout):
    """A copy cannot take the place of a file that has two names."""
    db = small / "db"
    good(db, "--layout", layout, "-u", "dom", "joe")
    os.link(db, small / "other")
    with open(small / "rest", "wb") as rest:
        free = os.statvfs(small)
        rest.write(b"x" * (free.f_bavail * free.f_frsize - 65536))
    stored, done = [], None
    for number in range(2000):
        password = f"{number}" * 400
        done = passwd(db, "-u", "dom", f"u{number}", password=password)
        if done.returncode != 0:
            break
        stored.append((f"u{number}", password))
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert stored
    with drive_of(db) as drive:
        for user, password in [("joe", "secret"), *stored]:
            assert drive.verdict(user, password, realm="dom") == OK
    (small / "rest").unlink()
    good(db, "-u", "dom", "max")
    assert verdict(small / "other", "max", "secret") == OK


@pytest.mark.parametrize("layout", LAYOUTS)
def test_read_only_file_system(small, layout):
    db = small / "db"
    good(db, "--layout", layout, "--hash", "md5crypt", "-u", "dom", "joe")
    before = db.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    assert verdict(db, "joe", "secret") == OK
    done = passwd(db, "-u", "dom", "joe", password="new")
    assert done.returncode == 1
    assert b"Read-only file system" in done.stderr
    assert str(db).encode() in done.stderr
    assert db.read_bytes() == before


@pytest.mark.needs_root
@pytest.mark.parametrize("layout", LAYOUTS)
def test_directory_that_may_not_be_written(open_dir, layout):
    """As web mailers' wrappers have it: the group may write the file only."""
    db = open_dir / "db"
    good(db, "--layout", layout, "--hash", "md5crypt", "-u", "dom", "joe")
    for path in open_dir.iterdir():
        os.chown(path, 0, STRANGER[1])
        path.chmod(0o660)
    before = db.stat()
    good(db, "--hash", "md5crypt", "-u", "dom", "joe", password="new",
         user=STRANGER[0], group=STRANGER[1], extra_groups=[])
    assert verdict(db, "joe", "new") == OK
    after = db.stat()
    assert (after.st_ino, after.st_uid, after.st_gid, after.st_mode) == \
        (before.st_ino, before.st_uid, before.st_gid, before.st_mode)
    # Who may not write the file may not replace it either.
    db.chmod(0o640)
    open_dir.chmod(0o777)
    done = passwd(db, "-u", "dom", "joe", user=STRANGER[0],
                  group=STRANGER[1], extra_groups=[])
    assert done.returncode == 1
    assert verdict(db, "joe", "new") == OK


@pytest.mark.parametrize("layout", LAYOUTS)
def test_file_that_everybody_may_read(db, layout):
    good(db, "--layout", layout, "--hash", "md5crypt", "-u", "dom", "joe")
    command = [BUILD_DIR / "saslauthd" / "saslauthd", "--check", "-a",
               "sasldb", "-O", db]
    db.chmod(0o660)
    done = subprocess.run(command, check=False, capture_output=True,
                          timeout=60)
    assert b"chmod" not in done.stderr
    db.chmod(0o644)
    done = subprocess.run(command, check=False, capture_output=True,
                          timeout=60)
    assert f"chmod o-rwx {db}" in done.stderr.decode()
