# SPDX-License-Identifier: BSD-2-Clause
"""The file at the system's path, shared with libsasl2: its tools list what
ours wrote and the other way round, and a real Postfix logs users in from it
without asking us, with the mechanisms that need the password itself."""

import base64
import hashlib
import hmac
import os
import pathlib
import secrets
import shutil
import smtplib
import ssl
import subprocess

import pytest

from lib import BUILD_DIR, isolation, postfix, wire

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(postfix.obstacle() is not None,
                       reason=str(postfix.obstacle())),
]

SASLPASSWD2 = BUILD_DIR / "tools" / "saslpasswd2"
SASLDBLISTUSERS2 = BUILD_DIR / "tools" / "sasldblistusers2"
SASLDB2 = pathlib.Path("/etc/sasldb2")

USER, REALM, PASSWORD = "joe", isolation.HOST_NAME, "corr\u00e9ct horse"
PLAIN_USER, WRONG = "ann", "battery staple"

# SCRAM is not among what swaks can; see Scram.
WITH_SWAKS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"]

AUXPROP_CONF = """pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256
"""


def stock(name):
    found = shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        pytest.skip(f"{name} (sasl2-bin) is not installed")
    return found


def run(*args, password=""):
    return subprocess.run([str(arg) for arg in args], input=password,
                          text=True, capture_output=True, check=False,
                          timeout=60)


def has_swaks(mechanism):
    done = run("swaks", "--support")
    return f"AUTH {mechanism} not available" not in done.stdout


@pytest.fixture(scope="module")
def sasldb2():
    """Made by our saslpasswd2, as scripts make users."""
    SASLDB2.unlink(missing_ok=True)
    for user in (USER, PLAIN_USER):
        done = run(SASLPASSWD2, "-p", "-c", "-f", SASLDB2, "-u", REALM, user,
                   password=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
        assert f"1 password is kept in clear in {SASLDB2}" in done.stderr
    # As Debian has it for group sasl, with postfix in it.
    shutil.chown(SASLDB2, "root", "postfix")
    SASLDB2.chmod(0o640)
    yield SASLDB2
    SASLDB2.unlink()


@pytest.fixture(scope="module")
def server(sasldb2):
    instance = postfix.Postfix(None, sasl_conf=AUXPROP_CONF)
    try:
        yield instance.start()
    finally:
        print(instance.log())
        instance.stop()


def test_stock_tool_lists_ours(sasldb2):
    theirs = run(stock("sasldblistusers2"), "-f", sasldb2)
    ours = run(SASLDBLISTUSERS2)
    assert theirs.stdout == ours.stdout
    assert sorted(theirs.stdout.splitlines()) == [
        f"{user}@{REALM}: userPassword" for user in (PLAIN_USER, USER)]


def test_ours_reads_what_the_stock_tool_wrote(sasldb2, start_daemon):
    for user, password in (("bob", "theirs"), ("eve", "gone")):
        done = run(stock("saslpasswd2"), "-p", "-c", "-u", REALM, user,
                   password=password)
        assert done.returncode == 0, done.stderr
    assert f"bob@{REALM}: userPassword" in run(SASLDBLISTUSERS2).stdout
    assert run(SASLPASSWD2, "-d", "-u", REALM, "eve").returncode == 0
    assert "eve@" not in run(stock("sasldblistusers2")).stdout
    daemon = start_daemon("-a", "sasldb")
    for user, password, answer in (
            ("bob", "theirs", wire.OK), ("bob", "ours", wire.NO),
            (USER, PASSWORD, wire.OK), ("eve", "gone", wire.NO)):
        assert wire.request(daemon.socket, user, password,
                            realm=REALM) == answer, user
    assert run(SASLPASSWD2, "-d", "-u", REALM, "bob").returncode == 0


def test_stock_tool_changes_ours(sasldb2):
    args = ["-u", REALM, "carol"]
    assert run(SASLPASSWD2, "-p", *args, password="one").returncode == 0
    assert run(stock("saslpasswd2"), "-p", *args,
               password="two").returncode == 0
    for password, status in (("one", 13), ("two", 0)):
        assert run(SASLPASSWD2, "--verify", *args,
                   password=password).returncode == status
    assert run(stock("saslpasswd2"), "-d", *args).returncode == 0
    assert run(SASLPASSWD2, "--verify", *args,
               password="two").returncode == 20


@pytest.mark.parametrize("mechanism", WITH_SWAKS)
def test_postfix_without_us(server, mechanism):
    if not has_swaks(mechanism):
        pytest.skip(f"swaks cannot do {mechanism}")
    user = f"{USER}@{REALM}" if mechanism == "CRAM-MD5" else USER
    reply = server.send(mechanism, user, PASSWORD)
    assert reply.auth == 235, reply
    assert reply.queue_id in server.queued(), reply
    for user, password in ((user, WRONG), ("nobody-here", PASSWORD)):
        assert server.send(mechanism, user, password).auth == 535


def proof(password, salt, rounds, message):
    """RFC 5802 section 3, with the hash of RFC 7677."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), message,
                            "sha256")
    return bytes(a ^ b for a, b in zip(client_key, signature))


class Scram:
    """What a mail client does for SCRAM-SHA-256 (RFC 5802)."""

    def __init__(self, user, password):
        self.password = password
        self.bare = f"n={user},r={secrets.token_hex(12)}"
        self.step = 0

    def __call__(self, challenge=None):
        if challenge is None:
            return "n,," + self.bare
        self.step += 1
        if self.step > 1:
            return ""       # the server's signature
        challenge = challenge.decode()
        fields = dict(field.split("=", 1) for field in challenge.split(","))
        without_proof = f"c=biws,r={fields['r']}"
        message = f"{self.bare},{challenge},{without_proof}".encode()
        done = proof(self.password, base64.b64decode(fields["s"]),
                     int(fields["i"]), message)
        return f"{without_proof},p={base64.b64encode(done).decode()}"


def scram(server, user, password):
    context = ssl.create_default_context(cafile=server.base / "cert.pem")
    context.check_hostname = False
    with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
        client.starttls(context=context)
        client.ehlo()
        try:
            return client.auth("SCRAM-SHA-256", Scram(user, password))[0]
        except smtplib.SMTPAuthenticationError as e:
            return e.smtp_code


def test_scram_without_us(server):
    assert scram(server, USER, PASSWORD) == 235
    assert scram(server, USER, WRONG) == 535
    assert scram(server, "nobody-here", PASSWORD) == 535


def test_hashed_row_is_ours_alone(server, sasldb2, start_daemon):
    """libsasl2 takes a hash for a password that nobody has: not the hash
    itself lets in, and not the password."""
    args = ["-f", sasldb2, "-u", REALM, "dan"]
    done = run(SASLPASSWD2, "-p", "--hash", "sha512crypt", *args,
               password=PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dan" in run(stock("sasldblistusers2")).stdout
    assert server.send("PLAIN", "dan", PASSWORD).auth == 535
    daemon = start_daemon("-a", "sasldb")
    assert wire.request(daemon.socket, "dan", PASSWORD,
                        realm=REALM) == wire.OK


def test_a_file_of_the_package_stays_as_it_is(tmp_path):
    """Debian makes the file by adding and deleting a user. Owner and mode are
    kept, and the layout."""
    db = tmp_path / "sasldb2"
    for args in (["-p", "-c"], ["-d"]):
        assert run(stock("saslpasswd2"), *args, "-f", db, "-u", "such",
                   "no", password="user").returncode == 0
    os.chown(db, 1, 45)
    db.chmod(0o660)
    assert run(SASLDBLISTUSERS2, "-f", db).stdout == ""
    done = run(SASLPASSWD2, "-p", "-f", db, "-u", "dom", USER,
               password=PASSWORD)
    assert done.returncode == 0, done.stderr
    status = db.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == \
        (1, 45, 0o660)
    assert run(stock("sasldblistusers2"), "-f", db).stdout == \
        f"{USER}@dom: userPassword\n"


@pytest.fixture
def no_sasldb2(sasldb2):
    away = sasldb2.with_suffix(".away")
    sasldb2.rename(away)
    yield sasldb2
    away.rename(sasldb2)


def test_a_hashed_store_never_lies_there(no_sasldb2):
    done = run(SASLPASSWD2, "-p", "--layout", "hashed", "-f", no_sasldb2,
               "-u", "dom", USER, password=PASSWORD)
    assert done.returncode == 1
    assert str(no_sasldb2) in done.stderr
    assert not no_sasldb2.exists()


def test_without_the_systems_file_there_is_our_own(no_sasldb2, start_daemon):
    own = pathlib.Path("/var/lib/saslauthd/users.lmdb")
    assert not own.exists()
    done = run(SASLPASSWD2, "-p", "-c", "-u", REALM, USER, password="own")
    assert done.returncode == 0
    # Who expected the other file is told where CRAM-MD5 needs it.
    assert f"{own} was made" in done.stderr
    assert f"-f {no_sasldb2}" in done.stderr
    assert own.exists() and not no_sasldb2.exists()
    assert run(SASLDBLISTUSERS2).stdout == f"{USER}@{REALM}: userPassword\n"
    daemon = start_daemon("-a", "sasldb")
    assert wire.request(daemon.socket, USER, "own", realm=REALM) == wire.OK
    shutil.rmtree(own.parent)
