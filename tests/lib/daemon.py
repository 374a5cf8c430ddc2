# SPDX-License-Identifier: BSD-2-Clause
"""Start, watch and stop a saslauthd under test."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from lib import BUILD_DIR, wait_until, wire

SASLAUTHD = BUILD_DIR / "saslauthd" / "saslauthd"
POOL = BUILD_DIR / "saslauthd" / "saslauthd-pool"
TESTSASLAUTHD = BUILD_DIR / "tools" / "testsaslauthd"

START_SEC = 15	# sanitizers and a busy machine included
STOP_SEC = 15	# the daemon itself lets requests finish for 10 s

TESTSASLAUTHD_OK, TESTSASLAUTHD_REFUSED = 0, 255


def stat_fields(pid):
    """proc_pid_stat(5) from the state on, or None."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def running(pid):
    """Of several threads the first may be a zombie before the others have
    let go of what they share."""
    fields = stat_fields(pid)
    return fields is not None and (fields[0] not in "ZX" or
                                   int(fields[17]) > 1)


def start_time(pid):
    fields = stat_fields(pid)
    return fields[19] if fields else None


def all_pids():
    return [int(p) for p in os.listdir("/proc") if p.isdigit()]


def children(pid):
    result = []
    for other in all_pids():
        fields = stat_fields(other)
        if fields and fields[0] not in "ZX" and int(fields[1]) == pid:
            result.append(other)
    return sorted(result)


def descendants(pid):
    result = []
    for child in children(pid):
        result += [child] + descendants(child)
    return result


def command_line(pid):
    """What ps shows, or "" for a process that is gone."""
    try:
        data = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return data.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def processes_of_build():
    """Everything that runs one of the daemon's two programs."""
    result = []
    for pid in all_pids():
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if exe in (str(SASLAUTHD), str(POOL)) and running(pid):
            result.append(pid)
    return result


def kill(pid, number):
    """Unless it has just gone by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Daemon:
    """One instance in a run directory of its own.

    Daemon("-a", "shadow", "-n", "2").start() runs the starting command and
    returns when it has exited 0. With foreground=True, -f is added and
    start() returns when the socket is there. `user` (root only) starts it
    as that user; `program` may be another saslauthd, to compare with.
    """

    def __init__(self, *args, rundir=None, foreground=False, user=None,
                 env=None, program=SASLAUTHD):
        self.args = [str(a) for a in args]
        self.own_rundir = rundir is None
        self.rundir = pathlib.Path(rundir or tempfile.mkdtemp(
            prefix="saslauthd-run-"))
        if self.own_rundir:
            self.rundir.chmod(0o755)
            if user is not None:
                shutil.chown(self.rundir, user)
        self.foreground = foreground
        self.user = user
        self.env = {**os.environ, **(env or {})}
        self.program = program
        self.process = None
        self.pid = None
        self.known = {}
        # Its offset is shared with the daemon, so it is read with pread.
        self.output_file = tempfile.TemporaryFile()

    @property
    def socket(self):
        return self.rundir / "mux"

    @property
    def pid_file(self):
        return self.rundir / "saslauthd.pid"

    @property
    def output(self):
        """What it wrote to stdout and stderr."""
        handle = self.output_file.fileno()
        data = os.pread(handle, os.fstat(handle).st_size, 0)
        return data.decode("utf-8", "replace")

    def command(self):
        command = [str(self.program), "-m", str(self.rundir), *self.args]
        if self.foreground:
            command.append("-f")
        if self.user is not None:
            command = ["setpriv", "--reuid", self.user, "--init-groups",
                       "--regid", self.user_group(), *command]
        return command

    def user_group(self):
        return subprocess.run(["id", "-gn", self.user], check=True,
                              capture_output=True, text=True).stdout.strip()

    def spawn(self):
        """Run the starting command without waiting for anything."""
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=self.output_file, stderr=self.output_file, env=self.env,
            cwd="/", start_new_session=self.foreground)
        return self.process

    def start(self):
        self.spawn()
        if self.foreground:
            self.pid = self.process.pid
            wait_until(self._listening, START_SEC, "socket of " +
                       self.report())
        else:
            code = self.process.wait(START_SEC)
            assert code == 0, f"exit {code}: {self.report()}"
            self.pid = int(self.pid_file.read_text())
        self.snapshot()
        return self

    def _listening(self):
        assert self.process.poll() is None, \
            f"exit {self.process.returncode}: {self.report()}"
        return wire.listens(self.socket)

    # Its processes.
    def snapshot(self):
        """Remember who belongs to it, for the check at the end."""
        for pid in [self.pid] + descendants(self.pid):
            began = start_time(pid)
            if began is not None:
                self.known[pid] = began
        return self.known

    def _still_running(self):
        return [pid for pid, began in self.known.items()
                if running(pid) and start_time(pid) == began]

    def by_role(self, role):
        """Pids of "keeper", "front", "pool" or "worker"."""
        if role == "keeper":
            return [self.pid] if running(self.pid) else []
        found = []
        for pid in descendants(self.pid):
            line = command_line(pid)
            if line.startswith("saslauthd-pool"):
                its_role = "worker" if line.endswith("worker") else "pool"
            elif line.startswith("saslauthd: front"):
                its_role = "front"
            else:
                continue
            if its_role == role:
                found.append(pid)
        return found

    def one(self, role):
        """The only process of a role. A worker looks like its pool until
        it has said what it is."""
        wait_until(lambda: len(self.by_role(role)) == 1, START_SEC,
                   f"one {role}")
        return self.by_role(role)[0]

    def wait_workers(self, count, timeout_sec=START_SEC):
        """Until exactly so many workers run."""
        wait_until(lambda: len(self.by_role("worker")) == count,
                   timeout_sec, f"{count} workers")
        return self.by_role("worker")

    # Asking it.
    def ask(self, login, password, **keywords):
        return wire.request(self.socket, login, password, **keywords)

    def testsaslauthd(self, login, password, *more):
        """(exit status, stdout) of our own testsaslauthd."""
        run = subprocess.run(
            [str(TESTSASLAUTHD), "-u", login, "-f", str(self.socket),
             *more], input=password + "\n", text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return run.returncode, run.stdout

    # Ending it.
    def signal(self, number):
        self.snapshot()
        kill(self.pid, number)

    def stop(self, timeout_sec=STOP_SEC):
        """TERM to the keeper; every process must be gone in time."""
        self.signal(signal.SIGTERM)
        self.wait_gone(timeout_sec)

    def kill9(self, timeout_sec=STOP_SEC):
        """KILL to the keeper; the others must follow by themselves."""
        self.signal(signal.SIGKILL)
        self.wait_gone(timeout_sec)

    def wait_gone(self, timeout_sec=STOP_SEC):
        if self.foreground and self.process is not None:
            self.process.wait(timeout_sec)
        wait_until(lambda: not self._still_running(), timeout_sec,
                   "end of " + ", ".join(
                       f"{p} ({command_line(p)})"
                       for p in self._still_running()))

    def finish(self):
        """Stop it if it runs, and leave nothing behind in any case."""
        if self.process is not None and self.process.poll() is None \
           and not self.foreground:
            self.process.kill()	# a starting command that hangs
            self.process.wait()
        if self.pid is None:
            return
        try:
            if running(self.pid):
                self.stop()
            else:
                self.wait_gone()
        finally:
            for pid in self._still_running():
                kill(pid, signal.SIGKILL)

    def report(self):
        """For the reader of a failed test."""
        return f"{' '.join(self.command())}\n{self.output}"

    def remove(self):
        self.output_file.close()
        if self.own_rundir:
            shutil.rmtree(self.rundir, ignore_errors=True)
