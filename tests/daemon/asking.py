# SPDX-License-Identifier: BSD-2-Clause
"""Requests that are still on their way, and the workers they keep busy."""

import platform
import threading
import time

from daemon_users import PASSWORD, USER
from lib import wait_until, wire
from lib.daemon import START_SEC


# clock_nanosleep in /proc/PID/syscall.
NANOSLEEP = {"x86_64": "230", "aarch64": "115"}


class Asking(threading.Thread):
    """A request on its way; `reply` when it is over."""

    def __init__(self, daemon, service, password=PASSWORD, login=USER,
                 address=None):
        super().__init__(daemon=True)
        self.socket, self.service = daemon.socket, service
        self.login, self.password = login, password
        self.address = address
        self.reply = "none yet"
        self.seconds = None
        self.start()

    def run(self):
        began = time.monotonic()
        try:
            self.reply = wire.request(self.socket, self.login, self.password,
                                      service=self.service,
                                      address=self.address)
        except ConnectionResetError:
            self.reply = None
        self.seconds = time.monotonic() - began

    def result(self):
        self.join()
        return self.reply


def busy(daemon, count=1):
    """The workers that sleep in a PAM module, once they are so many."""
    def sleepers():
        found = []
        for worker in daemon.by_role("worker"):
            try:
                with open(f"/proc/{worker}/syscall") as file:
                    number = file.read().split()[0]
            except OSError:
                continue
            if number == NANOSLEEP[platform.machine()]:
                found.append(worker)
        return found if len(found) >= count else None

    return wait_until(sleepers, START_SEC, f"{count} busy workers")
