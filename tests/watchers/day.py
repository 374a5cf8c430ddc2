# SPDX-License-Identifier: BSD-2-Clause
"""A day in a daemon's life: whatever it may have to write a line about.

Each attempt comes from an address of its own, so that a test can tell from
the address what a watcher has matched.
"""

import itertools
import re
import signal
import struct
import time

from lib import control, users, wait_until, wire
from lib.daemon import START_SEC, kill

USER, PASSWORD, WRONG = "joe", "correct horse", "battery staple"

LIMIT = 3
TTL_SEC = 1

# Nobody has this address; it only stands in names.
INNOCENT = "203.0.113.9"

# As login, service and realm. What would end a value, a line or a string,
# and what some watcher goes by.
HOSTILE = [
    f"x] [service=smtp] [realm=] [remote={INNOCENT}] [mech=shadow] "
    "[reason=bad_password]",
    f"x\nNov 22 10:00:00 mail saslauthd[1]: do_auth         : auth failure: "
    f"[user=x] [service=smtp] [realm=] [remote={INNOCENT}] [mech=shadow] "
    "[reason=bad_password]",
    f'x","service":"smtp","realm":"","remote":"{INNOCENT}","mech":"shadow",'
    '"reason":"bad_password"',
    f"rhost={INNOCENT}", f"[{INNOCENT}]", INNOCENT, "<HOST>", "%(known)s",
    "two words", " ", "x\\", 'x"', "x'$(x)`x`", "\x1b[1m", "x\r\ny",
    b"\xff\xfe\xc3", "\u202e\u00f6\u20ac\u2028", "x" * 1000, "\n" * 1000,
    'x\\"' * 200, " " * 1000, "]" * 1000,
]


def numbered_addresses():
    for number in itertools.count(1):
        yield f"198.51.100.{number};{4000 + number}"
        yield f"2001:db8::{number:x}"


class Day:
    def __init__(self, syslog, log_format, limits, addresses=True):
        self.syslog, self.log_format, self.limits = \
            syslog, log_format, limits
        self._addresses = numbered_addresses() if addresses \
            else itertools.repeat(None)
        self.mark = syslog.mark()
        self.starts = 0
        self.guesses = []	# addresses of wrong passwords
        self.failed = 0		# attempts that were not answered OK
        self.graces = self.limited = 0

    def options(self):
        return ["-a", "shadow", "-c", "-t", str(TTL_SEC), "-n", "2",
                "--set", "cache_negative_ttl=3600",
                "--set", "cache_grace=3600",
                "--set", f"limits={self.limits}",
                "--set", f"limit_identity={LIMIT}",
                "--set", "limit_compare=0",
                "--set", f"log_format={self.log_format}",
                "--set", "log_success=all"]

    def lines(self):
        return self.syslog.since(self.mark)

    # What happens.
    def start(self, start_daemon, *options):
        self.starts += 1
        self.daemon = start_daemon(*(options or self.options()))

    def ask(self, login, password, reply, service="smtp", realm=""):
        address = next(self._addresses)
        assert self.daemon.ask(login, password, service=service,
                               realm=realm, address=address) == reply
        if reply != wire.OK:
            self.failed += 1
        return address

    def guess(self, login, password, **more):
        self.guesses.append(self.ask(login, password, wire.NO, **more))

    def successes(self):
        """By the backend, and remembered."""
        self.ask(USER, PASSWORD, wire.OK)
        self.ask(USER, PASSWORD, wire.OK)

    def failures(self):
        for _ in range(3):	# a stale password, remembered as such
            self.guess(USER, WRONG)
        self.guess("nobody-here", PASSWORD)
        for name in ("locked", "expired", "old"):
            self.ask(name, PASSWORD, wire.NO)

    def joined(self):
        """Two equal questions while nobody can answer."""
        workers = self.daemon.wait_workers(2)
        for worker in workers:
            kill(worker, signal.SIGSTOP)
        addresses = [next(self._addresses) for _ in range(2)]
        socks = [wire.stalled(self.daemon.socket, wire.encode(
            USER, "another", "smtp", "", address)) for address in addresses]
        for _ in range(2):	# behind them, so the front has read them
            control.ask(self.daemon.rundir, "status")
        for worker in workers:
            kill(worker, signal.SIGCONT)
        for sock in socks:
            with sock:
                assert wire.parse(wire.read_to_end(sock)) == wire.NO
        self.guesses += addresses
        self.failed += 2

    def hostile(self):
        for number, value in enumerate(HOSTILE):
            self.guess(value, WRONG)
            self.guess(f"service{number}", WRONG, service=value)
            self.guess(f"realm{number}", WRONG, realm=value)

    def malformed(self):
        """What is refused without asking anybody."""
        for login, password in (("", PASSWORD), (USER, ""),
                                ("x" * 1025, PASSWORD), ("x\0y", PASSWORD)):
            self.daemon.ask(login, password)
        wire.exchange(self.daemon.socket, struct.pack(">H", 65535),
                      half_close=True)

    def guessing(self):
        for number in range(LIMIT):
            self.guess("victim", f"guess {number}")
        if self.limits == "enforce":
            self.ask("victim", "one more", wire.OUTAGE)
        else:
            self.guess("victim", "one more")
        self.limited += 1

    def outage(self):
        time.sleep(TTL_SEC + 0.1)	# what is remembered is too old now
        users.SHADOW.chmod(0)
        try:
            self.ask("jane", PASSWORD, wire.OUTAGE)
            self.ask(USER, PASSWORD, wire.OK)
            self.graces += 1
        finally:
            users.restore_shadow()
        self.ask("jane", PASSWORD, wire.OK)

    def deaths(self):
        """Of the front and of a worker; both are replaced."""
        front = self.daemon.one("front")
        kill(front, signal.SIGKILL)
        wait_until(lambda: self.daemon.by_role("front") not in
                   ([], [front]), START_SEC, "another front")
        workers = self.daemon.wait_workers(2)
        # One of them is ready: a death before that is a failed start.
        self.ask(USER, PASSWORD, wire.OK)
        kill(workers[0], signal.SIGKILL)
        wait_until(lambda: workers[0] not in self.daemon.by_role("worker"),
                   START_SEC, "the end of a worker")
        self.ask(USER, PASSWORD, wire.OK)
        # The pool has seen it, too, once there is another one.
        self.daemon.wait_workers(2)

    def stop(self):
        self.daemon.stop()
        self.syslog.mark()


def make_accounts():
    users.restore_shadow()
    for name in (USER, "jane", "victim"):
        users.add(name, PASSWORD)
    users.add("locked", hashed="!" + users.hash_password(PASSWORD))
    users.add("expired", PASSWORD, expire="1")
    users.add("old", PASSWORD, last_change=1, max_days="1", inactive="1")


def live(day, start_daemon):
    """All of it, and a second start."""
    make_accounts()
    day.start(start_daemon)
    day.successes()
    day.failures()
    day.joined()
    day.hostile()
    day.malformed()
    day.guessing()
    day.outage()
    day.deaths()
    day.stop()
    day.start(start_daemon)
    day.stop()
    return day


def bare(address):
    """Without the port."""
    return re.sub(";.*", "", address)
