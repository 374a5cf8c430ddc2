# SPDX-License-Identifier: BSD-2-Clause
"""Which file and realm the tools take when nobody names them: those of the
daemon."""

import pathlib
import shutil
import socket
import subprocess

import pytest

from lib import isolation
from test_sasldb_tools import SASLDBLISTUSERS2, SASLPASSWD2, run

CONFIG = pathlib.Path("/etc/saslauthd.conf")
SYSTEM = pathlib.Path("/etc/sasldb2")
OWN = pathlib.Path("/var/lib/saslauthd/users.lmdb")
HOST = socket.gethostname()

pytestmark = pytest.mark.skipif(not isolation.isolated(),
                                reason=isolation.reason())


@pytest.fixture(autouse=True)
def fixture_nothing_there():
    def clean():
        for path in (CONFIG, SYSTEM, SYSTEM.with_name("sasldb2-lock")):
            path.unlink(missing_ok=True)
        shutil.rmtree(OWN.parent, ignore_errors=True)
    clean()
    yield
    clean()


def passwd(*args):
    return run(SASLPASSWD2, "-p", *args, stdin=b"secret")


def listed(*args):
    done = run(SASLDBLISTUSERS2, *args)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def test_file_and_realm_of_the_configuration(open_dir):
    db = open_dir / "db"
    CONFIG.write_text(f"sasldb_path: {db}\n"
                      "sasldb_default_realm: example.org\n")
    done = passwd("-c", "joe")
    assert (done.returncode, done.stderr) == (0, b"")
    assert db.exists() and not OWN.exists() and not SYSTEM.exists()
    assert listed() == ["joe@example.org: userPassword"]
    assert passwd("--verify", "joe").returncode == 0
    # What the command line says wins.
    other = open_dir / "other"
    assert passwd("-f", other, "-u", "dom", "ann").returncode == 0
    assert listed(other) == ["ann@dom: userPassword"]
    assert passwd("-d", "joe").returncode == 0
    assert listed() == []


def part(name, db, realm=""):
    return (f"backend {name} {{\n mechanism: sasldb\n sasldb_path: {db}\n"
            f" sasldb_default_realm: {realm}\n}}\n")


def test_named_backends(open_dir):
    one, two = open_dir / "one", open_dir / "two"
    CONFIG.write_text("backend other {\n mechanism: pam\n}\n" +
                      part("users", one, "example.org"))
    assert passwd("joe").returncode == 0
    assert listed(one) == ["joe@example.org: userPassword"]
    CONFIG.write_text(part("users", one, "example.org") +
                      part("more", two, "example.net"))
    for program, args in ((SASLPASSWD2, ["-p", "joe"]),
                          (SASLDBLISTUSERS2, [])):
        done = run(program, *args, stdin=b"secret")
        assert b"/etc/saslauthd.conf has several user databases; choose " \
            b"one with -f" in done.stderr
    assert passwd("-f", two, "ann").returncode == 0
    assert listed(two) == ["ann@example.net: userPassword"]


def test_configuration_of_another_mechanism(open_dir):
    """No reader of ours ever stood in the way of it."""
    CONFIG.write_text("ldap_servers: ldap://localhost\nno colon here\n")
    done = passwd("joe")
    assert done.returncode == 0
    assert b"warning: /etc/saslauthd.conf:2: " in done.stderr
    assert OWN.exists()
    done = passwd("-f", open_dir / "db", "joe")
    assert (done.returncode, done.stderr) == (0, b"")


def test_own_store_is_announced_once():
    done = passwd("-c", "joe")
    assert done.returncode == 0
    assert f"saslpasswd2: {OWN} was made: hashes".encode() in done.stderr
    assert f"-f {SYSTEM}".encode() in done.stderr
    assert listed() == [f"joe@{HOST}: userPassword"]
    done = passwd("-c", "ann")
    assert (done.returncode, done.stderr) == (0, b"")


def test_own_store_that_is_eclipsed():
    """libsasl2's file comes first: our store's users vanish when it is made,
    which the remark on our store has just advised."""
    assert passwd("-c", "joe").returncode == 0
    done = passwd("-c", "-f", SYSTEM, "--plain", "ann")
    assert done.returncode == 0
    assert listed() == [f"ann@{HOST}: userPassword"]
    mend = f"saslpasswd2 --import cyrus -f {SYSTEM} {OWN}"
    assert mend.encode() in done.stderr
    assert run(SASLPASSWD2, *mend.split()[1:]).returncode == 0
    assert sorted(listed()) == [f"ann@{HOST}: userPassword",
                                f"joe@{HOST}: userPassword"]
    # Said once.
    done = passwd("-c", "-f", SYSTEM, "--plain", "bob")
    assert (done.returncode, done.stderr) == (0, b"")


def test_link_to_a_file_that_is_missing(open_dir):
    """Meant for that file, so our own store is not it; and root makes no file
    wherever a link leads."""
    target = open_dir / "target"
    SYSTEM.symlink_to(target)
    done = passwd("-c", "joe")
    assert done.returncode == 1
    assert b"/etc/sasldb2: is a link to a file that is missing" in done.stderr
    assert not OWN.exists() and not target.exists()


@pytest.mark.skipif(shutil.which("setfacl") is None,
                    reason="setfacl is not installed")
def test_access_list_is_kept(open_dir):
    db = open_dir / "db"
    if passwd("--layout", "berkeley", "-f", db, "joe").returncode != 0:
        pytest.skip("Berkeley DB is not built")
    if subprocess.run(["setfacl", "-m", "u:1234:r", db],
                      check=False).returncode != 0:
        pytest.skip("no access lists here")

    def acl():
        return subprocess.run(["getfacl", "-cp", db], check=True,
                              capture_output=True).stdout
    before = acl()
    assert b"user:1234:r--" in before
    inode = db.stat().st_ino
    assert passwd("-f", db, "ann").returncode == 0
    assert db.stat().st_ino != inode
    assert acl() == before
