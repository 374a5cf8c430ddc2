# SPDX-License-Identifier: BSD-2-Clause
"""saslpasswd2 and sasldblistusers2, as scripts and people call them."""

import os
import pty
import select
import signal
import socket
import stat
import subprocess
import termios
import time

import pytest

from lib import BUILD_DIR

SASLPASSWD2 = BUILD_DIR / "tools" / "saslpasswd2"
SASLDBLISTUSERS2 = BUILD_DIR / "tools" / "sasldblistusers2"

OK, FAIL, BADPARAM = 0, 1, 7
HOST = socket.gethostname()
LONGEST = 511   # bytes that crypt(3) takes
TERMINAL_SEC = 10


def run(program, *args, stdin=b"", **keywords):
    return subprocess.run([program, *map(str, args)], input=stdin, check=False,
                          capture_output=True, timeout=60, **keywords)


def passwd(*args, password=b"secret\n"):
    return run(SASLPASSWD2, *args, stdin=password)


def listed(db):
    done = run(SASLDBLISTUSERS2, "-f", db)
    assert (done.returncode, done.stderr) == (OK, b"")
    return sorted(done.stdout.decode().splitlines())


@pytest.fixture(name="db")
def fixture_db(tmp_path):
    return tmp_path / "users.lmdb"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(args[0], list(map(str, args)))
        self.seen = b""

    def expect(self, text):
        """Read on until the text is there."""
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], TERMINAL_SEC)
            assert ready, f"no {text!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.fd, 4096)
            except OSError:     # how Linux says that nobody is left
                raise AssertionError(f"no {text!r} in {self.seen!r}") from None

    def type(self, text):
        os.write(self.fd, text)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """(status, everything it printed)"""
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                break
            self.seen += data
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.seen


# Setting

def test_pipe_as_scripts_use_it(db):
    done = passwd("-p", "-c", "-f", db, "-u", "example.org", "joe")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    assert listed(db) == ["joe@example.org: userPassword"]


def test_no_clear_text_anywhere(db, tmp_path):
    passwd("-p", "-f", db, "joe", password=b"cl3ar-t3xt")
    for path in tmp_path.iterdir():
        assert b"cl3ar-t3xt" not in path.read_bytes()
    assert b"$y$" in db.read_bytes()


def test_pipe_is_implied_without_terminal(db):
    assert passwd("-f", db, "joe").returncode == OK
    assert listed(db) == [f"joe@{HOST}: userPassword"]


@pytest.mark.parametrize("args, entry", [
    (["joe"], f"joe@{HOST}"),
    (["-u", "", "joe"], f"joe@{HOST}"),
    (["-u", "dom", "joe"], "joe@dom"),
    (["joe@sub.dom"], "joe@sub.dom"),
    (["-u", "dom", "joe@other"], "joe@other"),
    (["-u", "dom", "a@b@c"], "a@b@c"),
    (["-u", "dom", "j\u00f6rg smith"], "j\u00f6rg smith@dom"),
])
def test_realms(db, args, entry):
    assert passwd("-f", db, *args).returncode == OK
    assert listed(db) == [f"{entry}: userPassword"]
    # and the same words find it again
    assert passwd("-d", "-f", db, *args).returncode == OK
    assert listed(db) == []


def test_change_keeps_one_entry(db):
    for password in (b"one", b"two"):
        assert passwd("-f", db, "joe", password=password).returncode == OK
    assert len(listed(db)) == 1


def test_delete(db):
    passwd("-f", db, "-u", "dom", "joe")
    passwd("-f", db, "-u", "dom", "ann")
    done = passwd("-d", "-u", "dom", "-f", db, "joe")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    assert listed(db) == ["ann@dom: userPassword"]
    # Who is not there is gone already.
    done = passwd("-d", "-u", "dom", "-f", db, "joe")
    assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")


def test_no_store(db):
    done = passwd("-n", "-f", db, "joe")
    assert done.returncode == OK
    assert b"nothing was stored" in done.stderr
    assert not db.exists()


@pytest.mark.parametrize("password, status, words", [
    (b"", BADPARAM, b"saslpasswd2: invalid parameter supplied\n"),
    (b"\n", BADPARAM, b"saslpasswd2: invalid parameter supplied\n"),
    (b"abc\0def\n", BADPARAM, b"NUL"),
    (b"abc\0\n", BADPARAM, b"NUL"),
    (b"x" * LONGEST + b"\n", OK, b""),
    (b"x" * (LONGEST + 1), BADPARAM, b"longer than 511 bytes"),
    (b"x" * 2049, BADPARAM, b"longer than 2048 bytes"),
    (b"x" * 100000, BADPARAM, b"longer than 2048 bytes"),
    (b"\xff\xfe", OK, b""),
])
def test_passwords(db, password, status, words):
    done = passwd("-p", "-f", db, "joe", password=password)
    assert done.returncode == status
    assert words in done.stderr if words else done.stderr == b""
    assert db.exists() == (status == OK)


@pytest.mark.parametrize("userid", ["", "@dom", "joe@", "x" * 511])
def test_names_that_cannot_be(db, userid):
    done = passwd("-f", db, "--", userid)
    assert done.returncode == FAIL
    assert done.stderr.startswith(f"saslpasswd2: {db}: user and".encode())


# Flags

@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["-c", "-d", "joe"], ["-z", "joe"], ["-f"], ["-u"]])
def test_wrong_use(args):
    done = passwd(*args)
    assert done.returncode == FAIL
    assert b"saslpasswd2: usage: saslpasswd2 [-v] [-c [-p] [-n]] [-d] " \
        in done.stderr


def test_application_name(db):
    done = passwd("-a", "a/b", "-f", db, "joe")
    assert (done.returncode, done.stderr) == \
        (FAIL, b"appname must not contain /\n")
    assert not db.exists()
    assert passwd("-a", "smtpd", "-f", db, "joe").returncode == OK


def test_versions():
    for program in (SASLPASSWD2, SASLDBLISTUSERS2):
        done = run(program, "-v")
        assert (done.returncode, done.stdout) == (OK, b"")
        assert done.stderr.startswith(program.name.encode() + b" ")


# On a terminal

def test_prompts(db):
    terminal = Terminal(SASLPASSWD2, "-f", db, "joe")
    terminal.expect(b"Password: ")
    assert not terminal.echoes()
    terminal.type(b"s3cret\n")
    terminal.expect(b"Again (for verification): ")
    assert not terminal.echoes()
    terminal.type(b"s3cret\n")
    status, seen = terminal.end()
    assert status == OK
    assert seen == b"Password: \r\nAgain (for verification): \r\n"
    assert listed(db) == [f"joe@{HOST}: userPassword"]


def test_prompts_are_on_standard_output(db, tmp_path):
    """As ever; messages are not."""
    out = tmp_path / "out"
    terminal = Terminal("/bin/sh", "-c", f"{SASLPASSWD2} -f {db} joe >{out}")
    for prompt in (b"Password: ", b"Again (for verification): "):
        while prompt not in (out.read_bytes() if out.exists() else b""):
            time.sleep(0.01)
        terminal.type(b"secret\n")
    assert terminal.end() == (OK, b"")
    assert out.read_bytes() == b"Password: \nAgain (for verification): \n"


def test_prompts_differ(db):
    terminal = Terminal(SASLPASSWD2, "-f", db, "joe")
    terminal.expect(b"Password: ")
    terminal.type(b"s3cret\n")
    terminal.expect(b"Again (for verification): ")
    terminal.type(b"secret\n")
    status, seen = terminal.end()
    assert status == BADPARAM
    assert seen.endswith(b"saslpasswd2: passwords don't match; aborting\r\n")
    assert not db.exists()


@pytest.mark.parametrize("answer, words", [
    (b"\n", b"invalid parameter supplied"),
    (b"\x04", b"no password was given")])
def test_nothing_typed(db, answer, words):
    terminal = Terminal(SASLPASSWD2, "-f", db, "joe")
    terminal.expect(b"Password: ")
    terminal.type(answer)
    if answer == b"\n":
        terminal.expect(b"Again (for verification): ")
        terminal.type(answer)
    status, seen = terminal.end()
    assert status == BADPARAM
    assert words in seen


def test_interrupt_gives_the_echo_back(db):
    terminal = Terminal("/bin/sh", "-c",
                        f"trap : INT; '{SASLPASSWD2}' -f '{db}' joe; "
                        "echo ended; read line")
    terminal.expect(b"Password: ")
    assert not terminal.echoes()
    terminal.type(b"half\x03")
    terminal.expect(b"ended")
    assert terminal.echoes()
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.end()
    assert not db.exists()


# Files

def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def beside(db):
    return db.with_name(db.name + "-lock")


@pytest.mark.parametrize("directory, wanted", [
    (0o700, 0o600), (0o705, 0o600), (0o750, 0o660), (0o770, 0o660),
    (0o755, 0o660)])
@pytest.mark.parametrize("umask", [0, 0o077])
def test_modes(db, directory, wanted, umask):
    db.parent.chmod(directory)
    run(SASLPASSWD2, "-f", db, "joe", stdin=b"secret", umask=umask)
    for path in (db, beside(db)):
        assert mode(path) == wanted
        assert path.stat().st_uid == os.geteuid()
        assert path.stat().st_gid == db.parent.stat().st_gid


@pytest.mark.needs_root
def test_root_gives_the_files_to_the_owner_of_the_directory(db):
    os.chown(db.parent, 1234, 5678)
    db.parent.chmod(0o750)
    assert passwd("-f", db, "joe").returncode == OK
    for path in (db, beside(db)):
        assert mode(path) == 0o660
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


@pytest.mark.needs_root
def test_group_that_the_caller_is_not_in(open_dir):
    db = open_dir / "users.lmdb"
    open_dir.chmod(0o777)
    done = run(SASLPASSWD2, "-f", db, "joe", stdin=b"secret", user=1234,
               group=1234, extra_groups=[])
    assert done.returncode == OK
    # Where everybody may exchange the files it says so, and nothing else.
    assert done.stderr.decode().splitlines() == [
        f"saslpasswd2: warning: {open_dir}: every user of this machine may "
        f"change it (mode 0777): chmod o-w {open_dir}"]
    for path in (db, beside(db)):
        assert mode(path) == 0o600
        assert path.stat().st_uid == 1234


@pytest.mark.needs_root
def test_lock_file_of_another(open_dir):
    db = open_dir / "users.lmdb"
    assert passwd("-f", db, "joe").returncode == OK
    db.chmod(0o664)
    beside(db).chmod(0o600)
    done = run(SASLDBLISTUSERS2, db, user=1234, group=1234, extra_groups=[])
    assert done.stderr.decode() == (
        f"sasldblistusers2: {beside(db)}: user 1234 may not write it, as "
        f"readers must; as root: chown 0:0 {beside(db)} && chmod 0666 "
        f"{beside(db)}\nlistusers failed\n")
    # The mend mends it.
    beside(db).chmod(0o666)
    done = run(SASLDBLISTUSERS2, db, user=1234, group=1234, extra_groups=[])
    assert done.stdout == f"joe@{HOST}: userPassword\n".encode()


@pytest.mark.needs_root
def test_database_of_another(open_dir):
    db = open_dir / "users.lmdb"
    assert passwd("-f", db, "joe").returncode == OK
    for program, args, status in (
            (SASLPASSWD2, ["-f", db, "joe"], FAIL),
            (SASLDBLISTUSERS2, [db], OK)):
        done = run(program, *args, stdin=b"secret", user=1234, group=1234,
                   extra_groups=[])
        assert done.returncode == status
        assert b"not readable by user 1234: it is of owner 0, group 0, " \
            b"mode 0660" in done.stderr


@pytest.mark.parametrize("content, words", [
    pytest.param(b"joe:secret\n", "not a user database", id="text"),
    pytest.param(b"\0\6\x15\x61" + b"\0" * 4092, "1.85", id="ndbm"),
    pytest.param(b"\0" * 12 + b"\x61\x15\x06\0" + b"\0" * 4080, "damaged",
                 id="Berkeley DB"),
    pytest.param(b"\xce\x9a\x57\x13" + b"\0" * 4092, "users.lmdb: ",
                 id="GDBM")])
def test_foreign_file(db, content, words):
    db.write_bytes(content)
    done = passwd("-f", db, "joe")
    assert done.returncode == FAIL
    assert words in done.stderr.decode()
    assert db.read_bytes() == content
    done = run(SASLDBLISTUSERS2, db)
    assert (done.returncode, done.stdout) == (OK, b"")
    assert words in done.stderr.decode()
    assert done.stderr.endswith(b"listusers failed\n")


def test_directory_that_is_missing(tmp_path):
    db = tmp_path / "none" / "users.lmdb"
    done = passwd("-f", db, "joe")
    assert done.returncode == FAIL
    assert str(tmp_path / "none").encode() in done.stderr
    assert not db.parent.exists()
    # As Cyrus' tool: what cannot be looked for is not gone.
    done = passwd("-d", "-f", db, "joe")
    assert done.returncode == FAIL
    assert b"No such file or directory" in done.stderr


def test_delete_where_nobody_is(db):
    for make in (lambda: None, db.touch):
        make()
        done = passwd("-d", "-f", db, "joe")
        assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
    assert db.read_bytes() == b""


def test_empty_file_of_a_package_is_used_as_it_is(db):
    db.touch(0o640)
    assert passwd("-f", db, "joe").returncode == OK
    assert mode(db) == 0o640
    assert mode(beside(db)) == 0o660
    assert len(listed(db)) == 1


# Listing

def test_list_missing(db):
    done = run(SASLDBLISTUSERS2, "-f", db)
    assert (done.returncode, done.stdout) == (OK, b"")
    assert str(db).encode() in done.stderr
    assert done.stderr.endswith(b"listusers failed\n")
    assert not db.exists() and not beside(db).exists()


def test_list_operand(db):
    passwd("-f", db, "-u", "dom", "joe")
    assert run(SASLDBLISTUSERS2, db).stdout == b"joe@dom: userPassword\n"


@pytest.mark.parametrize("args", [["-h"], ["-x"], ["a", "b"],
                                  ["-f", "a", "b"], ["-f"]])
def test_list_wrong_use(args):
    done = run(SASLDBLISTUSERS2, *args)
    assert done.returncode == FAIL
    assert b"sasldblistusers2: usage: sasldblistusers2 [-v] [[-f] sasldb]\n" \
        in done.stderr


@pytest.mark.parametrize("users", [1, 100])
def test_list_to_a_full_disk(db, users):
    """Noticed at the end, or while more than a buffer is written."""
    for number in range(users):
        passwd("-f", db, f"{'joe' * 10}{number}")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([SASLDBLISTUSERS2, db], stdout=full, check=False,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == FAIL
    assert b"No space left" in done.stderr


def test_many_writers_at_once(db):
    """All of them get in, none damages the file."""
    writers = []
    for i in range(20):
        writer = subprocess.Popen([SASLPASSWD2, "-f", db, "-u", "dom",
                                   f"user{i}"], stdin=subprocess.PIPE)
        writer.stdin.write(b"secret")
        writer.stdin.close()
        writers.append(writer)
    assert [w.wait(timeout=60) for w in writers] == [OK] * 20
    assert listed(db) == sorted(f"user{i}@dom: userPassword"
                                for i in range(20))
