# SPDX-License-Identifier: BSD-2-Clause
"""The user the daemon suites log in as, and databases that know him."""

import subprocess

from lib import BUILD_DIR
from lib.wire import encode

USER, PASSWORD = "joe", "right one"
REALM = "example.org"

RIGHT = encode(USER, PASSWORD, "smtp", REALM)
WRONG = encode(USER, "wrong one", "smtp", REALM)

SASLPASSWD2 = BUILD_DIR / "tools" / "saslpasswd2"


def set_password(database, user, password, realm):
    subprocess.run([SASLPASSWD2, "-p", "-c", "-f", database, "-u", realm,
                    user], input=password, text=True, check=True)
