# SPDX-License-Identifier: BSD-2-Clause
"""docs/troubleshooting.md, "Lines of PAM": the library of this machine says
them, and the reason below is the one they are said to go with."""

import pathlib
import re

import pytest

from lib import SOURCE_DIR, users
from test_manuals import built_mechanisms

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif("pam" not in built_mechanisms(),
                       reason="pam is not built"),
]

LINE_SEC = 10
USER, PASSWORD = "joe", "correct horse"
UNIX = "auth required pam_unix.so nodelay"
ACCOUNT = "account required pam_unix.so"

# How each is brought about: the stack, the login, the password, the reason.
CASES = {
    "pam_unix(SERVICE:auth): authentication failure; ...":
        ((UNIX, ACCOUNT), USER, "wrong", "bad_password"),
    "pam_unix(SERVICE:auth): check pass; user unknown":
        ((UNIX, ACCOUNT), "nobody-here", PASSWORD, "no_such_user"),
    "PAM unable to dlopen(MODULE): ...":
        (("auth required pam_missing.so", ACCOUNT), USER, PASSWORD,
         "config: "),
    "PAM adding faulty module: MODULE":
        (("auth required pam_missing.so", ACCOUNT), USER, PASSWORD,
         "config: "),
    "PAM _pam_load_conf_file: unable to open config for FILE":
        (("@include nothing-here", ACCOUNT), USER, PASSWORD, "config: "),
    "PAM pam_parse: expecting return value; [...WORD]":
        ((UNIX.replace("required", "requird"), ACCOUNT), USER, PASSWORD,
         "not_permitted"),
}


def section():
    text = (SOURCE_DIR / "docs/troubleshooting.md").read_text()
    return re.search(r"^## Lines of PAM$(.*?)^## ", text, re.M | re.S)[1]


def as_pattern(line):
    line = line.replace("SERVICE", "stack")
    return ".*".join(re.escape(part) for part in
                     re.split(r"\b[A-Z]{4,}\b|\.\.\.(?!W)", line))


def test_all_are_brought_about():
    assert re.findall(r"^\| `(.*?)` \|", section(), re.M) == list(CASES)


@pytest.mark.parametrize("line", CASES)
def test_line(line, start_daemon, syslog):
    users.add(USER, PASSWORD)
    stack, user, password, reason = CASES[line]
    users.pam_service("stack", *stack)
    daemon = start_daemon("-a", "pam")
    mark = syslog.mark()
    daemon.ask(user, password, service="stack")
    syslog.wait_for(as_pattern(line), LINE_SEC, mark)
    syslog.wait_for(rf"\[reason={reason}", LINE_SEC, mark)


def test_no_stack_of_that_name(start_daemon, syslog):
    """What is said of bad_password and of a stack without account."""
    users.add(USER, PASSWORD)
    other = pathlib.Path("/etc/pam.d/other")
    before = other.read_text() if other.exists() else None
    users.pam_service("other", "auth required pam_deny.so",
                      "account required pam_deny.so")
    users.pam_service("stack", UNIX)
    daemon = start_daemon("-a", "pam")
    mark = syslog.mark()
    daemon.ask(USER, PASSWORD, service="no-such-stack")
    syslog.wait_for(r"\[reason=bad_password\]", LINE_SEC, mark)
    daemon.ask(USER, PASSWORD, service="stack")
    syslog.wait_for(r"\[reason=not_permitted\]", LINE_SEC, mark)
    if before is not None:
        other.write_text(before)
