# SPDX-License-Identifier: BSD-2-Clause
"""A client that speaks the protocol byte by byte.

Replies are bytes without their length; None is a close without a byte,
b"" a reply of length 0 ("could not ask").
"""

import socket
import struct

OK = b"OK"
NO = b"NO"
OUTAGE = b""

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
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_sec)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    return sock


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


def request(path, login, password, service="imap", realm="", address=None,
            timeout_sec=TIMEOUT_SEC):
    """Ask one question the way libsasl2 does."""
    return parse(exchange(path, encode(login, password, service, realm,
                                       address), timeout_sec=timeout_sec))
