# SPDX-License-Identifier: BSD-2-Clause
"""A syslog server for tests: collects datagrams and can be restarted."""

import collections
import itertools
import os
import re
import select
import socket
import threading
import time

Line = collections.namedtuple("Line", "priority ident pid text raw")

# What syslog(3) of glibc sends: RFC 3164 without a host name.
SHAPE = re.compile(r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d "
                   r"([^\[:]+)(?:\[(\d+)\])?: (.*)", re.S)

DATAGRAM_MAX = 65536
MARK_SEC = 5
QUIET_SEC = 0.02	# four tries of the front to get rid of a line
RECEIVE_BUFFER = 8 << 20	# a flood of lines is the test's, not lost here

LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG = 3, 4, 5, 6, 7
LOG_AUTH = 4 << 3


class Syslog:
    def __init__(self, path):
        self.path = path
        self.lines = []
        self._news = threading.Condition()
        self._thread = None
        self._marks = itertools.count()
        self._marked = None

    def start(self):
        """Bind the path anew and collect from there on."""
        if os.path.lexists(self.path):
            os.unlink(self.path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE
                        if hasattr(socket, "SO_RCVBUFFORCE")
                        else socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.bind(self.path)
        os.chmod(self.path, 0o666)
        self._stop_r, self._stop_w = os.pipe()
        self._thread = threading.Thread(
            target=self._collect, args=(sock, self._stop_r), daemon=True)
        self._thread.start()

    def stop(self):
        """Close and remove the socket, as a server that restarts does."""
        if self._thread is None:
            return
        os.close(self._stop_w)
        self._thread.join()
        self._thread = None
        if os.path.lexists(self.path):
            os.unlink(self.path)

    def _collect(self, sock, stop):
        with sock:
            while True:
                ready, _, _ = select.select([sock, stop], [], [])
                if sock in ready:
                    self._take(sock.recv(DATAGRAM_MAX))
                elif stop in ready:
                    break
        os.close(stop)

    def _take(self, data):
        raw = data.rstrip(b"\n\0").decode("utf-8", "backslashreplace")
        match = SHAPE.fullmatch(raw)
        if match:
            pid = int(match[3]) if match[3] else None
            line = Line(int(match[1]), match[2], pid, match[4], raw)
        else:
            line = Line(None, None, None, raw, raw)
        with self._news:
            if match is None and raw.startswith("mark "):
                self._marked = raw
            else:
                self.lines.append(line)
            self._news.notify_all()

    def mark(self):
        """The place to search from: lines sent from now on. What the daemon
        still keeps of a burst comes first, then a line of our own."""
        seen = -1
        while self._thread is not None and seen != len(self.lines):
            seen = len(self.lines)
            time.sleep(QUIET_SEC)
        if self._thread is not None:
            own = f"mark {next(self._marks)}"
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.sendto(own.encode(), self.path)
            with self._news:
                self._news.wait_for(lambda: self._marked == own, MARK_SEC)
        with self._news:
            return len(self.lines)

    def since(self, mark=0):
        with self._news:
            return self.lines[mark:]

    def find(self, pattern, mark=0):
        """All lines whose text matches."""
        return [l for l in self.since(mark) if re.search(pattern, l.text)]

    def wait_for(self, pattern, timeout_sec=5, mark=0):
        """The first line that matches; waits for it."""
        deadline = time.monotonic() + timeout_sec
        with self._news:
            while True:
                for line in self.lines[mark:]:
                    if re.search(pattern, line.text):
                        return line
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(left)
        seen = "\n".join(l.raw for l in self.since(mark)[-40:])
        raise AssertionError(f"no log line like {pattern!r} within "
                             f"{timeout_sec} s; the last were:\n{seen}")
