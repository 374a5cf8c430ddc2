# SPDX-License-Identifier: BSD-2-Clause
"""The front's walls where the system forbids it to put them up: a remark, or
with `sandbox: require` no start."""

import os
import platform
import re
import shutil
import sys

import pytest

from daemon_users import PASSWORD, REALM, USER
from lib import wait_until, wire
from lib.daemon import SASLAUTHD, START_SEC, STOP_SEC, Daemon, kill, running

pytestmark = [pytest.mark.needs_root, pytest.mark.ordinary_build]

CONFIGURATION, SYSTEM = 78, 71

# seccomp(2), prctl(2), chroot(2) by machine; landlock_create_ruleset(2) is 444
# on all.
CALLS = {"x86_64": (317, 157, 161), "aarch64": (277, 167, 51)}

# What a container's policy does: the calls named in argv[1] fail with EPERM
# in the command that follows, or with "short" with ENOMEM. argv[2] to
# [4]: numbers of seccomp, prctl and chroot.
POLICY = """
import ctypes, errno, os, struct, sys
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06		# BPF_LD, BPF_JMP, BPF_RET
ALLOW, FAIL = 0x7fff0000, 0x00050000
NUMBER, FIRST_ARGUMENT = 0, 16			# of struct seccomp_data
PR_SET_SECCOMP = 22
seccomp, prctl, chroot = map(int, sys.argv[2:5])
FAIL |= errno.ENOMEM if "short" in sys.argv[1] else errno.EPERM
rules = [(LOAD, 0, 0, NUMBER)]
if "landlock" in sys.argv[1]:
    rules += [(EQUAL, 0, 1, 444), (RETURN, 0, 0, FAIL)]
if "chroot" in sys.argv[1]:
    rules += [(EQUAL, 0, 1, chroot), (RETURN, 0, 0, FAIL)]
if "seccomp" in sys.argv[1]:
    rules += [(EQUAL, 0, 1, seccomp), (RETURN, 0, 0, FAIL),
              (EQUAL, 0, 3, prctl), (LOAD, 0, 0, FIRST_ARGUMENT),
              (EQUAL, 0, 1, PR_SET_SECCOMP), (RETURN, 0, 0, FAIL)]
rules += [(RETURN, 0, 0, ALLOW)]
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
held = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(held))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[5], sys.argv[5:])
"""

WALLS = {
    "chroot": "the front has no empty root directory: ",
    "landlock": "the front has no wall before files: ",
    "seccomp": "the front has no filter of system calls: ",
}


@pytest.fixture
def forbidding(open_dir):
    """forbidding("landlock", ...) -> a saslauthd to whom that is forbidden."""
    def make(*names):
        if names == ("chroot",):
            command = [shutil.which("setpriv"), "--bounding-set",
                       "-sys_chroot", SASLAUTHD]
        else:
            if platform.machine() not in CALLS:
                pytest.skip("no system call numbers for this machine")
            command = [sys.executable, "-c", f"'{POLICY}'",
                       ",".join(names),
                       *CALLS[platform.machine()], SASLAUTHD]
        script = open_dir / "forbidding"
        script.write_text("#!/bin/sh\nexec " + " ".join(map(str, command)) +
                          ' "$@"\n')
        script.chmod(0o755)
        return script
    return make


@pytest.mark.parametrize("names", [("chroot",), ("landlock",), ("seccomp",),
                                   ("landlock", "seccomp")])
def test_forbidden(start_daemon, store, forbidding, syslog, names):
    """It is told, and everything goes on without."""
    mark = syslog.mark()
    daemon = start_daemon("-a", "sasldb", "-O", store,
                          program=forbidding(*names))
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    for name, text in WALLS.items():
        said = syslog.find(text, mark)
        assert len(said) == (name in names), name
        if said:
            assert re.search(r": (Operation not permitted|"
                             r"the system refuses it)$", said[0].text)
    # The other walls stand.
    front = daemon.one("front")
    assert (os.readlink(f"/proc/{front}/root") == "/") == \
        ("chroot" in names)


def refused(status, text, *args, **kwargs):
    """It does not start, and leaves nothing."""
    daemon = Daemon(*args, **kwargs)
    daemon.spawn()
    try:
        assert daemon.process.wait(START_SEC) == status
        assert text in daemon.output
        assert not daemon.socket.exists()
        assert os.listdir(daemon.rundir) in ([], ["saslauthd.pid.lock"])
    finally:
        daemon.finish()
        daemon.remove()


@pytest.mark.parametrize("name", WALLS)
def test_required(store, forbidding, name):
    refused(CONFIGURATION, WALLS[name], "-a", "sasldb", "-O", store, "--set",
            "sandbox=require", program=forbidding(name))


@pytest.mark.parametrize("name", WALLS)
def test_shortage(store, forbidding, name):
    """Nobody forbids the wall, there is just no memory for it now. That is no
    reason to go on without."""
    refused(SYSTEM, WALLS[name], "-a", "sasldb", "-O", store,
            program=forbidding(name, "short"))


def test_required_without_root(store):
    """The empty root directory takes root."""
    refused(CONFIGURATION, WALLS["chroot"], "-a", "sasldb", "-O", store,
            "--set", "sandbox=require", user="nobody")


def test_required_and_there(start_daemon, store, syslog):
    """What this machine can do is enough, for the next front too."""
    mark = syslog.mark()
    daemon = start_daemon("-a", "sasldb", "-O", store, "--set",
                          "sandbox=require")
    front = daemon.one("front")
    kill(front, 9)
    wait_until(lambda: not running(front), STOP_SEC, "end of the front")
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    assert not syslog.find("the front has no", mark)


def test_changed_by_a_reload(start_daemon, store, open_dir, syslog):
    """It is for the next start, and says so."""
    file = open_dir / "site.conf"
    text = f"mechanism: sasldb\nsasldb_path: {store}\n"
    file.write_text(text)
    daemon = start_daemon("--config", file)
    mark = syslog.mark()
    file.write_text(text + "sandbox: require\n")
    daemon.signal(1)
    syslog.wait_for("sandbox: another value takes effect at the next start",
                    mark=mark)
