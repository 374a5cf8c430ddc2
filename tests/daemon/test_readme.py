# SPDX-License-Identifier: BSD-2-Clause
"""The README's own commands do what it says."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import markdown_page as pages
from daemon_users import PASSWORD
from lib import BUILD_DIR, SOURCE_DIR, sanitized
from lib.daemon import START_SEC, TESTSASLAUTHD_REFUSED, children
from test_manuals import built_mechanisms

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif("sasldb" not in built_mechanisms(),
                       reason="sasldb is not built"),
]

BUILD_SEC = 1800
DEMO_SEC = 300

# A machine whose files may be changed for as long as the shell lives.
MACHINE = """
mount -t tmpfs tmpfs /mnt
for top in usr etc; do
    mkdir -p /mnt/$top/upper /mnt/$top/work
    mount -t overlay -o lowerdir=/$top \
        -o upperdir=/mnt/$top/upper,workdir=/mnt/$top/work overlay /$top
done
mount -t tmpfs tmpfs /run
echo ready
exec sleep infinity
"""
# The user database where there is no /etc/sasldb2.
STATE = pathlib.Path("/var/lib/saslauthd")


UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc",
           "--kill-child", "sh", "-ec", MACHINE]


@pytest.fixture(name="machine")
def fixture_machine():
    """A command that begins another one there."""
    with subprocess.Popen(UNSHARE, stdout=subprocess.PIPE,
                          text=True) as keeper:
        try:
            assert keeper.stdout.readline() == "ready\n"
            first, = children(keeper.pid)
            yield ["nsenter", "--mount", "--pid", f"--target={first}"]
        finally:
            keeper.kill()	# and with it all that runs there
    shutil.rmtree(STATE, ignore_errors=True)


def section(title):
    text = pages.read("README.md")
    found = re.search(rf"^## {title}$(.*?)(?=^## )", text, re.M | re.S)
    assert found, f"README.md has no section {title}"
    return found[1]


def commands():
    """To build and install, and to use it."""
    found = [lines for kind, lines in
             pages.blocks(section("Five minutes")) if kind == "sh"]
    assert len(found) == 2
    return found


def said_of(command):
    """What its comment promises."""
    line = re.search(rf"^{command}\b.*#(.*)$", section("Five minutes"), re.M)
    return line[1].strip()


def shell(line, password, machine, path=os.environ["PATH"],
          timeout_sec=START_SEC):
    return subprocess.run(
        [*machine, "sh", "-c", line], cwd="/", input=password + "\n",
        env={**os.environ, "PATH": path}, text=True, capture_output=True,
        check=False, timeout=timeout_sec)


def use(*where):
    """The second block. Some of its commands ask for a password."""
    lines = commands()[1]
    said = {}
    for line in lines:
        done = shell(line, PASSWORD, *where)
        assert done.returncode == 0, done.stderr
        said[" ".join(line.split()[:2])] = done.stdout
    promised = said_of("testsaslauthd").removeprefix("says: ")
    assert said["testsaslauthd -u"] == promised + "\n"
    assert said["saslauthctl status"].startswith("OK: ")
    assert said["saslauthctl explain"].endswith("sasldb is asked.\n")
    ask = next(line for line in lines if line.startswith("testsaslauthd"))
    assert shell(ask, "another", *where).returncode == \
        TESTSASLAUTHD_REFUSED


def test_five_minutes(machine):
    """With the programs of the build."""
    use(machine, f"{BUILD_DIR}/tools:{BUILD_DIR}/saslauthd:"
        f"{os.environ['PATH']}")


@pytest.mark.long
@pytest.mark.skipif(sanitized(), reason="builds by itself")
def test_five_minutes_from_the_source(machine, open_dir):
    """From a fresh copy, installed."""
    source = open_dir / "source"
    shutil.copytree(SOURCE_DIR, source, symlinks=True,
                    ignore=shutil.ignore_patterns("build", "build-*", ".git"))
    for line in commands()[0]:
        done = shell(line, "", [*machine, f"--wd={source}"],
                     timeout_sec=BUILD_SEC)
        assert done.returncode == 0, done.stdout + done.stderr
    use(machine)


@pytest.mark.ordinary_build
@pytest.mark.sockets
def test_demo():
    done = subprocess.run(
        ["sh", SOURCE_DIR / "scripts" / "demo"], stdin=subprocess.DEVNULL,
        env={**os.environ, "BUILD_DIR": str(BUILD_DIR)}, text=True,
        capture_output=True, check=False, timeout=DEMO_SEC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '0: OK "Success."' in done.stdout
    assert '0: NO "authentication failed"' in done.stdout
