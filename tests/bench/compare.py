#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""compare - our daemon and Debian's stock one, in turn, in one run.

Run by hand, as root; README.md beside this file says how and what the
figures mean. Everything happens inside a private /etc, /run and process
space, so that nothing of it reaches the machine.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

from lib import isolation, syslogd, users                   # noqa: E402

PASSWORD = "correct horse"
WORKERS = 5
START_SEC = 10          # a daemon that does not accept by then is broken
STOP_SEC = 15
QUIET_SEC = 0.5         # no process more or less for so long: all are there
WARM_UP_REQUESTS = 40   # every worker has seen a few
INSIDE = "SASLAUTHD_BENCH_INSIDE"    # set once the namespaces are made

# The cheap one lets the daemon's own cost show; the other is what Debian
# gives its users, at its default cost.
users.METHODS["yescrypt"] = (b"$y$", 0)
METHODS = {"cheap": "md5", "yescrypt": "yescrypt"}


class Case:
    """What is measured: a mechanism, its flags, who logs in."""

    def __init__(self, name, mechanism, user, service="imap", flags=()):
        self.name, self.mechanism, self.user = name, mechanism, user
        self.service, self.flags = service, list(flags)


CASES = [
    Case("getpwent cheap", "getpwent", "passwd-cheap"),
    Case("getpwent yescrypt", "getpwent", "passwd-yescrypt"),
    Case("shadow cheap", "shadow", "shadow-cheap"),
    Case("shadow yescrypt", "shadow", "shadow-yescrypt"),
    Case("pam_permit", "pam", "shadow-cheap", "bench-permit"),
    Case("pam_unix cheap", "pam", "shadow-cheap", "bench-unix"),
    Case("pam_unix yescrypt", "pam", "shadow-yescrypt", "bench-unix"),
    Case("sasldb -c", "sasldb", "mailuser", flags=["-c"]),
]


class Candidate:
    """One of the two daemons: how it is started and fed."""

    def __init__(self, name, programs, store):
        self.name, self.store = name, store
        self.programs = [str(p) for p in programs]
        self.rundir = None

    def command(self, case, verbose):
        extra = list(case.flags)
        if case.mechanism == "sasldb" and self.store:
            extra += ["-O", self.store]
        if verbose:
            extra += ["-V"]
        return [self.programs[0], "-a", case.mechanism, "-m", self.rundir,
                "-n", str(WORKERS), *extra]

    def start(self, case, verbose):
        self.rundir = tempfile.mkdtemp(prefix="bench-", dir="/run")
        with tempfile.TemporaryFile("w+") as said:
            code = subprocess.run(
                self.command(case, verbose), check=False, stdout=said,
                stderr=said, stdin=subprocess.DEVNULL).returncode
            said.seek(0)
            if code != 0:
                sys.exit(f"{self.name}: exit {code} ({case.name})\n"
                         + said.read())
        deadline = time.monotonic() + START_SEC
        while not accepts(self.socket):
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: does not accept within "
                         f"{START_SEC} s ({case.name})")
            time.sleep(0.01)
        self.settle()

    def settle(self):
        """The stock daemon forks its workers after it accepts."""
        quiet_since, count = time.monotonic(), 0
        while time.monotonic() < quiet_since + QUIET_SEC:
            if len(self.pids()) != count:
                quiet_since, count = time.monotonic(), len(self.pids())
            time.sleep(0.05)

    @property
    def socket(self):
        return self.rundir + "/mux"

    def pids(self):
        """Our process space holds no other instance, so the program tells
        a daemon's processes from all else."""
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

    def stop(self):
        os.kill(int(read(self.rundir + "/saslauthd.pid")), signal.SIGTERM)
        deadline = time.monotonic() + STOP_SEC
        while self.pids():
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: still runs {STOP_SEC} s after TERM")
            time.sleep(0.01)
        shutil.rmtree(self.rundir)


def read(path):
    return pathlib.Path(path).read_text()


def role(cmdline):
    """`saslauthd-pool: shadow worker` -> `worker`."""
    text = cmdline.replace("\0", " ").strip()
    words = text.split(": ", 1)
    return words[1].split()[-1] if len(words) == 2 else "first process"


def accepts(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        return s.connect_ex(path) == 0


def make_accounts():
    for kind, method in METHODS.items():
        users.add(f"passwd-{kind}", PASSWORD, method, in_passwd=True)
        users.add(f"shadow-{kind}", PASSWORD, method)
    users.pam_unix_service("bench-unix")
    users.pam_service("bench-permit", "auth required pam_permit.so",
                      "account required pam_permit.so")


def make_databases(build, stock, scratch):
    """Each daemon's user database, by its own tool; ours is returned."""
    ours = f"{scratch}/users.lmdb"
    realm = socket.gethostname()
    for tool, path in ((stock / "usr/sbin/saslpasswd2", "/etc/sasldb2"),
                       (build / "tools/saslpasswd2", ours)):
        subprocess.run([tool, "-p", "-c", "-f", path, "-u", realm,
                        "mailuser"], input=PASSWORD, text=True, check=True)
    os.chmod(scratch, 0o755)
    for suffix in ("", "-lock"):
        os.chmod(ours + suffix, 0o666)
    return ours


def load(bench, candidate, case, clients, *limit):
    done = subprocess.run(
        [bench, "-f", candidate.socket, "-u", case.user, "-s", case.service,
         "-c", str(clients), *limit],
        input=PASSWORD, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{candidate.name}, {case.name}: wrong answers\n"
                 + done.stdout + done.stderr)
    return {key: float(value) for key, value in
            (line.split() for line in done.stdout.splitlines())}


class Results:
    """Figures per (case, clients, daemon), printed as medians."""

    def __init__(self):
        self.figures, self.memory = {}, {}

    def add(self, case, clients, candidate, figures):
        key = (case.name, clients, candidate.name)
        self.figures.setdefault(key, []).append(figures)

    def median(self, case, clients, name, figure):
        return statistics.median(
            f[figure] for f in self.figures[case, clients, name])

    def print_speed(self, cases, counts):
        print(f"\n{'case':18}{'clients':>8} |{'requests/s':^25}|"
              f"{'CPU us/request':^25}|{'p99 ms':^17}")
        print(f"{'':26} |{'ours':>8}{'stock':>8}{'ratio':>8} |"
              f"{'ours':>8}{'stock':>8}{'ratio':>8} |{'ours':>8}{'stock':>8}")
        for case in cases:
            for count in counts:
                self.print_row(case.name, count)

    def print_row(self, case, count):
        speed, cpu, late = (
            [self.median(case, count, name, figure)
             for name in ("ours", "stock")]
            for figure in ("requests_per_second", "cpu_usec", "p99_usec"))
        print(f"{case:18}{count:8} |"
              f"{speed[0]:8.0f}{speed[1]:8.0f}{speed[0] / speed[1]:8.2f} |"
              f"{cpu[0]:8.1f}{cpu[1]:8.1f}{cpu[0] / cpu[1]:8.2f} |"
              f"{late[0] / 1000:8.2f}{late[1] / 1000:8.2f}")

    def print_memory(self):
        print(f"\n{'memory, kB':46}|{'idle':^15}|{'after load':^15}")
        print(f"{'':46}|{'PSS':>7}{'dirty':>8}|{'PSS':>7}{'dirty':>8}")
        for (case, name), moments in self.memory.items():
            idle, loaded = moments
            for what in sorted(set(idle) | set(loaded)):
                cells = [m.get(what, [0, 0, 0]) for m in moments]
                print(f"{case:20}{name:7}{cells[1][0]:3} x {what:13}|" +
                      "|".join(f"{c[1]:7}{c[2]:8}" for c in cells))
            totals = [[sum(r[at] for r in m.values()) for at in (1, 2)]
                      for m in moments]
            print(f"{case:20}{name:7}{'together':19}|" +
                  "|".join(f"{t[0]:7}{t[1]:8}" for t in totals))


def measure(args, candidate, case, results):
    candidate.start(case, args.verbose)
    idle = candidate.memory_kb()
    load(args.bench, candidate, case, 1, "-n", str(WARM_UP_REQUESTS))
    for clients in args.clients:
        before = candidate.cpu_sec()
        figures = load(args.bench, candidate, case, clients,
                       "-t", str(args.seconds))
        spent = candidate.cpu_sec() - before
        figures["cpu_usec"] = spent * 1e6 / figures["requests"]
        results.add(case, clients, candidate, figures)
    results.memory[case.name, candidate.name] = idle, candidate.memory_kb()
    candidate.stop()


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--build", type=pathlib.Path, default=TOP / "build")
    p.add_argument("--stock", type=pathlib.Path, default="/",
                   help="where Debian's sasl2-bin is unpacked [%(default)s]")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=2, help="per measurement")
    p.add_argument("--clients", type=lambda text: [int(n) for n in
                   text.split(",")], default=[1, 8, 64])
    p.add_argument("--only", default="", help="cases with this in the name")
    p.add_argument("--verbose", action="store_true",
                   help="both daemons with -V: every success is logged")
    args = p.parse_args()
    args.bench = args.build / "tests/bench/saslbench"
    args.build, args.stock = args.build.resolve(), args.stock.resolve()
    return args


def check_programs(args):
    needed = [args.build / name for name in (
        "saslauthd/saslauthd", "saslauthd/saslauthd-pool",
        "tools/saslpasswd2", "tests/bench/saslbench")]
    needed += [args.stock / "usr/sbin" / name for name in (
        "saslauthd", "saslpasswd2")]
    for path in needed:
        if not path.exists():
            sys.exit(f"compare: {path} is missing (see README.md)")


def compare(args):
    make_accounts()
    cases = [c for c in CASES if args.only in c.name]
    results = Results()
    log = syslogd.Syslog("/dev/log")
    log.start()
    with tempfile.TemporaryDirectory() as scratch:
        store = make_databases(args.build, args.stock, scratch)
        candidates = [
            Candidate("ours", [args.build / "saslauthd/saslauthd",
                               args.build / "saslauthd/saslauthd-pool"],
                      store),
            Candidate("stock", [args.stock / "usr/sbin/saslauthd"], None)]
        for at in range(args.rounds):
            for case in cases:
                for candidate in candidates:
                    measure(args, candidate, case, results)
            print(f"round {at + 1} of {args.rounds} done", file=sys.stderr)
    log.stop()
    results.print_speed(cases, args.clients)
    results.print_memory()


def inside(args):
    """As process 1 of the new namespaces, which reaps every orphan."""
    isolation.build_namespace()
    os.environ["SASLAUTHD_TEST_ISOLATED"] = "1"
    child = os.fork()
    if child == 0:
        compare(args)
        sys.stdout.flush()
        os._exit(0)
    sys.exit(isolation.reap_until(child))


def main():
    args = arguments()
    check_programs(args)
    if os.environ.get(INSIDE):
        inside(args)
    obstacle = isolation.obstacle()
    if obstacle is not None:
        sys.exit("compare: makes accounts and PAM services in a private "
                 f"/etc: {obstacle}")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", isolation.UNSHARE + [sys.executable, *sys.argv])


if __name__ == "__main__":
    main()
