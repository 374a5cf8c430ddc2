# SPDX-License-Identifier: BSD-2-Clause
"""Exim speaks the protocol itself: four writes, one per field, and a
temporary error for whatever is neither OK nor NO."""

import base64
import os
import pathlib
import shutil
import subprocess

import pytest

from lib import UNPACKED_DIR, users

USER, PASSWORD, WRONG = "joe", "correct horse", "battery staple"

# Compiled into Debian's Exim.
RUNDIR = "/var/run/saslauthd"

CONFIGURATION = """
primary_hostname = mail.example.test
spool_directory = {directory}
log_file_path = {directory}/%slog
auth_advertise_hosts = *
acl_smtp_rcpt = acl_rcpt
begin acl
acl_rcpt:
  accept authenticated = *
  deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if saslauthd{{{{$auth2}}{{$auth3}}}}{{1}}{{0}}}}
  server_set_id = $auth2
  server_prompts = :
"""


def find_exim():
    for place in ("/usr/sbin", UNPACKED_DIR / "usr" / "sbin"):
        found = shutil.which("exim4", path=str(place))
        if found is not None:
            return found
    return None


pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(find_exim() is None, reason="Exim is not there"),
]


@pytest.fixture
def auth(open_dir):
    """auth(user, password) -> the reply to AUTH PLAIN."""
    libraries = ":".join(str(d) for d in
                         UNPACKED_DIR.glob("usr/lib/*-linux-gnu*"))
    configuration = open_dir / "exim.conf"
    configuration.write_text(CONFIGURATION.format(directory=open_dir))
    users.add("Debian-exim", hashed="!")
    with open("/etc/group", "a") as group:
        group.write("Debian-exim:x:19999:\n")

    def ask(user, password):
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        # -bh: an SMTP session on stdin, as if from this address.
        run = subprocess.run(
            [find_exim(), "-C", str(configuration), "-bh", "127.0.0.1"],
            input=f"EHLO client.example.test\r\nAUTH PLAIN {token}\r\n"
            "QUIT\r\n", text=True, capture_output=True, check=False,
            env={**os.environ, "LD_LIBRARY_PATH": libraries})
        replies = [line for line in run.stdout.splitlines()
                   if line[:3] in ("235", "435", "535")]
        assert len(replies) == 1, run.stdout + run.stderr
        return int(replies[0][:3])

    return ask


@pytest.fixture
def rundir():
    """Exim's own user must be able to enter it."""
    path = pathlib.Path(RUNDIR)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    path.chmod(0o755)
    return path


def test_exim(auth, rundir, syslog, start_daemon):
    users.restore_shadow()
    users.add(USER, PASSWORD)
    daemon = start_daemon("-a", "shadow", rundir=rundir)
    assert auth(USER, PASSWORD) == 235
    assert auth(USER, WRONG) == 535
    assert auth("nobody-here", PASSWORD) == 535
    users.SHADOW.chmod(0)
    try:
        assert auth(USER, PASSWORD) == 435
    finally:
        users.restore_shadow()
    assert auth(USER, PASSWORD) == 235
    daemon.stop()
    assert auth(USER, PASSWORD) == 435


def test_empty_service_and_realm(auth, rundir, syslog, start_daemon):
    """Debian's example condition sends neither; PAM then uses `other`."""
    users.add(USER, PASSWORD)
    users.pam_unix_service("other")
    start_daemon("-a", "pam", rundir=rundir)
    assert auth(USER, PASSWORD) == 235
    assert auth(USER, WRONG) == 535
