# SPDX-License-Identifier: BSD-2-Clause
"""The clients' protocol, byte for byte.

Every table row was first observed with Cyrus saslauthd 2.1.28, except where
a comment says that ours differs on purpose.
"""

import os
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

from daemon_users import PASSWORD, REALM, RIGHT, USER, WRONG
from lib import users, wire
from lib.wire import encode, exchange, fields, string

NAME_MAX, PASSWORD_MAX = 1024, 8192	# ours; 256 each in Cyrus'
CLIENT_TIMEOUT_SEC = 1
DRAIN_SEC = 1
STOCK_CLIENT = "/usr/sbin/testsaslauthd"

OK, NO = string("OK"), string("NO")
TOO_LONG = string("NO ")
NO_LOGIN = string("NO NULL login received")
NO_PASSWORD = string("NO NULL password received")

FIELDS = ["login", "password", "service", "realm"]


@pytest.fixture(scope="module")
def daemon(start_shared_daemon, store):
    return start_shared_daemon(
        "-a", "sasldb", "-O", store, "-n", "2",
        "--set", f"client_timeout={CLIENT_TIMEOUT_SEC}",
        "--set", "log_success=all")


def replace_field(index, raw):
    """A right request with one counted string given raw, and what comes
    before it."""
    parts = fields(USER, PASSWORD, "smtp", REALM)
    return b"".join(parts[:index]) + raw


def read_strictly(sock):
    """As wire.read_to_end, but a reset connection is an error: a client
    that is still reading must not lose its reply."""
    data = b""
    while chunk := sock.recv(4096):
        data += chunk
    return data


# Replies.

@pytest.mark.parametrize("data, reply", [
    pytest.param(RIGHT, OK, id="right"),
    pytest.param(WRONG, NO, id="wrong password"),
    pytest.param(encode("nobody-knows", PASSWORD, "smtp", REALM), NO,
                 id="unknown user"),
    pytest.param(encode(USER, PASSWORD, "smtp", "other.example"), NO,
                 id="wrong realm"),
    pytest.param(encode(USER, PASSWORD, "", REALM), OK, id="empty service"),
    pytest.param(encode(USER, PASSWORD, "smtp", ""), NO, id="empty realm"),
    pytest.param(encode("", PASSWORD, "smtp", REALM), NO_LOGIN,
                 id="empty login"),
    pytest.param(encode(USER, "", "smtp", REALM), NO_PASSWORD,
                 id="empty password"),
    pytest.param(encode("", "", "", ""), NO_LOGIN, id="all empty"),
    pytest.param(encode("joe\xe9", b"\xff\xfe", "smtp", REALM), NO,
                 id="8-bit bytes"),
])
def test_reply(daemon, data, reply):
    assert exchange(daemon.socket, data) == reply


@pytest.mark.parametrize("index", range(4), ids=FIELDS)
def test_longest_field_is_not_too_long(daemon, index):
    size = PASSWORD_MAX if FIELDS[index] == "password" else NAME_MAX
    parts = fields(USER, PASSWORD, "smtp", REALM)
    parts[index] = string("x" * size)
    # A service is no part of the record.
    expected = OK if FIELDS[index] == "service" else NO
    assert exchange(daemon.socket, b"".join(parts)) == expected


@pytest.mark.parametrize("index", range(4), ids=FIELDS)
@pytest.mark.parametrize("length", ["limit", "ffff"])
def test_too_long_by_its_length_alone(daemon, syslog, index, length):
    """The two length bytes are enough; the rest need not come."""
    size = PASSWORD_MAX if FIELDS[index] == "password" else NAME_MAX
    raw = struct.pack(">H", size + 1 if length == "limit" else 0xffff)
    mark = syslog.mark()
    assert exchange(daemon.socket, replace_field(index, raw)) == TOO_LONG
    syslog.wait_for(f"{FIELDS[index]} exceeded", mark=mark)


def test_too_long_field_is_drained(daemon):
    """The reply reaches a client that goes on sending."""
    with wire.connect(daemon.socket) as sock:
        sock.sendall(struct.pack(">H", 9000) + b"x" * 8000)
        assert read_strictly(sock) == TOO_LONG


@pytest.mark.parametrize("index", range(4), ids=FIELDS)
@pytest.mark.parametrize("value", ["joe\0x", "\0", "right one\0"],
                         ids=["inner", "alone", "last"])
def test_nul_is_refused(daemon, syslog, index, value):
    """Cyrus' daemon cut the field there: joe\\0x logged in as joe."""
    parts = fields(USER, PASSWORD, "smtp", REALM)
    parts[index] = string(value)
    mark = syslog.mark()
    assert exchange(daemon.socket, b"".join(parts)) == NO
    syslog.wait_for(f"NUL byte in {FIELDS[index]}", mark=mark)


# Requests that end early or come in pieces.

@pytest.mark.sockets
def test_end_of_file_gets_no_reply(daemon):
    for cut in range(len(RIGHT)):
        assert exchange(daemon.socket, RIGHT[:cut],
                        half_close=True) == b"", f"after {cut} bytes"


@pytest.mark.sockets
def test_connection_without_a_byte_is_not_logged(daemon, syslog):
    mark = syslog.mark()
    wire.connect(daemon.socket).close()
    assert exchange(daemon.socket, b"", half_close=True) == b""
    exchange(daemon.socket, WRONG)
    syslog.wait_for("auth failure", mark=mark)
    assert len(syslog.since(mark)) == 1


@pytest.mark.sockets
def test_half_close_after_the_request(daemon):
    assert exchange(daemon.socket, RIGHT, half_close=True) == OK


WAYS = {
    "whole (libsasl2)": [RIGHT],
    "field by field (Exim)": fields(USER, PASSWORD, "smtp", REALM),
    "lengths apart": [piece for part in fields(USER, PASSWORD, "smtp", REALM)
                      for piece in (part[:2], part[2:])],
    "byte by byte": [RIGHT[i:i + 1] for i in range(len(RIGHT))],
    "cut in a length": [RIGHT[:1], RIGHT[1:]],
    "five fields": [encode(USER, PASSWORD, "smtp", REALM, "192.0.2.1;25")],
}


@pytest.mark.parametrize("pieces", WAYS.values(), ids=WAYS.keys())
def test_ways_of_writing(daemon, pieces):
    assert exchange(daemon.socket, *pieces) == OK


def test_too_long_field_of_a_slow_writer(daemon):
    """Exim writes field by field; a reply that is there before the last
    one must not break its writing."""
    with wire.connect(daemon.socket) as sock:
        for part in fields("x" * (NAME_MAX + 1), PASSWORD, "smtp", REALM):
            sock.sendall(part)
            time.sleep(0.03)
        assert read_strictly(sock) == TOO_LONG


def test_slow_writer(daemon):
    """Each piece comes when the daemon has long read the one before."""
    with wire.connect(daemon.socket) as sock:
        for piece in WAYS["lengths apart"]:
            sock.sendall(piece)
            time.sleep(0.03)
        assert read_strictly(sock) == OK


def test_stalled_client_is_dropped(daemon):
    """It gets no reply, and nobody else has to wait for it."""
    began = time.monotonic()
    sock = wire.stalled(daemon.socket, RIGHT[:-1])
    assert exchange(daemon.socket, RIGHT) == OK
    assert time.monotonic() - began < CLIENT_TIMEOUT_SEC
    assert wire.read_to_end(sock) == b""
    sock.close()
    assert CLIENT_TIMEOUT_SEC * 0.9 < time.monotonic() - began \
        < CLIENT_TIMEOUT_SEC + 2


def test_trickling_does_not_prolong_the_time_limit(daemon):
    began = time.monotonic()
    with wire.connect(daemon.socket) as sock:
        try:
            for i in range(len(RIGHT) - 1):
                sock.sendall(RIGHT[i:i + 1])
                time.sleep(0.2)
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            pytest.fail("still connected")
    assert time.monotonic() - began < CLIENT_TIMEOUT_SEC + 2


def test_client_that_goes_before_the_reply(daemon):
    for _ in range(20):
        wire.leave(daemon.socket, WRONG)
    assert exchange(daemon.socket, RIGHT) == OK


# The fifth string.

def logged_address(daemon, syslog, *pieces, pause_sec=0):
    """Ask; what the log line says behind [realm=...]."""
    mark = syslog.mark()
    with wire.connect(daemon.socket) as sock:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(pause_sec)
        assert read_strictly(sock) == OK
    line = syslog.wait_for("auth success", mark=mark)
    return line.text.partition(f"[realm={REALM}]")[2]


@pytest.mark.parametrize("address", [
    "192.0.2.1;4711", "192.0.2.1", "2001:db8::7;4711", "2001:db8::7"])
def test_fifth_string(daemon, syslog, address):
    data = encode(USER, PASSWORD, "smtp", REALM, address)
    assert logged_address(daemon, syslog, data) == \
        f" [remote={address}] [mech=sasldb]"


def test_fifth_string_completed_within_the_grace_period(daemon, syslog):
    address = string("192.0.2.1;4711")
    assert "[remote=192.0.2.1;4711]" in logged_address(
        daemon, syslog, RIGHT + address[:3], address[3:])


@pytest.mark.parametrize("fifth", [
    b"\x00", b"\x00\x0e192.0", string("192.0.2.1;4711")[:-1]],
    ids=["half a length", "part", "but one"])
def test_fifth_string_that_does_not_come_is_not_waited_for(
        daemon, syslog, fifth):
    began = time.monotonic()
    assert logged_address(daemon, syslog, RIGHT + fifth) == " [mech=sasldb]"
    assert time.monotonic() - began < CLIENT_TIMEOUT_SEC / 2


def test_fifth_string_that_comes_late(daemon, syslog):
    """The answer is there before it: four fields are a request."""
    mark = syslog.mark()
    with wire.connect(daemon.socket) as sock:
        sock.sendall(RIGHT)
        assert sock.recv(100) == OK
        try:
            sock.sendall(string("192.0.2.1;4711"))
        except BrokenPipeError:
            pass
    assert "[remote=" not in syslog.wait_for("auth success", mark=mark).text


@pytest.mark.parametrize("address", [
    "", "mail.example.org", "192.0.2.1;", "192.0.2.1;x", "192.0.2.256",
    "192.0.2.1] [mech=x", "192.0.2.1\n", "192.0.2.1\0", "1;2;3",
    "x" * (NAME_MAX + 1)],
    ids=lambda a: "too long" if len(a) > 100 else repr(a))
def test_fifth_string_that_is_no_address(daemon, syslog, address):
    data = encode(USER, PASSWORD, "smtp", REALM, address)
    assert logged_address(daemon, syslog, data) == " [mech=sasldb]"


# What comes after the request.

@pytest.mark.parametrize("surplus", [
    pytest.param(b"junk", id="junk"),
    pytest.param(RIGHT, id="a second request"),
    pytest.param(string("192.0.2.1;4711") + RIGHT, id="fifth and a request"),
    pytest.param(b"\xff" * 3000, id="3000 bytes"),
])
def test_surplus_is_ignored(daemon, surplus):
    """One reply, and no reset that could cost a client its reply."""
    with wire.connect(daemon.socket) as sock:
        sock.sendall(RIGHT + surplus)
        assert read_strictly(sock) == OK


def closed_both_ways(sock, timeout_sec):
    """unix(7): POLLHUP, once the other end is closed for good."""
    poll = select.poll()
    poll.register(sock, 0)
    return bool(poll.poll(timeout_sec * 1000))


# More than is read along with the request, and less than is drained.
SURPLUS = b"x" * 40000


def test_draining_ends_after_64_kib(daemon):
    with wire.connect(daemon.socket) as sock:
        sock.sendall(WRONG + SURPLUS)
        assert read_strictly(sock) == NO
        began = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while time.monotonic() < began + 10:
                sock.sendall(b"x" * 4096)
        assert time.monotonic() - began < DRAIN_SEC / 2


def test_draining_ends_after_a_second(daemon):
    """A client that keeps its end open holds a descriptor no longer."""
    with wire.connect(daemon.socket) as sock:
        sock.sendall(WRONG + SURPLUS)
        assert read_strictly(sock) == NO
        assert not closed_both_ways(sock, DRAIN_SEC / 2)
        assert closed_both_ways(sock, DRAIN_SEC)


def test_reply_is_one_write(daemon):
    """Some clients read once. Whoever spins on the socket would see the
    length alone if it was written apart."""
    for _ in range(100):
        with wire.connect(daemon.socket) as sock:
            sock.sendall(encode("", "", "", ""))
            while True:
                try:
                    first = sock.recv(100, socket.MSG_DONTWAIT)
                    break
                except BlockingIOError:
                    pass
            assert first == NO_LOGIN


def test_close_follows_at_once(daemon):
    """Some clients parse only at end of file, and some keep their end
    open."""
    with wire.connect(daemon.socket) as sock:
        sock.sendall(RIGHT)
        assert sock.recv(100) == OK
        sock.settimeout(1)
        assert sock.recv(100) == b""
        # Nothing was left unread: closed, not only half-closed.
        with pytest.raises(BrokenPipeError):
            sock.sendall(b"x")


def test_client_that_reads_four_bytes_and_goes(daemon):
    """As Authen::SASL::Authd does."""
    for _ in range(20):
        with wire.connect(daemon.socket) as sock:
            sock.sendall(encode("", "", "", ""))
            assert sock.recv(4) == NO_LOGIN[:4]
    assert exchange(daemon.socket, RIGHT) == OK


@pytest.mark.skipif(not os.path.exists(STOCK_CLIENT),
                    reason="needs Debian's sasl2-bin")
@pytest.mark.parametrize("password, status, stdout", [
    (PASSWORD, 0, '0: OK "Success."\n'),
    ("wrong one", 255, '0: NO "authentication failed"\n')])
@pytest.mark.sockets
def test_stock_testsaslauthd(daemon, password, status, stdout):
    run = subprocess.run(
        [STOCK_CLIENT, "-u", USER, "-p", password, "-r", REALM, "-f",
         daemon.socket], stdout=subprocess.PIPE, text=True, check=False)
    assert (run.returncode, run.stdout) == (status, stdout)


def test_many_clients_at_once(daemon):
    """Each gets the answer to its own request."""
    wrong = []

    def client(number):
        data, reply = ((RIGHT, OK), (WRONG, NO))[number % 2]
        if exchange(daemon.socket, data) != reply:
            wrong.append(number)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# The log.

HOSTILE = {
    "new line": "joe\nNov 22 00:00:00 mail saslauthd[1]: forged",
    "escape": "joe\x1b[31m",
    "brackets": "joe] [mech=none",
    "carriage return": "joe\rforged",
    "delete and C1": "joe\x7f\x9b",
}


@pytest.mark.parametrize("field", ["login", "service", "realm"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_characters_stay_out_of_the_log(daemon, syslog, field, value):
    values = {"login": USER, "password": "wrong", "service": "smtp",
              "realm": REALM, field: value}
    mark = syslog.mark()
    assert exchange(daemon.socket, encode(**values)) == NO
    line = syslog.wait_for("auth failure", mark=mark)
    # Successes of the test before may still come; a second line of this one
    # would be none.
    assert [l for l in syslog.since(mark)
            if "auth success: [user=joe] " not in l.text] == [line]
    assert line.raw.isprintable()
    assert line.text.count("] [mech=") == 1
    assert line.text.endswith("]")


def test_long_values_are_cut_in_the_log(daemon, syslog):
    mark = syslog.mark()
    exchange(daemon.socket, encode("u" * NAME_MAX, "wrong",
                                   "s" * NAME_MAX, "r" * NAME_MAX))
    line = syslog.wait_for("auth failure", mark=mark)
    assert len(line.text) <= 1000
    assert "u" * 200 in line.text and "u" * 257 not in line.text
    assert line.text.endswith("[mech=sasldb] [reason=no_such_user]")


# Settings that change the protocol's answers.

@pytest.mark.parametrize("setting, reply", [
    ("tempfail_reply=empty", b"\0\0"), ("tempfail_reply=no", NO)])
def test_outage(start_daemon, syslog, open_dir, setting, reply):
    """libsasl2 takes length 0 as a failure to ask: Postfix says 454."""
    daemon = start_daemon("-a", "sasldb", "-O", open_dir / "missing.lmdb",
                          "--set", setting)
    mark = syslog.mark()
    assert exchange(daemon.socket, RIGHT) == reply
    syslog.wait_for(r"^do_auth         : auth error: \[user=joe\] "
                    r"\[service=smtp\] \[realm=example.org\] "
                    r"\[mech=sasldb\] \[reason=backend_down", mark=mark)


def test_limits_can_be_set(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "--set",
                          "name_max=64", "--set", "password_max=100")
    assert exchange(daemon.socket, encode("x" * 64, "y" * 100)) == NO
    assert exchange(daemon.socket, string("x" * 65)) == TOO_LONG
    assert exchange(daemon.socket, string("x") + string("y" * 101)) \
        == TOO_LONG


@pytest.mark.needs_root
def test_realm_joined_to_the_login(start_daemon, syslog):
    """-r; the realm is still passed on, and an empty one joins nothing."""
    users.add(f"{USER}@{REALM}", PASSWORD, in_passwd=True)
    users.add(USER, "another one", in_passwd=True)
    daemon = start_daemon("-a", "getpwent", "-r", "-V")
    mark = syslog.mark()
    assert exchange(daemon.socket, RIGHT) == OK
    syslog.wait_for(r"auth success: \[user=joe@example.org\] "
                    r"\[service=smtp\] \[realm=example.org\]", mark=mark)
    assert daemon.ask(USER, "another one") == wire.OK
    assert daemon.ask(USER, PASSWORD) == wire.NO
