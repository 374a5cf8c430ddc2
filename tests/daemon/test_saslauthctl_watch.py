# SPDX-License-Identifier: BSD-2-Clause
"""saslauthctl watch: a line or an object for each interval, and the screen on
a pty, which must be left as it was found."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from control_server import CACHE, END, backend
from lib import wait_until
from saslauthctl import (HOSTILE, OK, SASLAUTHCTL, TIMEOUT_SEC, UNKNOWN,
                         control_characters, run, serve)

assert serve	# a fixture


class Counting:
    """100 requests more at each question."""

    def __init__(self, **changes):
        self.requests = 0
        self.changes = changes
        self.fails = False

    def __call__(self, words):
        assert words == ["stats"]
        self.requests += 100
        if self.fails:
            return b""
        return [{"kind": "totals", "requests": self.requests,
                 "ok": self.requests, "denied": 0, "failed": 0, "limited": 0,
                 "cached": self.requests // 2, "joined": 0, "invalid": 0,
                 "seconds": self.requests * 0.002}, CACHE,
                backend(**self.changes),
                {"kind": "queue", "queued": 3, "max": 1000}, END]


def test_watch_lines(serve, open_dir):
    serve(Counting())
    done = run("watch", "-n", "2", rundir=open_dir)
    assert (done.returncode, done.stderr) == (OK, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["time", "req/s", "ms", "hits", "%", "ok/s",
                                "no/s", "fail/s", "lim/s", "queue", "busy"]
    for line in lines[1:]:
        at, rate, latency, hits, ok, *rest = line.split()
        assert re.fullmatch(r"\d\d:\d\d:\d\d", at)
        assert 20 < float(rate) < 500 and rate == ok
        assert (latency, hits) == ("2.0", "50.0")
        assert rest == ["0.0", "0.0", "0.0", "3", "2"]
        assert len(line) <= 80


def test_watch_json(serve, open_dir):
    counting = Counting()
    serve(counting)
    done = run("watch", "-n", "2", "--json", rundir=open_dir)
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(shown) == 2
    for sample in shown:
        assert 20 < sample["requests_per_sec"] < 500
        assert sample["latency_ms"] == 2
        assert sample["hits_percent"] == 50
        assert sample["queued"] == 3


def test_watch_over_a_restart(serve, open_dir):
    """Counters of a new front begin at zero: no negative rates."""
    counting = Counting()
    answers = iter([5000, -100])

    def reply(words):
        counting.requests = next(answers)
        return counting(words)

    serve(reply)
    done = run("watch", "-n", "1", "--json", rundir=open_dir)
    sample = json.loads(done.stdout)
    assert sample["requests_per_sec"] == 0
    assert "latency_ms" not in sample


def test_watch_an_outage(serve, open_dir):
    """It goes on, and says at its end how the last answer was."""
    counting = Counting()
    serve(counting)
    process = subprocess.Popen(
        [SASLAUTHCTL, "-m", open_dir, "watch", "-n", "3", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    shown = []
    for line in process.stdout:
        shown.append(json.loads(line))
        counting.fails = len(shown) == 1
    assert process.wait(TIMEOUT_SEC) == OK
    assert [("error" in sample) for sample in shown] == [False, True, False]
    assert "closed" in process.stderr.read()
    process.stderr.close()
    process.stdout.close()


ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"


class Terminal:
    """saslauthctl watch on a pty."""

    def __init__(self, rundir, *args, rows=24, columns=80, env=None):
        self.primary, self.secondary = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.secondary)
        self.shown = b""
        self.process = subprocess.Popen(
            [SASLAUTHCTL, "-m", rundir, "watch", *args],
            stdin=self.secondary, stdout=self.secondary,
            stderr=self.secondary, start_new_session=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})

    def resize(self, rows, columns):
        fcntl.ioctl(self.secondary, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while self.primary is not None and \
                select.select([self.primary], [], [], 0)[0]:
            self.shown += os.read(self.primary, 65536)
        return self.shown

    def wait_for(self, what):
        wait_until(lambda: what in self.read(), TIMEOUT_SEC, repr(what))

    def frames(self):
        """What was drawn each time, as text without its sequences."""
        whole = self.read().decode().replace("\r", "")
        return [re.sub(r"\x1b\[[?\d]*[a-zA-Z]", "", frame)
                for frame in whole.split("\x1b[H")[1:]]

    def keys(self, data):
        os.write(self.primary, data)

    def end(self):
        code = self.process.wait(TIMEOUT_SEC)
        self.read()
        after = termios.tcgetattr(self.secondary)
        os.close(self.primary)
        os.close(self.secondary)
        self.primary = None
        assert after == self.before, "the terminal was not restored"
        assert self.shown.count(ENTER) == self.shown.count(LEAVE)
        assert self.shown.endswith(LEAVE)
        return code

    def running_raw(self):
        flags = termios.tcgetattr(self.secondary)[3]
        return not flags & (termios.ICANON | termios.ECHO)


def test_screen(serve, open_dir):
    serve(Counting())
    terminal = Terminal(open_dir, "-n", "2")
    assert terminal.end() == OK
    frames = terminal.frames()
    assert len(frames) == 3		# the first before any interval
    assert "backend   sasldb is up for 3h 20m" in frames[0]
    assert re.search(r"requests +\d+\.\d /s   ok", frames[2])
    assert "latency          2.0 ms" in frames[2]
    assert "cache           50.0 %" in frames[2]
    assert "queue              3" in frames[2]
    assert re.search(r"in the last 2s, highest \d+\.\d", frames[2])
    assert "\u2588" in frames[2]
    for frame in frames:
        assert len(frame.splitlines()) <= 24
        assert max(map(len, frame.splitlines())) <= 80


def test_screen_in_ascii(serve, open_dir):
    serve(Counting())
    terminal = Terminal(open_dir, "-n", "2", env={"LC_ALL": "C"})
    assert terminal.end() == OK
    assert terminal.shown.isascii()
    assert "||" in terminal.frames()[-1]


def test_screen_hostile_names(serve, open_dir):
    serve(Counting(name=HOSTILE))
    terminal = Terminal(open_dir, "-n", "1", columns=120)
    assert terminal.end() == OK
    for frame in terminal.frames():
        assert not control_characters(frame)
    assert r'evil"\x1b[2J\xc2\x9b\x5cn\x0a' in terminal.frames()[0]


@pytest.mark.parametrize("key", [b"q", b"Q", b"xyzq"])
def test_screen_quits_by_key(serve, open_dir, key):
    serve(Counting())
    terminal = Terminal(open_dir, "-i", "3600")
    terminal.wait_for(b"q quits")
    assert terminal.running_raw()
    terminal.keys(b"x")
    terminal.keys(key)
    assert terminal.end() == OK


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP, signal.SIGQUIT])
def test_screen_ends_by_signal(serve, open_dir, number):
    """As the shell expects it: by the signal, the terminal restored."""
    serve(Counting())
    terminal = Terminal(open_dir, "-i", "3600")
    terminal.wait_for(b"q quits")
    terminal.process.send_signal(number)
    assert terminal.end() == -number


def test_screen_follows_the_window(serve, open_dir):
    serve(Counting())
    terminal = Terminal(open_dir, "-i", "3600", rows=24, columns=80)
    terminal.wait_for(b"q quits")
    for rows, columns in ((5, 20), (1, 1), (50, 200)):
        before = len(terminal.frames())
        terminal.resize(rows, columns)
        terminal.process.send_signal(signal.SIGWINCH)
        wait_until(lambda: len(terminal.frames()) > before, TIMEOUT_SEC,
                   "another frame")
        terminal.wait_for(b"\x1b[J")
        time.sleep(0.1)
        lines = terminal.frames()[-1].splitlines()
        assert len(lines) <= rows
        assert max(map(len, lines)) <= columns
    terminal.keys(b"q")
    assert terminal.end() == OK


def test_screen_is_stopped_and_goes_on(serve, open_dir):
    serve(Counting())
    terminal = Terminal(open_dir, "-i", "3600")
    terminal.wait_for(b"q quits")
    terminal.process.send_signal(signal.SIGTSTP)
    _, how = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(how)
    assert not terminal.running_raw()
    assert terminal.read().endswith(LEAVE)
    before = len(terminal.frames())
    terminal.process.send_signal(signal.SIGCONT)
    wait_until(lambda: len(terminal.frames()) > before, TIMEOUT_SEC,
               "another frame")
    assert terminal.running_raw()
    terminal.keys(b"q")
    assert terminal.end() == OK


def test_screen_in_an_outage(serve, open_dir):
    counting = Counting()
    serve(counting)
    terminal = Terminal(open_dir)
    terminal.wait_for(b"is up for")
    counting.fails = True
    terminal.wait_for(b"closed ")
    terminal.keys(b"q")
    assert terminal.end() == UNKNOWN
