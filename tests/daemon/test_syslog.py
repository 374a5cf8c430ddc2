# SPDX-License-Identifier: BSD-2-Clause
"""What is logged, at which level, and that a log server's troubles are not
the daemon's."""

import json
import os
import re
import signal
import socket
import time

import pytest

from daemon_users import REALM, RIGHT, USER, WRONG
from lib import wait_until, wire
from lib.daemon import running
from lib.syslogd import (LOG_AUTH, LOG_ERR, LOG_INFO, LOG_NOTICE,
                         LOG_WARNING)

OK, NO = wire.string("OK"), wire.string("NO")

FAILURE = (f"do_auth         : auth failure: [user={USER}] [service=smtp] "
           f"[realm={REALM}] [mech=sasldb] [reason=bad_password]")


@pytest.fixture
def start(start_daemon, store):
    def start(*args, **keywords):
        return start_daemon("-a", "sasldb", "-O", store, "-n", "1", *args,
                            **keywords)
    return start


# Lines.

def test_lines_of_a_life(start, syslog):
    mark = syslog.mark()
    daemon = start()
    assert wire.exchange(daemon.socket, WRONG) == NO
    assert wire.exchange(daemon.socket, RIGHT) == OK
    failure = syslog.wait_for("auth failure", mark=mark)
    daemon.stop()
    lines = [(line.text, line.priority) for line in syslog.since(mark)]
    for text in (f"detach_tty      : master pid is: {daemon.pid}",
                 f"ipc_init        : {wire.LISTENS}: {daemon.socket}",
                 FAILURE,
                 f"server_exit     : master exited: {daemon.pid}"):
        assert (text, LOG_AUTH + LOG_INFO) in lines
    # Log watchers look for the name, and people for the process.
    assert {line.ident for line in syslog.since(mark)
            if line.pid in daemon.known} == {"saslauthd"}
    assert failure.pid in daemon.known
    # Without -V no word about a success.
    assert not syslog.find("auth success", mark)


@pytest.mark.parametrize("args, first, second", [
    (["-V"], True, True),
    (["--set", "log_success=all"], True, True),
    (["--set", "log_success=uncached"], True, False),
    (["--set", "log_success=no"], False, False),
], ids=lambda v: v[-1] if isinstance(v, list) else "")
def test_which_successes_are_logged(start, syslog, args, first, second):
    daemon = start("-c", *args)
    for expected in (first, second):
        mark = syslog.mark()
        assert wire.exchange(daemon.socket, RIGHT) == OK
        wire.exchange(daemon.socket, WRONG)
        syslog.wait_for("auth failure", mark=mark)
        assert len(syslog.find("auth success", mark)) == expected
    if second:
        syslog.wait_for(r"^do_auth         : auth success \(cached\): "
                        rf"\[user={USER}\]", mark=mark)


def test_protocol_errors_have_a_line(start, syslog):
    """As before, at err."""
    daemon = start()
    for data, text in (
            (wire.encode("", "x"), "NULL login received"),
            (wire.encode("x", ""), "NULL password received"),
            (b"\xff\xff", "login exceeded MAX_REQ_LEN: 1024")):
        mark = syslog.mark()
        wire.exchange(daemon.socket, data)
        line = syslog.wait_for(text, mark=mark)
        assert line.text.startswith("do_request      : ")
        assert line.priority == LOG_AUTH + LOG_ERR


def test_outage_is_told_from_a_wrong_password(start_daemon, syslog,
                                              open_dir):
    """Each attempt has its line; the backend's fate has one."""
    daemon = start_daemon("-a", "sasldb", "-O", open_dir / "missing.lmdb",
                          "-n", "1")
    mark = syslog.mark()
    for _ in range(5):
        assert wire.exchange(daemon.socket, RIGHT) == wire.string("")
    wait_until(lambda: len(syslog.find("auth error: ", mark)) == 5, 5,
               "five lines")
    for line in syslog.find("auth error: ", mark):
        assert "[reason=backend_down" in line.text
        assert line.priority <= LOG_AUTH + LOG_NOTICE
    down = syslog.find(r"backend sasldb down", mark)
    assert len(down) == 1
    assert down[0].priority <= LOG_AUTH + LOG_WARNING
    assert not syslog.find("auth failure", mark)


def test_extended_format(start, syslog):
    daemon = start("--set", "log_format=extended")
    mark = syslog.mark()
    wire.exchange(daemon.socket, WRONG)
    line = syslog.wait_for("auth failure", mark=mark)
    # What log watchers match comes first, and whole.
    assert line.text.startswith(FAILURE)
    more = dict(re.findall(r" \[(\w+)=([^]]*)\]", line.text[len(FAILURE):]))
    assert {"ms", "id", "uid", "pid", "cached"} <= set(more)
    assert int(more["uid"]) == os.getuid()
    # A door is called by another process.
    assert wire.DOORS or int(more["pid"]) == os.getpid()


def test_json_format(start, syslog):
    """One object, and hostile bytes do not break it."""
    daemon = start("--set", "log_format=json")
    mark = syslog.mark()
    login = 'jo"e\\\n\x1b\x7f\xe9'
    wire.exchange(daemon.socket, wire.encode(login, "x", "smtp", REALM))
    line = syslog.wait_for(r"\{", mark=mark)
    entry = json.loads(line.text[line.text.index("{"):])
    assert entry["service"] == "smtp" and entry["realm"] == REALM
    assert entry["mech"] == "sasldb"
    assert entry["user"].startswith('jo"e')
    assert line.raw.isprintable()
    mark = syslog.mark()
    wire.exchange(daemon.socket, wire.encode("u" * 1024, "x", "s" * 1024,
                                             "\x01" * 1024))
    line = syslog.wait_for(r"\{", mark=mark)
    assert len(line.text) <= 1000
    json.loads(line.text[line.text.index("{"):])


# The server's troubles.

def test_server_restarts(start, syslog):
    """The lines of the time without it come later; none is missing."""
    daemon = start()
    mark = syslog.mark()
    for round_no in range(1, 3):
        syslog.stop()
        try:
            for _ in range(3):
                assert wire.exchange(daemon.socket, WRONG) == NO
        finally:
            syslog.start()
        wait_until(lambda: len(syslog.find("auth failure:", mark)) ==
                   3 * round_no, 5, "the lines")
    assert not syslog.find("lost", mark)


def test_burst(start, syslog):
    """A socket to the log takes as few as ten lines at once."""
    daemon = start()
    mark = syslog.mark()
    askers = [wire.connect(daemon.socket) for _ in range(200)]
    for asker in askers:
        asker.sendall(WRONG)
    for asker in askers:
        assert wire.read_to_end(asker) == NO
        asker.close()
    wait_until(lambda: len(syslog.find("auth failure:", mark)) == 200, 10,
               "200 lines")
    assert not syslog.find("lost", mark)


def test_server_absent_at_start(start, syslog):
    syslog.stop()
    try:
        daemon = start()
        assert wire.exchange(daemon.socket, WRONG) == NO
    finally:
        syslog.start()
    mark = syslog.mark()

    def logged():
        wire.exchange(daemon.socket, WRONG)
        time.sleep(0.05)
        return syslog.find("auth failure", mark)

    wait_until(logged, 5, "a line")


@pytest.fixture
def deaf_server(syslog):
    """A log socket that nobody reads; fill(daemon) makes it full."""
    syslog.stop()
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    deaf.bind(syslog.path)
    os.chmod(syslog.path, 0o666)

    def fill(daemon):
        for _ in range(600):
            assert wire.exchange(daemon.socket, b"\xff\xff") == \
                wire.string("NO ")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            probe.connect(syslog.path)
            with pytest.raises(BlockingIOError):
                while True:
                    probe.send(b"x", socket.MSG_DONTWAIT)

    yield fill
    deaf.close()
    syslog.start()


def test_server_that_does_not_read(start, deaf_server):
    """A full log socket stops no answer."""
    daemon = start("-c")
    assert wire.exchange(daemon.socket, RIGHT) == OK
    began = time.monotonic()
    deaf_server(daemon)
    assert time.monotonic() - began < 5
    assert wire.exchange(daemon.socket, RIGHT) == OK


@pytest.mark.parametrize("role", ["worker", "pool", "front"])
def test_full_log_socket_stops_no_repair(start, deaf_server, role):
    """Whoever replaces a dead process says so, and must not wait until
    somebody reads it."""
    daemon = start()
    daemon.wait_workers(1)
    deaf_server(daemon)
    victim = daemon.by_role(role)[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not running(victim), 5, "its end")
    wait_until(lambda: len(daemon.by_role(role)) == 1, 5, f"a new {role}")
    began = time.monotonic()
    assert wire.exchange(daemon.socket, WRONG) == NO
    assert time.monotonic() - began < 5
    daemon.stop(5)


def test_flood(start, syslog):
    """Every attempt has its own whole line, or is counted as lost."""
    daemon = start()
    mark = syslog.mark()

    def told():
        texts = [line.text for line in syslog.since(mark)]
        lost = [re.search(r": (\d+) log lines were lost", t) for t in texts]
        return (texts.count("do_request      : NULL login received") +
                sum(int(found[1]) for found in lost if found))

    for n in range(500):
        wire.exchange(daemon.socket, wire.encode("", f"{n}"))
    # The next line tells what was lost last.
    time.sleep(0.2)
    wire.exchange(daemon.socket, wire.encode("", "last"))
    wait_until(lambda: told() == 501, 5, "500 lines and the last")
    assert len(syslog.since(mark)) > 250
