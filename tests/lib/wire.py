# SPDX-License-Identifier: BSD-2-Clause
"""A client that speaks the protocol byte by byte.

Replies are bytes without their length; None is a close without a byte,
b"" a reply of length 0 ("could not ask").

A build with doors is asked through its door, where a reply has no length of
its own; what needs a connection is skipped there.
"""

import errno
import os
import random
import socket
import struct
import subprocess
import time

import pytest

from lib import BUILD_DIR, POLL_SEC, built_with

DOORS = built_with("DOORS")
NO_SOCKET = "a build with doors has no socket"	# check-part knows it
DOOR_ASK = BUILD_DIR / "tests" / "door" / "ask"
DOOR_OUTAGE, DOOR_FAILED, DOOR_NO_FILE = 3, 4, 5	# its exit status

OK = b"OK"
NO = b"NO"
OUTAGE = b""
# What the daemon says of a listener when it starts.
LISTENS = "door on" if DOORS else "listening on socket"
# Of who may not ask; a door has one word for both.
REFUSED = OUTAGE if DOORS else None

# Where the daemon ended while a door was called, or is not there again yet.
AGAIN_SEC = 10
LEAVE_SEC = 0.005	# a helper takes some to start

TIMEOUT_SEC = 40	# above request_timeout, so that its reply is seen


def to_bytes(value):
    return value.encode() if isinstance(value, str) else value


def string(value):
    """A counted string."""
    value = to_bytes(value)
    return struct.pack(">H", len(value)) + value


def fields(login, password, service="imap", realm="", address=None):
    """The counted strings of a request, one by one."""
    values = [login, password, service, realm]
    if address is not None:
        values.append(address)
    return [string(v) for v in values]


def encode(*args, **keywords):
    return b"".join(fields(*args, **keywords))


def connect(path, timeout_sec=TIMEOUT_SEC):
    if DOORS:
        pytest.skip(NO_SOCKET)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_sec)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    return sock


def listens(path):
    """Is there somebody to ask?"""
    try:
        if DOORS:
            call(path, b"")
        else:
            connect(path).close()
    except OSError:
        return False
    return True


def file_mode(mode):
    """Of what is at a listener's path, if this one is configured."""
    return mode & 0o644 if DOORS else mode


def call_until_served(path, data, timeout_sec=TIMEOUT_SEC):
    """As a mail server does it, whose client tries again: a door that nobody
    serves makes nobody wait."""
    end = time.monotonic() + AGAIN_SEC
    while True:
        try:
            return call(path, data, timeout_sec)
        except OSError as e:
            if e.errno != errno.EBADF or time.monotonic() > end:
                raise
        time.sleep(POLL_SEC)


def call(path, data, timeout_sec=TIMEOUT_SEC, rights=()):
    """Ask at a door; the reply as it would be on a socket, b"" when the
    daemon ended. `rights` is a command in front, such as setpriv."""
    run = subprocess.run([*rights, DOOR_ASK, path], input=data, check=False,
                         capture_output=True, timeout=timeout_sec)
    if run.returncode == DOOR_OUTAGE:
        return string(OUTAGE)
    if run.returncode in (DOOR_FAILED, DOOR_NO_FILE):
        number = int(run.stderr)
        if number == errno.EINTR:
            return b""
        raise OSError(number, os.strerror(number), str(path))
    assert run.returncode == 0, run.stderr
    return string(run.stdout)


def read_to_end(sock):
    """Every byte until the daemon closes."""
    chunks = []
    while True:
        try:
            chunk = sock.recv(65536)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def parse(data):
    """The text of a reply; anything but exactly one reply is an error."""
    if data == b"":
        return None
    assert len(data) >= 2, f"half a length: {data!r}"
    (length,) = struct.unpack(">H", data[:2])
    assert len(data) == 2 + length, f"not exactly one reply: {data!r}"
    return data[2:]


def send_pieces(sock, pieces):
    """One write per piece. A daemon that has answered may have closed."""
    try:
        for piece in pieces:
            sock.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass


def exchange(path, *pieces, half_close=False, timeout_sec=TIMEOUT_SEC):
    """Send the pieces, then return all bytes up to the daemon's close."""
    if DOORS:
        return call_until_served(path, b"".join(pieces), timeout_sec)
    with connect(path, timeout_sec) as sock:
        send_pieces(sock, pieces)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        return read_to_end(sock)


# The ways known clients write.
def whole(path, data, **keywords):
    return exchange(path, data, **keywords)


def byte_by_byte(path, data, **keywords):
    return exchange(path, *(data[i:i + 1] for i in range(len(data))),
                    **keywords)


def per_field(path, parts, **keywords):
    return exchange(path, *parts, **keywords)


def stalled(path, data, timeout_sec=TIMEOUT_SEC):
    """An open connection that has sent only this; the caller closes it."""
    sock = connect(path, timeout_sec)
    send_pieces(sock, [data])
    return sock


def leave(path, data):
    """Send this and go without a look back: from a door at any moment of the
    call."""
    if not DOORS:
        stalled(path, data).close()
        return
    with subprocess.Popen([DOOR_ASK, path], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as client:
        client.stdin.write(data)
        client.stdin.close()
        time.sleep(random.random() * LEAVE_SEC)
        client.kill()


def request(path, login, password, service="imap", realm="", address=None,
            timeout_sec=TIMEOUT_SEC):
    """Ask one question the way libsasl2 does."""
    return parse(exchange(path, encode(login, password, service, realm,
                                       address), timeout_sec=timeout_sec))
