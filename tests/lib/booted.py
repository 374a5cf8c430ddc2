# SPDX-License-Identifier: BSD-2-Clause
"""A real systemd as process 1 of namespaces of its own, with none of the
machine's units.

    with Booted(directory) as machine:
        machine.unit("some.service", text)
        machine.systemctl("start", "some.service")

It sees the session's file system, with the programs of the build in
/usr/sbin and an empty /run.
"""

import os
import pathlib
import shutil
import signal
import subprocess

from lib import BUILD_DIR, wait_until
from lib.daemon import children

PROGRAM = pathlib.Path("/lib/systemd/systemd")
START_SEC = 30
COMMAND_SEC = 60	# a service's own limits are above this
STATE_SEC = 15

# What services and sockets depend on by default.
TARGETS = ("sysinit", "basic", "shutdown", "sockets", "multi-user")

NAMESPACES = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup",
              "--propagation", "private", "--fork", "--mount-proc",
              "--kill-child"]

# $1: directory of programs, $2: units; then process 1. /proc/sys is the
# machine's.
BOOT = """
set -e
mount -t tmpfs -o mode=0755 tmpfs /run
umount -R -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /proc/sys /proc/sys
mount -o remount,ro,bind /proc/sys
mount -t overlay -o lowerdir="$1:/usr/sbin" overlay /usr/sbin
export container=lxc SYSTEMD_UNIT_PATH="$2" SYSTEMD_GENERATOR_PATH=/none
export SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/none
export SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=1
exec /lib/systemd/systemd --system --unit=basic.target --show-status=0 \\
    --log-target=syslog --log-level=warning
"""


def _cgroup():
    """Where a group may be made, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mounted, kind = line.split()[:3]
        if kind == "cgroup2":
            break
    else:
        return None
    own = [line[3:] for line in
           pathlib.Path("/proc/self/cgroup").read_text().splitlines()
           if line.startswith("0::")]
    return pathlib.Path(mounted + own[0]) if own else None


def obstacle():
    """What stands in the way, or None."""
    if not PROGRAM.exists():
        return "needs systemd"
    where = _cgroup()
    probe = where and where / f"saslauthd-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except (AttributeError, OSError) as e:
        return f"needs a control group of its own: {e}"
    return None


class Booted:
    def __init__(self, directory):
        self.programs = pathlib.Path(directory, "programs")
        self.units = pathlib.Path(directory, "units")
        self.log = pathlib.Path(directory, "log")
        self.cgroup = _cgroup() / f"saslauthd-test-{os.getpid()}"
        self.process = self.pid = None

    def __enter__(self):
        self._copy_programs()
        self.units.mkdir()
        for target in TARGETS:
            self.unit(f"{target}.target", "[Unit]\n"
                      "DefaultDependencies=no\n")
        self.cgroup.mkdir()
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _copy_programs(self):
        """Beside each other, where they look for one another."""
        self.programs.mkdir()
        for file in ("saslauthd/saslauthd", "saslauthd/saslauthd-pool",
                     "tools/saslauthctl"):
            shutil.copy(BUILD_DIR / file, self.programs)
        for module in (BUILD_DIR / "saslauthd").glob("mech_*.so"):
            shutil.copy(module, self.programs)

    def _boot(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"',
                 self.cgroup, *NAMESPACES, "sh", "-c", BOOT, "boot",
                 self.programs, self.units],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        (self.pid,) = wait_until(self._first_child, START_SEC,
                                 "process 1")
        wait_until(lambda: self.run("show", "--property=Version")
                   .returncode == 0, START_SEC, f"systemd: {self.report()}")

    def _first_child(self):
        assert self.process.poll() is None, self.report()
        return children(self.process.pid)

    def __exit__(self, *_):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        # The deepest first. They are busy until the last process is gone.
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            wait_until(lambda p=path: self._removed(p), START_SEC,
                       f"end of {path}")

    @staticmethod
    def _removed(path):
        try:
            os.rmdir(path)
        except OSError:
            return False
        return True

    def report(self):
        return self.log.read_text(errors="replace")

    # What is asked of it.
    def inside(self, *command):
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "--mount", "--pid", "--uts",
             "--cgroup", *map(str, command)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
            timeout=COMMAND_SEC)

    def run(self, *args):
        return self.inside("systemctl", *args)

    def systemctl(self, *args):
        done = self.run(*args)
        assert done.returncode == 0, done.stderr + self.report()
        return done.stdout

    def show(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}",
                              unit).strip()

    def wait_state(self, unit, *states):
        """Until it is "active", "failed" ..."""
        wait_until(lambda: self.show(unit, "ActiveState") in states,
                   STATE_SEC, f"{unit}: {states}")

    def main_pid(self, unit):
        """As this session counts."""
        wanted = self.show(unit, "MainPID")
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                text = pathlib.Path(f"/proc/{name}/status").read_text()
            except OSError:
                continue
            # The last number is that of the innermost namespace.
            fields = dict(line.split(":\t", 1) for line in
                          text.splitlines() if ":\t" in line)
            ids = fields.get("NSpid", "").split()
            if len(ids) == 2 and ids[1] == wanted:
                return int(name)
        return None

    def path(self, path):
        """Of a file in there."""
        return pathlib.Path(f"/proc/{self.pid}/root{path}")

    # Its units.
    def unit(self, name, text):
        file = self.units / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def drop_in(self, unit, text, name="test.conf"):
        self.unit(f"{unit}.d/{name}", text)
        self.systemctl("daemon-reload")

    def forget_drop_ins(self, unit):
        shutil.rmtree(self.units / f"{unit}.d", ignore_errors=True)
        self.systemctl("daemon-reload")
