# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: our daemon, Debian's stock one, and the floor."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

WORKERS = 5
START_SEC = 10          # a daemon that does not accept by then is broken
STOP_SEC = 15
QUIET_SEC = 0.5         # no process more or less for so long: all are there


def read(path):
    return pathlib.Path(path).read_text()


def verdict(good):
    return "met" if good else "MISSED"


def role(cmdline):
    """`saslauthd-pool: shadow worker` -> `worker`."""
    text = cmdline.replace("\0", " ").strip()
    words = text.split(": ", 1)
    return words[1].split()[-1] if len(words) == 2 else "first process"


def accepts(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        return s.connect_ex(path) == 0


class Candidate:
    """Programs that serve a socket. Our process space holds one instance of
    each, so the program tells a candidate's processes from all else."""

    def __init__(self, name, programs):
        self.name = name
        self.programs = [str(p) for p in programs]
        self.rundir = None

    @property
    def socket(self):
        return self.rundir + "/mux"

    def launch(self, mechanism, flags):
        """Run the daemon's starting command."""
        command = [self.programs[0], "-a", mechanism, "-m", self.rundir,
                   "-n", str(WORKERS), *flags]
        with tempfile.TemporaryFile("w+") as said:
            code = subprocess.run(command, check=False, stdout=said,
                                  stderr=said,
                                  stdin=subprocess.DEVNULL).returncode
            said.seek(0)
            if code != 0:
                sys.exit(f"{' '.join(command)}: exit {code}\n" + said.read())

    def start(self, mechanism, flags):
        self.rundir = tempfile.mkdtemp(prefix="bench-", dir="/run")
        self.launch(mechanism, flags)
        deadline = time.monotonic() + START_SEC
        while not accepts(self.socket):
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: does not accept within {START_SEC} s")
            time.sleep(0.01)
        self.settle()

    def settle(self):
        """The stock daemon forks its workers after it accepts."""
        quiet_since, count = time.monotonic(), 0
        while time.monotonic() < quiet_since + QUIET_SEC:
            if len(self.pids()) != count:
                quiet_since, count = time.monotonic(), len(self.pids())
            time.sleep(0.05)

    def pids(self):
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(entry / "exe") in self.programs:
                    found.append(int(entry.name))
            except OSError:
                pass
        return sorted(found)

    def cpu_sec(self):
        """CPU time of all processes: exact for the living (schedstat, in
        nanoseconds), in clock ticks for those they have reaped."""
        total = 0.0
        for pid in self.pids():
            stat = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
            total += int(read(f"/proc/{pid}/schedstat").split()[0]) / 1e9
            total += (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")
        return total

    def memory_kb(self):
        """Of each role: processes, PSS and private dirty pages."""
        roles = {}
        for pid in self.pids():
            name = role(read(f"/proc/{pid}/cmdline"))
            sums = roles.setdefault(name, [0, 0, 0])
            rollup = read(f"/proc/{pid}/smaps_rollup")
            for at, key in enumerate(("Pss", "Private_Dirty"), 1):
                sums[at] += int(re.search(rf"^{key}:\s+(\d+)", rollup,
                                          re.M).group(1))
            sums[0] += 1
        return roles

    def pss_kb(self):
        return sum(sums[1] for sums in self.memory_kb().values())

    def first_pid(self):
        return int(read(self.rundir + "/saslauthd.pid"))

    def workers(self):
        """The stock daemon's processes are all workers."""
        roles = self.memory_kb()
        return roles.get("worker", roles["first process"])[0]

    def stop(self):
        os.kill(self.first_pid(), signal.SIGTERM)
        deadline = time.monotonic() + STOP_SEC
        while self.pids():
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: still runs {STOP_SEC} s after TERM")
            time.sleep(0.01)
        shutil.rmtree(self.rundir)


class Floor(Candidate):
    """The server that does nothing but answer; mechanism and flags are
    nothing to it."""

    def launch(self, mechanism, flags):
        # A session of its own, as daemons have: sched(7) gives out CPU time
        # by sessions.
        self.process = subprocess.Popen([self.programs[0], self.socket],
                                        start_new_session=True)

    def first_pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.rundir)


class Bench:
    """What a measurement needs: the candidates and the load generator."""

    def __init__(self, build, stock, password):
        self.generator = build / "tests/bench/saslbench"
        self.ldap_floor = build / "tests/bench/ldap_floor"
        self.slow_module = build / "tests/bench/pam_slow.so"
        self.password = password
        self.ours = Candidate("ours", [build / "saslauthd/saslauthd",
                                       build / "saslauthd/saslauthd-pool"])
        self.stock = Candidate("stock", [stock / "usr/sbin/saslauthd"])
        self.floor = Floor("floor", [build / "tests/bench/floor"])

    def command(self, candidate, users, service, *options):
        named = [word for user in users for word in ("-u", user)]
        return [self.generator, "-f", candidate.socket, "-s", service,
                *named, *options]

    def load(self, candidate, users, service, *options, strict=True):
        """Ask; the generator's figures. Wrong answers end it all."""
        done = subprocess.run(
            self.command(candidate, users, service, *options),
            input=self.password, capture_output=True, text=True, check=False)
        if strict and done.returncode != 0:
            sys.exit(f"{candidate.name}, {users[0]}: wrong answers\n"
                     + done.stdout + done.stderr)
        return {key: float(value) for key, value in
                (line.split() for line in done.stdout.splitlines())}

    def timed_load(self, candidate, users, service, *options):
        """The same, and what it cost the candidate."""
        before = candidate.cpu_sec()
        figures = self.load(candidate, users, service, *options)
        figures["cpu_usec"] = ((candidate.cpu_sec() - before) * 1e6 /
                               figures["requests"])
        return figures
