# SPDX-License-Identifier: BSD-2-Clause
"""Logins at a directory: ours, stock, and libldap alone, in turn.

A real slapd with many users. Everybody logs in at random: stock does not ask
again about who has just logged in with the same password.
"""
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from lib import slapd

from candidates import verdict

PEOPLE = 10000
SERVICE = "imap"
WARM_UP_REQUESTS = 200          # every worker has been asked
METHODS = ("bind", "fastbind")
FIGURES = (("logins/s", "requests_per_second"), ("p50 us", "p50_usec"),
           ("p99 us", "p99_usec"), ("CPU us/login", "cpu_usec"))

# What the figures ought to be: method, clients, figure, against whom, bound.
BOUNDS = (("bind", 1, "p50_usec", "stock", "<=", 0.85),
          ("bind", 8, "requests_per_second", "stock", ">=", 1.15),
          ("bind", 8, "requests_per_second", "floor", ">=", 0.8),
          ("fastbind", 1, "requests_per_second", "stock", ">=", 0.95),
          ("fastbind", 8, "requests_per_second", "stock", ">=", 0.95),
          ("fastbind", 64, "requests_per_second", "stock", ">=", 0.95))

BIND_CONF = f"""\
ldap_bind_dn: {slapd.SERVICE_DN}
ldap_password: {slapd.SERVICE_PASSWORD}
ldap_search_base: {slapd.PEOPLE}
ldap_filter: (uid=%u)
"""
FASTBIND_CONF = f"""\
ldap_auth_method: fastbind
ldap_filter: {slapd.user_dn("%u")}
"""


def conf_text(method, uris):
    """One both daemons read."""
    return f"ldap_servers: {' '.join(uris)}\n" + \
        {"bind": BIND_CONF, "fastbind": FASTBIND_CONF}[method]


@contextlib.contextmanager
def directory(**options):
    obstacle = slapd.obstacle()
    if obstacle is not None:
        sys.exit(f"ldap: {obstacle}")
    with tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)
        with slapd.Slapd(base, people=PEOPLE, log=False, **options) as s:
            yield s


@contextlib.contextmanager
def running(candidate, method, uris, flags=()):
    """The daemon, with users of these servers."""
    with tempfile.TemporaryDirectory() as base:
        conf = pathlib.Path(base, "conf")
        conf.write_text(conf_text(method, uris))
        candidate.start("ldap", ["-O", str(conf), *flags])
        try:
            yield
        finally:
            candidate.stop()


def log_in(bench, candidate, *options, strict=True):
    """Everybody at random."""
    return bench.load(candidate, ["user"], SERVICE, "-N", str(PEOPLE), "-R",
                      *options, strict=strict)


def timed_log_in(bench, candidate, *options):
    return bench.timed_load(candidate, ["user"], SERVICE, "-N", str(PEOPLE),
                            "-R", *options)


def floor(bench, method, server, clients, seconds):
    done = subprocess.run(
        [bench.ldap_floor, "-H", server.uri, "-D", slapd.SERVICE_DN, "-b",
         slapd.PEOPLE, "-c", str(clients), "-N", str(PEOPLE), "-t",
         str(seconds), *(["-f"] if method == "fastbind" else [])],
        input=f"{slapd.SERVICE_PASSWORD}\n{slapd.PASSWORD}\n",
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ldap_floor: {done.stdout}{done.stderr}")
    return {key: float(value) for key, value in
            (line.split() for line in done.stdout.splitlines())}


def measure_one(bench, args, method, server, name, clients):
    if name == "floor":
        return floor(bench, method, server, clients, args.seconds)
    return timed_log_in(bench, getattr(bench, name), "-c", str(clients),
                        "-t", str(args.seconds))


def measure(bench, args, method, server, collected):
    """All run side by side, and each measurement of one is followed by the
    others'; nobody is always the first."""
    names = ["ours", "stock", "floor"]
    with running(bench.ours, method, [server.uri], args.flags), \
            running(bench.stock, method, [server.uri], args.flags):
        for name in names[:2]:
            log_in(bench, getattr(bench, name), "-c", "64", "-n",
                   str(WARM_UP_REQUESTS))
        for at in range(args.rounds):
            names.append(names.pop(0))
            for clients in args.clients:
                for name in names:
                    collected.setdefault((method, clients, name), []).append(
                        measure_one(bench, args, method, server, name,
                                    clients))
            print(f"{method}: round {at + 1} of {args.rounds} done",
                  file=sys.stderr)


def median(collected, figure, *key):
    values = [f[figure] for f in collected[key] if figure in f]
    return statistics.median(values) if values else None


def ratios(collected, figure, method, clients, other):
    """Ours by another's, of each round: what the machine did meanwhile
    touched both."""
    ours = collected[method, clients, "ours"]
    others = collected[method, clients, other]
    return [a[figure] / b[figure] for a, b in zip(ours, others)]


def spread(values):
    """The middle half."""
    if len(values) < 2:
        return ""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.2f}..{high:.2f}"


def print_figures(collected, args):
    print(f"{'':14}{'method':>10}{'clients':>8}{'ours':>10}{'stock':>10}"
          f"{'floor':>10}{'ours/stock':>12}{'ours/floor':>12}")
    for title, figure in FIGURES:
        for method in METHODS:
            for clients in args.clients:
                print(f"{title:14}{method:>10}{clients:8}" +
                      row(collected, figure, method, clients))


def row(collected, figure, method, clients):
    values = [median(collected, figure, method, clients, name)
              for name in ("ours", "stock", "floor")]
    cells = "".join(f"{'':10}" if v is None else f"{v:10.1f}" for v in values)
    for other, value in zip(("stock", "floor"), values[1:]):
        if value is not None:
            middle = statistics.median(
                ratios(collected, figure, method, clients, other))
            cells += f"{middle:12.2f}"
    return cells


def print_verdicts(collected, args):
    print()
    for method, clients, figure, other, relation, bound in BOUNDS:
        if clients not in args.clients:
            continue
        all_ratios = ratios(collected, figure, method, clients, other)
        ratio = statistics.median(all_ratios)
        good = ratio <= bound if relation == "<=" else ratio >= bound
        print(f"{method}, {clients} clients, {figure}, ours / {other}: "
              f"{ratio:.2f} ({spread(all_ratios)}), {relation} {bound} "
              f"wanted: {verdict(good)}")


def run(bench, args):
    bench.password = slapd.PASSWORD
    collected = {}
    with directory() as server:
        for method in METHODS:
            measure(bench, args, method, server, collected)
    print_figures(collected, args)
    print_verdicts(collected, args)
