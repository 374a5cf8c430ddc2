# SPDX-License-Identifier: BSD-2-Clause
"""The table on each page: what the server makes of each case. Every row is
brought about, and what it says must be what the server said and logged."""

import pathlib
import re
import socket

from guide_machine import PASSWORD, USER, WRONG
from lib import users, wait_until

REPLY_SEC, LOG_SEC = 10, 10

TITLE = "what happened"

RIGHT = "right password"
REFUSED = "wrong password, unknown or locked user"
DOWN = "the backend cannot be asked"
STOPPED = "saslauthd is not running"

BROKEN_PAM = """auth required pam_debug.so auth=authinfo_unavail
account required pam_permit.so
"""


def says(port, greeting):
    """A probe: does a server greet with this there?"""
    def probe():
        try:
            with socket.create_connection(("127.0.0.1", port),
                                          timeout=REPLY_SEC) as sock:
                return sock.recv(len(greeting)) == greeting
        except OSError:
            return False
    return probe


class LogFile:
    """Of a server that writes its own, with the words of lib.syslogd."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def mark(self):
        return len(self._text())

    def _text(self):
        return self.path.read_text(errors="replace") \
            if self.path.exists() else ""

    def wait_for(self, pattern, timeout_sec, mark):
        wait_until(lambda: re.search(pattern, self._text()[mark:]),
                   timeout_sec, f"{pattern!r} in {self.path}")


class Outcomes:
    """login(user, password) -> what the client saw; rundir: of the daemon;
    pam_service: what the server asks for."""

    def __init__(self, machine, log, login, rundir, pam_service):
        self.machine, self.log, self.login = machine, log, login
        self.rundir = rundir
        self.pam = pathlib.Path("/etc/pam.d") / pam_service
        self.rows = {row[0]: row[1:] for row in machine.page.table(TITLE)}
        assert set(self.rows) == {RIGHT, REFUSED, DOWN, STOPPED}

    def _expect(self, case, user, password):
        reply, *logged = self.rows[case]
        mark = self.log.mark()
        said = self.login(user, password)
        assert reply in said, f"{case}: no {reply!r} in\n{said}"
        for line in filter(None, logged):
            self.log.wait_for(re.escape(line), LOG_SEC, mark)

    def _do(self, command):
        status, output = self.machine.sh(command)
        assert status == 0, f"{command}: {output}"

    def check(self):
        users.add("locked", hashed="!" + users.hash_password(PASSWORD))
        self._expect(RIGHT, USER, PASSWORD)
        for user, password in ((USER, WRONG), ("nobody-here", PASSWORD),
                               ("locked", PASSWORD)):
            self._expect(REFUSED, user, password)
        good = self.pam.read_text()
        self.pam.write_text(BROKEN_PAM)
        self._do(f"saslauthctl -m {self.rundir} flush --all")
        for password in (PASSWORD, WRONG):
            self._expect(DOWN, USER, password)
        self.pam.write_text(good)
        self._expect(RIGHT, USER, PASSWORD)
        self._do("systemctl stop saslauthd")
        self._expect(STOPPED, USER, PASSWORD)
        self._do("systemctl start saslauthd")
        self._expect(RIGHT, USER, PASSWORD)
