# SPDX-License-Identifier: BSD-2-Clause
"""Minutes of all kinds of clients at once: every answer is right, and
neither memory nor descriptors grow."""

import os
import pathlib
import random
import threading
import time

import pytest

from lib import users, wire

pytestmark = [pytest.mark.needs_root, pytest.mark.long,
              pytest.mark.ordinary_build]

SOAK_SEC = 180
WARM_SEC = 30		# buffers and libraries have found their size by then
CLIENTS = 8
USERS = 50

# Memory of a process may differ by what one more buffer needs.
GROWTH_KB = 1024
GROWTH_FDS = 4		# a client in passing


def password_of(number):
    return f"password {number}"


def right(mux, number):
    assert wire.request(mux, f"user{number}",
                        password_of(number)) == wire.OK


def wrong(mux, number):
    assert wire.request(mux, f"user{number}", "no") == wire.NO


def unknown(mux, number):
    assert wire.request(mux, f"nobody{number}", "no") == wire.NO


def in_small_pieces(mux, number):
    data = wire.encode(f"user{number}", password_of(number))
    assert wire.parse(wire.byte_by_byte(mux, data)) == wire.OK


def gone_in_the_middle(mux, number):
    wire.leave(mux, wire.encode(f"user{number}", "x")[:number])


def gone_before_the_answer(mux, number):
    wire.leave(mux, wire.encode(f"user{number}", "x"))


def too_long(mux, _number):
    assert wire.parse(wire.whole(mux, b"\xff\xff" + b"x" * 4000)) == b"NO "


KINDS = [right] * 4 + [wrong] * 2 + [unknown, in_small_pieces,
                                     gone_in_the_middle,
                                     gone_before_the_answer, too_long]


class Client(threading.Thread):
    def __init__(self, mux, until):
        super().__init__()
        self.mux, self.until = mux, until
        self.done, self.error = 0, None

    def run(self):
        try:
            while time.monotonic() < self.until:
                random.choice(KINDS)(self.mux, random.randrange(USERS))
                self.done += 1
        except Exception as e:		# told by the test's own thread
            self.error = e


def sizes(daemon):
    """{pid: (private kB, descriptors)} of the processes that stay."""
    result = {}
    for role in ("keeper", "front", "pool"):
        for pid in daemon.by_role(role):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            kb = sum(int(line.split()[1]) for line in rollup.splitlines()
                     if line.startswith("Private_"))
            result[pid] = (kb, len(os.listdir(f"/proc/{pid}/fd")))
    return result


def test_soak(start_daemon, syslog):
    for number in range(USERS):
        users.add(f"user{number}", password_of(number))
    mark = syslog.mark()
    daemon = start_daemon("-a", "shadow", "-c")
    until = time.monotonic() + SOAK_SEC
    clients = [Client(daemon.socket, until) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(WARM_SEC)
    before = sizes(daemon)
    for client in clients:
        client.join()
    assert [c.error for c in clients] == [None] * CLIENTS
    assert all(c.done > 100 for c in clients)
    after = sizes(daemon)
    assert after.keys() == before.keys(), "a process was replaced"
    for pid, (kb, fds) in after.items():
        assert kb <= before[pid][0] + GROWTH_KB, f"memory of {pid}"
        assert fds <= before[pid][1] + GROWTH_FDS, f"descriptors of {pid}"
    assert not syslog.find("backend .* down", mark)
