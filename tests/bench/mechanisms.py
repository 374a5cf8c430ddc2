# SPDX-License-Identifier: BSD-2-Clause
"""Each mechanism, ours against stock: what is not in the cache."""
import os
import socket
import statistics
import subprocess
import sys
import tempfile

from lib import users

WARM_UP_REQUESTS = 40   # every worker has seen a few

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


def make_accounts(password):
    for kind, method in METHODS.items():
        users.add(f"passwd-{kind}", password, method, in_passwd=True)
        users.add(f"shadow-{kind}", password, method)
    users.pam_unix_service("bench-unix")
    users.pam_service("bench-permit", "auth required pam_permit.so",
                      "account required pam_permit.so")


def make_databases(args, scratch, password):
    """Each daemon's user database, by its own tool; ours is returned."""
    ours = f"{scratch}/users.lmdb"
    realm = socket.gethostname()
    for tool, path in ((args.stock / "usr/sbin/saslpasswd2", "/etc/sasldb2"),
                       (args.build / "tools/saslpasswd2", ours)):
        subprocess.run([tool, "-p", "-c", "-f", path, "-u", realm,
                        "mailuser"], input=password, text=True, check=True)
    os.chmod(scratch, 0o755)
    for suffix in ("", "-lock"):
        os.chmod(ours + suffix, 0o666)
    return ours


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


def measure(bench, args, candidate, case, results, store):
    flags = case.flags + args.flags
    if case.mechanism == "sasldb" and candidate is bench.ours:
        flags = flags + ["-O", store]
    candidate.start(case.mechanism, flags)
    idle = candidate.memory_kb()
    bench.load(candidate, [case.user], case.service, "-n",
               str(WARM_UP_REQUESTS))
    for clients in args.clients:
        results.add(case, clients, candidate, bench.timed_load(
            candidate, [case.user], case.service, "-c", str(clients),
            "-t", str(args.seconds)))
    results.memory[case.name, candidate.name] = idle, candidate.memory_kb()
    candidate.stop()


def run(bench, args):
    make_accounts(bench.password)
    cases = [c for c in CASES if args.only in c.name]
    results = Results()
    with tempfile.TemporaryDirectory() as scratch:
        store = make_databases(args, scratch, bench.password)
        for at in range(args.rounds):
            for case in cases:
                for candidate in (bench.ours, bench.stock):
                    measure(bench, args, candidate, case, results, store)
            print(f"round {at + 1} of {args.rounds} done", file=sys.stderr)
    results.print_speed(cases, args.clients)
    results.print_memory()
