# SPDX-License-Identifier: BSD-2-Clause
"""testsaslauthd against a scripted server: what it sends, how it takes each
reply, where it gets the password from. No daemon is needed."""

import os
import pty
import socket
import subprocess
import threading
import time

import pytest

from lib import wait_until, wire
from lib.daemon import TESTSASLAUTHD
from lib.wire import encode

SUCCESS = '0: OK "Success."\n'
REFUSED = '0: NO "authentication failed"\n'
TEMPORARY = '0: NO "temporary failure"\n'

EX_OK, EX_USAGE, EX_UNAVAILABLE, EX_TEMPFAIL, EX_REFUSED = 0, 64, 69, 75, 255

TIMEOUT_SEC = 30


class Server:
    """Gives every client the same bytes and keeps what they sent."""

    def __init__(self, path, reply, read=True):
        self.path, self.reply, self.read = str(path), reply, read
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(5)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self.requests.append(client.recv(65536) if self.read else b"")
                client.sendall(self.reply)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def serve(open_dir):
    """serve(REPLY) -> a running Server."""
    if wire.DOORS:
        pytest.skip(wire.NO_SOCKET)	# see test_doors.py
    servers = []

    def start(reply, **keywords):
        servers.append(Server(open_dir / "mux", reply, **keywords))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def run(*args, text_in=None):
    given = {"stdin": subprocess.DEVNULL} if text_in is None else \
        {"input": text_in}
    return subprocess.run([TESTSASLAUTHD, *args], **given, check=False,
                          capture_output=True, timeout=TIMEOUT_SEC)


def outcome(done):
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("reply, status, stdout, stderr", [
    (b"\0\2OK", EX_OK, SUCCESS, ""),
    (b"\0\x23OK remote authentication successful", EX_OK, SUCCESS, ""),
    (b"\0\3OKx", EX_OK, SUCCESS, ""),
    (b"\x07\xd0OK" + b"x" * 1998, EX_OK, SUCCESS, ""),
    (b"\0\2NO", EX_REFUSED, REFUSED, ""),
    (b"\0\x16NO NULL login received", EX_REFUSED, REFUSED, ""),
    (b"\0\2ok", EX_REFUSED, REFUSED, ""),
    (b"\0\2XX", EX_REFUSED, REFUSED, ""),
    (b"\0\0", EX_TEMPFAIL, TEMPORARY, "bad response from saslauthd\n"),
    (b"\0\1O", EX_TEMPFAIL, TEMPORARY, "bad response from saslauthd\n"),
    (b"", EX_TEMPFAIL, TEMPORARY, "size read failed\n"),
    (b"\0", EX_TEMPFAIL, TEMPORARY, "size read failed\n"),
    (b"\0\2O", EX_TEMPFAIL, TEMPORARY, "read failed\n"),
    (b"\0\4OK", EX_TEMPFAIL, TEMPORARY, "read failed\n"),
])
def test_replies(serve, reply, status, stdout, stderr):
    server = serve(reply)
    assert outcome(run("-u", "joe", "-p", "x", "-f", server.path)) == \
        (status, stdout, stderr)


@pytest.mark.parametrize("args, sent", [
    ([], encode("joe", "x")),
    (["-s", "smtp", "-r", "example.org"],
     encode("joe", "x", "smtp", "example.org")),
    (["-s", ""], encode("joe", "x", "")),
    (["-u", "joe@dom", "-r", "rr"], encode("joe@dom", "x", realm="rr")),
    (["-u", ""], encode("", "x")),
    (["-p", ""], encode("joe", "")),
    (["-a", "192.0.2.1;4711"],
     encode("joe", "x", address="192.0.2.1;4711")),
    (["-a", ""], encode("joe", "x", address="")),
])
def test_request(serve, args, sent):
    server = serve(b"\0\2OK")
    done = run("-u", "joe", "-p", "x", "-f", server.path, *args)
    assert outcome(done) == (EX_OK, SUCCESS, "")
    assert server.requests == [sent]


@pytest.mark.parametrize("number, lines", [("0", 1), ("1", 1), ("3", 3)])
def test_repeat(serve, number, lines):
    server = serve(b"\0\2OK")
    done = run("-u", "joe", "-p", "x", "-f", server.path, "-R", number)
    assert outcome(done) == (EX_OK, "".join(
        f'{i}: OK "Success."\n' for i in range(lines)), "")
    assert server.requests == [encode("joe", "x")] * lines


def test_refused_before_all_was_sent(serve):
    """An early refusal counts, though writing the rest fails."""
    server = serve(b"\0\3NO ", read=False)
    done = run("-u", "joe", "-f", server.path, "-s", "s" * 65000,
               text_in=b"p" * 65000)
    assert outcome(done) == (EX_REFUSED, REFUSED, "")


@pytest.mark.sockets
def test_cannot_connect(open_dir):
    path = open_dir / "mux"
    assert outcome(run("-u", "joe", "-p", "x", "-f", path)) == \
        (EX_UNAVAILABLE, "0: ", "connect() : No such file or directory\n")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    assert outcome(run("-u", "joe", "-p", "x", "-f", path)) == \
        (EX_UNAVAILABLE, "0: ", "connect() : Connection refused\n")


@pytest.mark.parametrize("args", [
    [], ["-p", "x"], ["-u", "joe", "-Z"], ["-u"],
    ["-u", "joe", "-p", "x", "-R", "many"],
    ["-u", "joe", "-p", "x", "-R", "-1"],
])
def test_wrong_use(args):
    status, stdout, stderr = outcome(run(*args))
    assert (status, stdout) == (EX_USAGE, "")
    assert f"{TESTSASLAUTHD}: usage: {TESTSASLAUTHD} -u username -p password" \
        in stderr


def test_field_too_long(serve):
    server = serve(b"\0\2OK")
    status, stdout, stderr = outcome(
        run("-u", "j" * 65536, "-p", "x", "-f", server.path))
    assert (status, stdout) == (EX_USAGE, "")
    assert "longer than 65535 bytes" in stderr
    assert server.requests == []


@pytest.mark.parametrize("content, password", [
    (b"secret\n", "secret"),
    (b"secret", "secret"),
    (b"secret\nsecond line\n", "secret"),
    (b" two words \n", " two words "),
    (b"\n", ""),
    (b"", ""),
])
@pytest.mark.parametrize("way", ["standard input", "-", "file"])
def test_password_sources(serve, open_dir, way, content, password):
    server = serve(b"\0\2OK")
    args = ["-u", "joe", "-f", server.path]
    if way == "file":
        file = open_dir / "password"
        file.write_bytes(content)
        done = run(*args, "--password-file", file)
    elif way == "-":
        done = run(*args, "--password-file", "-", text_in=content)
    else:
        done = run(*args, text_in=content)
    assert outcome(done) == (EX_OK, SUCCESS, "")
    assert server.requests == [encode("joe", password)]


def test_password_file_missing(open_dir):
    path = open_dir / "none"
    assert outcome(run("-u", "joe", "--password-file", path)) == \
        (EX_USAGE, "", f"{path}: No such file or directory\n")


def test_password_on_terminal(serve):
    server = serve(b"\0\2OK")
    primary, secondary = pty.openpty()
    with subprocess.Popen([TESTSASLAUTHD, "-u", "joe", "-f", server.path],
                          stdin=secondary, stdout=secondary,
                          stderr=secondary) as process:
        os.close(secondary)
        shown = b""
        while b"Password: " not in shown:
            shown += os.read(primary, 4096)
        time.sleep(0.1)		# echo goes off behind the prompt
        os.write(primary, b"s3cret\n")
        assert process.wait(TIMEOUT_SEC) == EX_OK
    try:
        while True:
            shown += os.read(primary, 4096)
    except OSError:
        os.close(primary)	# the other side is closed
    assert b'0: OK "Success."' in shown
    assert b"s3cret" not in shown
    assert server.requests == [encode("joe", "s3cret")]


@pytest.mark.sockets
def test_password_leaves_argument_list(open_dir):
    """While it waits for an answer, ps(1) must not show it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(open_dir / "mux"))
        listener.listen(1)
        with subprocess.Popen([TESTSASLAUTHD, "-u", "joe", "-p", "topsecret",
                               "-f", open_dir / "mux"],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            client, _ = listener.accept()
            with client:
                sent = wait_until(lambda: client.recv(65536), TIMEOUT_SEC,
                                  "a request")
                with open(f"/proc/{process.pid}/cmdline", "rb") as file:
                    shown = file.read()
            process.communicate(timeout=TIMEOUT_SEC)
    assert sent == encode("joe", "topsecret")
    assert b"joe" in shown
    assert b"topsecret" not in shown
